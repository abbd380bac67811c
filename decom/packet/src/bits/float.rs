//! IEEE 754 single and double fields (cosmos-packets §3.3).

use super::place::{from_start, insufficient};
use super::{BitsError, Spot};
use crate::definition::Endianness;
use crate::value::Value;

pub(super) fn read(buf: &[u8], spot: Spot) -> Result<Value, BitsError> {
    let (first, width) = check(buf.len(), spot)?;
    let Some(bytes) = usize::try_from(first).ok().and_then(|first| buf.get(first..)) else {
        return Ok(Value::Null);
    };
    let little = spot.endianness == Endianness::Little;
    let number = if width == 4 {
        bytes.first_chunk().map(|b| {
            f64::from(if little { f32::from_le_bytes(*b) } else { f32::from_be_bytes(*b) })
        })
    } else {
        bytes
            .first_chunk()
            .map(|b| if little { f64::from_le_bytes(*b) } else { f64::from_be_bytes(*b) })
    };
    Ok(number.map_or(Value::Null, Value::Float))
}

pub(super) fn write(value: &Value, buf: &mut [u8], spot: Spot) -> Result<(), BitsError> {
    let number = number(value, spot)?;
    let length = buf.len();
    let (first, width) = check(length, spot)?;
    let little = spot.endianness == Endianness::Little;
    let mut bytes = [0_u8; 8];
    if width == 4 {
        // Narrowing a double beyond the range of a single gives infinity.
        let single = number as f32;
        let stored = if little { single.to_le_bytes() } else { single.to_be_bytes() };
        bytes[..4].copy_from_slice(&stored);
    } else {
        bytes = if little { number.to_le_bytes() } else { number.to_be_bytes() };
    }
    usize::try_from(first)
        .ok()
        .and_then(|first| buf.get_mut(first..first.checked_add(width)?))
        .ok_or_else(|| insufficient("write", length, spot))?
        .copy_from_slice(&bytes[..width]);
    Ok(())
}

/// Returns the first byte and the width in bytes.
fn check(length: usize, spot: Spot) -> Result<(u64, usize), BitsError> {
    let Spot { bit_offset, bit_size, data_type, .. } = spot;
    let width = match bit_size {
        32 => 4,
        64 => 8,
        _ => {
            return Err(BitsError::BadSize { data_type, bit_size });
        }
    };
    if bit_offset % 8 != 0 {
        return Err(BitsError::Unaligned { data_type, bit_offset });
    }
    Ok((from_start(length, spot)? / 8, width))
}

fn number(value: &Value, spot: Spot) -> Result<f64, BitsError> {
    let parsed = match value {
        Value::Int(int) => Some(*int as f64),
        Value::Float(float) => Some(*float),
        Value::String(text) => decimal(text.trim()),
        _ => None,
    };
    parsed.ok_or_else(|| BitsError::NotANumber {
        value: value.to_string(),
        data_type: spot.data_type,
    })
}

/// Parses decimal text; the words for infinities and NaN are no numbers here.
fn decimal(text: &str) -> Option<f64> {
    let wordless = !text.bytes().any(|b| b.is_ascii_alphabetic() && !matches!(b, b'e' | b'E'));
    if wordless { text.parse().ok() } else { None }
}
