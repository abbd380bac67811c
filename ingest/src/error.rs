use groundlog_log::LogError;
use groundlog_proto::{Fault, FaultClass};

/// What is wrong with the configuration of an interface. Always names file and line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A stock class that groundlog does not have yet.
    #[error("{location}: {kind} class '{class}' is not supported yet; supported: {supported}")]
    NotSupportedYet {
        /// Where it was written.
        location: String,
        /// Interface or protocol.
        kind: &'static str,
        /// The class as written.
        class: String,
        /// What may be written instead.
        supported: String,
    },
    /// A class of the plug-in's own, which is Ruby or Python code.
    #[error(
        "{location}: unknown {kind} class '{class}'; groundlog runs no code of plug-ins, \
         supported: {supported}"
    )]
    UnknownClass {
        /// Where it was written.
        location: String,
        /// Interface or protocol.
        kind: &'static str,
        /// The class as written.
        class: String,
        /// What may be written instead.
        supported: String,
    },
    /// A parameter is missing.
    #[error("{location}: {class} needs parameter {number}, {name}")]
    MissingParameter {
        /// Where it was written.
        location: String,
        /// The class as written.
        class: String,
        /// Its number, from 1.
        number: usize,
        /// What it means.
        name: &'static str,
    },
    /// A parameter cannot be understood.
    #[error("{location}: parameter {number} of {class}, {name}, is '{value}'; expected {expected}")]
    BadParameter {
        /// Where it was written.
        location: String,
        /// The class as written.
        class: String,
        /// Its number, from 1.
        number: usize,
        /// What it means.
        name: &'static str,
        /// The text found.
        value: String,
        /// What is understood.
        expected: &'static str,
    },
    /// There are more parameters than the class takes.
    #[error("{location}: {class} takes at most {limit} parameters, {found} are given")]
    TooManyParameters {
        /// Where it was written.
        location: String,
        /// The class as written.
        class: String,
        /// How many it takes.
        limit: usize,
        /// How many there are.
        found: usize,
    },
    /// An option of an interface cannot be understood.
    #[error("{location}: OPTION {option} of {class} is '{value}'; expected {expected}")]
    BadOption {
        /// Where the interface was written.
        location: String,
        /// The class as written.
        class: String,
        /// The option.
        option: String,
        /// The text found.
        value: String,
        /// What is understood.
        expected: &'static str,
    },
    /// Two interfaces have one name.
    #[error("{location}: interface '{name}' is declared twice; give one of them another name")]
    DuplicateInterface {
        /// Where the second was written.
        location: String,
        /// The name.
        name: String,
    },
    /// The interface's partition does not exist.
    #[error(
        "{location}: interface '{name}' is assigned to raw partition {partition}, but there are \
         only {partitions}"
    )]
    NoSuchPartition {
        /// Where it was written.
        location: String,
        /// The interface.
        name: String,
        /// Its partition.
        partition: u32,
        /// How many there are.
        partitions: u32,
    },
}

/// What ends the ingest role.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The configuration is wrong; nothing was started.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log cannot be used any more.
    #[error("ingest stopped while {doing}: {source}")]
    Log {
        /// What was being done.
        doing: String,
        /// The log's answer.
        source: LogError,
    },
    /// A task of the role ended by a defect of its own.
    #[error("ingest stopped: the task of {task} ended unexpectedly")]
    TaskLost {
        /// Whose task.
        task: String,
    },
}

impl Fault for IngestError {
    fn class(&self) -> FaultClass {
        match self {
            Self::Config(_) | Self::TaskLost { .. } => FaultClass::Fatal,
            Self::Log { source, .. } => source.class(),
        }
    }
}

impl IngestError {
    pub(crate) fn log(doing: impl Into<String>) -> impl FnOnce(LogError) -> Self {
        let doing = doing.into();
        move |source| Self::Log { doing, source }
    }
}
