//! Arrays: elements packed from the bit offset upward (cosmos-packets §3.6).

use super::place::{from_start, insufficient};
use super::{BitsError, Spot, read_single, write_single};
use crate::config::MAX_PACKET_BITS;
use crate::definition::{DataType, Endianness, Overflow};
use crate::value::Value;

pub(super) fn read(buf: &[u8], spot: Spot, total: i64) -> Result<Value, BitsError> {
    check_element(spot)?;
    let length = buf.len();
    let start = from_start(length, spot)?;
    let bits = width(length, start, spot, total, "read")?;
    if bits % spot.bit_size != 0 {
        return Err(BitsError::BadArraySize { total: bits, bit_size: spot.bit_size });
    }
    if i128::from(start) + i128::from(bits) > length as i128 * 8 {
        return Ok(Value::Null);
    }
    let mut values = Vec::with_capacity((bits / spot.bit_size) as usize);
    for index in 0..bits / spot.bit_size {
        let value = read_single(buf, element(spot, start, index))?;
        if value.is_null() {
            return Ok(Value::Null);
        }
        values.push(value);
    }
    Ok(Value::Array(values))
}

pub(super) fn write(
    value: &Value,
    buf: &mut Vec<u8>,
    spot: Spot,
    total: i64,
    overflow: Overflow,
) -> Result<(), BitsError> {
    let Value::Array(values) = value else {
        return Err(BitsError::NotAList { value: value.to_string() });
    };
    check_element(spot)?;
    let length = buf.len();
    let start = from_start(length, spot)?;
    // Works on a copy, so that an element that does not fit leaves the buffer as it was.
    let mut changed = buf.clone();
    if total > 0 {
        fixed_room(length, start, spot, total, values.len())?;
        clear(&mut changed, start, total as u64);
    } else {
        width(length, start, spot, total, "write")?;
        let capacity = (MAX_PACKET_BITS / spot.bit_size) as usize;
        if values.len() > capacity {
            return Err(BitsError::TooManyElements { given: values.len(), capacity });
        }
        let used = values.len() as u64 * spot.bit_size as u64;
        resize(&mut changed, start + used, total);
    }
    for (index, value) in values.iter().enumerate() {
        write_single(value, &mut changed, element(spot, start, index as i64), overflow)?;
    }
    *buf = changed;
    Ok(())
}

/// Returns the place of one element; the array's own offset may have been negative.
fn element(spot: Spot, start: u64, index: i64) -> Spot {
    Spot { bit_offset: start as i64 + index * spot.bit_size, ..spot }
}

fn check_element(spot: Spot) -> Result<(), BitsError> {
    let Spot { bit_offset, bit_size, data_type, endianness } = spot;
    let bad_size = match data_type {
        DataType::Float => !matches!(bit_size, 32 | 64),
        DataType::String | DataType::Block => bit_size <= 0 || bit_size % 8 != 0,
        DataType::Int | DataType::Uint => bit_size <= 0,
        _ => return Err(BitsError::NotBinary { data_type }),
    };
    if bad_size {
        return Err(BitsError::BadSize { data_type, bit_size });
    }
    let integer = matches!(data_type, DataType::Int | DataType::Uint);
    if !integer && bit_offset % 8 != 0 {
        return Err(BitsError::Unaligned { data_type, bit_offset });
    }
    let plain = bit_offset % 8 == 0 && matches!(bit_size, 8 | 16 | 32 | 64);
    if integer && endianness == Endianness::Little && !plain && bit_size > 1 {
        return Err(BitsError::LittleEndianArray { bit_size });
    }
    Ok(())
}

/// Returns the array's width in bits; a total of 0 or −k is what the buffer leaves room for.
fn width(
    length: usize,
    start: u64,
    spot: Spot,
    total: i64,
    action: &'static str,
) -> Result<i64, BitsError> {
    if total > 0 {
        return Ok(total);
    }
    if spot.bit_offset < 0 {
        return Err(BitsError::BadArraySize { total, bit_size: spot.bit_size });
    }
    let room = length as i128 * 8 + i128::from(total) - i128::from(start);
    i64::try_from(room)
        .ok()
        .filter(|room| *room >= 0)
        .ok_or_else(|| insufficient(action, length, Spot { bit_size: total, ..spot }))
}

/// Checks that a fixed array has whole elements, room in the buffer and room for the values.
fn fixed_room(
    length: usize,
    start: u64,
    spot: Spot,
    total: i64,
    given: usize,
) -> Result<(), BitsError> {
    if total % spot.bit_size != 0 {
        return Err(BitsError::BadArraySize { total, bit_size: spot.bit_size });
    }
    if i128::from(start) + i128::from(total) > length as i128 * 8 {
        return Err(insufficient("write", length, Spot { bit_size: total, ..spot }));
    }
    let capacity = (total / spot.bit_size) as usize;
    if given > capacity {
        return Err(BitsError::TooManyElements { given, capacity });
    }
    Ok(())
}

/// Makes the buffer end with the −total trailing bits behind a list that ends at bit `end`.
///
/// Both take whole bytes; what the list leaves of its last byte keeps its bits.
fn resize(buf: &mut Vec<u8>, end: u64, total: i64) {
    let kept = total.unsigned_abs().div_ceil(8) as usize;
    let trailing = buf[buf.len() - kept..].to_vec();
    buf.resize(end.div_ceil(8) as usize, 0);
    buf.extend(trailing);
}

/// Sets `bits` bits from `start` to zero, as far as the buffer reaches.
fn clear(buf: &mut [u8], start: u64, bits: u64) {
    let end = (start + bits).min(buf.len() as u64 * 8);
    let mut bit = start;
    while bit < end {
        let byte = &mut buf[(bit / 8) as usize];
        if bit.is_multiple_of(8) && end - bit >= 8 {
            *byte = 0;
            bit += 8;
        } else {
            *byte &= !(0x80 >> (bit % 8));
            bit += 1;
        }
    }
}
