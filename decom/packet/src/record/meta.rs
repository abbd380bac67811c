//! What travels beside a packet's bytes.

use crate::access::PacketTimes;
use crate::definition::Conversion;
use crate::time;
use crate::value::Value;

/// What the envelope of a record says about its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PacketMeta {
    /// Received time in nanoseconds since 1970-01-01 UTC.
    pub received_time_ns: Option<i64>,
    /// Packet time in nanoseconds since 1970-01-01 UTC: that of the packet's own item
    /// ([`crate::plan::DecodePlan::packet_time`]), else an explicit one, else the received time
    /// (cosmos-packets §8).
    pub packet_time_ns: Option<i64>,
    /// How many packets of this name have been received, this one included.
    pub received_count: u64,
}

impl PacketMeta {
    /// Evaluates a conversion that yields a time or the count of the packet; `None` for others.
    ///
    /// Source: cosmos-packets §8.
    pub(crate) fn value(&self, conversion: &Conversion) -> Option<Value> {
        let seconds = |time: Option<i64>| Value::Float(time.map_or(0.0, time::seconds));
        let text = |time: Option<i64>, without: &str| {
            Value::String(time.map_or_else(|| without.to_owned(), time::formatted))
        };
        Some(match conversion {
            Conversion::PacketTimeSeconds => seconds(self.packet_time_ns),
            Conversion::PacketTimeFormatted => text(self.packet_time_ns, "No Packet Time"),
            Conversion::ReceivedTimeSeconds => seconds(self.received_time_ns),
            Conversion::ReceivedTimeFormatted => {
                text(self.received_time_ns, "No Packet Received Time")
            }
            Conversion::ReceivedCount => Value::from(self.received_count),
            _ => return None,
        })
    }
}

impl From<PacketMeta> for PacketTimes {
    fn from(meta: PacketMeta) -> Self {
        Self {
            received: meta.received_time_ns,
            packet: meta.packet_time_ns,
            received_count: meta.received_count,
        }
    }
}
