//! Comparing an item with a value that is written as text.

use super::criteria::{Reader, Side, Test};
use crate::definition::{Comparison, Condition, DataType, Item, Operand, State, ValueType};
use crate::value::Value;
use crate::xtce::types::Class;
use crate::xtce::values::{self, Form};
use crate::xtce::xml::Element;

/// Labels of several values become at most so many alternatives.
const MAX_ALTERNATIVES: usize = 64;

impl<'d> Reader<'_, 'd> {
    /// Reads the text by the type of the item, and compares raw values wherever that means the same.
    pub(super) fn against_text(
        &mut self,
        element: Element<'d>,
        side: &Side<'_, 'd>,
        comparison: Comparison,
        text: &str,
    ) -> Option<Test> {
        let sheet = self.sheet;
        let item = &sheet.placed[side.place].item;
        let value = if side.form == Form::Raw && item.read_conversion.is_some() {
            raw_value(item, text)
        } else {
            values::value(side.scalar, text, side.form)
        };
        let Some(value) = value else {
            let shown: String = text.chars().take(40).collect();
            let message = format!("\"{shown}\" is no value of {}", self.names[side.place]);
            self.notes.error(element, message);
            return None;
        };
        let labelled = matches!(side.scalar.class, Class::Enumerated | Class::Boolean);
        // Values are compared as they are in the packet wherever that means the same.
        let raw = side.form == Form::Raw || item.read_conversion.is_none();
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if raw
            && labelled
            && side.form == Form::Calibrated
            && equality
            && let Some(state) = values::wide_label(item, text)
        {
            return self.one_of(element, side, comparison, state);
        }
        let value = if raw { truncated(item, value) } else { value };
        let is_id = raw
            && comparison == Comparison::Equal
            && side.index.is_empty()
            && item.variable_bit_size.is_none();
        if is_id {
            return Some(Test::Id(side.place, value));
        }
        let (name, mut value_type) = self.named(side);
        if raw {
            value_type = ValueType::Raw;
        }
        // The converted value of a label is the label.
        let operand = match (&value, labelled && !raw && equality) {
            (_, true) => Operand::Value(Value::from(text.trim())),
            _ => Operand::Value(value),
        };
        Some(Test::Other(Condition::Compare { item: name, value_type, comparison, operand }))
    }

    /// Compares with a label that stands for several values.
    fn one_of(
        &mut self,
        element: Element<'d>,
        side: &Side<'_, 'd>,
        comparison: Comparison,
        state: &State,
    ) -> Option<Test> {
        let (name, _) = self.named(side);
        let compare = |comparison, value: i128| {
            Test::Other(Condition::Compare {
                item: name.clone(),
                value_type: ValueType::Raw,
                comparison,
                operand: Operand::Value(Value::Int(value)),
            })
        };
        let first = state.value.as_int().map(|value| value..=value);
        let ranges: Vec<_> = first.into_iter().chain(state.ranges.iter().cloned()).collect();
        if ranges.len() > MAX_ALTERNATIVES {
            let message =
                format!("a label of more than {MAX_ALTERNATIVES} ranges is not supported");
            self.notes.error(element, message);
            return None;
        }
        let equal = comparison == Comparison::Equal;
        let tests = ranges.into_iter().map(|range| {
            let (low, high) = (*range.start(), *range.end());
            if equal {
                let inside = [
                    compare(Comparison::GreaterOrEqual, low),
                    compare(Comparison::LessOrEqual, high),
                ];
                Test::All(inside.into())
            } else {
                Test::Any(vec![compare(Comparison::Less, low), compare(Comparison::Greater, high)])
            }
        });
        Some(if equal { Test::Any(tests.collect()) } else { Test::All(tests.collect()) })
    }
}

/// Reads the raw value of an item that converts it.
fn raw_value(item: &Item, text: &str) -> Option<Value> {
    let plain = Item { read_conversion: None, write_conversion: None, ..item.clone() };
    match item.data_type {
        DataType::Int | DataType::Uint | DataType::Float => values::number(&plain, text),
        _ => None,
    }
}

/// Keeps the low bits that the item holds.
///
/// Source: XTCE 1.2 schema, ComparisonType.
fn truncated(item: &Item, value: Value) -> Value {
    match (value, u32::try_from(item.bit_size)) {
        (Value::Int(value), Ok(bits @ 1..=126)) if item.data_type == DataType::Uint => {
            Value::Int(value & ((1 << bits) - 1))
        }
        (value, _) => value,
    }
}
