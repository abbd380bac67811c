//! Functions that make texts.

use super::Language;
use super::functions::Function;
use super::operators::MAX_BYTES;
use crate::definition::FormatString;
use crate::value::Value;

impl Function {
    /// Makes a text of the first value.
    pub(super) fn make_text(self, arguments: &[Value], language: Language) -> Option<String> {
        let (first, second) = (arguments.first()?, arguments.get(1));
        match self {
            Self::ToText if second.is_some() => in_base(first, second?),
            Self::ToText => text_of(first, language),
            Self::Upper => first.as_str().map(str::to_uppercase),
            Self::Lower => first.as_str().map(str::to_lowercase),
            Self::Strip => first.as_str().map(|text| text.trim().to_owned()),
            Self::Format if second.is_some_and(|format| format.as_str() != Some("")) => {
                formatted(first, second?.as_str()?)
            }
            Self::Format => text_of(first, language),
            Self::Printf => printf(first.as_str()?, &arguments[1..]),
            Self::Braces => braces(first.as_str()?, &arguments[1..]),
            Self::JustifyLeft | Self::JustifyRight => {
                let left = self == Self::JustifyLeft;
                justified(first.as_str()?, second?, arguments.get(2), left)
            }
            _ => None,
        }
    }
}

/// Returns the text of a value; `None` where the languages write it in ways of their own.
fn text_of(value: &Value, language: Language) -> Option<String> {
    let python = language == Language::Python;
    Some(match value {
        Value::String(text) => text.clone(),
        Value::Null if python => "None".to_owned(),
        Value::Null => String::new(),
        Value::Int(_) | Value::Float(_) => value.to_string(),
        Value::Bool(bool) if python => (if *bool { "True" } else { "False" }).to_owned(),
        Value::Bool(bool) => bool.to_string(),
        _ => return None,
    })
}

/// Returns an integer in digits of another base, as `to_s(16)` of Ruby.
fn in_base(value: &Value, base: &Value) -> Option<String> {
    let base = u32::try_from(base.as_int()?).ok().filter(|base| (2..=36).contains(base))?;
    let value = value.as_int()?;
    let sign = if value < 0 { "-" } else { "" };
    Some(format!("{sign}{}", digits(value.unsigned_abs(), base)))
}

fn digits(mut rest: u128, base: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit((rest % u128::from(base)) as u32, base));
        rest /= u128::from(base);
        if rest == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// Fills up a text to a width, on the left or on the right; with blanks unless told otherwise.
fn justified(text: &str, width: &Value, fill: Option<&Value>, left: bool) -> Option<String> {
    let width = usize::try_from(width.as_int()?.max(0)).ok().filter(|width| *width <= MAX_BYTES)?;
    let mut fill = fill.map_or(Some(" "), Value::as_str)?.chars();
    let (Some(fill), None) = (fill.next(), fill.next()) else {
        return None;
    };
    Some(padded(text, width, fill, if left { Align::Left } else { Align::Right }))
}

/// Returns `printf` text with its values; `None` for more or fewer values than conversions.
pub(super) fn printf(format: &str, values: &[Value]) -> Option<String> {
    let mut out = String::new();
    let mut values = values.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let behind = &rest[at + 1..];
        if let Some(after) = behind.strip_prefix('%') {
            out.push_str(&rest[..=at]);
            rest = after;
            continue;
        }
        let letter =
            behind.find(|c: char| c.is_ascii_alphabetic() || matches!(c, '<' | '{' | '*'))?;
        let (one, after) = rest.split_at(at + 1 + letter + 1);
        FormatString::parse(one).ok()?.format_into(values.next()?, &mut out).ok()?;
        if out.len() > MAX_BYTES {
            return None;
        }
        rest = after;
    }
    out.push_str(rest);
    (values.next().is_none() && out.len() <= MAX_BYTES).then_some(out)
}

/// Returns the text of `'{:d} {}'.format(…)` of Python.
fn braces(format: &str, values: &[Value]) -> Option<String> {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let (bracket, behind) = rest[at..].split_at(1);
        if let Some(after) = behind.strip_prefix(bracket) {
            out.push_str(bracket);
            rest = after;
            continue;
        }
        let end = behind.find('}').filter(|_| bracket == "{")?;
        let (place, format) = behind[..end].split_once(':').unwrap_or((&behind[..end], ""));
        let place = if place.is_empty() { next } else { place.parse().ok()? };
        out.push_str(&formatted(values.get(place)?, format)?);
        if out.len() > MAX_BYTES {
            return None;
        }
        next += 1;
        rest = &behind[end + 1..];
    }
    out.push_str(rest);
    (out.len() <= MAX_BYTES).then_some(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
    Center,
}

/// A format of Python: `[[fill]align][sign][#][0][width][.precision][type]`.
struct Format {
    fill: char,
    align: Option<Align>,
    sign: Option<char>,
    prefix: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    letter: Option<char>,
}

