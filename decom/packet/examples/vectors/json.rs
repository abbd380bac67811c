//! Values of the vector files: JSON with special maps for bytes, big numbers and times.

use groundlog_packet::Value;
use groundlog_packet::time;
use indexmap::IndexMap;
use serde_json::Value as Json;

/// Key of the map that stands for an error.
const ERROR: &str = "error";

/// Returns a member as text; empty if it is absent.
pub(crate) fn text(vector: &Json, key: &str) -> String {
    vector.get(key).and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// Returns a member as an integer.
pub(crate) fn integer(vector: &Json, key: &str) -> Option<i64> {
    vector.get(key).and_then(Json::as_i64)
}

/// Returns a member as a boolean.
pub(crate) fn flag(vector: &Json, key: &str, default: bool) -> bool {
    vector.get(key).and_then(Json::as_bool).unwrap_or(default)
}

/// Decodes hexadecimal digits.
pub(crate) fn bytes(hex: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|c| c.to_digit(16).map(|d| d as u8))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("'{hex}' is not hexadecimal"))?;
    Ok(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// Makes the map that stands for an error.
pub(crate) fn error(message: &dyn std::fmt::Display) -> Value {
    object([(ERROR, Value::from(message.to_string()))])
}

/// Makes a map.
pub(crate) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Reads a value of the file.
pub(crate) fn value(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(number) => self::number(&number.to_string())?,
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect::<Result<_, _>>()?),
        Json::Object(map) => match special(map)? {
            Some(special) => special,
            None => members(map)?,
        },
    })
}

fn number(text: &str) -> Result<Value, String> {
    let bad = |_| format!("'{text}' is no number");
    if text.contains(['.', 'e', 'E']) {
        return text.parse().map(Value::Float).map_err(bad);
    }
    text.parse().map(Value::Int).map_err(|_| format!("'{text}' is no integer"))
}

fn members(map: &serde_json::Map<String, Json>) -> Result<Value, String> {
    let entries: Result<IndexMap<String, Value>, String> =
        map.iter().map(|(key, json)| Ok((key.clone(), value(json)?))).collect();
    entries.map(Value::Object)
}

fn special(map: &serde_json::Map<String, Json>) -> Result<Option<Value>, String> {
    let Some((key, inner)) = map.iter().next().filter(|_| map.len() == 1) else {
        return Ok(None);
    };
    Ok(match (key.as_str(), inner) {
        ("hex", Json::String(hex)) => Some(Value::Bytes(bytes(hex)?)),
        ("float", Json::String(word)) => Some(Value::Float(match word.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            other => other.parse().map_err(|_| format!("'{other}' is no float"))?,
        })),
        ("int", Json::String(digits)) => Some(number(digits)?),
        ("object", Json::Object(inner)) => Some(members(inner)?),
        ("time_unix", Json::Number(seconds)) => {
            let seconds: f64 = seconds.to_string().parse().map_err(|_| "bad time".to_owned())?;
            Some(Value::Time(nanos(seconds)))
        }
        _ => None,
    })
}

/// Makes nanoseconds of unix seconds; the whole seconds apart, because a double cannot hold both.
pub(crate) fn nanos(seconds: f64) -> i64 {
    let whole = seconds.floor();
    whole as i64 * time::NANOS_PER_SECOND + ((seconds - whole) * 1e9).round() as i64
}

/// Returns whether a result is what the file expects; of errors only that they happen.
pub(crate) fn agrees(expected: &Json, found: &Value) -> bool {
    value(expected).is_ok_and(|expected| same(&expected, found))
}

fn is_error(value: &Value) -> bool {
    matches!(value, Value::Object(map) if map.len() == 1 && map.contains_key(ERROR))
}

/// Returns whether a result is an error or has one in it.
pub(crate) fn holds_error(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(holds_error),
        other => is_error(other),
    }
}

fn same(expected: &Value, found: &Value) -> bool {
    if is_error(expected) || is_error(found) {
        return is_error(expected) && is_error(found);
    }
    match (expected, found) {
        (Value::Float(a), Value::Float(b)) => {
            a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let member = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(member)
        }
        (Value::Time(a), Value::Time(b)) => time::seconds(*a) == time::seconds(*b),
        // Bytes that are text may be told either way.
        (Value::String(_) | Value::Bytes(_), Value::String(_) | Value::Bytes(_)) => {
            expected.as_bytes() == found.as_bytes()
        }
        _ => expected == found,
    }
}
