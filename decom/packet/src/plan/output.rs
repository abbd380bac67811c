//! The record that is being packed item by item, and the forms of its values.

use crate::record::{Element, Layout, store};
use crate::value::Value;

/// Reference of eight zeros: nothing.
pub(super) const NOTHING: [u8; 8] = [0; 8];

/// A record that is being packed.
pub(super) struct Output<'a> {
    pub(super) record: &'a mut Vec<u8>,
    /// Where the record begins in its buffer.
    pub(super) base: usize,
    /// Status of each item; empty as long as every item has its values.
    pub(super) status: Vec<u8>,
}

impl Output<'_> {
    pub(super) fn store<const N: usize>(&mut self, slot: u32, value: [u8; N]) {
        store(&mut self.record[self.base..], slot, value);
    }

    pub(super) fn fill(&mut self, slot: u32, length: u32, byte: u8) {
        if let Some(bytes) = self.slot(slot, length) {
            bytes.fill(byte);
        }
    }

    fn slot(&mut self, slot: u32, length: u32) -> Option<&mut [u8]> {
        let start = self.base + slot as usize;
        self.record.get_mut(start..start + length as usize)
    }

    /// Stores one element in its slot; returns false if the value does not have its form.
    pub(super) fn element(&mut self, slot: u32, element: Element, value: &Value) -> bool {
        self.slot(slot, element.width()).is_some_and(|slot| put(element, value, slot))
    }

    /// Stores a reference to elements one after the other; returns false, having stored nothing,
    /// if a value does not have their form.
    pub(super) fn elements(&mut self, slot: u32, element: Element, values: &[Value]) -> bool {
        let start = self.record.len();
        for value in values {
            let at = self.record.len();
            self.record.resize(at + element.width() as usize, 0);
            if !put(element, value, &mut self.record[at..]) {
                self.record.truncate(start);
                return false;
            }
        }
        self.point(slot, start, Some(values.len() as u32));
        true
    }

    /// Stores a reference to what `write` appends: its offset and its count, or its length.
    pub(super) fn refer(
        &mut self,
        slot: u32,
        count: Option<u32>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.record.len();
        write(self.record);
        self.point(slot, start, count);
    }

    /// Stores a reference to what lies behind `start`.
    fn point(&mut self, slot: u32, start: usize, count: Option<u32>) {
        let offset = (start - self.base) as u32;
        let length = (self.record.len() - start) as u32;
        if length == 0 {
            return self.store(slot, NOTHING);
        }
        let count = count.unwrap_or(length);
        self.store(slot, (u64::from(count) << 32 | u64::from(offset)).to_le_bytes());
    }

    /// Stores a reference to the converted value of an item that `write` appends.
    pub(super) fn write(
        &mut self,
        layout: &Layout,
        index: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        if let Some(packed) = layout.items.get(index) {
            self.refer(packed.converted_at, None, write);
        }
    }

    pub(super) fn mark(&mut self, layout: &Layout, index: usize, status: u8) {
        if status == 0 {
            return;
        }
        if self.status.is_empty() {
            self.status = vec![0; layout.items.len()];
        }
        self.status[index] |= status;
    }
}

/// Puts one element into bytes of its width; returns false if the value does not have its form.
fn put(element: Element, value: &Value, slot: &mut [u8]) -> bool {
    match (element, value) {
        (Element::Int { width, .. }, Value::Int(value)) => {
            slot.copy_from_slice(&value.to_be_bytes()[16 - usize::from(width)..]);
        }
        (Element::Single, Value::Float(value)) => {
            slot.copy_from_slice(&(*value as f32).to_be_bytes());
        }
        (Element::Double, Value::Float(value)) => slot.copy_from_slice(&value.to_be_bytes()),
        (Element::Bytes { .. }, value) => {
            let Some(bytes) = value.as_bytes() else {
                return false;
            };
            let (filled, rest) = slot.split_at_mut(bytes.len().min(slot.len()));
            filled.copy_from_slice(&bytes[..filled.len()]);
            rest.fill(0);
        }
        _ => return false,
    }
    true
}
