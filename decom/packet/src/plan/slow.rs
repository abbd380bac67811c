//! Packs one item by way of its value, for what the fast operations do not cover.

use super::clock::TimeText;
use super::compile::NO_ENTRY;
use super::lookup::index_of;
use super::output::{NOTHING, Output};
use super::reader::{Reader, Unreadable};
use crate::definition::Item;
use crate::limits::{LimitsState, Transition};
use crate::record::{
    ConvertedForm, Layout, NO_SLOT, NO_STATE, PackedItem, RawForm, STATUS_CONVERTED_SHIFT,
    STATUS_NULL, STATUS_UNREADABLE, write_tagged,
};
use crate::value::Value;

/// A packed item that takes the careful way.
#[derive(Debug, Clone)]
pub(super) struct Slow {
    pub(super) index: usize,
    pub(super) entry: u32,
    /// A shorter way to the text of a time.
    pub(super) text: Option<TimeText>,
}

/// What limits checking needs.
pub(super) struct Checking<'a> {
    pub(super) limits: Option<&'a mut LimitsState>,
    pub(super) transitions: &'a mut Vec<Transition>,
}

/// Packs one item.
pub(super) fn pack(
    reader: &Reader<'_>,
    layout: &Layout,
    index: usize,
    entry: u32,
    output: &mut Output<'_>,
    checking: &mut Checking<'_>,
) {
    let (Some(packed), Some(item)) = (
        layout.items.get(index),
        layout.items.get(index).and_then(|packed| reader.packet().items.get(packed.place)),
    ) else {
        return;
    };
    let raw = reader.field(packed.place, item).and_then(|value| {
        if put_raw(output, packed, &value) { Ok(value) } else { Err(Unreadable) }
    });
    if packed.raw != RawForm::None {
        output.mark(layout, index, status_of(&raw));
    }
    if matches!(raw, Err(Unreadable) | Ok(Value::Null)) {
        clear_raw(output, packed);
    }
    let skip_states = matches!(raw, Ok(Value::Null))
        && !item.is_derived()
        && reader.packet().short_buffer_allowed;
    let converted = raw.and_then(|field| {
        let raw = Reader::value_of_field(item, field);
        let value = reader.before_states(packed.place, &raw)?;
        if put_converted(output, packed, &value) { Ok(value) } else { Err(Unreadable) }
    });
    if matches!(converted, Err(Unreadable) | Ok(Value::Null)) {
        clear_converted(output, packed);
    }
    if !matches!(packed.converted, ConvertedForm::Same | ConvertedForm::Envelope) {
        output.mark(layout, index, status_of(&converted) << STATUS_CONVERTED_SHIFT);
    }
    // Only a null that is known to be one may have the ANY state.
    let skip_states = skip_states || converted.is_err();
    let converted = converted.unwrap_or(Value::Null);
    let state = put_states(output, packed, item, &converted, skip_states);
    check(item, &converted, state, entry, checking);
}

/// Checks the limits of an item that has no place in the record.
pub(super) fn check_hidden(
    reader: &Reader<'_>,
    place: usize,
    entry: u32,
    checking: &mut Checking<'_>,
) {
    let Some(item) = reader.packet().items.get(place) else {
        return;
    };
    let value = reader.raw(place, item).and_then(|raw| reader.before_states(place, &raw));
    let value = value.unwrap_or(Value::Null);
    let state = item.states.as_ref().map_or(NO_STATE, |states| index_of(states, &value));
    check(item, &value, state, entry, checking);
}

/// Takes a sample into the fold of an item's limits; what is missing is passed over.
fn check(item: &Item, value: &Value, state: u16, entry: u32, checking: &mut Checking<'_>) {
    let Some(limits) = checking.limits.as_deref_mut().filter(|_| entry != NO_ENTRY) else {
        return;
    };
    let entry = entry as usize;
    if item.array_size.is_some() {
        return;
    }
    if item.states.is_some() {
        // A null that ANY stands for has a state.
        if !value.is_null() || state != NO_STATE {
            limits.check_state(entry, state, checking.transitions);
        }
    } else if let (true, Some(number)) = (value.is_number(), value.as_f64()) {
        limits.check_number(entry, number, checking.transitions);
    }
}

fn status_of(value: &Result<Value, Unreadable>) -> u8 {
    match value {
        Err(Unreadable) => STATUS_UNREADABLE,
        Ok(Value::Null) => STATUS_NULL,
        Ok(_) => 0,
    }
}

