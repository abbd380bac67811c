//! Values as JSON texts, in the forms of the primary (Ruby) implementation.

use std::io::Write as _;

use super::{Value, float_text, text::push_float};
use crate::time;

/// How NaN and the infinities are written, for which JSON has no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonFinite {
    /// As `{"json_class":"Float","raw":"NaN"}`: what clients of the API get (cosmos-api §1.3).
    Object,
    /// As a bare `NaN`, `Infinity`, `-Infinity`: what the store holds (cosmos-runtime §4.2).
    Token,
}

/// Appends a value.
///
/// Floats keep their fraction (`5.0`), bytes that are harmless text become strings, other bytes
/// `json_class` objects (cosmos-api §1.3). Moments are unix seconds, as the reserved time items
/// show them.
pub fn write_json(out: &mut Vec<u8>, value: &Value, non_finite: NonFinite) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(int) => match i64::try_from(*int) {
            Ok(int) => push_display(out, int),
            Err(_) => push_display(out, int),
        },
        Value::Float(float) => write_float(out, *float, non_finite),
        Value::String(text) => write_json_string(out, text),
        Value::Bytes(bytes) => match harmless_text(bytes) {
            Some(text) => write_json_string(out, text),
            None => write_json_bytes(out, bytes),
        },
        Value::Array(values) => {
            out.push(b'[');
            for (index, element) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_json(out, element, non_finite);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            for (index, (key, element)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_json_string(out, key);
                out.push(b':');
                write_json(out, element, non_finite);
            }
            out.push(b'}');
        }
        Value::Time(nanos) => write_float(out, time::seconds(*nanos), non_finite),
    }
}

/// Appends bytes as `{"json_class":"String","raw":[…]}`, whatever they hold.
pub fn write_json_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(br#"{"json_class":"String","raw":["#);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_display(out, byte);
    }
    out.extend_from_slice(b"]}");
}

/// Appends a string literal.
pub fn write_json_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[start..index]);
        start = index + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => push_formatted(out, format_args!("\\u{control:04x}")),
        }
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

fn write_float(out: &mut Vec<u8>, float: f64, non_finite: NonFinite) {
    if !float.is_finite() && non_finite == NonFinite::Object {
        out.extend_from_slice(br#"{"json_class":"Float","raw":""#);
        out.extend_from_slice(float_text(float).as_bytes());
        out.extend_from_slice(b"\"}");
    } else {
        push_float(out, float);
    }
}

fn push_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    push_formatted(out, format_args!("{value}"));
}

fn push_formatted(out: &mut Vec<u8>, arguments: std::fmt::Arguments<'_>) {
    // Writing to a vector cannot fail.
    let _ = out.write_fmt(arguments);
}

/// Returns bytes as text if every character is one that the clients read back unchanged.
fn harmless_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let harmless =
        |character: char| matches!(character, '\t'..='\r' | ' '..='\u{7E}' | '\u{A0}'..='\u{FF}');
    text.chars().all(harmless).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_that_json_has_no_form_for() {
        let text = |value: f64, non_finite| {
            let mut out = Vec::new();
            write_json(&mut out, &Value::Array(vec![Value::Float(value)]), non_finite);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(f64::NAN, NonFinite::Token), "[NaN]");
        assert_eq!(text(f64::NEG_INFINITY, NonFinite::Token), "[-Infinity]");
        assert_eq!(text(f64::NAN, NonFinite::Object), r#"[{"json_class":"Float","raw":"NaN"}]"#);
        assert_eq!(text(1e20, NonFinite::Token), "[1.0e+20]");
        assert_eq!(text(5.0, NonFinite::Token), "[5.0]");
    }
}
