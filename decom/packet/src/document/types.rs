//! From the values of documents to the types of items (cosmos-packets §9, "Type rule").

use super::json;
use crate::definition::{DataType, Item};
use crate::value::{NonFinite, Value, integer_text, write_json};

/// Brings a value to the item's type; null stays null.
pub(super) fn typed(item: &Item, value: Value) -> Result<Value, String> {
    if item.array_size.is_none() {
        return single(item.data_type, value);
    }
    match list(value) {
        Value::Null => Ok(Value::Null),
        Value::Array(values) => {
            let typed = values.into_iter().map(|element| single(item.data_type, element));
            typed.collect::<Result<_, _>>().map(Value::Array)
        }
        other => Err(mismatch("a list", &other)),
    }
}

/// A text may be the JSON form of a list or a map.
fn list(value: Value) -> Value {
    match value {
        Value::String(text) => json::value_of(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

fn single(data_type: DataType, value: Value) -> Result<Value, String> {
    if value.is_null() {
        return Ok(value);
    }
    match data_type {
        DataType::Int | DataType::Uint => {
            integer(&value).map(Value::Int).ok_or_else(|| mismatch("an integer", &value))
        }
        DataType::Float => {
            number(&value).map(Value::Float).ok_or_else(|| mismatch("a number", &value))
        }
        DataType::String => Ok(match value {
            Value::Bytes(bytes) => Value::from_utf8_or_bytes(bytes),
            other => Value::String(text(&other)?),
        }),
        DataType::Block => Ok(Value::Bytes(match value {
            Value::Bytes(bytes) => bytes,
            other => text(&other)?.into_bytes(),
        })),
        DataType::Bool => {
            boolean(&value).map(Value::Bool).ok_or_else(|| mismatch("true or false", &value))
        }
        DataType::Array => match list(value) {
            list @ Value::Array(_) => Ok(list),
            other => Err(mismatch("a list", &other)),
        },
        DataType::Object => match list(value) {
            map @ Value::Object(_) => Ok(map),
            other => Err(mismatch("a map", &other)),
        },
        DataType::Any => Ok(list(value)),
        DataType::Derived | DataType::Time => Ok(value),
    }
}

fn mismatch(wanted: &str, value: &Value) -> String {
    const SHOWN: usize = 60;
    let shown: String = value.to_string().chars().take(SHOWN).collect();
    format!("'{shown}' is not {wanted}")
}

/// Reads an integer; what has a fraction loses it.
fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(value) => Some(i128::from(*value)),
        Value::String(text) => integer_text(text).or_else(|| number(value).and_then(whole)),
        other => other.to_int(),
    }
}

fn whole(number: f64) -> Option<i128> {
    Value::Float(number).to_int()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Returns the text of a value in documents that hold nothing but texts.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err("bytes that are not UTF-8 have no place in a text".to_owned()),
        },
        Value::Array(_) | Value::Object(_) => {
            let mut out = Vec::new();
            write_json(&mut out, value, NonFinite::Token);
            Ok(String::from_utf8_lossy(&out).into_owned())
        }
        other => Ok(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_to_their_types() {
        use DataType as D;
        let map = || Value::Object([("a".to_owned(), Value::Int(1))].into_iter().collect());
        for (data_type, value, wanted) in [
            (D::Uint, Value::from("44"), Value::Int(44)),
            (D::Int, Value::from("-3.9"), Value::Int(-3)),
            (D::Int, Value::from(" 0x1F "), Value::Int(31)),
            (D::Uint, Value::Float(3.9), Value::Int(3)),
            (D::Float, Value::Int(2), Value::Float(2.0)),
            (D::Float, Value::from("1e3"), Value::Float(1000.0)),
            (D::String, Value::Int(5), Value::from("5")),
            (D::String, Value::Float(5.0), Value::from("5.0")),
            (D::Block, Value::from("ab"), Value::Bytes(b"ab".to_vec())),
            (D::Bool, Value::from("TRUE"), Value::Bool(true)),
            (D::Bool, Value::from("false"), Value::Bool(false)),
            (D::Array, Value::from("[1]"), Value::Array(vec![Value::Int(1)])),
            (D::Object, Value::from("{\"a\":1}"), map()),
            (D::Any, Value::from("2.5"), Value::Float(2.5)),
            (D::Any, Value::from("two"), Value::from("two")),
            (D::Int, Value::Null, Value::Null),
        ] {
            assert_eq!(single(data_type, value.clone()), Ok(wanted), "{data_type} {value}");
        }
        for (data_type, value) in [
            (D::Int, Value::from("abc")),
            (D::Uint, Value::from("nan")),
            (D::Int, Value::Array(vec![])),
            (D::Float, Value::from("")),
            (D::Bool, Value::from("yes")),
            (D::Bool, Value::Int(1)),
            (D::Array, map()),
            (D::Object, Value::from("[]")),
        ] {
            assert!(single(data_type, value.clone()).is_err(), "{data_type} {value}");
        }
    }
}
