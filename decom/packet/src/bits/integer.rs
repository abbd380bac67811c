//! INT and UINT fields of any width, and the overflow modes (cosmos-packets §3.3, §3.4, §3.7).

use super::place::{Field, Placed, insufficient, locate_integer};
use super::{BitsError, Spot};
use crate::definition::{DataType, Overflow};
use crate::value::{Value, integer_text};

pub(super) fn read(buf: &[u8], spot: Spot) -> Result<Value, BitsError> {
    match locate_integer(buf.len(), spot)? {
        Placed::PastEnd => Ok(Value::Null),
        Placed::Inside(field) => take(buf, &field, spot.data_type == DataType::Int)
            .map(Value::Int)
            .ok_or(BitsError::TooWide { bit_size: spot.bit_size, data_type: spot.data_type }),
    }
}

pub(super) fn write(
    value: &Value,
    buf: &mut [u8],
    spot: Spot,
    overflow: Overflow,
) -> Result<(), BitsError> {
    let pattern = pattern(value, spot, overflow)?;
    match locate_integer(buf.len(), spot)? {
        Placed::PastEnd => Err(insufficient("write", buf.len(), spot)),
        Placed::Inside(field) => {
            put(buf, &field, pattern);
            Ok(())
        }
    }
}

/// Takes a field's value; `None` if it exceeds the range of `i128`.
pub(super) fn take(buf: &[u8], field: &Field, signed: bool) -> Option<i128> {
    // A one-bit INT has no sign to extend: it reads as 0 or 1.
    let signed = signed && field.size > 1;
    if field.size <= 128 {
        let bits = take_bits(buf, field, 0, field.size);
        return if signed {
            let shift = 128 - field.size;
            Some(((bits << shift) as i128) >> shift)
        } else {
            i128::try_from(bits).ok()
        };
    }
    let low = take_bits(buf, field, field.size - 128, 128) as i128;
    let fill = if signed && low < 0 { u128::MAX } else { 0 };
    if !signed && low < 0 {
        return None;
    }
    let mut from = 0;
    while from < field.size - 128 {
        let width = (field.size - 128 - from).min(64);
        if take_bits(buf, field, from, width) != fill >> (128 - width) {
            return None;
        }
        from += width;
    }
    Some(low)
}

/// Takes `width` (at most 128) bits of a field, beginning `from` bits below its most significant.
fn take_bits(buf: &[u8], field: &Field, from: u32, width: u32) -> u128 {
    let start = field.skip + from;
    let mut index = (start / 8) as usize;
    let mut skip = start % 8;
    let mut left = width;
    let mut bits = 0_u128;
    while left > 0 {
        let byte = buf[field.address(index)] & (0xff >> skip);
        let available = 8 - skip;
        if left >= available {
            bits = (bits << available) | u128::from(byte);
            left -= available;
        } else {
            bits = (bits << left) | u128::from(byte >> (available - left));
            left = 0;
        }
        index += 1;
        skip = 0;
    }
    bits
}

/// Stores the low bits of a two's complement pattern, leaving all other bits alone.
fn put(buf: &mut [u8], field: &Field, mut pattern: i128) {
    let mut low = field.count as u32 * 8 - field.skip - field.size;
    for index in (0..field.count).rev() {
        let high = if index == 0 { field.skip } else { 0 };
        let available = 8 - low - high;
        let mask = (((1_u16 << available) - 1) as u8) << low;
        let byte = &mut buf[field.address(index)];
        *byte = (*byte & !mask) | (((pattern as u8) << low) & mask);
        pattern >>= available;
        low = 0;
    }
}

/// Turns a value into the bit pattern that its field stores, under the overflow mode.
pub(super) fn pattern(value: &Value, spot: Spot, overflow: Overflow) -> Result<i128, BitsError> {
    let Spot { bit_size, data_type, .. } = spot;
    let int = whole_number(value, data_type, bit_size)?;
    let Range { min, max, hex_max } = range(data_type, bit_size);
    if (min..=max).contains(&int) {
        return Ok(int);
    }
    match overflow {
        Overflow::Truncate => Ok(int),
        Overflow::Saturate => Ok(int.clamp(min, max)),
        Overflow::ErrorAllowHex if int > max && int <= hex_max => Ok(int),
        Overflow::Error | Overflow::ErrorAllowHex => {
            Err(BitsError::OutOfRange { value: int.to_string(), bit_size, data_type })
        }
    }
}

fn whole_number(value: &Value, data_type: DataType, bit_size: i64) -> Result<i128, BitsError> {
    let not_a_number = || BitsError::NotANumber { value: value.to_string(), data_type };
    match value {
        Value::Int(int) => Ok(*int),
        // Beyond 2^127 the bits of the integer are no longer at hand to wrap or to compare.
        Value::Float(float) if float.abs() >= 1.7e38 => {
            Err(BitsError::OutOfRange { value: value.to_string(), bit_size, data_type })
        }
        Value::Float(float) if float.is_finite() => Ok(float.trunc() as i128),
        Value::String(text) => integer_text(text).ok_or_else(not_a_number),
        _ => Err(not_a_number()),
    }
}

struct Range {
    min: i128,
    max: i128,
    hex_max: i128,
}

fn range(data_type: DataType, bit_size: i64) -> Range {
    // 2^n - 1, or the largest value there is when the field is wider than a value.
    let ones = |n: i64| {
        if n >= 127 { i128::MAX } else { (1_i128 << n.max(0)) - 1 }
    };
    let all = ones(bit_size);
    match (data_type, bit_size) {
        (DataType::Int, 1) => Range { min: -1, max: 1, hex_max: 1 },
        (DataType::Int, _) => {
            let max = ones(bit_size - 1);
            Range { min: -max - 1, max, hex_max: all }
        }
        _ => Range { min: 0, max: all, hex_max: all },
    }
}
