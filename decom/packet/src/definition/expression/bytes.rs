//! Parts of lists, texts and bytes, and numbers out of bytes.

use super::Language;
use super::call::element;
use super::functions::Function;
use super::operators::is_true;
use crate::value::Value;

impl Function {
    /// Takes parts or numbers out of the first value.
    pub(super) fn take_apart(self, arguments: &[Value], language: Language) -> Option<Value> {
        let (first, second) = (arguments.first()?, arguments.get(1));
        match self {
            Self::Part => part(first, second?, arguments.get(2)?, language),
            Self::PartOfLength => {
                let from = second?.as_int()?;
                let length = arguments.get(2)?.as_int().filter(|length| *length >= 0)?;
                let to = from.checked_add(length)?;
                // What begins before the end may reach beyond it.
                let to = if from < 0 && to >= 0 { Value::Null } else { Value::Int(to) };
                part(first, second?, &to, language)
            }
            Self::Unpack | Self::UnpackOne => {
                let values = unpack(first.as_bytes()?, second?.as_str()?, language)?;
                match self {
                    Self::Unpack => Some(Value::Array(values)),
                    _ => values.into_iter().next(),
                }
            }
            Self::ByteAt => {
                let bytes = Value::Bytes(first.as_bytes()?.to_vec());
                match element(&bytes, second?, language)? {
                    Value::Bytes(byte) => byte.first().map(|byte| Value::from(*byte)),
                    nothing => Some(nothing),
                }
            }
            Self::Code => match first {
                Value::String(text) => text.chars().next().map(|c| Value::from(u32::from(c))),
                Value::Bytes(bytes) => bytes.first().map(|byte| Value::from(*byte)),
                _ => None,
            },
            Self::FromBytes => {
                let big = match second?.as_str()? {
                    "big" => true,
                    "little" => false,
                    _ => return None,
                };
                let signed = arguments.get(2).is_some_and(|signed| is_true(signed, language));
                integer(first.as_bytes()?, big, signed)
            }
            _ => None,
        }
    }
}

/// Returns the part of a list, text or bytes from a place up to, but without, another one; negative
/// places count from the end, null stands for the start or the end.
fn part(whole: &Value, from: &Value, to: &Value, language: Language) -> Option<Value> {
    let span = |length: usize| {
        let place = |value: &Value, none: usize| match value {
            Value::Null => Some(none as i128),
            other => {
                let place = other.as_int()?;
                Some(if place < 0 { place + length as i128 } else { place })
            }
        };
        let (from, to) = (place(from, 0)?, place(to, length)?);
        // Python goes as far as there is something; Ruby has nothing where the start lies outside.
        let outside = from < 0 || from > length as i128;
        if outside && language == Language::Ruby {
            return Some(None);
        }
        let within = |place: i128| usize::try_from(place.clamp(0, length as i128)).unwrap_or(0);
        let (from, to) = (within(from), within(to));
        Some(Some(from..to.max(from)))
    };
    let found = match whole {
        Value::Array(values) => span(values.len())?.map(|span| Value::Array(values[span].to_vec())),
        Value::Bytes(bytes) => span(bytes.len())?.map(|span| Value::Bytes(bytes[span].to_vec())),
        Value::String(text) => span(text.chars().count())?
            .map(|span| Value::String(text.chars().skip(span.start).take(span.len()).collect())),
        _ => return None,
    };
    Some(found.unwrap_or(Value::Null))
}

/// Numbers that are taken out of bytes at once.
const MAX_NUMBERS: usize = 256;

/// How numbers lie in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    width: usize,
    signed: bool,
    float: bool,
    big: bool,
}

/// Returns the numbers that `unpack` of Ruby or `struct.unpack` of Python finds; `None` for formats
/// beyond plain numbers.
fn unpack(bytes: &[u8], format: &str, language: Language) -> Option<Vec<Value>> {
    let python = language == Language::Python;
    let (layouts, rest) = match language {
        Language::Ruby => ruby_layouts(format, bytes.len())?,
        Language::Python => python_layouts(format)?,
    };
    if layouts.len() > MAX_NUMBERS {
        return None;
    }
    let mut rest_of = bytes;
    let mut values = Vec::new();
    for layout in layouts {
        let Some((field, behind)) = rest_of.split_at_checked(layout.width) else {
            // Python demands the exact length; Ruby has nothing there.
            if python {
                return None;
            }
            values.push(Value::Null);
            continue;
        };
        values.push(number(field, layout));
        rest_of = behind;
    }
    (!python || (rest_of.is_empty() && !rest)).then_some(values)
}

