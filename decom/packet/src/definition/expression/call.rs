//! What functions and methods give.

use super::Language;
use super::functions::Function;
use super::numbers::{extreme, round, to_float, to_integer, whole};
use super::operators::{Binary, MAX_BYTES, checked, is_true};
use crate::value::Value;

impl Function {
    /// Calls the function; `None` where the languages raise an error.
    pub(super) fn call(self, arguments: &[Value], language: Language) -> Option<Value> {
        let first = arguments.first()?;
        let second = arguments.get(1);
        let float = |value: &Value| value.as_f64().filter(|_| value.is_number());
        let bool = |holds: bool| Some(Value::Bool(holds));
        match self {
            Self::Math(_) | Self::Power | Self::FloatDivide | Self::FloorDivide => {
                self.calculate(arguments, language)
            }
            Self::ToText
            | Self::Upper
            | Self::Lower
            | Self::Strip
            | Self::Format
            | Self::Printf
            | Self::Braces
            | Self::JustifyLeft
            | Self::JustifyRight => {
                self.make_text(arguments, language)
                    .filter(|text| {
                        // An item's own text may be longer.
                        text.len() <= MAX_BYTES || first.as_str() == Some(text.as_str())
                    })
                    .map(Value::String)
            }
            Self::Part
            | Self::PartOfLength
            | Self::Unpack
            | Self::UnpackOne
            | Self::ByteAt
            | Self::Code
            | Self::FromBytes => self.take_apart(arguments, language),
            Self::ToInteger => to_integer(first, language),
            Self::ToFloat => to_float(first, language),
            Self::ToBool => bool(is_true(first, language)),
            Self::Abs => match first {
                Value::Int(i) => i.checked_abs().map(Value::Int),
                other => float(other).map(|f| Value::Float(f.abs())),
            },
            Self::Round => round(first, second, language),
            Self::Floor => whole(first, f64::floor),
            Self::Ceil => whole(first, f64::ceil),
            Self::Truncate => whole(first, f64::trunc),
            Self::Min => extreme(arguments, Binary::Less, language),
            Self::Max => extreme(arguments, Binary::Greater, language),
            Self::Sum => match first {
                Value::Array(values) => values
                    .iter()
                    .try_fold(Value::Int(0), |sum, each| Binary::Add.apply(&sum, each, language)),
                _ => None,
            },
            Self::Length => Some(Value::Int(match first {
                Value::Array(values) => values.len() as i128,
                Value::String(text) => text.chars().count() as i128,
                Value::Bytes(bytes) => bytes.len() as i128,
                _ => return None,
            })),
            Self::First => element(first, &Value::Int(0), Language::Ruby),
            Self::Last => element(first, &Value::Int(-1), Language::Ruby),
            Self::IsNull => bool(first.is_null()),
            Self::IsZero => float(first).map(|f| Value::Bool(f == 0.0)),
            Self::IsPositive => float(first).map(|f| Value::Bool(f > 0.0)),
            Self::IsNegative => float(first).map(|f| Value::Bool(f < 0.0)),
            Self::IsEven => first.as_int().map(|i| Value::Bool(i % 2 == 0)),
            Self::IsOdd => first.as_int().map(|i| Value::Bool(i % 2 != 0)),
            Self::IsNan => float(first).map(|f| Value::Bool(f.is_nan())),
            Self::IsInfinite => float(first).map(|f| Value::Bool(f.is_infinite())),
            Self::Between | Self::Clamp => {
                let (low, high) = (second?, arguments.get(2)?);
                let below = is_true(&Binary::Less.apply(first, low, language)?, language);
                let above = is_true(&Binary::Greater.apply(first, high, language)?, language);
                match self {
                    Self::Between => bool(!below && !above),
                    _ if below => Some(low.clone()),
                    _ if above => Some(high.clone()),
                    _ => Some(first.clone()),
                }
            }
            Self::Includes => Binary::In.apply(second?, first, language),
            Self::StartsWith => bool(first.as_str()?.starts_with(second?.as_str()?)),
            Self::EndsWith => bool(first.as_str()?.ends_with(second?.as_str()?)),
        }
    }

    /// Calculates with one or two numbers.
    fn calculate(self, arguments: &[Value], language: Language) -> Option<Value> {
        let (first, second) = (arguments.first()?, arguments.get(1));
        let float = |value: &Value| value.as_f64().filter(|_| value.is_number());
        match self {
            Self::Power => Binary::Power.apply(first, second?, language),
            Self::FloatDivide => Some(Value::Float(float(first)? / float(second?)?)),
            Self::FloorDivide => {
                let quotient = Binary::FloorDivide.apply(first, second?, Language::Python)?;
                whole(&quotient, f64::floor)
            }
            Self::Math(math) => {
                let x = float(first)?;
                let y = second.map(float);
                let y = match y {
                    Some(None) => return None,
                    Some(Some(y)) => y,
                    None => std::f64::consts::E,
                };
                checked(math.value(x, y, second.is_some()), &[x, y], language)
            }
            _ => None,
        }
    }
}

/// Returns an element of a list, or a character of a text; negative places count from the end.
pub(super) fn element(list: &Value, place: &Value, language: Language) -> Option<Value> {
    let place = place.as_int()?;
    let at = |length: usize| {
        let from_end = if place < 0 { length as i128 } else { 0 };
        usize::try_from(place.checked_add(from_end)?).ok().filter(|at| *at < length)
    };
    let found = match list {
        Value::Array(values) => at(values.len()).map(|at| values[at].clone()),
        Value::String(text) => at(text.chars().count())
            .and_then(|at| text.chars().nth(at))
            .map(|c| Value::String(c.into())),
        Value::Bytes(bytes) => at(bytes.len()).map(|at| match language {
            Language::Python => Value::from(bytes[at]),
            Language::Ruby => Value::Bytes(vec![bytes[at]]),
        }),
        _ => return None,
    };
    // Ruby has nothing there; Python raises an error.
    found.or((language == Language::Ruby).then_some(Value::Null))
}
