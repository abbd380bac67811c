//! Values inside tags, and what operators and methods make of them.

use std::cmp::Ordering;
use std::fmt;

use crate::definition::FormatString;
use crate::value::{Value, float_text};

/// A value inside a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Nil,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Operand>),
}

/// The text that a tag shows.
impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => Ok(()),
            Self::Boolean(b) => write!(f, "{b}"),
            Self::Integer(i) => write!(f, "{i}"),
            Self::Float(x) => f.write_str(&float_text(*x)),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => {
                let shown: Vec<String> = items
                    .iter()
                    .map(|item| match item {
                        Self::Text(text) => format!("{text:?}"),
                        Self::Nil => "nil".to_owned(),
                        other => other.to_string(),
                    })
                    .collect();
                write!(f, "[{}]", shown.join(", "))
            }
        }
    }
}

impl Operand {
    /// Only null and false are untrue.
    pub(super) fn is_true(&self) -> bool {
        !matches!(self, Self::Nil | Self::Boolean(false))
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(i) => Some(*i as f64),
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }
}

fn compare(left: &Operand, right: &Operand) -> Option<Ordering> {
    match (left, right) {
        (Operand::Integer(a), Operand::Integer(b)) => Some(a.cmp(b)),
        (Operand::Text(a), Operand::Text(b)) => Some(a.cmp(b)),
        _ => left.number()?.partial_cmp(&right.number()?),
    }
}

fn equal(left: &Operand, right: &Operand) -> bool {
    match (left.number(), right.number()) {
        (Some(a), Some(b)) => a == b,
        _ => left == right,
    }
}

/// Applies a binary operator other than `&&` and `||`.
pub(super) fn binary(operator: &str, left: &Operand, right: &Operand) -> Result<Operand, String> {
    let ordered = |wanted: fn(Ordering) -> bool| {
        compare(left, right)
            .map(|ordering| Operand::Boolean(wanted(ordering)))
            .ok_or_else(|| format!("'{left}' and '{right}' cannot be compared"))
    };
    match operator {
        "==" => Ok(Operand::Boolean(equal(left, right))),
        "!=" => Ok(Operand::Boolean(!equal(left, right))),
        "<" => ordered(Ordering::is_lt),
        ">" => ordered(Ordering::is_gt),
        "<=" => ordered(Ordering::is_le),
        ">=" => ordered(Ordering::is_ge),
        _ => arithmetic(operator, left, right)
            .ok_or_else(|| format!("'{left}' {operator} '{right}' has no result")),
    }
}

fn arithmetic(operator: &str, left: &Operand, right: &Operand) -> Option<Operand> {
    match (operator, left, right) {
        ("+", Operand::Text(a), Operand::Text(b)) => Some(Operand::Text(format!("{a}{b}"))),
        ("+", Operand::List(a), Operand::List(b)) => {
            Some(Operand::List(a.iter().chain(b).cloned().collect()))
        }
        ("%", Operand::Text(format), argument) => {
            let value = match argument {
                Operand::Integer(i) => Value::from(*i),
                Operand::Float(f) => Value::Float(*f),
                Operand::Text(text) => Value::from(text.as_str()),
                _ => return None,
            };
            let format = FormatString::parse(format).ok()?;
            format.format(&value).ok().map(Operand::Text)
        }
        (_, Operand::Integer(a), Operand::Integer(b)) => {
            integers(operator, *a, *b).map(Operand::Integer)
        }
        _ => {
            let (a, b) = (left.number()?, right.number()?);
            Some(Operand::Float(match operator {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "/" => a / b,
                _ => a - b * (a / b).floor(),
            }))
        }
    }
}

fn integers(operator: &str, a: i64, b: i64) -> Option<i64> {
    match operator {
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        // Ruby rounds towards minus infinity.
        "/" => {
            let quotient = a.checked_div(b)?;
            Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
        }
        _ => {
            let remainder = a.checked_rem(b)?;
            Some(if remainder != 0 && (remainder < 0) != (b < 0) {
                remainder + b
            } else {
                remainder
            })
        }
    }
}

/// Calls a method.
pub(super) fn call(of: &Operand, method: &str, args: &[Operand]) -> Result<Operand, String> {
    let unsupported = || {
        Err(format!(
            "method '{method}' is not supported here; render the file beforehand if it needs all of Ruby"
        ))
    };
    match (of, method, args) {
        (any, "to_s", []) => Ok(Operand::Text(any.to_string())),
        (any, "nil?", []) => Ok(Operand::Boolean(*any == Operand::Nil)),
        (Operand::Text(text), _, _) => text_method(text, method, args).map_or_else(unsupported, Ok),
        (Operand::List(items), "length" | "size" | "count", []) => {
            Ok(Operand::Integer(i64::try_from(items.len()).unwrap_or(i64::MAX)))
        }
        (Operand::List(items), "empty?", []) => Ok(Operand::Boolean(items.is_empty())),
        (Operand::List(items), "to_a", []) => Ok(Operand::List(items.clone())),
        (Operand::Integer(i), "to_i", []) => Ok(Operand::Integer(*i)),
        (Operand::Float(f), "to_i", []) => Ok(Operand::Integer(*f as i64)),
        (Operand::Integer(_) | Operand::Float(_), "to_f", []) => {
            Ok(Operand::Float(of.number().unwrap_or(0.0)))
        }
        _ => unsupported(),
    }
}

fn text_method(text: &str, method: &str, args: &[Operand]) -> Option<Operand> {
    let length = || i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    Some(match (method, args) {
        ("strip", []) => Operand::Text(text.trim().to_owned()),
        ("length" | "size", []) => Operand::Integer(length()),
        ("downcase", []) => Operand::Text(text.to_lowercase()),
        ("upcase", []) => Operand::Text(text.to_uppercase()),
        ("empty?", []) => Operand::Boolean(text.is_empty()),
        ("gsub", [Operand::Text(from), Operand::Text(to)]) => Operand::Text(text.replace(from, to)),
        ("include?", [Operand::Text(part)]) => Operand::Boolean(text.contains(part.as_str())),
        ("start_with?", [Operand::Text(part)]) => Operand::Boolean(text.starts_with(part.as_str())),
        ("end_with?", [Operand::Text(part)]) => Operand::Boolean(text.ends_with(part.as_str())),
        ("split", [Operand::Text(by)]) if !by.is_empty() => {
            Operand::List(text.split(by.as_str()).map(|t| Operand::Text(t.to_owned())).collect())
        }
        ("split", []) => {
            Operand::List(text.split_whitespace().map(|t| Operand::Text(t.to_owned())).collect())
        }
        ("to_i", []) => Operand::Integer(leading_integer(text)),
        ("to_f", []) => Operand::Float(text.trim().parse().unwrap_or(0.0)),
        _ => return None,
    })
}

/// Reads the digits at the start, as Ruby's `to_i` does; 0 without any.
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start();
    let digits_from = usize::from(text.starts_with(['-', '+']));
    let digits = text[digits_from..].find(|c: char| !c.is_ascii_digit());
    let end = digits.map_or(text.len(), |length| digits_from + length);
    text[..end].parse().unwrap_or(0)
}
