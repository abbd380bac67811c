//! Classes of code that belong to a packet.

use super::conversion::SelectedItem;
use super::types::SourceLocation;
use crate::registry::{Code, ProcessorCode};

/// A class of code that a definition names, with its arguments; kept, not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeClass {
    /// Class name after the rule of cosmos-packets §2.8.
    pub class: String,
    /// Arguments.
    pub args: Vec<String>,
    /// Where it was named.
    pub location: SourceLocation,
}

/// What a processor gathers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessorKind {
    /// The highest and the lowest value: `HIGH_WATER`, `LOW_WATER`.
    Watermark {
        /// The item.
        source: SelectedItem,
    },
    /// `MAX`, `MIN`, `MEAN` and `STDDEV` of the last values.
    Statistics {
        /// The item.
        source: SelectedItem,
        /// How many values.
        samples: usize,
    },
    /// Code in Rust.
    Registered(Code<dyn ProcessorCode>),
    /// Code that is known by name only.
    Opaque,
}

/// A processor of a telemetry packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessorDefinition {
    /// Upper-cased name.
    pub name: String,
    /// Class and arguments.
    pub class: CodeClass,
    /// What it gathers.
    pub kind: ProcessorKind,
}
