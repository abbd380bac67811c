//! Defaults, ranges and id values of items (cosmos-packets §2.4).

use super::flow;
use super::lines::Token;
use super::range;
use super::words;
use crate::definition::{DataType, Item};
use crate::value::{Value, integer_text};

/// Reads a default by the item's type; `hex` says whether unquoted `0x…` means bytes.
pub(crate) fn default(item: &Item, token: &Token, hex: bool) -> Result<Value, String> {
    let text = token.text.as_str();
    let name = &item.name;
    if item.array_size.is_some() {
        return match flow::parse(text.trim()) {
            Some(list @ Value::Array(_)) => Ok(list),
            _ => Err(format!("{name}: default '{text}' must be a list such as [1, 2]")),
        };
    }
    match item.data_type {
        DataType::Int | DataType::Uint | DataType::Float => {
            range::value(text, item.data_type, item.bit_size)
        }
        DataType::Derived | DataType::Time => Ok(words::convert_to_value(text)),
        DataType::String | DataType::Block => Ok(text_or_bytes(token, hex)),
        DataType::Bool => {
            boolean(text).ok_or_else(|| format!("{name}: default '{text}' must be TRUE or FALSE"))
        }
        DataType::Array => match flow::parse(text.trim()) {
            Some(list @ Value::Array(_)) => Ok(list),
            _ => Err(format!("{name}: default '{text}' must be a JSON list")),
        },
        DataType::Object => match flow::parse(text.trim()) {
            Some(map @ Value::Object(_)) => Ok(map),
            _ => Err(format!("{name}: default '{text}' must be a JSON map")),
        },
        DataType::Any => {
            Ok(flow::parse(text.trim()).unwrap_or_else(|| Value::String(text.to_owned())))
        }
    }
}

fn text_or_bytes(token: &Token, hex: bool) -> Value {
    let bytes = (hex && !token.quoted).then(|| words::hex_bytes(&token.text)).flatten();
    bytes.map_or_else(|| Value::String(token.text.clone()), Value::Bytes)
}

fn boolean(text: &str) -> Option<Value> {
    if text.eq_ignore_ascii_case("TRUE") {
        return Some(Value::Bool(true));
    }
    text.eq_ignore_ascii_case("FALSE").then_some(Value::Bool(false))
}

/// Reads the end of a range; `None` when the word `nil` switches the range off.
pub(crate) fn range_end(item: &Item, word: &str) -> Result<Option<Value>, String> {
    if words::is_null_word(word.trim()) {
        return Ok(None);
    }
    range::value(word, item.data_type, item.bit_size).map(Some)
}

/// Coerces an id value to the item's type.
pub(crate) fn id_value(item: &Item, value: &Value) -> Result<Value, String> {
    let coerced = match (item.data_type, value) {
        (DataType::Int | DataType::Uint, Value::String(text)) => integer_text(text).map(Value::Int),
        (DataType::Int | DataType::Uint, other) => other.to_int().map(Value::Int),
        (DataType::Float, Value::String(text)) => text.trim().parse().ok().map(Value::Float),
        (DataType::Float, other) => other.as_f64().map(Value::Float),
        (DataType::String | DataType::Block, Value::String(_) | Value::Bytes(_))
        | (DataType::Bool, Value::Bool(_))
        | (DataType::Array, Value::Array(_))
        | (DataType::Object, Value::Object(_))
        | (DataType::Any, _) => Some(value.clone()),
        (DataType::String | DataType::Block, other) => Some(Value::String(other.to_string())),
        _ => None,
    };
    coerced.ok_or_else(|| {
        format!("{}: Invalid value: {value} for data type: {}", item.name, item.data_type)
    })
}

/// Checks default, minimum and maximum against the type, and turns those of floats into floats.
///
/// Source: cosmos-packets §2.4, "Type check (commands, at close)".
pub(crate) fn check_types(item: &mut Item) -> Result<(), String> {
    if item.write_conversion.is_some() {
        return Ok(());
    }
    let Some(default) = item.default.clone().filter(|value| !value.is_null()) else {
        return Ok(());
    };
    let wrong = |what: &str, wanted: &str, value: &Value| {
        Err(format!("{}: {what} must be {wanted} but is '{value}'", item.name))
    };
    if item.array_size.is_some() {
        return match default {
            Value::Array(_) => Ok(()),
            other => wrong("default", "a list", &other),
        };
    }
    match (item.data_type, &default) {
        (DataType::Int | DataType::Uint, _) => {
            let ends = [("minimum", &item.minimum), ("maximum", &item.maximum)];
            for (what, value) in ends.into_iter().filter_map(|(w, v)| Some((w, v.as_ref()?))) {
                if value.as_int().is_none() {
                    return wrong(what, "an integer", value);
                }
            }
            default.as_int().map_or_else(|| wrong("default", "an integer", &default), |_| Ok(()))
        }
        (DataType::Float, _) => {
            let values = [
                ("default", &item.default),
                ("minimum", &item.minimum),
                ("maximum", &item.maximum),
            ];
            for (what, value) in values.into_iter().filter_map(|(w, v)| Some((w, v.as_ref()?))) {
                if value.as_f64().is_none() {
                    return wrong(what, "a number", value);
                }
            }
            for value in [&mut item.default, &mut item.minimum, &mut item.maximum] {
                *value = value.as_ref().and_then(Value::as_f64).map(Value::Float);
            }
            Ok(())
        }
        (DataType::String | DataType::Block, Value::String(_) | Value::Bytes(_))
        | (DataType::Array, Value::Array(_))
        | (DataType::Object, Value::Object(_))
        | (DataType::Bool, Value::Bool(_))
        | (DataType::Any | DataType::Derived | DataType::Time, _) => Ok(()),
        (DataType::String | DataType::Block, other) => wrong("default", "text or bytes", other),
        (DataType::Array, other) => wrong("default", "a list", other),
        (DataType::Object, other) => wrong("default", "a map", other),
        (DataType::Bool, other) => wrong("default", "TRUE or FALSE", other),
    }
}