/// Stores a raw value; returns false if it is not of the slot's form.
fn put_raw(output: &mut Output<'_>, packed: &PackedItem, value: &Value) -> bool {
    let slot = packed.raw_at;
    match (packed.raw, value) {
        (_, Value::Null) | (RawForm::None, _) => true,
        (RawForm::One(element), value) => output.element(slot, element, value),
        (RawForm::List { element, count }, Value::Array(values)) => {
            let slots = (slot..).step_by(element.width().max(1) as usize);
            values.len() == count as usize
                && values
                    .iter()
                    .zip(slots)
                    .all(|(value, slot)| output.element(slot, element, value))
        }
        (RawForm::VariableBytes { .. }, value) => match value.as_bytes() {
            Some(bytes) => {
                output.refer(slot, None, |out| out.extend_from_slice(bytes));
                true
            }
            None => false,
        },
        (RawForm::VariableList { element }, Value::Array(values)) => {
            output.elements(slot, element, values)
        }
        (RawForm::Tagged, value) => {
            output.refer(slot, None, |out| write_tagged(value, out));
            true
        }
        _ => false,
    }
}

fn clear_raw(output: &mut Output<'_>, packed: &PackedItem) {
    let length = match packed.raw {
        RawForm::None => 0,
        RawForm::One(element) => element.width(),
        RawForm::List { element, count } => element.width().saturating_mul(count),
        _ => 8,
    };
    output.fill(packed.raw_at, length, 0);
}

fn put_converted(output: &mut Output<'_>, packed: &PackedItem, value: &Value) -> bool {
    let slot = packed.converted_at;
    match (packed.converted, value) {
        (ConvertedForm::Same | ConvertedForm::Envelope, _) | (_, Value::Null) => true,
        (ConvertedForm::Number, Value::Array(values)) => {
            let number = |value: &Value| match value {
                Value::Float(number) => Some(*number),
                _ => None,
            };
            if !values.iter().all(|value| number(value).is_some()) {
                return false;
            }
            let numbers = values.iter().filter_map(number);
            match packed.count() {
                Some(_) => numbers
                    .zip((slot..).step_by(8))
                    .for_each(|(number, slot)| output.store(slot, number.to_le_bytes())),
                None => output.refer(slot, Some(values.len() as u32), |out| {
                    numbers.for_each(|number| out.extend(number.to_le_bytes()));
                }),
            }
            true
        }
        (ConvertedForm::Number, Value::Float(value)) => {
            output.store(slot, value.to_le_bytes());
            true
        }
        (ConvertedForm::Time, Value::Time(value)) => {
            output.store(slot, value.to_le_bytes());
            true
        }
        (ConvertedForm::Tagged, value) => {
            output.refer(slot, None, |out| write_tagged(value, out));
            true
        }
        _ => false,
    }
}

fn clear_converted(output: &mut Output<'_>, packed: &PackedItem) {
    let length = match packed.converted {
        ConvertedForm::Same | ConvertedForm::Envelope => 0,
        ConvertedForm::Number => packed.count().unwrap_or(1).saturating_mul(8),
        _ => 8,
    };
    output.fill(packed.converted_at, length, 0);
}

/// Stores the state indices; returns that of a single value.
fn put_states(
    output: &mut Output<'_>,
    packed: &PackedItem,
    item: &Item,
    value: &Value,
    skip: bool,
) -> u16 {
    let Some(states) = item.states.as_ref().filter(|_| packed.state_at != NO_SLOT) else {
        return NO_STATE;
    };
    let slot = packed.state_at;
    match (packed.count(), value) {
        (Some(count), Value::Array(values)) if packed.is_list() => {
            output.fill(slot, count.saturating_mul(2), 0xff);
            for (value, at) in values.iter().zip((slot..).step_by(2)) {
                output.store(at, index_of(states, value).to_le_bytes());
            }
            NO_STATE
        }
        (None, Value::Array(values)) => {
            output.refer(slot, Some(values.len() as u32), |out| {
                for value in values {
                    out.extend(index_of(states, value).to_le_bytes());
                }
            });
            NO_STATE
        }
        (None, _) => {
            output.store(slot, NOTHING);
            NO_STATE
        }
        (Some(count), _) if packed.is_list() => {
            output.fill(slot, count.saturating_mul(2), 0xff);
            NO_STATE
        }
        _ => {
            let index = if skip { NO_STATE } else { index_of(states, value) };
            output.store(slot, index.to_le_bytes());
            index
        }
    }
}
