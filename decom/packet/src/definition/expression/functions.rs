//! Functions and methods of the two languages, under one name each.

use super::Language;
use super::operators::{Binary, MAX_BYTES, checked, integer, is_true};
use crate::value::{Value, integer_text};

/// A function; a method has its object as first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    ToInteger,
    ToFloat,
    ToText,
    ToBool,
    Abs,
    Round,
    Floor,
    Ceil,
    Truncate,
    Min,
    Max,
    Sum,
    Length,
    First,
    Last,
    Upper,
    Lower,
    Strip,
    IsNull,
    IsZero,
    IsPositive,
    IsNegative,
    IsEven,
    IsOdd,
    IsNan,
    IsInfinite,
    Between,
    Clamp,
    Includes,
    StartsWith,
    EndsWith,
    Power,
    FloatDivide,
    FloorDivide,
    Math(Math),
}

/// A function of doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Math {
    Sqrt,
    Cbrt,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Exp,
    Log,
    Log2,
    Log10,
    Radians,
    Degrees,
    Atan2,
    Hypot,
    Pow,
}

impl Function {
    /// Finds a method: its function, and how many arguments it has at least and at most.
    pub(super) fn method(name: &str, language: Language) -> Option<(Self, usize, usize)> {
        use Function as F;
        if language == Language::Python {
            return Some(match name {
                "upper" => (F::Upper, 0, 0),
                "lower" => (F::Lower, 0, 0),
                "strip" => (F::Strip, 0, 0),
                "startswith" => (F::StartsWith, 1, 1),
                "endswith" => (F::EndsWith, 1, 1),
                _ => return None,
            });
        }
        Some(match name {
            "to_i" | "to_int" => (F::ToInteger, 0, 0),
            "to_f" => (F::ToFloat, 0, 0),
            "to_s" => (F::ToText, 0, 0),
            "abs" | "magnitude" => (F::Abs, 0, 0),
            "round" => (F::Round, 0, 1),
            "floor" => (F::Floor, 0, 0),
            "ceil" => (F::Ceil, 0, 0),
            "truncate" => (F::Truncate, 0, 0),
            "min" => (F::Min, 0, 0),
            "max" => (F::Max, 0, 0),
            "sum" => (F::Sum, 0, 0),
            "length" | "size" => (F::Length, 0, 0),
            "first" => (F::First, 0, 0),
            "last" => (F::Last, 0, 0),
            "upcase" => (F::Upper, 0, 0),
            "downcase" => (F::Lower, 0, 0),
            "strip" => (F::Strip, 0, 0),
            "nil?" => (F::IsNull, 0, 0),
            "zero?" => (F::IsZero, 0, 0),
            "positive?" => (F::IsPositive, 0, 0),
            "negative?" => (F::IsNegative, 0, 0),
            "even?" => (F::IsEven, 0, 0),
            "odd?" => (F::IsOdd, 0, 0),
            "nan?" => (F::IsNan, 0, 0),
            "between?" => (F::Between, 2, 2),
            "clamp" => (F::Clamp, 2, 2),
            "include?" => (F::Includes, 1, 1),
            "start_with?" => (F::StartsWith, 1, 1),
            "end_with?" => (F::EndsWith, 1, 1),
            "pow" => (F::Power, 1, 1),
            "fdiv" => (F::FloatDivide, 1, 1),
            "div" => (F::FloorDivide, 1, 1),
            _ => return None,
        })
    }

    /// Finds a function that is called by its name alone.
    pub(super) fn free(name: &str, language: Language) -> Option<(Self, usize, usize)> {
        use Function as F;
        Some(match (name, language) {
            ("Integer", Language::Ruby) | ("int", Language::Python) => (F::ToInteger, 1, 1),
            ("Float", Language::Ruby) | ("float", Language::Python) => (F::ToFloat, 1, 1),
            ("String", Language::Ruby) | ("str", Language::Python) => (F::ToText, 1, 1),
            ("bool", Language::Python) => (F::ToBool, 1, 1),
            ("abs", Language::Python) => (F::Abs, 1, 1),
            ("round", Language::Python) => (F::Round, 1, 2),
            ("min", Language::Python) => (F::Min, 1, 16),
            ("max", Language::Python) => (F::Max, 1, 16),
            ("sum", Language::Python) => (F::Sum, 1, 1),
            ("len", Language::Python) => (F::Length, 1, 1),
            ("pow", Language::Python) => (F::Power, 2, 2),
            _ => return None,
        })
    }

