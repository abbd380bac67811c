use std::io::Write as _;

use groundlog_packet::{Value, time::CivilTime};

/// Appends a value as JSON.
///
/// Integers keep all their digits; doubles are the shortest text that reads back the same, NaN and
/// infinities are texts, because JSON has no number for them; bytes are hex; times are RFC 3339.
pub(crate) fn push_json(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(value) => push_integer(out, *value),
        Value::Float(value) if value.is_finite() => push_float(out, *value),
        Value::Float(value) => {
            out.push(b'"');
            push_float(out, *value);
            out.push(b'"');
        }
        Value::String(text) => push_json_text(out, text),
        Value::Bytes(bytes) => {
            out.push(b'"');
            push_hex(out, bytes);
            out.push(b'"');
        }
        Value::Array(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_json(out, value);
            }
            out.push(b']');
        }
        Value::Object(entries) => {
            out.push(b'{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_json_text(out, key);
                out.push(b':');
                push_json(out, value);
            }
            out.push(b'}');
        }
        Value::Time(nanos) => {
            out.push(b'"');
            push_time(out, *nanos);
            out.push(b'"');
        }
    }
}

/// Appends a value as one field of a CSV row (RFC 4180): null is empty, lists and maps are JSON.
pub(crate) fn push_csv(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => {}
        Value::Float(value) => push_float(out, *value),
        Value::String(text) => push_csv_text(out, text.as_bytes()),
        Value::Bytes(bytes) => push_hex(out, bytes),
        Value::Time(nanos) => push_time(out, *nanos),
        Value::Bool(_) | Value::Int(_) => push_json(out, value),
        Value::Array(_) | Value::Object(_) => {
            let mut json = Vec::new();
            push_json(&mut json, value);
            push_csv_text(out, &json);
        }
    }
}

/// Appends text as one field of a CSV row, in quotes where it must be.
pub(crate) fn push_csv_text(out: &mut Vec<u8>, text: &[u8]) {
    if !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Appends text as a JSON string (RFC 8259 §7).
pub(crate) fn push_json_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 | 0x7f => {
                out.extend_from_slice(b"\\u00");
                push_hex(out, &[byte]);
            }
            other => out.push(other),
        }
    }
    out.push(b'"');
}

/// Appends lower-case hex digits.
pub(crate) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Appends a time as RFC 3339 in UTC with nanoseconds.
pub(crate) fn push_time(out: &mut Vec<u8>, nanos: i64) {
    let CivilTime { year, month, day, hour, minute, second, nanosecond } =
        CivilTime::from_nanos(nanos);
    // Writing to a Vec cannot fail.
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanosecond:09}Z"
    );
}

/// Appends an unsigned number.
pub(crate) fn push_number(out: &mut Vec<u8>, number: u64) {
    // The most digits a u64 has.
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn push_integer(out: &mut Vec<u8>, value: i128) {
    if let Ok(small) = u64::try_from(value.unsigned_abs()) {
        if value < 0 {
            out.push(b'-');
        }
        push_number(out, small);
    } else {
        let _ = write!(out, "{value}");
    }
}

/// Appends a double as the shortest text that reads back the same, with a fraction or an exponent,
/// so that a float stays one.
///
/// The text is the one that the clients' languages print: of two shortest texts equally near, the
/// one with the even last digit (the standard library takes the other for -822.11383056640625);
/// an exponent of at least two digits below 1e-4 and from 1e16 on.
fn push_float(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        let text: &[u8] = match value {
            value if value.is_nan() => b"NaN",
            value if value > 0.0 => b"Infinity",
            _ => b"-Infinity",
        };
        out.extend_from_slice(text);
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    if value == 0.0 || value.abs() >= 1e-4 {
        out.extend_from_slice(text);
    } else {
        push_small_float(out, text);
    }
}

/// Appends a double below 1e-4, whose text has no exponent (0.0000…) or perhaps one digit of it.
fn push_small_float(out: &mut Vec<u8>, text: &[u8]) {
    let digits = match text.strip_prefix(b"-") {
        Some(digits) => {
            out.push(b'-');
            digits
        }
        None => text,
    };
    if let Some(decimals) = digits.strip_prefix(b"0.") {
        let zeros = decimals.iter().take_while(|digit| **digit == b'0').count();
        let (first, rest) = decimals[zeros..].split_at(1.min(decimals.len() - zeros));
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        let _ = write!(out, "e-{:02}", zeros + 1);
    } else if let [mantissa @ .., b'e', b'-', exponent] = digits {
        out.extend_from_slice(mantissa);
        out.extend_from_slice(&[b'e', b'-', b'0', *exponent]);
    } else {
        out.extend_from_slice(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &Value) -> String {
        let mut out = Vec::new();
        push_json(&mut out, value);
        String::from_utf8(out).expect("UTF-8")
    }

    fn csv(value: &Value) -> String {
        let mut out = Vec::new();
        push_csv(&mut out, value);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn numbers_are_exact() {
        for (value, text) in [
            (Value::Int(0), "0"),
            (Value::from(u64::MAX), "18446744073709551615"),
            (Value::from(i64::MIN), "-9223372036854775808"),
            (Value::Int(i128::MAX), "170141183460469231731687303715884105727"),
            (Value::from(f64::from(0.1_f32)), "0.10000000149011612"),
            (Value::from(6_389_695.0), "6389695.0"),
            (Value::from(1e300), "1e+300"),
            (Value::from(1e16), "1e+16"),
            (Value::from(123_456_789_012_345.6), "123456789012345.6"),
            (Value::from(0.000_1), "0.0001"),
            (Value::from(-0.000_01), "-1e-05"),
            (Value::from(4.045970490551554e-5), "4.045970490551554e-05"),
            (Value::from(1.5e-7), "1.5e-07"),
            (Value::from(5e-324), "5e-324"),
            (Value::from(-822.113_830_566_406_2), "-822.1138305664062"),
            (Value::from(-0.0), "-0.0"),
        ] {
            assert_eq!(json(&value), text);
            assert_eq!(csv(&value), text);
        }
        assert_eq!(json(&Value::from(f64::NAN)), "\"NaN\"");
        assert_eq!(json(&Value::from(f64::NEG_INFINITY)), "\"-Infinity\"");
        assert_eq!(csv(&Value::from(f64::INFINITY)), "Infinity");
    }

    #[test]
    fn json_reads_back_as_it_was() {
        let text = "quote \" backslash \\ line\nbell \u{7} delete \u{7f} ü 🛰";
        let value = Value::Array(vec![
            Value::from(text),
            Value::Null,
            Value::Bool(true),
            Value::Bytes(vec![0xde, 0xad]),
            Value::Time(1_617_926_400_007_137_000),
        ]);
        let parsed: serde_json::Value = serde_json::from_str(&json(&value)).expect("JSON");
        let expected =
            serde_json::json!([text, null, true, "dead", "2021-04-09T00:00:00.007137000Z"]);
        assert_eq!(parsed, expected);
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        assert_eq!(csv(&Value::from("plain text")), "plain text");
        assert_eq!(csv(&Value::from("a,\"b\"\n")), "\"a,\"\"b\"\"\n\"");
        assert_eq!(csv(&Value::Null), "");
        assert_eq!(csv(&Value::from(vec![Value::Int(1), Value::from("x")])), "\"[1,\"\"x\"\"]\"");
        assert_eq!(csv(&Value::Bytes(vec![1, 0xff])), "01ff");
    }
}
