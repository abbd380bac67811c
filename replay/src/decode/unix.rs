use std::sync::Arc;

use groundlog_packet::{Definitions, Packet, Value, record::RecordView};
use groundlog_proto::Nanos;

use super::{DecodeError, packets::Packets};
use crate::{
    record::ImportRecord,
    time::{ItemTimes, TimeSource},
};

/// The items of one packet that hold its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnixItems {
    seconds: usize,
    microseconds: Option<usize>,
}

impl UnixItems {
    /// Finds the items in a packet; `None` when it lacks one, or nobody asks.
    pub(super) fn of(packet: &Packet, source: &TimeSource) -> Option<Self> {
        let TimeSource::Unix { seconds, microseconds } = source else {
            return None;
        };
        let microseconds = match microseconds {
            Some(item) => Some(packet.item_index(item)?),
            None => None,
        };
        Some(Self { seconds: packet.item_index(seconds)?, microseconds })
    }

    /// Reads the time out of a decoded packet; `None` where its items hold no time.
    pub(super) fn time(&self, view: &RecordView<'_>) -> Option<Nanos> {
        let seconds = nanos(&view.converted(self.seconds), 1_000_000_000)?;
        let rest = match self.microseconds {
            Some(place) => nanos(&view.converted(place), 1_000)?,
            None => 0,
        };
        i64::try_from(seconds.checked_add(rest)?).ok().map(Nanos)
    }
}

/// Makes nanoseconds of a count of units.
fn nanos(value: &Value, unit: i128) -> Option<i128> {
    match value {
        Value::Int(count) => count.checked_mul(unit),
        Value::Float(count) if count.is_finite() && count.abs() < 1e18 => {
            // Whole units and the rest apart: a double cannot hold their nanoseconds together.
            let whole = count.trunc();
            let rest = ((count - whole) * unit as f64).round();
            Some(whole as i128 * unit + rest as i128)
        }
        Value::Time(nanos) => Some(i128::from(*nanos)),
        _ => None,
    }
}

/// Finds packet times in items of the packets, by their definitions.
pub struct DefinedTimes(Packets);

impl DefinedTimes {
    /// Prepares to read the items that a time source names; `target` empty: of all targets.
    ///
    /// # Errors
    /// [`DecodeError`] for a target that does not exist or items that no packet has.
    pub fn new(
        definitions: Arc<Definitions>,
        target: &str,
        source: &TimeSource,
    ) -> Result<Self, DecodeError> {
        let target = Some(target).filter(|target| !target.is_empty());
        Packets::new(definitions, target, source).map(Self)
    }
}

impl ItemTimes for DefinedTimes {
    fn packet_time(&mut self, record: &ImportRecord) -> Option<Nanos> {
        self.0.identify(record)?.packet_time(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_nanoseconds() {
        assert_eq!(nanos(&Value::Int(3), 1_000), Some(3_000));
        assert_eq!(nanos(&Value::Float(1.25), 1_000_000_000), Some(1_250_000_000));
        let late = Value::Float(1_617_926_400.007_137);
        assert_eq!(nanos(&late, 1_000_000_000), Some(1_617_926_400_007_137_060));
        assert_eq!(nanos(&Value::Time(5), 1_000_000_000), Some(5));
        assert_eq!(nanos(&Value::Int(i128::MAX), 1_000), None);
        for value in [Value::Float(f64::NAN), Value::Float(1e300), Value::Null, Value::from("1")] {
            assert_eq!(nanos(&value, 1), None);
        }
    }
}
