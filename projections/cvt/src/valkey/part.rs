use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use groundlog_proto::{Generation, TopicPartition};

use super::{
    block::{Block, Kind},
    json,
};
use crate::{CurrentPacket, image};

/// Packets rendered between two chances for other tasks of the thread to run.
const PACKETS_PER_SLICE: usize = 64;

/// What has become of a packet since the last flush.
pub(super) enum Pending {
    Live(CurrentPacket),
    Stored { count: u64 },
}

impl Pending {
    /// Returns what COSMOS's clients read of it.
    fn json(&self) -> Vec<u8> {
        match self {
            Self::Live(current) => json::object_of(current),
            Self::Stored { .. } => Vec::new(),
        }
    }
}

/// A packet's new state, for the server.
pub(super) struct Put {
    pub(super) packet: String,
    pub(super) block: Bytes,
    pub(super) json: Vec<u8>,
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
    /// By target and packet.
    pub(super) pending: HashMap<(String, String), Pending>,
}

impl Part {
    /// Returns what is pending about a live packet.
    pub(super) fn pending_live(&self, target: &str, packet: &str) -> Option<&CurrentPacket> {
        match self.pending.get(&(target.to_owned(), packet.to_owned())) {
            Some(Pending::Live(current)) => Some(current),
            _ => None,
        }
    }

    /// Renders what is pending, by target.
    pub(super) async fn puts(&self) -> BTreeMap<String, Vec<Put>> {
        let mut puts: BTreeMap<String, Vec<Put>> = BTreeMap::new();
        for (place, ((target, packet), pending)) in self.pending.iter().enumerate() {
            if place % PACKETS_PER_SLICE == PACKETS_PER_SLICE - 1 {
                tokio::task::yield_now().await;
            }
            let block = self.block(target, packet, pending).to_bytes();
            let put = Put { packet: packet.clone(), block, json: pending.json() };
            puts.entry(target.clone()).or_default().push(put);
        }
        puts
    }

    fn block(&self, target: &str, packet: &str, pending: &Pending) -> Block {
        let (rank, received_time_ns, entry) = match pending {
            Pending::Live(current) => {
                (current.position.offset, current.received_time_ns, image::live_bytes(current))
            }
            Pending::Stored { count } => (*count, 0, image::stored_bytes(target, packet, *count)),
        };
        Block {
            kind: self.kind,
            partition: self.partition.partition,
            rank,
            received_time_ns,
            generation: self.generation,
            entry,
        }
    }

    /// Takes in a packet's new state.
    pub(super) fn put_live(&mut self, current: CurrentPacket) {
        let name = (current.target.as_ref().to_owned(), current.packet.as_ref().to_owned());
        self.pending.insert(name, Pending::Live(current));
    }

    /// Takes in how many stored packets of a name there were.
    pub(super) fn put_stored(&mut self, target: &str, packet: &str, count: u64) {
        let name = (target.to_owned(), packet.to_owned());
        let pending = self.pending.entry(name).or_insert(Pending::Stored { count });
        if let Pending::Stored { count: known } = pending {
            *known = count.max(*known);
        }
    }

    /// Finds this partition's block among those of a packet.
    pub(super) fn own(&self, blocks: Vec<Block>) -> Option<Block> {
        let mine =
            |block: &Block| block.kind == self.kind && block.partition == self.partition.partition;
        blocks.into_iter().find(mine).filter(|block| block.generation == self.generation)
    }
}
