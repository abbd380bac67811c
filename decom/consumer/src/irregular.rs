use std::cmp::Ordering;

use groundlog_packet::Packet;
use groundlog_projection::{
    INTERFACE_LABEL, LONG_PACKETS, MetricsRegistry, SHORT_PACKETS, STORED_LABEL, UNKNOWN_PACKETS,
};

/// What is wrong with a packet on the whole; it is kept all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Irregularity {
    /// Nothing identifies it.
    Unknown,
    /// Shorter than its definition.
    Short,
    /// Longer than its definition, which fixes the size.
    Long,
}

impl Irregularity {
    /// Returns what is wrong with the length of a packet (cosmos-packets §3.5).
    pub(crate) fn of_length(packet: &Packet, bytes: usize) -> Option<Self> {
        match bytes.cmp(&packet.defined_length()) {
            Ordering::Less if !packet.short_buffer_allowed => Some(Self::Short),
            Ordering::Greater if packet.is_fixed_size() => Some(Self::Long),
            _ => None,
        }
    }
}

/// A kind of irregular packets, and how many there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IrregularPackets {
    /// What is wrong with them.
    pub what: Irregularity,
    /// Where they came in.
    pub interface: String,
    /// Their target.
    pub target: String,
    /// Their name.
    pub packet: String,
    /// From a recording or an import.
    pub stored: bool,
    /// How many.
    pub count: u64,
}

/// Counts irregular packets; few kinds, so that a list will do.
#[derive(Debug, Default)]
pub struct IrregularCounts(Vec<IrregularPackets>);

impl IrregularCounts {
    /// Returns the counts since the start.
    pub fn counts(&self) -> &[IrregularPackets] {
        &self.0
    }

    /// Counts one packet.
    pub(crate) fn add(
        &mut self,
        what: Irregularity,
        interface: &str,
        packet: &Packet,
        stored: bool,
    ) {
        let known = self.0.iter_mut().find(|it| {
            it.what == what
                && it.stored == stored
                && it.interface == interface
                && it.packet == packet.packet_name
                && it.target == packet.target_name
        });
        match known {
            Some(known) => known.count += 1,
            None => self.0.push(IrregularPackets {
                what,
                interface: interface.to_owned(),
                target: packet.target_name.clone(),
                packet: packet.packet_name.clone(),
                stored,
                count: 1,
            }),
        }
    }

    /// Adds the counts to the process's numbers.
    pub(crate) fn count(&self, metrics: &MetricsRegistry) {
        for it in &self.0 {
            let stored = if it.stored { "true" } else { "false" };
            let mut labels = vec![(INTERFACE_LABEL, it.interface.as_str()), (STORED_LABEL, stored)];
            let metric = match it.what {
                Irregularity::Unknown => &UNKNOWN_PACKETS,
                Irregularity::Short => &SHORT_PACKETS,
                Irregularity::Long => &LONG_PACKETS,
            };
            if it.what != Irregularity::Unknown {
                labels.extend([("target", it.target.as_str()), ("packet", it.packet.as_str())]);
            }
            metrics.counter(metric, &labels).add(it.count);
        }
    }
}
