use groundlog_log::LogError;
use groundlog_projection::{DefinitionError, RunError};
use groundlog_proto::{DefinitionHash, Fault, FaultClass, borrowed::WireError};

use crate::ValkeyError;

/// What can go wrong with the current value table.
#[derive(Debug, thiserror::Error)]
pub enum CvtError {
    /// A record does not parse.
    #[error("the decommutated record cannot be read: {0}")]
    Record(#[from] WireError),
    /// What passed through as `set_tlm` does not parse.
    #[error("the set_tlm in the record cannot be read")]
    NotASet,
    /// A record names no definitions.
    #[error("the decommutated record names no definitions")]
    NoDefinitions,
    /// The definitions that a record names cannot be had.
    #[error(transparent)]
    Definitions(#[from] DefinitionError),
    /// A record's packet is not in its definitions.
    #[error("packet '{target} {packet}' is not in definitions {definitions}")]
    UnknownPacket {
        /// The target.
        target: String,
        /// The packet.
        packet: String,
        /// The definitions that the record names.
        definitions: DefinitionHash,
    },
    /// A snapshot does not parse.
    #[error("the snapshot of the current value table is damaged: {what}")]
    Snapshot {
        /// What is wrong.
        what: String,
    },
    /// A rebuild could not go on.
    #[error("rebuild: {what}")]
    Rebuild {
        /// What went wrong.
        what: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {what}")]
    Random {
        /// Its word.
        what: String,
    },
    /// The server that the table lies on refused.
    #[error("current value table: {0}")]
    Valkey(#[from] ValkeyError),
    /// The runner stopped.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The log refused.
    #[error("current value table: {0}")]
    Log(#[from] LogError),
}

impl Fault for CvtError {
    fn class(&self) -> FaultClass {
        match self {
            Self::Record(_) | Self::NotASet | Self::NoDefinitions | Self::UnknownPacket { .. } => {
                FaultClass::Poison
            }
            Self::Definitions(error) => error.class(),
            Self::Log(error) => error.class(),
            Self::Valkey(error) => error.class(),
            Self::Random { .. } => FaultClass::Transient,
            Self::Snapshot { .. } | Self::Rebuild { .. } | Self::Run(_) => FaultClass::Fatal,
        }
    }
}
