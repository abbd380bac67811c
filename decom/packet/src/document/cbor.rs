//! CBOR (RFC 8949).

use ciborium::Value as Cbor;
use ciborium::value::Integer;
use thiserror::Error;

use super::MAX_DEPTH;
use super::tree::{MAX_VALUE_DEPTH, Tree, deeper};
use crate::value::Value;

/// Tags of integers beyond 64 bits (§3.4.3).
const BIG_POSITIVE: u64 = 2;
const BIG_NEGATIVE: u64 = 3;

/// Bytes are no CBOR, or hold what no value can.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct CborError(String);

/// Reads one data item that takes up all of the bytes.
pub(crate) fn whole(bytes: &[u8]) -> Result<Value, CborError> {
    let mut rest = bytes;
    let cbor = first(&mut rest).map_err(CborError)?;
    if !rest.is_empty() {
        return Err(CborError(format!("{} bytes follow the data item", rest.len())));
    }
    cbor.value(MAX_VALUE_DEPTH).map_err(CborError)
}

/// Reads the first data item of a buffer.
pub(super) fn parse(mut buffer: &[u8]) -> Result<Cbor, String> {
    first(&mut buffer).map_err(|error| format!("the buffer is no CBOR: {error}"))
}

fn first(bytes: &mut &[u8]) -> Result<Cbor, String> {
    ciborium::de::from_reader_with_recursion_limit(bytes, MAX_DEPTH)
        .map_err(|error| error.to_string())
}

pub(super) fn bytes(cbor: &Cbor) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    ciborium::into_writer(cbor, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

/// Returns the value of an integer that is written as its bytes; `None` beyond 127 bits.
fn big(tag: u64, bytes: &[u8]) -> Option<Value> {
    let magnitude = bytes.iter().try_fold(0_i128, |value, byte| {
        Some(value.checked_mul(256)? + i128::from(*byte)).filter(|value| *value >= 0)
    })?;
    Some(Value::Int(if tag == BIG_POSITIVE { magnitude } else { -1 - magnitude }))
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
        _ => Ok(key.value(0)?.to_string()),
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
        if let Self::Tag(tag @ (BIG_POSITIVE | BIG_NEGATIVE), inner) = self
            && let Self::Bytes(bytes) = &**inner
        {
            return big(*tag, bytes).ok_or_else(|| "an integer is beyond 127 bits".to_owned());
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 8949, appendix A.
        for (bytes, value) in [
            (&[0x18, 0x64][..], Value::Int(100)),
            (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Value::from(u64::MAX)),
            (&[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], Value::Int(1 << 64)),
            (&[0xc3, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], Value::Int(-(1 << 64) - 1)),
            (&[0x38, 0x63], Value::Int(-100)),
            (&[0xf9, 0x3c, 0x00], Value::Float(1.0)),
            (&[0xf9, 0x00, 0x01], Value::Float(5.960_464_477_539_063e-8)),
            (&[0xf9, 0xfc, 0x00], Value::Float(f64::NEG_INFINITY)),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], Value::Float(100_000.0)),
            (&[0xfb, 0xc0, 0x10, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66], Value::Float(-4.1)),
            (&[0xf6], Value::Null),
            (&[0x44, 1, 2, 3, 4], Value::Bytes(vec![1, 2, 3, 4])),
            (&[0x64, b'I', b'E', b'T', b'F'], Value::from("IETF")),
            (&[0x5f, 0x42, 1, 2, 0x43, 3, 4, 5, 0xff], Value::Bytes(vec![1, 2, 3, 4, 5])),
            (&[0x9f, 1, 0x82, 2, 3, 0xff], {
                let inner = Value::Array(vec![Value::Int(2), Value::Int(3)]);
                Value::Array(vec![Value::Int(1), inner])
            }),
        ] {
            assert_eq!(whole(bytes), Ok(value), "{bytes:02x?}");
        }
        let map = whole(&[0xbf, 0x61, b'a', 1, 0x61, b'b', 0x81, 0xf5, 0xff]).unwrap();
        assert_eq!(map.to_string(), r#"{"a" => 1, "b" => [true]}"#);
    }

    #[test]
    fn what_is_cut_or_goes_on_is_refused() {
        let item = [0xa2, 0x61, b'a', 0x19, 1, 2, 0x61, b'b', 0x82, 0xf4, 0x41, 9];
        assert!(whole(&item).is_ok());
        for end in 0..item.len() {
            assert!(whole(&item[..end]).is_err(), "{end}");
        }
        assert!(whole(&[1, 1]).is_err());
        assert!(whole(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).is_err());
        let deep = [vec![0x81; 100], vec![0]].concat();
        assert!(whole(&deep).unwrap_err().to_string().contains("30 deep"));
    }
}
