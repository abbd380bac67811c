//! Value words: text that becomes a number, a list or stays text (cosmos-packets §1.6).

use super::flow;
use crate::value::Value;

/// Turns a word into a typed value: special floats, floats, decimal integers, `0x` integers,
/// lists and maps; anything else stays text.
#[must_use]
pub fn convert_to_value(text: &str) -> Value {
    let word = text.trim();
    number(word)
        .or_else(|| {
            let bracketed = (word.starts_with('[') && word.ends_with(']'))
                || (word.starts_with('{') && word.ends_with('}'));
            bracketed.then(|| flow::parse(word)).flatten()
        })
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Reads a number word; `None` for everything else.
pub(crate) fn number(word: &str) -> Option<Value> {
    if word.eq_ignore_ascii_case("INFINITY") {
        return Some(Value::Float(f64::INFINITY));
    }
    if word.eq_ignore_ascii_case("-INFINITY") {
        return Some(Value::Float(f64::NEG_INFINITY));
    }
    if word.eq_ignore_ascii_case("NAN") {
        return Some(Value::Float(f64::NAN));
    }
    if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        let digits = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
        return digits.then(|| i128::from_str_radix(hex, 16).ok().map(Value::Int)).flatten();
    }
    if is_decimal(word) {
        return word.parse().ok().map(Value::Int);
    }
    is_float(word).then(|| word.parse().ok().map(Value::Float)).flatten()
}

fn unsigned(word: &str) -> &str {
    word.strip_prefix(['+', '-']).unwrap_or(word)
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn is_decimal(word: &str) -> bool {
    let digits = unsigned(word);
    !digits.is_empty() && all_digits(digits)
}

/// Matches digits with a decimal point and a digit after it, or scientific notation.
fn is_float(word: &str) -> bool {
    let word = unsigned(word);
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    if let Some(exponent) = exponent {
        let digits = unsigned(exponent);
        if digits.is_empty() || !all_digits(digits) {
            return false;
        }
    }
    match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            all_digits(whole) && all_digits(fraction) && !fraction.is_empty()
        }
        None => exponent.is_some() && !mantissa.is_empty() && all_digits(mantissa),
    }
}

/// Turns `0x…` into bytes; an odd number of digits gets one leading zero digit.
#[must_use]
pub fn hex_bytes(word: &str) -> Option<Vec<u8>> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    let pairs = padded.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok()))
        .collect()
}

/// Returns whether a word stands for nothing: empty, `NIL`, `NULL` or `NONE` in any case.
#[must_use]
pub(crate) fn is_null_word(word: &str) -> bool {
    word.is_empty() || ["NIL", "NULL", "NONE"].iter().any(|null| word.eq_ignore_ascii_case(null))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let ints =
            [("5", 5), ("-5", -5), ("+5", 5), ("0x1F", 31), ("0XFF", 255), (" 7 ", 7), ("007", 7)];
        for (text, value) in ints {
            assert_eq!(convert_to_value(text), Value::Int(value), "{text}");
        }
        for (text, value) in
            [("5.0", 5.0), (".5", 0.5), ("1e3", 1000.0), ("1E-3", 0.001), ("-1.25", -1.25)]
        {
            assert_eq!(convert_to_value(text), Value::Float(value), "{text}");
        }
        assert_eq!(convert_to_value("1e400"), Value::Float(f64::INFINITY));
    }

    #[test]
    fn texts() {
        for text in [
            "5.", "-0x1F", "0b11", "1_000", "", "abc", "true", "nil", "1.5e", "0x", "0x-1", "[",
            "{a",
        ] {
            assert_eq!(convert_to_value(text), Value::from(text), "{text}");
        }
    }

    #[test]
    fn hex() {
        assert_eq!(hex_bytes("0xABC"), Some(vec![0x0a, 0xbc]));
        assert_eq!(hex_bytes("0x"), Some(vec![]));
        assert_eq!(hex_bytes("0xZZ"), None);
        assert_eq!(hex_bytes("AB"), None);
    }
}
