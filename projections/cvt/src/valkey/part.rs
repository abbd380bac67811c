use std::collections::{BTreeMap, BTreeSet, HashMap};

use groundlog_proto::{Generation, TopicPartition};

use super::block::{Block, Kind};
use crate::CurrentPacket;

/// What has become of a packet since the last flush.
pub(super) enum Pending {
    Live(CurrentPacket),
    Stored { count: u64 },
}

/// A partition that is written by this process.
pub(super) struct Part {
    pub(super) partition: TopicPartition,
    pub(super) generation: Generation,
    pub(super) kind: Kind,
    /// Key of its checkpoint.
    pub(super) checkpoint: String,
    /// Its field in the targets' hashes.
    pub(super) field: String,
    /// Drawn when it was begun; whoever begins it anew draws another.
    pub(super) epoch: String,
    /// Targets that it may write to, noted at its checkpoint.
    pub(super) targets: BTreeSet<String>,
    /// By target, then packet.
    pub(super) pending: BTreeMap<String, HashMap<String, Pending>>,
}

impl Part {
    /// Returns what is pending about a live packet.
    pub(super) fn pending_live(&self, target: &str, packet: &str) -> Option<&CurrentPacket> {
        match self.pending.get(target)?.get(packet) {
            Some(Pending::Live(current)) => Some(current),
            _ => None,
        }
    }

    /// Takes in a packet's new state.
    pub(super) fn put_live(&mut self, current: CurrentPacket) {
        let (target, packet) = (current.target.clone(), current.packet.clone());
        self.put(&target, &packet, Pending::Live(current));
    }

    /// Takes in how many stored packets of a name there were.
    pub(super) fn put_stored(&mut self, target: &str, packet: &str, count: u64) {
        let known = self.pending.get(target).and_then(|packets| packets.get(packet));
        let known = match known {
            Some(Pending::Stored { count }) => *count,
            _ => 0,
        };
        self.put(target, packet, Pending::Stored { count: count.max(known) });
    }

    fn put(&mut self, target: &str, packet: &str, pending: Pending) {
        // Names are copied the first time only.
        let packets = match self.pending.get_mut(target) {
            Some(packets) => packets,
            None => self.pending.entry(target.to_owned()).or_default(),
        };
        match packets.get_mut(packet) {
            Some(known) => *known = pending,
            None => {
                packets.insert(packet.to_owned(), pending);
            }
        }
    }

    /// Finds this partition's block among those of a packet.
    pub(super) fn own(&self, blocks: Vec<Block>) -> Option<Block> {
        let mine =
            |block: &Block| block.kind == self.kind && block.partition == self.partition.partition;
        blocks.into_iter().find(mine).filter(|block| block.generation == self.generation)
    }
}
