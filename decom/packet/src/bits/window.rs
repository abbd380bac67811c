//! Integers of up to 64 bits, cut out of one load.

use super::Spot;
use super::place::{Field, Placed, locate_integer};
use crate::definition::{DataType, Item, Packet};

/// Bytes that are loaded at once; wider fields take the careful way.
pub(crate) const WINDOW: usize = 8;

/// Loads a window; packets that are shorter than one end in zeros.
#[inline(always)]
pub(crate) fn window(packet: &[u8], at: u32) -> u64 {
    let at = at as usize;
    match packet.get(at..at + WINDOW).and_then(<[u8]>::first_chunk) {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => u64::from_be_bytes(padded(packet)),
    }
}

#[cold]
fn padded(packet: &[u8]) -> [u8; WINDOW] {
    std::array::from_fn(|index| packet.get(index).copied().unwrap_or(0))
}

/// Returns where the window of fields from one byte to another begins; shorter packets are padded
/// to one window.
pub(crate) fn window_of(first: usize, needed: usize) -> u32 {
    first.min(needed.saturating_sub(WINDOW)) as u32
}

/// Returns how far a field is to be shifted to the right in a window.
pub(crate) fn shift(field: &Field, window: u32) -> u32 {
    let Field { first, count, skip, size, reversed } = *field;
    let bytes_before = first - window as usize;
    let bytes_behind = window as usize + WINDOW - (first + count);
    let bytes_below = if reversed { bytes_before } else { bytes_behind };
    (bytes_below * 8 + count * 8) as u32 - (skip + size)
}

/// Returns the bits of a field at the right end.
pub(crate) fn mask_of(field: &Field) -> u64 {
    u64::MAX >> (64 - field.size)
}

/// A field: loaded, shifted to the right, masked, and extended if it has a sign.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    mask: u64,
    /// Its sign bit, or nothing.
    sign: u64,
    at: u32,
    shift: u32,
    little: bool,
}

impl Load {
    /// Compiles a field of a packet of at least `needed` bytes.
    pub(crate) fn of(needed: usize, field: &Field, signed: bool) -> Self {
        let at = window_of(field.first, needed);
        Self {
            mask: mask_of(field),
            sign: if signed { 1 << (field.size - 1) } else { 0 },
            at,
            shift: shift(field, at),
            little: field.reversed,
        }
    }

    /// Returns the number, as two's complement of 64 bits.
    #[inline(always)]
    pub(crate) fn value(&self, packet: &[u8]) -> u64 {
        let bits = window(packet, self.at);
        let bits = if self.little { bits.swap_bytes() } else { bits };
        let value = (bits >> (self.shift & 63)) & self.mask;
        (value ^ self.sign).wrapping_sub(self.sign)
    }
}

/// Finds the field of a single integer whose place in the packet is given by its own offset from
/// the start alone; `None` for other items and for those that one load does not bring.
///
/// Whether a buffer is long enough for it is asked when one is there. Items of variable size may
/// move it.
pub(crate) fn plain_field(packet: &Packet, item: &Item) -> Option<Field> {
    let is_plain = packet.has_place(item)
        && item.structure_child.is_none()
        && item.array_size.is_none()
        && matches!(item.data_type, DataType::Int | DataType::Uint)
        && item.bit_offset >= 0;
    if !is_plain {
        return None;
    }
    let Item { bit_offset, bit_size, data_type, endianness, .. } = *item;
    let spot = Spot { bit_offset, bit_size, data_type, endianness };
    match locate_integer(u32::MAX as usize, spot) {
        Ok(Placed::Inside(field)) if field.count <= WINDOW => Some(field),
        _ => None,
    }
}
