//! Numbers: integers stay integers, everything else is a double.

use groundlog_packet::Value;

/// Reads the number at the start of `text`; returns it with the bytes it takes.
///
/// Limits: integers beyond 128 bits become the nearest double, because no packet item is wider.
pub(super) fn read(text: &[u8]) -> Result<(Value, usize), &'static str> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(&text[at..]);
    if whole == 0 {
        return Err("a number needs a digit");
    }
    if whole > 1 && text[at] == b'0' {
        return Err("a number may not start with 0");
    }
    at += whole;
    let mut integer = true;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(&text[at + 1..]);
        if fraction == 0 {
            return Err("a decimal point needs a digit after it");
        }
        at += 1 + fraction;
        integer = false;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(&text[at + 1 + sign..]);
        if exponent == 0 {
            return Err("an exponent needs a digit");
        }
        at += 1 + sign + exponent;
        integer = false;
    }
    // Only ASCII was accepted above.
    let number = std::str::from_utf8(&text[..at]).unwrap_or("0");
    let value = match number.parse::<i128>() {
        Ok(int) if integer => Value::Int(int),
        _ => Value::Float(number.parse().unwrap_or(f64::NAN)),
    };
    Ok((value, at))
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}
