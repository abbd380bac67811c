use std::time::Duration;

use groundlog_proto::{Generation, Offset, TopicKind, TopicName, TopicNames};

/// When an append is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After the records are on stable storage: acknowledged ⇒ survives power loss (I3).
    Synced,
    /// After the operating system has them: survives kill -9, is recomputed after a power loss.
    Unsynced,
}

/// What may be deleted, by whole segments, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Nothing.
    Forever,
    /// Segments whose newest record was appended longer ago than this.
    Age(Duration),
    /// Segments beyond this many bytes per partition.
    Bytes(u64),
    /// Of records with equal keys only the newest need be kept.
    Compact,
}

/// What a topic shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Full name.
    pub name: TopicName,
    /// Number of partitions, fixed for the generation.
    pub partitions: u32,
    /// When an append is acknowledged.
    pub durability: Durability,
    /// What may be deleted.
    pub retention: Retention,
}

/// What a topic is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Full name.
    pub name: TopicName,
    /// Random id from its creation.
    pub generation: Generation,
    /// Number of partitions, fixed for the generation.
    pub partitions: u32,
}

/// The readable range `[trim, tail)` of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The oldest offset that may still be read.
    pub trim: Offset,
    /// The first offset not yet committed.
    pub tail: Offset,
}

impl TopicSpec {
    /// Describes a topic of groundlog as the design's table has it. `partitions` applies to the
    /// topics that carry packets; the others have one partition.
    pub fn standard(names: &TopicNames, kind: TopicKind, partitions: u32) -> Self {
        use TopicKind::{
            CommandPayload, Commands, Control, DeadLetter, Decom, DecomStored, Definitions, Limits,
            Raw, RawStored, Settings, State, Status,
        };
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let (partitions, durability, retention) = match kind {
            Raw | RawStored => (partitions, Durability::Synced, Retention::Forever),
            // What decommutation writes is recomputed from raw after a power loss.
            Decom | DecomStored | Limits => (partitions, Durability::Unsynced, Retention::Forever),
            DeadLetter => (partitions, Durability::Synced, Retention::Forever),
            Commands | Definitions | Settings => (1, Durability::Synced, Retention::Forever),
            CommandPayload | Control => (1, Durability::Synced, Retention::Age(DAY)),
            Status => (1, Durability::Unsynced, Retention::Age(7 * DAY)),
            State => (1, Durability::Unsynced, Retention::Compact),
        };
        Self { name: names.topic(kind), partitions, durability, retention }
    }
}
