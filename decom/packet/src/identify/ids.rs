//! Reading id values out of a buffer without allocating.

use crate::access::{PacketTimes, PacketView};
use crate::bits;
use crate::definition::{DataType, Item, Packet, ValueType};
use crate::value::Value;

/// Hash of no values; not zero, so that a single zero id does not mix to it.
pub(super) const SEED: u64 = 0x2545_f491_4f6c_dd1d;

/// One id value of a buffer, text and bytes borrowed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum IdValue<'a> {
    Int(i128),
    Float(f64),
    Bytes(&'a [u8]),
    /// Read the long way, because the item's place moves.
    Owned(Value),
}

impl IdValue<'_> {
    /// Returns whether the value is an item's id value.
    pub(super) fn equals(&self, id: &Value) -> bool {
        match (self, id) {
            (Self::Int(a), Value::Int(b)) => a == b,
            (Self::Float(a), Value::Float(b)) => a == b,
            (Self::Bytes(a), other) => other.as_bytes() == Some(a),
            (Self::Owned(value), other) => value.equals_state(other),
            (Self::Int(a), other) => Value::Int(*a).equals_state(other),
            (Self::Float(a), other) => Value::Float(*a).equals_state(other),
        }
    }

    /// Mixes the value into a hash.
    pub(super) fn mix(&self, hash: u64) -> u64 {
        match self {
            Self::Int(i) => mix_int(hash, *i),
            Self::Float(f) => mix(hash, canonical(*f)),
            Self::Bytes(bytes) => mix_bytes(hash, bytes),
            Self::Owned(value) => mix_value(hash, value),
        }
    }
}

/// Mixes an id value into a hash, the same as the value read from a buffer would be.
pub(super) fn mix_value(hash: u64, value: &Value) -> u64 {
    match value {
        Value::Int(i) => mix_int(hash, *i),
        Value::Float(f) => mix(hash, canonical(*f)),
        Value::Bool(b) => mix(hash, u64::from(*b)),
        other => mix_bytes(hash, other.as_bytes().unwrap_or_default()),
    }
}

/// Zeros of either sign are equal and must mix alike.
fn canonical(float: f64) -> u64 {
    if float == 0.0 { 0 } else { float.to_bits() }
}

fn mix_int(hash: u64, int: i128) -> u64 {
    let low = mix(hash, int as u64);
    let high = (int >> 64) as u64;
    if high == 0 { low } else { mix(low, high) }
}

fn mix(hash: u64, word: u64) -> u64 {
    // Multiplication by an odd constant spreads the low bits; the shift brings the high bits back.
    let product = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 29)
}

fn mix_bytes(hash: u64, bytes: &[u8]) -> u64 {
    let words = bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    words.fold(mix(hash, bytes.len() as u64), mix)
}

/// Reads an id item; `None` when it is absent or cannot be read, which matches nothing.
pub(super) fn read<'a>(packet: &Packet, item: &Item, buffer: &'a [u8]) -> Option<IdValue<'a>> {
    if packet.has_variable_items() || !packet.has_place(item) {
        let view = PacketView::new(packet, buffer, PacketTimes::default());
        let value = view.read(&item.name, ValueType::Raw).ok().filter(|value| !value.is_null());
        return value.map(IdValue::Owned);
    }
    if let Some(child) = &item.structure_child {
        let parent = packet.item(&child.parent)?;
        let inner = parent.structure.as_deref()?;
        let bytes = bytes_of(parent, buffer)?;
        return read(inner, inner.item(&child.child)?, bytes);
    }
    match item.data_type {
        DataType::String | DataType::Block => bytes_of(item, buffer).map(IdValue::Bytes),
        data_type => {
            let (offset, size) = (item.bit_offset, item.bit_size);
            match bits::read(buffer, offset, size, data_type, item.endianness, None).ok()? {
                Value::Int(int) => Some(IdValue::Int(int)),
                Value::Float(float) => Some(IdValue::Float(float)),
                _ => None,
            }
        }
    }
}

/// Returns the bytes of a text or block; text ends at its first zero byte.
fn bytes_of<'a>(item: &Item, buffer: &'a [u8]) -> Option<&'a [u8]> {
    let length = i64::try_from(buffer.len()).ok()?;
    let offset = item.bit_offset / 8 + if item.bit_offset < 0 { length } else { 0 };
    let size = item.bit_size / 8;
    let end = if size > 0 { offset + size } else { length + size };
    let bytes = buffer.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)?;
    if item.data_type == DataType::Block {
        return Some(bytes);
    }
    let end = bytes.iter().position(|byte| *byte == 0);
    Some(end.map_or(bytes, |end| &bytes[..end]))
}
