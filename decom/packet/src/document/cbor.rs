//! CBOR.

use ciborium::Value as Cbor;
use ciborium::value::Integer;

use super::MAX_DEPTH;
use super::tree::{Tree, deeper};
use crate::value::Value;

/// Reads the first data item of a buffer.
pub(super) fn parse(buffer: &[u8]) -> Result<Cbor, String> {
    ciborium::de::from_reader_with_recursion_limit(buffer, MAX_DEPTH)
        .map_err(|error| format!("the buffer is no CBOR: {error}"))
}

pub(super) fn bytes(cbor: &Cbor) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    ciborium::into_writer(cbor, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

/// Tags say how a value is meant; its content is below.
fn content(cbor: &Cbor) -> &Cbor {
    let mut content = cbor;
    while let Cbor::Tag(_, inner) = content {
        content = inner;
    }
    content
}

/// Returns the text of a key.
fn text_of(key: &Cbor) -> Result<String, String> {
    match content(key) {
        // Their texts would double with every map that is a key of a map.
        Cbor::Array(_) | Cbor::Map(_) => Err("the key of a map is a list or a map".to_owned()),
        key => Ok(key.value(0)?.to_string()),
    }
}

impl Tree for Cbor {
    fn member(&self, name: &str) -> Option<&Self> {
        let entries = content(self).as_map()?;
        let found = entries.iter().find(|(key, _)| key.as_text() == Some(name));
        found.map(|(_, value)| value)
    }

    fn element(&self, index: usize) -> Option<&Self> {
        content(self).as_array()?.get(index)
    }

    fn is_vacant(&self) -> bool {
        self.is_null() || self.as_map().is_some_and(Vec::is_empty)
    }

    fn new_map() -> Self {
        Self::Map(Vec::new())
    }

    fn new_list() -> Self {
        Self::Array(Vec::new())
    }

    fn member_mut(&mut self, name: &str) -> Option<&mut Self> {
        let entries = self.as_map_mut()?;
        let known = entries.iter().position(|(key, _)| key.as_text() == Some(name));
        let index = known.unwrap_or_else(|| {
            entries.push((Self::Text(name.to_owned()), Self::Null));
            entries.len() - 1
        });
        entries.get_mut(index).map(|(_, value)| value)
    }

    fn elements_mut(&mut self) -> Option<&mut Vec<Self>> {
        self.as_array_mut()
    }

    fn value(&self, depth: usize) -> Result<Value, String> {
        Ok(match content(self) {
            Self::Bool(value) => Value::Bool(*value),
            Self::Integer(value) => Value::Int(i128::from(*value)),
            Self::Float(value) => Value::Float(*value),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Self::Array(elements) => {
                let depth = deeper(depth)?;
                let values = elements.iter().map(|element| element.value(depth));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            Self::Map(entries) => {
                let depth = deeper(depth)?;
                let entries =
                    entries.iter().map(|(key, value)| Ok((text_of(key)?, value.value(depth)?)));
                Value::Object(entries.collect::<Result<_, String>>()?)
            }
            _ => Value::Null,
        })
    }

    fn of(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Integer::try_from(*value)
                .map(Self::Integer)
                .map_err(|_| format!("{value} is too large a number"))?,
            Value::Float(value) => Self::Float(*value),
            Value::Time(nanos) => Self::Float(crate::time::seconds(*nanos)),
            Value::String(text) => Self::Text(text.clone()),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Value::Array(values) => {
                Self::Array(values.iter().map(Self::of).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let entries = map
                    .iter()
                    .map(|(name, value)| Ok((Self::Text(name.clone()), Self::of(value)?)));
                Self::Map(entries.collect::<Result<_, String>>()?)
            }
        })
    }
}
