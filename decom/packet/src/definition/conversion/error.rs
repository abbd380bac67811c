//! Why a conversion yields no value.

use thiserror::Error;

/// Reasons why a conversion yields no value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConversionError {
    /// The conversion needs a number.
    #[error("{class} needs a number, got '{value}'")]
    NotANumber {
        /// Class of the conversion.
        class: String,
        /// Text of the value.
        value: String,
    },
    /// The result does not fit.
    #[error("{class}: '{value}' is outside the range of its result")]
    OutOfRange {
        /// Class of the conversion.
        class: String,
        /// Text of the value.
        value: String,
    },
    /// The code or the object of the conversion refuses the value.
    #[error("{class}: {message}")]
    Refused {
        /// Class of the conversion.
        class: String,
        /// Why.
        message: String,
    },
    /// The conversion's code is known by name only.
    #[error("conversion {class} is known by name only and is not run; write the item RAW")]
    Opaque {
        /// Class of the conversion.
        class: String,
    },
}
