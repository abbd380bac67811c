//! Finds the bytes of an integer field.

use super::{BitsError, Spot};
use crate::definition::Endianness;

/// The bytes of an integer field inside a buffer, and the bits within them.
///
/// Taken in their order (ascending, or descending if `reversed`), the bytes form one big endian
/// number; `skip` bits are passed over and `size` bits belong to the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) skip: u32,
    pub(crate) size: u32,
    pub(crate) reversed: bool,
}

impl Field {
    /// Returns the address of the byte at `index` of the field's order, 0 being the most
    /// significant.
    pub(super) fn address(&self, index: usize) -> usize {
        if self.reversed { self.first + self.count - 1 - index } else { self.first + index }
    }
}

/// Where an integer field lies relative to a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// All of its bytes are in the buffer.
    Inside(Field),
    /// At least one of its bytes lies past the end.
    PastEnd,
}

/// Turns a possibly negative bit offset into one from the start of a buffer of `length` bytes.
pub(super) fn from_start(length: usize, spot: Spot) -> Result<u64, BitsError> {
    let absolute = if spot.bit_offset < 0 {
        length as i128 * 8 + i128::from(spot.bit_offset)
    } else {
        i128::from(spot.bit_offset)
    };
    u64::try_from(absolute).map_err(|_| before_start(length, spot))
}

pub(super) fn before_start(length: usize, spot: Spot) -> BitsError {
    BitsError::BeforeStart {
        data_type: spot.data_type,
        bit_offset: spot.bit_offset,
        bit_size: spot.bit_size,
        length,
    }
}

pub(super) fn insufficient(action: &'static str, length: usize, spot: Spot) -> BitsError {
    BitsError::Insufficient {
        action,
        data_type: spot.data_type,
        bit_offset: spot.bit_offset,
        bit_size: spot.bit_size,
        length,
    }
}

/// Finds an INT or UINT field in a buffer of `length` bytes.
///
/// Errors: the size is not positive, or the field begins before byte 0.
pub(crate) fn locate_integer(length: usize, spot: Spot) -> Result<Placed, BitsError> {
    let bad_size = || BitsError::BadSize { data_type: spot.data_type, bit_size: spot.bit_size };
    let size = u32::try_from(spot.bit_size).ok().filter(|size| *size > 0).ok_or_else(bad_size)?;
    let offset = from_start(length, spot)?;
    let plain = offset % 8 == 0 && matches!(size, 8 | 16 | 32 | 64);
    let skip = (offset % 8) as u32;
    let byte = offset / 8;
    let count = (u64::from(skip) + u64::from(size)).div_ceil(8);
    let bitfield_down = spot.endianness == Endianness::Little && !plain;
    let (first, end) = if bitfield_down {
        // The offset names the most significant bit; the field extends towards lower addresses.
        if byte >= length as u64 {
            return Ok(Placed::PastEnd);
        }
        match (byte + 1).checked_sub(count) {
            Some(first) => (first, byte + 1),
            None => return Err(before_start(length, spot)),
        }
    } else {
        (byte, byte.saturating_add(count))
    };
    if end > length as u64 {
        return Ok(Placed::PastEnd);
    }
    Ok(Placed::Inside(Field {
        first: first as usize,
        count: count as usize,
        skip,
        size,
        reversed: spot.endianness == Endianness::Little,
    }))
}
