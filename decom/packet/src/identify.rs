//! Which packet a buffer is (cosmos-packets §4).
//!
//! Tables are built once per definitions. When all packets of a pool have their ids at the same
//! places, one read of the ids and one hash look-up decide, with the ids in the table itself where
//! they are integers of up to 64 bits together; otherwise, and where a packet has a
//! condition beside its ids, every packet is compared in definition order. No look-up allocates,
//! except where ids lie behind items of variable size.

mod condition;
mod ids;
mod packed;
mod pool;

use std::collections::HashMap;

use crate::definition::{Definitions, PacketId, PacketKind};
use pool::Pool;

/// The two sets of packets that are identified apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketPool {
    /// Whole packets.
    Normal,
    /// Packets marked `SUBPACKET`, found inside others.
    Subpackets,
}

/// The identification tables of one target and kind.
#[derive(Debug)]
pub struct TargetIdentifier {
    normal: Pool,
    subpackets: Pool,
}

impl TargetIdentifier {
    /// Returns the packet that a buffer is; its length is never checked.
    #[must_use]
    pub fn identify(&self, buffer: &[u8], pool: PacketPool) -> Option<PacketId> {
        self.pool(pool).identify(buffer)
    }

    /// Returns whether the packets' ids differ in place, so that every packet is compared.
    #[must_use]
    pub fn unique_id_mode(&self, pool: PacketPool) -> bool {
        self.pool(pool).unique_id_mode()
    }

    fn pool(&self, pool: PacketPool) -> &Pool {
        match pool {
            PacketPool::Normal => &self.normal,
            PacketPool::Subpackets => &self.subpackets,
        }
    }
}

/// The identification tables of all targets.
#[derive(Debug)]
pub struct Identifier {
    /// Targets sorted by name, the order in which all of them are searched.
    targets: Vec<(String, TargetIdentifier, TargetIdentifier)>,
    places: HashMap<String, usize>,
}

impl Identifier {
    /// Builds the tables.
    #[must_use]
    pub fn new(definitions: &Definitions) -> Self {
        let build = |target, kind| {
            let packets = || definitions.packets_of(target, kind).filter(|p| !p.is_virtual);
            TargetIdentifier {
                normal: Pool::new(packets().filter(|packet| !packet.subpacket)),
                subpackets: Pool::new(packets().filter(|packet| packet.subpacket)),
            }
        };
        let mut targets: Vec<_> = definitions
            .targets()
            .map(|target| {
                (
                    target.name.clone(),
                    build(target, PacketKind::Command),
                    build(target, PacketKind::Telemetry),
                )
            })
            .collect();
        targets.sort_by(|a, b| a.0.cmp(&b.0));
        let places =
            targets.iter().enumerate().map(|(index, entry)| (entry.0.clone(), index)).collect();
        Self { targets, places }
    }

    /// Returns the tables of one target; the name in capitals.
    #[must_use]
    pub fn target(&self, kind: PacketKind, name: &str) -> Option<&TargetIdentifier> {
        let entry = &self.targets[*self.places.get(name)?];
        Some(side(entry, kind))
    }

    /// Searches the given targets, in their order; names in capitals.
    pub fn identify<'a>(
        &self,
        kind: PacketKind,
        targets: impl IntoIterator<Item = &'a str>,
        buffer: &[u8],
        pool: PacketPool,
    ) -> Option<PacketId> {
        let mut found = targets.into_iter().filter_map(|name| self.target(kind, name));
        found.find_map(|target| target.identify(buffer, pool))
    }

    /// Searches all targets, sorted by name.
    #[must_use]
    pub fn identify_any(
        &self,
        kind: PacketKind,
        buffer: &[u8],
        pool: PacketPool,
    ) -> Option<PacketId> {
        self.targets.iter().find_map(|entry| side(entry, kind).identify(buffer, pool))
    }
}

fn side(
    entry: &(String, TargetIdentifier, TargetIdentifier),
    kind: PacketKind,
) -> &TargetIdentifier {
    match kind {
        PacketKind::Command => &entry.1,
        PacketKind::Telemetry => &entry.2,
    }
}
