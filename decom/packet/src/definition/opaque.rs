//! Code that definitions name and that nothing here runs.

use std::fmt;

use super::types::SourceLocation;

/// What a piece of code would have done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpaqueKind {
    /// Makes the converted value of an item.
    ReadConversion,
    /// Makes the raw value of an item.
    WriteConversion,
    /// Gathers results from packet to packet.
    Processor,
    /// Acts on a change of a limits state.
    LimitsResponse,
    /// Checks a command before and after it is sent.
    Validator,
    /// Finds items in a buffer.
    Accessor,
    /// Splits packets.
    Subpacketizer,
}

impl OpaqueKind {
    /// Returns the words that messages use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ReadConversion => "read conversion",
            Self::WriteConversion => "write conversion",
            Self::Processor => "processor",
            Self::LimitsResponse => "limits response",
            Self::Validator => "validator",
            Self::Accessor => "accessor",
            Self::Subpacketizer => "subpacketizer",
        }
    }

    /// Returns what follows from not running it.
    #[must_use]
    pub fn effect(self) -> &'static str {
        match self {
            Self::ReadConversion => "the converted and formatted values are absent",
            Self::WriteConversion => "the item can only be written RAW",
            Self::Processor => "its results are absent",
            Self::LimitsResponse => "it is not called",
            Self::Validator => "the command is sent without its checks",
            Self::Accessor => "the items of the packet cannot be read or written",
            Self::Subpacketizer => "the packet is not split",
        }
    }
}

/// Code that is known by name only: what would have come out of it is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opaque {
    /// What it would have done.
    pub kind: OpaqueKind,
    /// Class of the code; `GenericConversion` for code that stands in the definition itself.
    pub name: String,
    /// What it belongs to: target, packet and, for conversions and limits responses, item.
    pub owner: String,
    /// Where it is named.
    pub location: SourceLocation,
    /// Why it is not run.
    pub reason: String,
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, owner, location, reason } = self;
        let (word, effect) = (kind.word(), kind.effect());
        write!(f, "{location}: {word} {name} of {owner} is not run: {reason}; {effect}")
    }
}
