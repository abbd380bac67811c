//! Why an item has no value, or takes none.

use thiserror::Error;

use crate::bits::BitsError;
use crate::definition::{ConversionError, FormatError};

/// Why an item of a buffer cannot be read or written. Always poison: a repeat fails too.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AccessError {
    /// The packet has no such item.
    #[error("Item '{packet} {item}' does not exist (Packet)")]
    UnknownItem {
        /// Target and packet.
        packet: String,
        /// Upper-cased item name.
        item: String,
    },
    /// The bits cannot be read or written.
    #[error("{item}: {source}")]
    Bits {
        /// Item name.
        item: String,
        /// What is wrong.
        source: BitsError,
    },
    /// A conversion has no result.
    #[error("{item}: {source}")]
    Conversion {
        /// Item name.
        item: String,
        /// What is wrong.
        source: ConversionError,
    },
    /// The format string cannot show the value.
    #[error("{item}: {source}")]
    Format {
        /// Item name.
        item: String,
        /// What is wrong.
        source: FormatError,
    },
    /// A generic conversion's expression has no result for these values.
    #[error("{item}: generic conversion has no result, because a value is absent or no number")]
    Expression {
        /// Item name.
        item: String,
    },
    /// The conversion takes a result of a processor that the packet does not have.
    #[error("{item}: its packet has no processor {processor}")]
    UnknownProcessor {
        /// Item name.
        item: String,
        /// Name of the processor.
        processor: String,
    },
    /// Conversions read each other in a circle.
    #[error("{item}: its conversion depends on itself")]
    Circle {
        /// Item name.
        item: String,
    },
    /// The item's key names nothing that can be read or written in the packet's document.
    #[error("{item}: {message}")]
    Document {
        /// Item name.
        item: String,
        /// What is wrong.
        message: String,
    },
    /// The packet's items are found by code of the target's own.
    #[error("{packet}: accessor {accessor} is code of the target and cannot be run")]
    Accessor {
        /// Target and packet.
        packet: String,
        /// Class of the accessor.
        accessor: String,
    },
    /// An item's size comes from an item that the packet does not have.
    #[error("{item}: its length item {length_item} does not exist or has no length")]
    LengthItem {
        /// Item name.
        item: String,
        /// Name of the item that should hold the length.
        length_item: String,
    },
    /// A length item claims more than the buffer holds.
    #[error(
        "Variable bit size {bits} for item {item} exceeds the {available} bits available in the buffer"
    )]
    VariableSize {
        /// Item name.
        item: String,
        /// Size by the length item, in bits.
        bits: i64,
        /// Bits from the item to the end of the buffer.
        available: i64,
    },
    /// A derived item has no bytes to write to.
    #[error("{item}: a DERIVED item cannot be written without a write conversion")]
    DerivedWrite {
        /// Item name.
        item: String,
    },
    /// FORMATTED values are for showing.
    #[error("{item}: FORMATTED values cannot be written; use CONVERTED or RAW")]
    FormattedWrite {
        /// Item name.
        item: String,
    },
    /// The text is no state and no number.
    #[error("Unknown state '{value}' for {item}, must be one of {states}")]
    UnknownState {
        /// Item name.
        item: String,
        /// The text given.
        value: String,
        /// State names.
        states: String,
    },
}
