//! Values written as text: initial values, values to compare with, assigned values.

use super::numbers;
use super::types::{Class, Scalar};
use crate::definition::{Item, State};
use crate::value::Value;

/// The form in which a value is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Raw,
    Calibrated,
}

/// Reads a value by the type that it is of; labels become what they stand for.
///
/// `None` when the text is no value of the type.
///
/// Source: XTCE 1.2 schema, ComparisonType, ParameterType.
pub(super) fn value(scalar: &Scalar<'_>, text: &str, form: Form) -> Option<Value> {
    let item = &scalar.item;
    match scalar.class {
        Class::Integer | Class::Float | Class::RelativeTime => number(item, text),
        Class::Enumerated | Class::Boolean if form == Form::Raw => number(item, text),
        Class::Enumerated | Class::Boolean => label(item, text).or_else(|| number(item, text)),
        Class::String => Some(Value::String(unescaped(text))),
        Class::Binary => numbers::hex(text).map(Value::Bytes),
        Class::AbsoluteTime => number(item, text),
    }
}

/// Reads a number in the form that the item has it.
pub(super) fn number(item: &Item, text: &str) -> Option<Value> {
    let converts = item.read_conversion.is_some() || item.write_conversion.is_some();
    let integer = numbers::integer(text).map(Value::Int);
    let whole = |value: f64| (value == value.trunc()).then_some(value as i128);
    if item.data_type.is_integer() && (integer.is_some() || !converts) {
        // Some write whole numbers as floats.
        return integer.or_else(|| numbers::float(text).and_then(whole).map(Value::Int));
    }
    match numbers::float(text) {
        Some(float) if !float.is_nan() => Some(Value::Float(float)),
        _ => None,
    }
}

/// Returns the value of a label; of a label that has several values the first.
fn label(item: &Item, text: &str) -> Option<Value> {
    let states = item.states.as_ref()?;
    let state = states.get_exact(text).or_else(|| states.get_exact(text.trim()));
    state.map(|state| state.value.clone())
}

/// Returns the state of a label that stands for more than one value.
pub(super) fn wide_label<'i>(item: &'i Item, text: &str) -> Option<&'i State> {
    item.states.as_ref()?.get_exact(text).filter(|state| !state.ranges.is_empty())
}

/// Resolves the escapes of C.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('0') => out.push('\0'),
            Some(c @ ('"' | '\'' | '\\')) => out.push(c),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(unescaped(r#"a\tb\\\"\x"#), "a\tb\\\"\\x");
        assert_eq!(unescaped("\\"), "\\");
    }
}
