//! Why a value cannot be read from or written to a buffer.

use crate::definition::DataType;

/// Why a value cannot be read from or written to a buffer. Always poison: a repeat fails too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BitsError {
    /// A negative offset, or a little endian bitfield, reaches before byte 0.
    #[error(
        "{length} byte buffer: {data_type} at bit_offset {bit_offset} with bit_size {bit_size} \
         would begin before the first byte"
    )]
    BeforeStart {
        /// Type of the item.
        data_type: DataType,
        /// Bit offset as defined.
        bit_offset: i64,
        /// Size as defined, in bits.
        bit_size: i64,
        /// Length of the buffer in bytes.
        length: usize,
    },
    /// The buffer ends before the place does.
    #[error(
        "{length} byte buffer insufficient to {action} {data_type} at bit_offset {bit_offset} \
         with bit_size {bit_size}"
    )]
    Insufficient {
        /// `read` or `write`.
        action: &'static str,
        /// Type of the item.
        data_type: DataType,
        /// Bit offset as defined.
        bit_offset: i64,
        /// Size as defined, in bits.
        bit_size: i64,
        /// Length of the buffer in bytes.
        length: usize,
    },
    /// The size is not one the type can have.
    #[error("bit_size {bit_size} invalid for {data_type}; correct the item's definition")]
    BadSize {
        /// Type of the item.
        data_type: DataType,
        /// Size as defined, in bits.
        bit_size: i64,
    },
    /// A float, string or block does not begin at a byte.
    #[error("bit_offset {bit_offset} invalid for {data_type}: it must be a multiple of 8")]
    Unaligned {
        /// Type of the item.
        data_type: DataType,
        /// Bit offset as defined.
        bit_offset: i64,
    },
    /// The type has no binary form.
    #[error("data_type {data_type} cannot be read or written by the binary accessor")]
    NotBinary {
        /// Type of the item.
        data_type: DataType,
    },
    /// The array's width is not a whole number of elements.
    #[error("array of {total} bits is not a whole number of elements of {bit_size} bits")]
    BadArraySize {
        /// Width of the array in bits, as defined or as the buffer leaves room for.
        total: i64,
        /// Width of one element in bits.
        bit_size: i64,
    },
    /// Arrays of little endian bitfields wider than one bit have no defined layout.
    #[error("arrays of little endian bitfields of {bit_size} bits are not supported")]
    LittleEndianArray {
        /// Width of one element in bits.
        bit_size: i64,
    },
    /// The number lies outside the range of the field.
    #[error("value of {value} invalid for {bit_size}-bit {data_type}")]
    OutOfRange {
        /// The value as text.
        value: String,
        /// Size of the field in bits.
        bit_size: i64,
        /// Type of the item.
        data_type: DataType,
    },
    /// The text or block is longer than its field.
    #[error("value of {given} bytes does not fit into {capacity} bytes for data_type {data_type}")]
    DoesNotFit {
        /// Length of the value in bytes.
        given: usize,
        /// Length of the field in bytes.
        capacity: usize,
        /// Type of the item.
        data_type: DataType,
    },
    /// The value is not a number and cannot be read as one.
    #[error("value {value} is not a number, which {data_type} needs")]
    NotANumber {
        /// The value as text.
        value: String,
        /// Type of the item.
        data_type: DataType,
    },
    /// An array item was given something other than a list.
    #[error("value {value} is not a list, which an array item needs")]
    NotAList {
        /// The value as text.
        value: String,
    },
    /// More elements were given than the array has.
    #[error("{given} values given for an array of {capacity}")]
    TooManyElements {
        /// Number of values given.
        given: usize,
        /// Number of elements of the array.
        capacity: usize,
    },
    /// The field is wider than 128 bits and holds a number beyond the range of a value.
    #[error("the value of this {bit_size}-bit {data_type} exceeds 127 bits and a sign")]
    TooWide {
        /// Size of the field in bits.
        bit_size: i64,
        /// Type of the item.
        data_type: DataType,
    },
}
