use groundlog_log::LogError;
use groundlog_projection::{DefinitionError, RunError};
use groundlog_proto::{Fault, FaultClass, borrowed::WireError};

/// Why a raw record yields no decommutated record, or why decommutation stopped.
#[derive(Debug, thiserror::Error)]
pub enum DecomError {
    /// The record does not parse.
    #[error("the raw record cannot be read: {0}")]
    Record(#[from] WireError),
    /// The record has no content, or content that only a newer version knows.
    #[error("the raw record holds nothing that this version knows: run the version that wrote it")]
    NoBody,
    /// A message inside the record does not parse.
    #[error("the {what} in the raw record cannot be read")]
    Inner {
        /// Which message.
        what: &'static str,
    },
    /// The record names no definitions.
    #[error("the raw record names no definitions; it cannot be decoded with any others")]
    NoDefinitions,
    /// The definitions that it names cannot be had.
    #[error(transparent)]
    Definitions(#[from] DefinitionError),
    /// Decommutated imports have no bytes to decode.
    #[error("a record of decommutated values has no bytes to decode")]
    Values,
    /// The decommutated record would exceed what the log takes.
    #[error("decommutated, packet '{name}' takes {size} bytes, more than the {limit} of a record")]
    TooLarge {
        /// "TARGET PACKET".
        name: String,
        /// Bytes of the record.
        size: usize,
        /// The most that a record may have.
        limit: usize,
    },
    /// A snapshot of the fold is damaged.
    #[error("the snapshot of the decommutation state is damaged: {what}")]
    Snapshot {
        /// What is wrong.
        what: String,
    },
    /// The runner stopped.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The log refused.
    #[error("decommutation: {0}")]
    Log(#[from] LogError),
}

impl Fault for DecomError {
    fn class(&self) -> FaultClass {
        match self {
            Self::Record(_)
            | Self::NoBody
            | Self::Inner { .. }
            | Self::NoDefinitions
            | Self::Values
            | Self::TooLarge { .. } => FaultClass::Poison,
            Self::Definitions(error) => error.class(),
            Self::Log(error) => error.class(),
            Self::Snapshot { .. } | Self::Run(_) => FaultClass::Fatal,
        }
    }
}
