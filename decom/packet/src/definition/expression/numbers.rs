//! Functions of numbers.

use super::Language;
use super::functions::Math;
use super::operators::{Binary, integer};
use crate::value::{Value, integer_text};

impl Math {
    pub(super) fn value(self, x: f64, y: f64, two: bool) -> f64 {
        match self {
            Self::Sqrt => x.sqrt(),
            Self::Cbrt => x.cbrt(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Exp => x.exp(),
            Self::Log if two => x.ln() / y.ln(),
            Self::Log => x.ln(),
            Self::Log2 => x.log2(),
            Self::Log10 => x.log10(),
            Self::Radians => x.to_radians(),
            Self::Degrees => x.to_degrees(),
            Self::Atan2 => x.atan2(y),
            Self::Hypot => x.hypot(y),
            Self::Pow => x.powf(y),
        }
    }
}

pub(super) fn whole(value: &Value, round: impl Fn(f64) -> f64) -> Option<Value> {
    match value {
        Value::Float(float) => integer(round(*float)),
        Value::Int(_) => Some(value.clone()),
        _ => None,
    }
}

pub(super) fn round(value: &Value, digits: Option<&Value>, language: Language) -> Option<Value> {
    let half = |x: f64| if language == Language::Python { x.round_ties_even() } else { x.round() };
    let Some(digits) = digits else {
        return whole(value, half);
    };
    let digits = i32::try_from(digits.as_int()?).ok()?;
    match value {
        Value::Int(_) if digits >= 0 => Some(value.clone()),
        Value::Float(x) if (1..=15).contains(&digits) => {
            let scaled = x * 10_f64.powi(digits);
            let near = scaled.is_finite() && scaled.abs() < 1e15;
            Some(Value::Float(if near { half(scaled) / 10_f64.powi(digits) } else { *x }))
        }
        Value::Float(_) if digits == 0 && language == Language::Ruby => whole(value, half),
        Value::Float(x) if digits == 0 => Some(Value::Float(half(*x))),
        Value::Float(_) if digits > 15 => Some(value.clone()),
        _ => None,
    }
}

pub(super) fn extreme(arguments: &[Value], better: Binary, language: Language) -> Option<Value> {
    let values = match arguments {
        [Value::Array(values)] => values.as_slice(),
        [_] => return None,
        several => several,
    };
    let mut best = values.first()?;
    for value in &values[1..] {
        if better.apply(value, best, language)? == Value::Bool(true) {
            best = value;
        }
    }
    Some(best.clone())
}

pub(super) fn to_integer(value: &Value, language: Language) -> Option<Value> {
    match value {
        Value::Int(_) => Some(value.clone()),
        Value::Float(float) => integer(float.trunc()),
        Value::Bool(bool) if language == Language::Python => Some(Value::Int(i128::from(*bool))),
        Value::Null if language == Language::Ruby => Some(Value::Int(0)),
        Value::String(text) if language == Language::Python => {
            text.trim().replace('_', "").parse().ok().map(Value::Int)
        }
        Value::String(text) => {
            let text = text.trim_start();
            let digits = |c: char| c.is_ascii_digit();
            let signed = usize::from(text.starts_with(['-', '+']));
            let end = text[signed..].find(|c| !digits(c)).map_or(text.len(), |end| end + signed);
            if end == signed { Some(Value::Int(0)) } else { integer_text_plain(&text[..end]) }
        }
        _ => None,
    }
}

fn integer_text_plain(text: &str) -> Option<Value> {
    text.parse().ok().map(Value::Int).or_else(|| integer_text(text).map(Value::Int))
}

pub(super) fn to_float(value: &Value, language: Language) -> Option<Value> {
    match value {
        Value::Int(_) | Value::Float(_) | Value::Time(_) => value.as_f64().map(Value::Float),
        Value::Bool(bool) if language == Language::Python => Some(Value::Float(f64::from(*bool))),
        Value::Null if language == Language::Ruby => Some(Value::Float(0.0)),
        Value::String(text) => match text.trim().replace('_', "").parse() {
            Ok(float) => Some(Value::Float(float)),
            Err(_) if language == Language::Ruby => Some(Value::Float(0.0)),
            Err(_) => None,
        },
        _ => None,
    }
}
