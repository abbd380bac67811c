//! Text forms of values, in the forms of the primary (Ruby) implementation.

use std::fmt;

use super::Value;

/// Renders a double as the reference does: `1.0`, `1.0e+20`, `0.0001`, `NaN`, `-Infinity`.
///
/// The digits are the shortest that read back as the same double; fixed notation from 1e-4 up to
/// (not including) 1e16, scientific with a two-digit exponent outside.
#[must_use]
pub fn float_text(value: f64) -> String {
    fixed(&mut zmij::Buffer::new(), value).map_or_else(|| unusual(value), str::to_owned)
}

/// Appends what [`float_text`] returns.
pub(super) fn push_float(out: &mut Vec<u8>, value: f64) {
    match fixed(&mut zmij::Buffer::new(), value) {
        Some(text) => out.extend_from_slice(text.as_bytes()),
        None => out.extend_from_slice(unusual(value).as_bytes()),
    }
}

/// Renders what fixed notation is for.
fn fixed(buffer: &mut zmij::Buffer, value: f64) -> Option<&str> {
    // Of several shortest texts the nearest, as the reference chooses; the standard library's
    // choice differs in the last digit where two are equally short.
    (value == 0.0 || (1e-4..1e16).contains(&value.abs())).then(|| buffer.format_finite(value))
}

/// Renders what is no number, or beyond fixed notation.
fn unusual(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    let scientific = match shortest.contains('e') {
        true => shortest.to_owned(),
        false => format!("{value:e}"),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let dot = if mantissa.contains('.') { "" } else { ".0" };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent.trim_start_matches('+')),
    };
    format!("{mantissa}{dot}e{sign}{digits:0>2}")
}

/// Parses an integer strictly: optional sign, decimal or `0x`, `0b`, `0o`, `_` between digits.
///
/// A leading zero followed by digits is refused, because it reads as octal in one reference
/// implementation and is an error in the other (cosmos-packets §1.6, E032).
#[must_use]
pub fn integer_text(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefix = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match prefix.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        _ => (10, digits),
    };
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    let separators_inside =
        !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
    // from_str_radix would take a second sign.
    let plain = digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if digits.is_empty() || !separators_inside || !plain {
        return None;
    }
    let cleaned: String = digits.chars().filter(|c| *c != '_').collect();
    let magnitude = i128::from_str_radix(&cleaned, radix).ok()?;
    Some(if negative { -magnitude } else { magnitude })
}

/// Renders the value as text: null is empty, bytes that are not UTF-8 have replacement
/// characters, lists and maps in the reference's inspection form (`[1, "a"]`, `{"a" => 1}`).
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::String(s) => f.write_str(s),
            Self::Bytes(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
            other => inspect(other, f),
        }
    }
}

fn inspect(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("nil"),
        Value::Bool(b) => write!(f, "{b}"),
        Value::Int(i) => write!(f, "{i}"),
        Value::Float(x) => f.write_str(&float_text(*x)),
        Value::String(s) => write!(f, "{s:?}"),
        Value::Bytes(bytes) => {
            f.write_str("\"")?;
            for byte in bytes {
                if (0x20..0x7f).contains(byte) && *byte != b'"' && *byte != b'\\' {
                    write!(f, "{}", char::from(*byte))?;
                } else {
                    write!(f, "\\x{byte:02X}")?;
                }
            }
            f.write_str("\"")
        }
        Value::Array(values) => {
            f.write_str("[")?;
            for (index, element) in values.iter().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                inspect(element, f)?;
            }
            f.write_str("]")
        }
        Value::Object(map) => {
            f.write_str("{")?;
            for (index, (key, element)) in map.iter().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                write!(f, "{key:?} => ")?;
                inspect(element, f)?;
            }
            f.write_str("}")
        }
        Value::Time(nanos) => f.write_str(&crate::time::formatted(*nanos)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_the_reference_prints_them() {
        let cases: [(f64, &str); 12] = [
            (1.0, "1.0"),
            (1e20, "1.0e+20"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1.0e+16"),
            (1.25e100, "1.25e+100"),
            (-0.0, "-0.0"),
            (f64::from(0.1_f32), "0.10000000149011612"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, text) in cases {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn strict_integers() {
        let good = [("12", 12), ("-0x1F", -31), ("+0b11", 3), ("0o17", 15), ("1_000", 1000)];
        for (text, value) in good {
            assert_eq!(integer_text(text), Some(value), "{text}");
        }
        assert_eq!(integer_text(" 0 "), Some(0));
        for text in ["", "-", "040", "1__0", "_1", "1_", "0x", "5.", "abc", "--1", "0x-1", "é"] {
            assert_eq!(integer_text(text), None, "{text}");
        }
    }

    #[test]
    fn lists_and_maps() {
        let list = Value::Array(vec![Value::Int(1), Value::from("a"), Value::Null]);
        assert_eq!(list.to_string(), "[1, \"a\", nil]");
        assert_eq!(Value::from("plain").to_string(), "plain");
    }
}
