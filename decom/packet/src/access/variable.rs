//! Writing items whose size another item gives: length first, then the bytes behind move (§3.6).

use super::buffer::PacketBuffer;
use super::error::AccessError;
use super::layout::{Extent, is_selector, selected_bits};
use crate::bits;
use crate::definition::{DataType, Item, VariableBitSize, VariableLength};
use crate::value::Value;

impl PacketBuffer {
    pub(super) fn write_variable(
        &mut self,
        index: usize,
        item: &Item,
        value: &Value,
    ) -> Result<(), AccessError> {
        let Some(variable) = &item.variable_bit_size else {
            return Ok(());
        };
        let place = self.layout.place(index, item);
        let old = match place.extent {
            Extent::Actual(bits) => bits + place.tail,
            Extent::Declared => item.array_size.unwrap_or(item.bit_size).max(0),
            Extent::TooLong { bits, available } => {
                return Err(AccessError::VariableSize { item: item.name.clone(), bits, available });
            }
            Extent::NoLength => {
                return Err(AccessError::LengthItem {
                    item: item.name.clone(),
                    length_item: variable.length_item().unwrap_or_default().to_owned(),
                });
            }
        };
        let before = self.buffer.clone();
        let result = self.resized_write(item, variable, value, (place.offset, old));
        if result.is_err() {
            self.buffer = before;
        }
        self.refresh();
        result
    }

    fn resized_write(
        &mut self,
        item: &Item,
        variable: &VariableBitSize,
        value: &Value,
        (offset, old): (i64, i64),
    ) -> Result<(), AccessError> {
        let (count, new) = wanted(item, variable, value);
        let terminator: &[u8] = match &variable.length {
            VariableLength::Item { name, value_type } => {
                self.write(name, &Value::from(count), *value_type)?;
                &[]
            }
            VariableLength::Terminator(bytes) => bytes,
        };
        let tail = i64::try_from(terminator.len() * 8).unwrap_or(0);
        if variable.in_field {
            let available = variable.reserved_bits;
            if new > available {
                let item = item.name.clone();
                return Err(AccessError::VariableSize { item, bits: new, available });
            }
            // What the field holds behind the value is nobody's.
            resize(&mut self.buffer, offset, available, 0);
            resize(&mut self.buffer, offset, 0, available);
        } else {
            resize(&mut self.buffer, offset, old, new + tail);
        }
        // A value that fills its field needs no terminator.
        let ended = !variable.in_field || new + tail <= variable.reserved_bits;
        if tail > 0 && ended {
            let end = Item {
                bit_offset: offset + new,
                bit_size: tail,
                data_type: DataType::Block,
                ..item.clone()
            };
            self.put(&Value::Bytes(terminator.to_vec()), &end)?;
        }
        if new == 0 {
            return Ok(());
        }
        let (bit_size, array_size) =
            if item.array_size.is_some() { (item.bit_size, Some(new)) } else { (new, None) };
        self.put(value, &Item { bit_offset: offset, bit_size, array_size, ..item.clone() })
    }

    fn put(&mut self, value: &Value, item: &Item) -> Result<(), AccessError> {
        bits::write(
            value,
            &mut self.buffer,
            item.bit_offset,
            item.bit_size,
            item.data_type,
            item.endianness,
            item.array_size,
            item.overflow,
        )
        .map_err(|source| AccessError::Bits { item: item.name.clone(), source })
    }
}

/// Returns the length item's value and the item's bits for a value.
fn wanted(item: &Item, variable: &VariableBitSize, value: &Value) -> (i64, i64) {
    if is_selector(item) {
        let selector = selector_of(item.data_type, value);
        return (selector, selected_bits(selector));
    }
    let length = |n: usize| i64::try_from(n).unwrap_or(i64::MAX / 1024);
    let bits = match value {
        Value::Array(values) => length(values.len()) * item.bit_size,
        Value::String(text) => length(text.len()) * 8,
        Value::Bytes(bytes) => length(bytes.len()) * 8,
        other => length(other.to_string().len()) * 8,
    };
    let per_count = variable.bits_per_count.max(1);
    ((bits - variable.bit_offset) / per_count, bits)
}

/// Returns the smallest selector whose size holds the value.
fn selector_of(data_type: DataType, value: &Value) -> i64 {
    let number = match value {
        Value::String(text) => crate::value::integer_text(text),
        other => other.to_int(),
    };
    let Some(number) = number else { return 0 };
    let fits = |bits: u32| match data_type {
        DataType::Int => (-(1_i128 << (bits - 1))..1_i128 << (bits - 1)).contains(&number),
        _ => (0..1_i128 << bits).contains(&number),
    };
    [6, 14, 30].into_iter().position(fits).map_or(3, |index| index as i64)
}

/// Makes `new` bits out of `old` bits at an offset; what lies behind keeps its bits and moves.
fn resize(buffer: &mut Vec<u8>, offset: i64, old: i64, new: i64) {
    let total = buffer.len() * 8;
    let start = usize::try_from(offset).unwrap_or(0).min(total);
    let end = (start + usize::try_from(old).unwrap_or(0)).min(total);
    let new = usize::try_from(new).unwrap_or(0);
    if start % 8 == 0 && end % 8 == 0 && new % 8 == 0 {
        buffer.splice(start / 8..end / 8, std::iter::repeat_n(0, new / 8));
        return;
    }
    let bit = |index: usize| buffer[index / 8] >> (7 - index % 8) & 1;
    let bits = (0..start).map(bit).chain(std::iter::repeat_n(0, new)).chain((end..total).map(bit));
    let mut moved = vec![0_u8; (start + new + (total - end)).div_ceil(8)];
    for (index, value) in bits.enumerate() {
        moved[index / 8] |= value << (7 - index % 8);
    }
    *buffer = moved;
}
