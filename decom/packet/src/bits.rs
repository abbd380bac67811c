//! Reads and writes single values in a buffer at a bit offset (cosmos-packets §3).
//!
//! Bit 0 is the most significant bit of byte 0. A negative bit offset counts back from the end
//! of the actual buffer. These two functions are the meaning of an item's place; everything that
//! is faster ([`crate::plan`]) is checked against them, and they are checked bit by bit in
//! `tests/reference.rs`.
//!
//! Layout
//! - A *plain* integer (bit offset a multiple of 8, 8, 16, 32 or 64 bits) is bytes in the stated
//!   order from its lowest address.
//! - A big endian bitfield is any run of bits, most significant first.
//! - A little endian bitfield is named by its **most significant** bit and extends towards lower
//!   byte addresses (§3.4).

mod array;
mod error;
mod float;
mod integer;
mod place;
mod text;
pub(crate) mod window;

pub use error::BitsError;
pub(crate) use place::{Field, Placed, locate_integer};

use crate::definition::{DataType, Endianness, Overflow};
use crate::value::Value;

/// Where a value lies in a buffer, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    pub(crate) bit_offset: i64,
    pub(crate) bit_size: i64,
    pub(crate) data_type: DataType,
    pub(crate) endianness: Endianness,
}

/// Reads one value, or with `array_size` (the array's total width in bits) a list of values.
///
/// Integers are exact up to the 127 bits and a sign of [`Value::Int`]; wider fields read as long
/// as their value fits. A value of which any byte lies past the end of the buffer is
/// [`Value::Null`], and so is a [`DataType::Derived`] item, which has no bytes.
///
/// # Errors
/// [`BitsError`] when the place cannot exist in a buffer of this length (before byte 0, negative
/// remaining size) or the type cannot be read this way. Poison: the same call fails again.
///
/// Source: cosmos-packets §3.3 to §3.6.
pub fn read(
    buf: &[u8],
    bit_offset: i64,
    bit_size: i64,
    data_type: DataType,
    endianness: Endianness,
    array_size: Option<i64>,
) -> Result<Value, BitsError> {
    let spot = Spot { bit_offset, bit_size, data_type, endianness };
    match array_size {
        Some(total) if data_type != DataType::Derived => array::read(buf, spot, total),
        _ => read_single(buf, spot),
    }
}

fn read_single(buf: &[u8], spot: Spot) -> Result<Value, BitsError> {
    match spot.data_type {
        DataType::Int | DataType::Uint => integer::read(buf, spot),
        DataType::Float => float::read(buf, spot),
        DataType::String | DataType::Block => text::read(buf, spot),
        DataType::Derived => Ok(Value::Null),
        _ => Err(BitsError::NotBinary { data_type: spot.data_type }),
    }
}

/// Writes one value, or with `array_size` (the array's total width in bits) a list of values.
///
/// All bits outside the place keep their value. The buffer changes its length only for texts,
/// blocks and arrays whose size is 0 or negative (the value sits between the bit offset and that
/// many trailing bits, which are preserved). On an error the buffer is unchanged.
/// [`DataType::Derived`] writes nothing.
///
/// # Errors
/// [`BitsError`] when the value does not fit under the overflow mode, is of the wrong kind, or
/// the place lies outside the buffer.
///
/// Source: cosmos-packets §3.4 to §3.7.
#[expect(clippy::too_many_arguments, reason = "the bit-level contract names every property")]
pub fn write(
    value: &Value,
    buf: &mut Vec<u8>,
    bit_offset: i64,
    bit_size: i64,
    data_type: DataType,
    endianness: Endianness,
    array_size: Option<i64>,
    overflow: Overflow,
) -> Result<(), BitsError> {
    let spot = Spot { bit_offset, bit_size, data_type, endianness };
    match array_size {
        Some(total) if data_type != DataType::Derived => {
            array::write(value, buf, spot, total, overflow)
        }
        _ => write_single(value, buf, spot, overflow),
    }
}

fn write_single(
    value: &Value,
    buf: &mut Vec<u8>,
    spot: Spot,
    overflow: Overflow,
) -> Result<(), BitsError> {
    match spot.data_type {
        DataType::Int | DataType::Uint => integer::write(value, buf, spot, overflow),
        DataType::Float => float::write(value, buf, spot),
        DataType::String | DataType::Block => text::write(value, buf, spot, overflow),
        DataType::Derived => Ok(()),
        _ => Err(BitsError::NotBinary { data_type: spot.data_type }),
    }
}

/// Makes the value of a STRING or BLOCK from all bytes of its field.
pub(crate) fn text_value(bytes: &[u8], data_type: DataType) -> Value {
    text::value_of(bytes, data_type)
}
