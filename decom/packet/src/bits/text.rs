//! STRING and BLOCK fields (cosmos-packets §3.5).

use std::borrow::Cow;

use super::place::{from_start, insufficient};
use super::{BitsError, Spot};
use crate::definition::{DataType, Overflow};
use crate::value::Value;

pub(super) fn read(buf: &[u8], spot: Spot) -> Result<Value, BitsError> {
    let length = buf.len();
    check(spot)?;
    let first = from_start(length, spot)? / 8;
    let end = if spot.bit_size > 0 {
        first.saturating_add(spot.bit_size as u64 / 8)
    } else {
        trailing_start(length, spot)?
    };
    if end > length as u64 {
        return Ok(Value::Null);
    }
    if first > end {
        return Err(insufficient("read", length, spot));
    }
    Ok(value_of(&buf[first as usize..end as usize], spot.data_type))
}

/// Makes the value of a STRING (up to its first zero byte) or BLOCK from the field's bytes.
pub(super) fn value_of(bytes: &[u8], data_type: DataType) -> Value {
    if data_type == DataType::Block {
        return Value::Bytes(bytes.to_vec());
    }
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    Value::from_utf8_or_bytes(bytes[..end].to_vec())
}

pub(super) fn write(
    value: &Value,
    buf: &mut Vec<u8>,
    spot: Spot,
    overflow: Overflow,
) -> Result<(), BitsError> {
    let length = buf.len();
    check(spot)?;
    let bytes = bytes_of(value);
    let first = from_start(length, spot)?;
    if spot.bit_size > 0 {
        let width = (spot.bit_size / 8) as usize;
        let stored = fit(&bytes, width, spot.data_type, overflow)?;
        let field = usize::try_from(first / 8)
            .ok()
            .and_then(|first| buf.get_mut(first..first.checked_add(width)?))
            .ok_or_else(|| insufficient("write", length, spot))?;
        field[..stored.len()].copy_from_slice(stored);
        field[stored.len()..].fill(0);
        return Ok(());
    }
    let trailing = trailing_start(length, spot)?;
    let first = first / 8;
    if first > trailing {
        return Err(insufficient("write", length, spot));
    }
    buf.splice(first as usize..trailing as usize, bytes.iter().copied());
    Ok(())
}

/// Returns the part of the value that a field of `width` bytes stores.
pub(super) fn fit(
    bytes: &[u8],
    width: usize,
    data_type: DataType,
    overflow: Overflow,
) -> Result<&[u8], BitsError> {
    if bytes.len() > width && overflow != Overflow::Truncate {
        return Err(BitsError::DoesNotFit { given: bytes.len(), capacity: width, data_type });
    }
    Ok(&bytes[..bytes.len().min(width)])
}

/// Returns the bytes of text or bytes, and the text's bytes of any other value.
pub(super) fn bytes_of(value: &Value) -> Cow<'_, [u8]> {
    value.as_bytes().map_or_else(|| Cow::Owned(value.to_string().into_bytes()), Cow::Borrowed)
}

/// Returns the byte at which the −n trailing bits begin.
pub(super) fn trailing_start(length: usize, spot: Spot) -> Result<u64, BitsError> {
    u64::try_from(length as i128 + i128::from(spot.bit_size / 8))
        .map_err(|_| insufficient("read", length, spot))
}

fn check(spot: Spot) -> Result<(), BitsError> {
    let Spot { bit_offset, bit_size, data_type, .. } = spot;
    if bit_offset % 8 != 0 {
        return Err(BitsError::Unaligned { data_type, bit_offset });
    }
    // A size counted from the end has no meaning for a place that is counted from the end too.
    if bit_size % 8 != 0 || (bit_offset < 0 && bit_size <= 0) {
        return Err(BitsError::BadSize { data_type, bit_size });
    }
    Ok(())
}