impl Format {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let align_of = |c| match c {
            '<' => Some(Align::Left),
            '>' => Some(Align::Right),
            '^' => Some(Align::Center),
            _ => None,
        };
        let (mut fill, mut align) = (' ', None);
        let mut chars = rest.chars();
        if let (Some(first), Some(second)) = (chars.next(), chars.next().and_then(align_of)) {
            (fill, align) = (first, Some(second));
            rest = chars.as_str();
        } else if let Some(first) = rest.chars().next().and_then(align_of) {
            align = Some(first);
            rest = &rest[1..];
        }
        let mut take = |wanted: &[char]| {
            let found = rest.chars().next().filter(|c| wanted.contains(c))?;
            rest = &rest[1..];
            Some(found)
        };
        let sign = take(&['+', '-', ' ']);
        let prefix = take(&['#']).is_some();
        let zeros = take(&['0']).is_some();
        let width = number(&mut rest)?.unwrap_or(0);
        let precision = match rest.strip_prefix('.') {
            Some(behind) => {
                rest = behind;
                Some(number(&mut rest)??)
            }
            None => None,
        };
        let mut letters = rest.chars();
        let letter = letters.next();
        letters.next().is_none().then_some(())?;
        Some(Self { fill, align, sign, prefix, zeros, width, precision, letter })
    }
}

/// Takes digits; `Some(None)` where there are none, `None` where they are too many.
fn number(rest: &mut &str) -> Option<Option<usize>> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, behind) = rest.split_at(end);
    *rest = behind;
    if digits.is_empty() {
        return Some(None);
    }
    digits.parse().ok().filter(|number| *number <= MAX_BYTES).map(Some)
}

/// Returns a value in a format of Python; `None` where Python raises an error or writes it in a way
/// that is not known here.
fn formatted(value: &Value, format: &str) -> Option<String> {
    let format = Format::parse(format)?;
    if let (Value::String(text), None | Some('s')) = (value, format.letter) {
        let plain = format.sign.is_none() && !format.prefix && !format.zeros;
        let shown = text.chars().take(format.precision.unwrap_or(usize::MAX)).collect::<String>();
        let align = format.align.unwrap_or(Align::Left);
        return plain.then(|| padded(&shown, format.width, format.fill, align));
    }
    let (negative, prefix, digits) = number_text(value, &format)?;
    let sign = match (negative, format.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    };
    let head = format!("{sign}{prefix}");
    if format.zeros && format.align.is_none() {
        let zeros = format.width.saturating_sub(head.len());
        return Some(head + &padded(&digits, zeros, '0', Align::Right));
    }
    let align = format.align.unwrap_or(Align::Right);
    Some(padded(&(head + &digits), format.width, format.fill, align))
}

/// Returns whether a number is negative, its prefix and the text of its magnitude.
fn number_text(value: &Value, format: &Format) -> Option<(bool, &'static str, String)> {
    let integer = match value {
        Value::Int(integer) => Some(*integer),
        Value::Bool(bool) if format.letter.is_some() => Some(i128::from(*bool)),
        _ => None,
    };
    let base = match format.letter {
        Some('b') => Some((2, "0b")),
        Some('o') => Some((8, "0o")),
        Some('x') => Some((16, "0x")),
        Some('X') => Some((16, "0X")),
        Some('d') => Some((10, "")),
        None if integer.is_some() => Some((10, "")),
        _ => None,
    };
    if let Some((base, prefix)) = base {
        let integer = integer.filter(|_| format.precision.is_none())?;
        let text = digits(integer.unsigned_abs(), base);
        let text = if format.letter == Some('X') { text.to_uppercase() } else { text };
        return Some((integer < 0, if format.prefix { prefix } else { "" }, text));
    }
    let float = integer.map_or_else(
        || if let Value::Float(float) = value { Some(*float) } else { None },
        |integer| Some(integer as f64),
    );
    let float = float.filter(|float| float.is_finite() && !format.prefix)?;
    let magnitude = Value::Float(float.abs());
    let precision = format.precision.unwrap_or(6);
    let text = match format.letter {
        Some(letter @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G')) => {
            let letter = if letter == 'F' { 'f' } else { letter };
            FormatString::parse(&format!("%.{precision}{letter}")).ok()?.format(&magnitude).ok()?
        }
        Some('%') => {
            let hundredfold = Value::Float(float.abs() * 100.0);
            let text = FormatString::parse(&format!("%.{precision}f")).ok()?.format(&hundredfold);
            text.ok()? + "%"
        }
        None if format.precision.is_none() => magnitude.to_string(),
        _ => return None,
    };
    Some((float.is_sign_negative(), "", text))
}

fn padded(text: &str, width: usize, fill: char, align: Align) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let before = match align {
        Align::Left => 0,
        Align::Right => missing,
        Align::Center => missing / 2,
    };
    let fill = |count| std::iter::repeat_n(fill, count);
    fill(before).chain(text.chars()).chain(fill(missing - before)).collect()
}
