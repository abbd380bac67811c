use groundlog_log::LogError;
use groundlog_proto::{DefinitionHash, Fault, FaultClass, Offset, TopicPartition};

/// Why a role stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A record, or the place it goes to, cannot be processed and must not be skipped.
    #[error("{consumer} stopped at {partition} offset {offset}: {source}. {remedy}")]
    Record {
        /// The consumer.
        consumer: String,
        /// Where it stands.
        partition: TopicPartition,
        /// At which record.
        offset: Offset,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What to do about it.
        remedy: &'static str,
    },
    /// What it writes to cannot be written to any more.
    #[error("{consumer} stopped: {source}")]
    Target {
        /// The consumer.
        consumer: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The log refused.
    #[error("{consumer} stopped{}: {source}", position(.at))]
    Log {
        /// The consumer.
        consumer: String,
        /// Partition and checkpoint, where known.
        at: Option<(TopicPartition, Offset)>,
        /// Why.
        #[source]
        source: Box<LogError>,
    },
    /// The state of a fold is lost and cannot be folded anew.
    #[error(
        "{consumer} has no usable snapshot at or before offset {checkpoint} of {partition}, and \
         the records before offset {trim} are gone: restore the topic 'state' from a copy, or \
         rebuild {consumer} from the archive"
    )]
    StateLost {
        /// The consumer.
        consumer: String,
        /// The partition.
        partition: TopicPartition,
        /// Where it would have to go on.
        checkpoint: Offset,
        /// The oldest record.
        trim: Offset,
    },
}

fn position(at: &Option<(TopicPartition, Offset)>) -> String {
    at.as_ref().map_or_else(String::new, |(partition, offset)| format!(" at {partition}@{offset}"))
}

/// What can go wrong with definition sets on the log.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// No such set was ever published.
    #[error(
        "definitions {hash} are not on the log: load the plug-in they came from again, or restore \
         the topic 'definitions'"
    )]
    Missing {
        /// The hash that was asked for.
        hash: DefinitionHash,
    },
    /// The bytes on the log are not the ones that were published.
    #[error("definitions {hash} are damaged ({what}): restore the topic 'definitions' from a copy")]
    Damaged {
        /// The hash that was asked for.
        hash: DefinitionHash,
        /// What is wrong.
        what: String,
    },
    /// The texts do not parse.
    #[error("definitions {hash} cannot be read: {reason}")]
    Unreadable {
        /// The hash that was asked for.
        hash: DefinitionHash,
        /// File, line and usage.
        reason: String,
    },
    /// The log refused.
    #[error("reading definitions: {0}")]
    Log(#[from] LogError),
    /// The setting that makes them active failed.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl Fault for DefinitionError {
    fn class(&self) -> FaultClass {
        match self {
            Self::Log(error) => error.class(),
            Self::Settings(error) => error.class(),
            // Records that name them can be driven again once the set is there.
            Self::Missing { .. } | Self::Damaged { .. } | Self::Unreadable { .. } => {
                FaultClass::Poison
            }
        }
    }
}

/// What can go wrong with settings.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SettingsError {
    /// The log refused.
    #[error("settings: {0}")]
    Log(#[from] LogError),
    /// A setting without content cannot be stored.
    #[error("a setting without content cannot be stored")]
    Empty,
}

impl Fault for SettingsError {
    fn class(&self) -> FaultClass {
        match self {
            Self::Log(error) => error.class(),
            Self::Empty => FaultClass::Poison,
        }
    }
}