/// Returns the integer that `int.from_bytes` of Python makes.
fn integer(bytes: &[u8], big: bool, signed: bool) -> Option<Value> {
    if bytes.len() > 15 {
        return None;
    }
    Some(number(bytes, Layout { width: bytes.len(), signed, float: false, big }))
}

fn number(field: &[u8], layout: Layout) -> Value {
    let mut bytes = field.to_vec();
    if !layout.big {
        bytes.reverse();
    }
    let unsigned = bytes.iter().fold(0_i128, |sum, byte| (sum << 8) | i128::from(*byte));
    match (layout.float, layout.width) {
        (true, 4) => Value::Float(f64::from(f32::from_bits(unsigned as u32))),
        (true, _) => Value::Float(f64::from_bits(unsigned as u64)),
        (false, width) => {
            let negative = layout.signed && bytes.first().is_some_and(|first| *first >= 0x80);
            Value::Int(if negative { unsigned - (1 << (width * 8)) } else { unsigned })
        }
    }
}

/// Reads `C c n N v V S> s> L> l> Q> q>`, the same with `<`, `g G e E`, each with a count or `*`.
fn ruby_layouts(format: &str, length: usize) -> Option<(Vec<Layout>, bool)> {
    let mut layouts = Vec::new();
    let mut chars = format.chars().filter(|c| !c.is_whitespace()).peekable();
    let mut used = 0;
    while let Some(letter) = chars.next() {
        let int = |width, signed, big| Layout { width, signed, float: false, big };
        let float = |width, big| Layout { width, signed: true, float: true, big };
        let layout = match letter {
            'C' => int(1, false, true),
            'c' => int(1, true, true),
            'n' => int(2, false, true),
            'N' => int(4, false, true),
            'v' => int(2, false, false),
            'V' => int(4, false, false),
            'g' => float(4, true),
            'G' => float(8, true),
            'e' => float(4, false),
            'E' => float(8, false),
            'S' | 's' | 'L' | 'l' | 'Q' | 'q' => {
                // Without it the order is that of the machine.
                let big = match chars.next()? {
                    '>' => true,
                    '<' => false,
                    _ => return None,
                };
                let width = match letter.to_ascii_lowercase() {
                    's' => 2,
                    'l' => 4,
                    _ => 8,
                };
                int(width, letter.is_ascii_lowercase(), big)
            }
            _ => return None,
        };
        let mut count = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            count.push(digit);
        }
        let count = if chars.next_if_eq(&'*').is_some() {
            length.saturating_sub(used) / layout.width
        } else if count.is_empty() {
            1
        } else {
            count.parse().ok()?
        };
        if count > MAX_NUMBERS {
            return None;
        }
        used += count * layout.width;
        layouts.extend(std::iter::repeat_n(layout, count));
    }
    Some((layouts, false))
}

/// Reads `> < !` and letters with counts: `B b H h I i L l Q q f d`.
fn python_layouts(format: &str) -> Option<(Vec<Layout>, bool)> {
    let mut chars = format.chars();
    let big = match chars.next()? {
        '>' | '!' => true,
        '<' => false,
        // The machine's own order and gaps.
        _ => return None,
    };
    let mut layouts = Vec::new();
    let mut count = String::new();
    for letter in chars {
        if letter.is_ascii_digit() {
            count.push(letter);
            continue;
        }
        let (width, float) = match letter {
            'B' | 'b' => (1, false),
            'H' | 'h' => (2, false),
            'I' | 'i' | 'L' | 'l' => (4, false),
            'Q' | 'q' => (8, false),
            'f' => (4, true),
            'd' => (8, true),
            _ => return None,
        };
        let signed = letter.is_ascii_lowercase();
        let times =
            if count.is_empty() { 1 } else { count.parse().ok().filter(|n| *n <= MAX_NUMBERS)? };
        count.clear();
        layouts.extend(std::iter::repeat_n(Layout { width, signed, float, big }, times));
    }
    Some((layouts, !count.is_empty()))
}
