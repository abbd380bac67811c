//! Values out of the slots of a record.

use super::{RecordView, name, reference};
use crate::definition::DataType;
use crate::record::form::{ConvertedForm, Element, RawForm};
use crate::record::layout::{NO_SLOT, PackedItem};
use crate::record::number::{Kind, load};
use crate::record::{STATUS_NULL, tagged};
use crate::value::Value;

impl RecordView<'_> {
    fn element(&self, element: Element, slot: u32) -> Value {
        match element {
            Element::Bytes { length, data_type } => self.text(slot, length, data_type),
            number => match Kind::of(number) {
                Some(kind) => kind.value(self.bytes, slot),
                None => Value::Int(i128::from_be_bytes(load(self.bytes, slot))),
            },
        }
    }

    fn text(&self, offset: u32, length: u32, data_type: DataType) -> Value {
        self.slice(offset, length)
            .map_or(Value::Null, |bytes| crate::bits::text_value(bytes, data_type))
    }

    fn list(&self, count: u32, offset: u32, width: u32, each: impl Fn(u32) -> Value) -> Value {
        // A checked record holds all of its elements, so the count is to be believed.
        let slots = (0..count).map(|index| offset.saturating_add(index.saturating_mul(width)));
        Value::Array(slots.map(each).collect())
    }

    pub(super) fn raw_value(&self, index: usize, packed: &PackedItem) -> Value {
        if self.status(index) & 3 != 0 {
            return Value::Null;
        }
        let slot = packed.raw_at;
        match packed.raw {
            RawForm::None => Value::Null,
            RawForm::One(element) => self.element(element, slot),
            RawForm::List { element, count } => {
                self.list(count, slot, element.width(), |slot| self.element(element, slot))
            }
            RawForm::VariableBytes { data_type } => match reference(self.bytes, slot) {
                Some((offset, length)) => self.text(offset, length, data_type),
                None => Value::Null,
            },
            RawForm::VariableList { element } => match reference(self.bytes, slot) {
                Some((offset, count)) => {
                    self.list(count, offset, element.width(), |slot| self.element(element, slot))
                }
                None => Value::Null,
            },
            RawForm::Tagged => self.tagged(slot),
        }
    }

    fn tagged(&self, slot: u32) -> Value {
        let bytes = reference(self.bytes, slot)
            .and_then(|(offset, length)| self.slice(offset, length))
            .unwrap_or(&[]);
        tagged::read(bytes).unwrap_or(Value::Null)
    }

    /// Returns where the list of a converted form begins, and how many elements it has.
    fn list_at(&self, packed: &PackedItem, slot: u32) -> Option<(u32, u32)> {
        match packed.count() {
            Some(count) => Some((slot, count)),
            None => reference(self.bytes, slot),
        }
    }

    /// Returns the value after the read conversion and before states.
    pub(super) fn before_states(&self, index: usize, packed: &PackedItem) -> Value {
        match packed.converted {
            ConvertedForm::Same => return self.raw_value(index, packed),
            ConvertedForm::Envelope => return self.envelope_value(packed.place),
            _ if !self.has_converted(index) => return Value::Null,
            _ => {}
        }
        let number = |slot| Value::Float(f64::from_le_bytes(load(self.bytes, slot)));
        let slot = packed.converted_at;
        match packed.converted {
            ConvertedForm::Number if packed.is_list() => match self.list_at(packed, slot) {
                Some((offset, count)) => self.list(count, offset, 8, number),
                None => Value::Null,
            },
            ConvertedForm::Number => number(slot),
            ConvertedForm::Time => Value::Time(i64::from_le_bytes(load(self.bytes, slot))),
            _ => self.tagged(slot),
        }
    }

    /// Returns the converted value, with `show` applied to what is no name of a state.
    pub(super) fn converted_value(
        &self,
        index: usize,
        packed: &PackedItem,
        show: impl Fn(Value) -> Value,
    ) -> Value {
        let states = self.item(packed.place).and_then(|item| item.states.as_ref());
        let Some(states) = states else {
            return show(self.before_states(index, packed));
        };
        if packed.state_at == NO_SLOT {
            let value = self.before_states(index, packed);
            return match states.name_of(&value) {
                Some(name) => Value::from(name),
                None => show(value),
            };
        }
        let name_at = |slot| name(states, u16::from_le_bytes(load(self.bytes, slot)));
        if !packed.is_list() {
            return match name_at(packed.state_at) {
                Some(name) => Value::from(name),
                None => match self.before_states(index, packed) {
                    // A list in a document has no room for the states of its elements.
                    Value::Array(values) => {
                        let named = values.into_iter().map(|value| match states.name_of(&value) {
                            Some(name) => Value::from(name),
                            None => show(value),
                        });
                        Value::Array(named.collect())
                    }
                    single => show(single),
                },
            };
        }
        let Some((offset, count)) = self.list_at(packed, packed.state_at) else {
            return Value::Null;
        };
        match self.before_states(index, packed) {
            Value::Array(values) => Value::Array(
                (0..count)
                    .zip(values)
                    .map(|(i, value)| match name_at(offset.saturating_add(i.saturating_mul(2))) {
                        Some(name) => Value::from(name),
                        None => show(value),
                    })
                    .collect(),
            ),
            // A whole array that is missing may have the ANY state as well.
            Value::Null if self.status(index) & 3 == STATUS_NULL && !self.skips_states() => {
                states.name_of(&Value::Null).map_or(Value::Null, Value::from)
            }
            other => show(other),
        }
    }
}
