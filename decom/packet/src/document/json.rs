//! JSON texts.

use serde_json::{Map, Number, Value as Json};

use super::tree::{Tree, deeper};
use crate::value::Value;

/// Nested deeper than the parser allows (128 levels) is an error too.
pub(super) fn parse(buffer: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(buffer).map_err(|error| format!("the buffer is no JSON: {error}"))
}

/// Writes a document without blanks.
pub(super) fn bytes(json: &Json) -> Result<Vec<u8>, String> {
    serde_json::to_vec(json).map_err(|error| error.to_string())
}

/// Reads a text as JSON.
pub(super) fn value_of(text: &str) -> Option<Value> {
    let json: Json = serde_json::from_str(text).ok()?;
    json.value(super::tree::MAX_VALUE_DEPTH).ok()
}

impl Tree for Json {
    fn member(&self, name: &str) -> Option<&Self> {
        self.as_object()?.get(name)
    }

    fn element(&self, index: usize) -> Option<&Self> {
        self.as_array()?.get(index)
    }

    fn is_vacant(&self) -> bool {
        self.is_null() || self.as_object().is_some_and(Map::is_empty)
    }

    fn new_map() -> Self {
        Self::Object(Map::new())
    }

    fn new_list() -> Self {
        Self::Array(Vec::new())
    }

    fn member_mut(&mut self, name: &str) -> Option<&mut Self> {
        Some(self.as_object_mut()?.entry(name).or_insert(Self::Null))
    }

    fn elements_mut(&mut self) -> Option<&mut Vec<Self>> {
        self.as_array_mut()
    }

    fn value(&self, depth: usize) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => self::number(number)?,
            Self::String(text) => Value::from(text.as_str()),
            Self::Array(elements) => {
                let depth = deeper(depth)?;
                let values = elements.iter().map(|element| element.value(depth));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            Self::Object(map) => {
                let depth = deeper(depth)?;
                let entries = map.iter().map(|(name, json)| Ok((name.clone(), json.value(depth)?)));
                Value::Object(entries.collect::<Result<_, String>>()?)
            }
        })
    }

    fn of(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => integer(*value)?,
            Value::Float(value) => float(*value)?,
            Value::Time(nanos) => float(crate::time::seconds(*nanos))?,
            Value::String(_) | Value::Bytes(_) => Self::String(super::types::text(value)?),
            Value::Array(values) => {
                Self::Array(values.iter().map(Self::of).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let entries = map.iter().map(|(name, value)| Ok((name.clone(), Self::of(value)?)));
                Self::Object(entries.collect::<Result<_, String>>()?)
            }
        })
    }
}

fn number(number: &Number) -> Result<Value, String> {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match whole {
        Some(whole) => Ok(Value::Int(whole)),
        None => number
            .as_f64()
            .map(Value::Float)
            .ok_or_else(|| "a number beyond those of 64 bits".to_owned()),
    }
}

fn integer(value: i128) -> Result<Json, String> {
    let number = i64::try_from(value).map(Number::from);
    number
        .or_else(|_| u64::try_from(value).map(Number::from))
        .map(Json::Number)
        .map_err(|_| format!("{value} is too large a number"))
}

fn float(value: f64) -> Result<Json, String> {
    Number::from_f64(value)
        .map(Json::Number)
        .ok_or_else(|| format!("JSON has no number {}", crate::value::float_text(value)))
}
