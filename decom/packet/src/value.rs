//! The values that items have, and their text forms.

mod json;
mod text;

use std::cmp::Ordering;

use indexmap::IndexMap;

pub use crate::document::CborError;
pub use json::{NonFinite, write_json, write_json_bytes, write_json_string};
pub use text::{float_text, integer_text};

/// One value of an item, raw, converted or given by a caller.
///
/// Integers and floats stay apart (1 and 1.0 render differently); use [`Value::equals_state`] for
/// the numeric comparison of cosmos-packets §5.1.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// The absent value.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of any width up to 127 bits and a sign.
    Int(i128),
    /// A double; singles are widened when they are read.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes that are not text.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<Value>),
    /// A map that keeps the order of its entries.
    Object(IndexMap<String, Value>),
    /// A moment, in nanoseconds since 1970-01-01 UTC (result of the unix time conversion).
    Time(i64),
}

impl Value {
    /// Returns whether the value is absent.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns whether the value is an integer or a float.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Float(_))
    }

    /// Returns the number as a double; times count as unix seconds.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(i) => Some(*i as f64),
            Self::Float(f) => Some(*f),
            Self::Time(nanos) => Some(crate::time::seconds(*nanos)),
            _ => None,
        }
    }

    /// Returns the integer, if the value is one.
    #[must_use]
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Self::Int(i) => Some(*i),
            _ => None,
        }
    }

    /// Returns the integer; floats are truncated toward zero, NaN and infinities have none.
    #[must_use]
    pub fn to_int(&self) -> Option<i128> {
        match self {
            Self::Int(i) => Some(*i),
            Self::Float(f) if f.is_finite() => Some(f.trunc() as i128),
            _ => None,
        }
    }

    /// Returns the text, if the value is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// Returns the bytes of text or bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::String(s) => Some(s.as_bytes()),
            Self::Bytes(b) => Some(b),
            _ => None,
        }
    }

    /// Reads one CBOR data item (RFC 8949) that takes up all of the bytes.
    ///
    /// Tags say how a value is meant; their content counts, except for integers beyond 64 bits. Keys
    /// of maps become texts.
    ///
    /// # Errors
    /// [`CborError`] when the bytes are something else, when lists and maps are nested more than 30
    /// deep, or when an integer is beyond 127 bits.
    pub fn from_cbor(bytes: &[u8]) -> Result<Self, CborError> {
        crate::document::whole_cbor(bytes)
    }

    /// Makes text of bytes that are UTF-8, and keeps them as bytes otherwise.
    #[must_use]
    pub fn from_utf8_or_bytes(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|e| Self::Bytes(e.into_bytes()), Self::String)
    }

    /// Compares with the value of a state: numbers numerically (1 = 1.0), text with bytes by
    /// their bytes, everything else by kind and content.
    ///
    /// Source: cosmos-packets §5.1 step 3.
    #[must_use]
    pub fn equals_state(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(a), Self::Float(b)) | (Self::Float(b), Self::Int(a)) => {
                int_equals_float(*a, *b)
            }
            (Self::String(a), Self::Bytes(b)) | (Self::Bytes(b), Self::String(a)) => {
                a.as_bytes() == b.as_slice()
            }
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.equals_state(y))
            }
            _ => self == other,
        }
    }

    /// Orders two numbers; `None` when one is not a number or is NaN.
    #[must_use]
    pub fn compare_numbers(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Int(a), Self::Float(b)) => compare_int_float(*a, *b),
            (Self::Float(a), Self::Int(b)) => compare_int_float(*b, *a).map(Ordering::reverse),
            _ => None,
        }
    }
}

fn int_equals_float(int: i128, float: f64) -> bool {
    compare_int_float(int, float) == Some(Ordering::Equal)
}

/// Orders an integer and a double without rounding the integer.
fn compare_int_float(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // 2^127: every double at or beyond it lies outside i128.
    const LIMIT: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if float >= LIMIT {
        return Some(Ordering::Less);
    }
    if float < -LIMIT {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    Some(match int.cmp(&(whole as i128)) {
        Ordering::Equal => 0.0_f64.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal),
        unequal => unequal,
    })
}

macro_rules! value_from_integer {
    ($($integer:ty),+) => {
        $(impl From<$integer> for Value {
            fn from(value: $integer) -> Self {
                Self::Int(i128::from(value))
            }
        })+
    };
}
value_from_integer!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Self {
        Self::Array(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_compare_numerically() {
        assert!(Value::Int(1).equals_state(&Value::Float(1.0)));
        assert!(!Value::Int(1).equals_state(&Value::Float(1.5)));
        assert!(!Value::Int(1).equals_state(&Value::from("1")));
        assert!(Value::from("AB").equals_state(&Value::Bytes(b"AB".to_vec())));
        assert!(!Value::Float(f64::NAN).equals_state(&Value::Float(f64::NAN)));
    }

    #[test]
    fn big_integers_are_not_rounded() {
        let big = (1_i128 << 64) + 1;
        assert!(!Value::Int(big).equals_state(&Value::Float(18_446_744_073_709_551_616.0)));
        assert_eq!(
            Value::Int(big).compare_numbers(&Value::Float(18_446_744_073_709_551_616.0)),
            Some(Ordering::Greater)
        );
        assert_eq!(Value::Int(-1).compare_numbers(&Value::Float(-0.5)), Some(Ordering::Less));
        assert_eq!(Value::Int(5).compare_numbers(&Value::Float(f64::NAN)), None);
        assert_eq!(
            Value::Int(5).compare_numbers(&Value::Float(f64::INFINITY)),
            Some(Ordering::Less)
        );
    }
}
