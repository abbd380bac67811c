use std::time::Duration;

use groundlog_proto::{Generation, Offset, TopicKind, TopicName, TopicNames};

use crate::{Log, LogError};

/// Partitions of `control`: interfaces are hashed to them, and each has one owner, so this is how
/// many processes can share the interfaces of a system.
const CONTROL_PARTITIONS: u32 = 8;

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
    /// topics that carry packets; `control` has 8, the others have one.
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
            CommandPayload => (1, Durability::Synced, Retention::Age(DAY)),
            Control => (CONTROL_PARTITIONS, Durability::Synced, Retention::Age(DAY)),
            Status => (1, Durability::Unsynced, Retention::Age(7 * DAY)),
            State => (1, Durability::Unsynced, Retention::Compact),
        };
        Self { name: names.topic(kind), partitions, durability, retention }
    }

    /// Creates a topic of groundlog if it is missing, else checks it. One that carries no packets
    /// keeps the number of partitions it has: an earlier version may have made fewer, and everyone
    /// asks the topic.
    ///
    /// # Errors
    /// As [`Log::ensure`].
    pub async fn ensure_standard(
        log: &dyn Log,
        names: &TopicNames,
        kind: TopicKind,
        partitions: u32,
    ) -> Result<TopicInfo, LogError> {
        let spec = Self::standard(names, kind, partitions);
        match log.ensure(&spec).await {
            Err(LogError::TopicMismatch { found, .. }) if kind == TopicKind::Control => {
                log.ensure(&Self { partitions: found, ..spec }).await
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryLog;

    /// A folder of an earlier version has one partition of `control`; packets' topics may differ
    /// in nothing.
    #[tokio::test]
    async fn control_keeps_the_partitions_it_has() {
        let (log, names) = (MemoryLog::new(), TopicNames::default());
        let made = TopicSpec::ensure_standard(&log, &names, TopicKind::Control, 2).await;
        assert_eq!(made.expect("made").partitions, CONTROL_PARTITIONS);
        let (old, names) = (MemoryLog::new(), TopicNames::default());
        for kind in [TopicKind::Control, TopicKind::Raw] {
            let spec = TopicSpec { partitions: 1, ..TopicSpec::standard(&names, kind, 1) };
            old.ensure(&spec).await.expect("made by an earlier version");
        }
        let found = TopicSpec::ensure_standard(&old, &names, TopicKind::Control, 2).await;
        assert_eq!(found.expect("kept").partitions, 1);
        let refused = TopicSpec::ensure_standard(&old, &names, TopicKind::Raw, 2).await;
        assert!(matches!(refused, Err(LogError::TopicMismatch { found: 1, wanted: 2, .. })));
    }
}
