//! What operators mean in the two languages.

use super::{Language, texts};
use crate::value::Value;

/// Values that code makes out of nothing are at most this many bytes in a record.
pub(super) const MAX_BYTES: usize = 4096;
/// Bytes that a value takes besides its text.
const SCALAR_BYTES: usize = 32;
/// 2^127: doubles at or beyond it are no integers here.
const INTEGER_END: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// `//`
    FloorDivide,
    Modulo,
    Power,
    ShiftLeft,
    ShiftRight,
    And,
    Or,
    Xor,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `<=>`
    Order,
    /// `in`
    In,
    NotIn,
}

impl Binary {
    /// Returns the value; `None` where the languages raise an error, or where the result is an
    /// integer beyond 127 bits.
    pub(super) fn apply(self, left: &Value, right: &Value, language: Language) -> Option<Value> {
        match self {
            Self::Equal => return Some(Value::Bool(left.equals_state(right))),
            Self::NotEqual => return Some(Value::Bool(!left.equals_state(right))),
            Self::In => return contains(right, left).map(Value::Bool),
            Self::NotIn => return contains(right, left).map(|found| Value::Bool(!found)),
            _ => {}
        }
        if let (Self::Modulo, Value::String(format)) = (self, left) {
            let values = match right {
                Value::Array(values) => values.as_slice(),
                single => std::slice::from_ref(single),
            };
            return texts::printf(format, values).map(Value::String);
        }
        if let (Value::Bool(a), Value::Bool(b)) = (left, right)
            && let Some(result) = self.logic(*a, *b)
        {
            return Some(Value::Bool(result));
        }
        let (left, right) = (numeric(left, language), numeric(right, language));
        match (&*left, &*right) {
            (Value::Int(a), Value::Int(b)) => self.integers(*a, *b, language),
            (Value::String(a), Value::String(b)) => self.texts(a, b),
            (Value::String(text), Value::Int(count)) if self == Self::Multiply => {
                let count = usize::try_from(*count).ok()?;
                let length = text.len().checked_mul(count)?;
                // The shortest text may be repeated more often than there is memory for.
                let result = || if text.is_empty() { String::new() } else { text.repeat(count) };
                (length <= MAX_BYTES).then(|| Value::String(result()))
            }
            (a, b) if a.is_number() && b.is_number() => {
                if let Some(holds) = self.holds(a.compare_numbers(b)) {
                    return Some(holds);
                }
                self.floats(a.as_f64()?, b.as_f64()?, language)
            }
            _ => None,
        }
    }

    fn logic(self, a: bool, b: bool) -> Option<bool> {
        match self {
            Self::And => Some(a && b),
            Self::Or => Some(a || b),
            Self::Xor => Some(a != b),
            _ => None,
        }
    }

    /// Returns what a comparison says; NaN is in no order, and every comparison with it is false.
    fn holds(self, order: Option<std::cmp::Ordering>) -> Option<Value> {
        Some(Value::Bool(match self {
            Self::Less => order.is_some_and(|order| order.is_lt()),
            Self::LessOrEqual => order.is_some_and(|order| order.is_le()),
            Self::Greater => order.is_some_and(|order| order.is_gt()),
            Self::GreaterOrEqual => order.is_some_and(|order| order.is_ge()),
            Self::Order => {
                return Some(order.map_or(Value::Null, |order| Value::from(order as i8)));
            }
            _ => return None,
        }))
    }

