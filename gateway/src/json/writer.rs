//! Writing values in the forms that clients of the API know.

use std::io::Write as _;

use groundlog_packet::Value;
use groundlog_packet::value::float_text;

/// Appends a value.
///
/// Floats keep their fraction (`5.0`), NaN and infinities become `json_class` objects, bytes that
/// are harmless text become strings, other bytes `json_class` objects (cosmos-api §1.3). Moments
/// are unix seconds, as the reserved time items show them.
pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(int) => push_display(out, int),
        Value::Float(float) => write_float(out, *float),
        Value::String(text) => write_string(out, text),
        Value::Bytes(bytes) => match harmless_text(bytes) {
            Some(text) => write_string(out, text),
            None => write_bytes_object(out, bytes),
        },
        Value::Array(values) => {
            out.push(b'[');
            for (index, element) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, element);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            out.push(b'{');
            for (index, (key, element)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(out, key);
                out.push(b':');
                write_value(out, element);
            }
            out.push(b'}');
        }
        Value::Time(nanos) => write_float(out, groundlog_packet::time::seconds(*nanos)),
    }
}

/// Appends bytes as `{"json_class":"String","raw":[…]}`, whatever they hold.
pub fn write_bytes_object(out: &mut Vec<u8>, bytes: &[u8]) {
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
pub fn write_string(out: &mut Vec<u8>, text: &str) {
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

fn write_float(out: &mut Vec<u8>, float: f64) {
    if !float.is_finite() {
        out.extend_from_slice(br#"{"json_class":"Float","raw":""#);
        out.extend_from_slice(float_text(float).as_bytes());
        out.extend_from_slice(b"\"}");
    } else if float == 0.0 || (1e-4..1e16).contains(&float.abs()) {
        push_formatted(out, format_args!("{float:?}"));
    } else {
        out.extend_from_slice(float_text(float).as_bytes());
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