    /// Finds a function of `Math` or `math`.
    pub(super) fn math(name: &str, language: Language) -> Option<(Self, usize, usize)> {
        use Function as F;
        let one = |math| Some((F::Math(math), 1, 1));
        match name {
            "sqrt" => one(Math::Sqrt),
            "cbrt" => one(Math::Cbrt),
            "sin" => one(Math::Sin),
            "cos" => one(Math::Cos),
            "tan" => one(Math::Tan),
            "asin" => one(Math::Asin),
            "acos" => one(Math::Acos),
            "atan" => one(Math::Atan),
            "exp" => one(Math::Exp),
            "log" => Some((F::Math(Math::Log), 1, 2)),
            "log2" => one(Math::Log2),
            "log10" => one(Math::Log10),
            "atan2" => Some((F::Math(Math::Atan2), 2, 2)),
            "hypot" => Some((F::Math(Math::Hypot), 2, 2)),
            _ if language == Language::Ruby => None,
            "pow" => Some((F::Math(Math::Pow), 2, 2)),
            "radians" => one(Math::Radians),
            "degrees" => one(Math::Degrees),
            "floor" => Some((F::Floor, 1, 1)),
            "ceil" => Some((F::Ceil, 1, 1)),
            "trunc" => Some((F::Truncate, 1, 1)),
            "isnan" => Some((F::IsNan, 1, 1)),
            "isinf" => Some((F::IsInfinite, 1, 1)),
            _ => None,
        }
    }

    /// Calls the function; `None` where the languages raise an error.
    pub(super) fn call(self, arguments: &[Value], language: Language) -> Option<Value> {
        let first = arguments.first()?;
        let second = arguments.get(1);
        let float = |value: &Value| value.as_f64().filter(|_| value.is_number());
        let bool = |holds: bool| Some(Value::Bool(holds));
        match self {
            Self::ToInteger => to_integer(first, language),
            Self::ToFloat => to_float(first, language),
            Self::ToText => text_of(first, language),
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
            Self::Upper => changed(first, str::to_uppercase),
            Self::Lower => changed(first, str::to_lowercase),
            Self::Strip => changed(first, |text| text.trim().to_owned()),
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
        }
    }
}

impl Math {
    fn value(self, x: f64, y: f64, two: bool) -> f64 {
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
        Value::Bytes(bytes) if language == Language::Python => {
            at(bytes.len()).map(|at| Value::from(bytes[at]))
        }
        _ => return None,
    };
    // Ruby has nothing there; Python raises an error.
    found.or((language == Language::Ruby).then_some(Value::Null))
}

fn whole(value: &Value, round: impl Fn(f64) -> f64) -> Option<Value> {
    match value {
        Value::Float(float) => integer(round(*float)),
        Value::Int(_) => Some(value.clone()),
        _ => None,
    }
}

fn round(value: &Value, digits: Option<&Value>, language: Language) -> Option<Value> {
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

fn extreme(arguments: &[Value], better: Binary, language: Language) -> Option<Value> {
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

fn to_integer(value: &Value, language: Language) -> Option<Value> {
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

fn to_float(value: &Value, language: Language) -> Option<Value> {
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

fn text_of(value: &Value, language: Language) -> Option<Value> {
    match (value, language) {
        (Value::String(_), _) => Some(value.clone()),
        (Value::Null, Language::Ruby) => Some(Value::from("")),
        (Value::Int(_) | Value::Float(_), _) => Some(Value::String(value.to_string())),
        (Value::Bool(_), Language::Ruby) => Some(Value::String(value.to_string())),
        (Value::Bool(bool), _) => Some(Value::from(if *bool { "True" } else { "False" })),
        _ => None,
    }
}

fn changed(value: &Value, change: impl Fn(&str) -> String) -> Option<Value> {
    let text = value.as_str().filter(|text| text.len() <= MAX_BYTES)?;
    let changed = change(text);
    (changed.len() <= MAX_BYTES).then_some(Value::String(changed))
}