    fn integers(self, a: i128, b: i128, language: Language) -> Option<Value> {
        if let Some(holds) = self.holds(Some(a.cmp(&b))) {
            return Some(holds);
        }
        let python = language == Language::Python;
        let result = match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
            Self::Divide if python => {
                return (b != 0).then(|| Value::Float(a as f64 / b as f64));
            }
            Self::Divide | Self::FloorDivide => floor_division(a, b),
            Self::Modulo => {
                let remainder = a.checked_rem_euclid(b)?;
                Some(if b < 0 && remainder != 0 { remainder + b } else { remainder })
            }
            Self::Power if b < 0 => {
                let float = python && a != 0;
                return float.then(|| Value::Float((a as f64).powf(b as f64)));
            }
            Self::Power => power(a, b),
            Self::ShiftLeft if b < 0 && python => None,
            Self::ShiftRight if b < 0 && python => None,
            Self::ShiftLeft => shifted(a, b),
            Self::ShiftRight => shifted(a, b.checked_neg()?),
            Self::And => Some(a & b),
            Self::Or => Some(a | b),
            Self::Xor => Some(a ^ b),
            _ => None,
        };
        result.map(Value::Int)
    }

    fn floats(self, a: f64, b: f64, language: Language) -> Option<Value> {
        let python = language == Language::Python;
        if python && b == 0.0 && matches!(self, Self::Divide | Self::FloorDivide | Self::Modulo) {
            return None;
        }
        let result = match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::FloorDivide => (a / b).floor(),
            Self::Modulo => {
                let remainder = a % b;
                if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) {
                    remainder + b
                } else {
                    remainder
                }
            }
            // Powers that are complex numbers or, in Python, too large, are errors.
            Self::Power => return checked(a.powf(b), &[a, b], language),
            _ => return None,
        };
        Some(Value::Float(result))
    }

    fn texts(self, a: &str, b: &str) -> Option<Value> {
        if let Some(holds) = self.holds(Some(a.cmp(b))) {
            return Some(holds);
        }
        let fits = a.len() + b.len() <= MAX_BYTES;
        (self == Self::Add && fits).then(|| Value::String([a, b].concat()))
    }
}

/// Returns the number that an operator sees: in Python true and false are 1 and 0.
fn numeric(value: &Value, language: Language) -> std::borrow::Cow<'_, Value> {
    use std::borrow::Cow;
    match value {
        Value::Bool(bool) if language == Language::Python => {
            Cow::Owned(Value::Int(i128::from(*bool)))
        }
        other => Cow::Borrowed(other),
    }
}

fn contains(list: &Value, value: &Value) -> Option<bool> {
    match (list, value) {
        (Value::Array(values), _) => Some(values.iter().any(|each| each.equals_state(value))),
        (Value::String(text), Value::String(part)) => Some(text.contains(part.as_str())),
        _ => None,
    }
}

fn floor_division(a: i128, b: i128) -> Option<i128> {
    let quotient = a.checked_div(b)?;
    let inexact = a % b != 0;
    Some(if inexact && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

fn power(a: i128, b: i128) -> Option<i128> {
    match (a, u32::try_from(b)) {
        (0 | 1, _) => Some(if b == 0 { 1 } else { a }),
        (-1, _) => Some(if b % 2 == 0 { 1 } else { -1 }),
        (_, Ok(b)) => a.checked_pow(b),
        (_, Err(_)) => None,
    }
}

/// Shifts to the left, or to the right if `by` is negative.
fn shifted(a: i128, by: i128) -> Option<i128> {
    match by {
        _ if a == 0 => Some(0),
        0..=126 => Some(a << by).filter(|shifted| shifted >> by == a),
        127.. => None,
        -126..=-1 => Some(a >> -by),
        _ => Some(if a < 0 { -1 } else { 0 }),
    }
}

/// Returns the result of a function, unless it is one that the languages raise an error for.
pub(super) fn checked(result: f64, inputs: &[f64], language: Language) -> Option<Value> {
    let undefined = result.is_nan() && !inputs.iter().any(|input| input.is_nan());
    let overflow = result.is_infinite() && inputs.iter().all(|input| input.is_finite());
    let is_error = undefined || (overflow && language == Language::Python);
    (!is_error).then_some(Value::Float(result))
}

/// Returns the integer that a whole double is.
pub(super) fn integer(whole: f64) -> Option<Value> {
    (whole.abs() < INTEGER_END).then_some(Value::Int(whole as i128))
}

/// Returns whether a condition holds.
pub(super) fn is_true(value: &Value, language: Language) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        _ if language == Language::Ruby => true,
        Value::Int(0) => false,
        Value::Float(float) => *float != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::Bytes(bytes) => !bytes.is_empty(),
        Value::Array(values) => !values.is_empty(),
        _ => true,
    }
}

/// Returns whether a list may be made of these values.
pub(super) fn may_be_listed(values: &[Value]) -> bool {
    let mut budget = MAX_BYTES;
    values.iter().all(|value| take(value, &mut budget))
}

fn take(value: &Value, budget: &mut usize) -> bool {
    let own = SCALAR_BYTES + value.as_bytes().map_or(0, <[u8]>::len);
    let Some(left) = budget.checked_sub(own) else {
        return false;
    };
    *budget = left;
    match value {
        Value::Array(values) => values.iter().all(|value| take(value, budget)),
        Value::Object(_) => false,
        _ => true,
    }
}
