//! Numbers, truth values and bytes as XTCE writes them.

use super::diagnostics::Diagnostics;
use super::xml::Element;

/// Reads an integer: decimal, or after `0x`, `0o`, `0b` in that base.
///
/// Source: XTCE 1.2 schema, FixedIntegerValueType.
pub(super) fn integer(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(digits, base).ok()?;
    Some(if negative { -value } else { value })
}

/// Reads a double of XML Schema: `INF`, `-INF` and `NaN` beside the usual forms.
pub(super) fn float(text: &str) -> Option<f64> {
    match text.trim() {
        "INF" | "+INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        text if text.contains(['i', 'I', 'n', 'N']) => None,
        text => text.parse().ok().or_else(|| integer(text).map(|integer| integer as f64)),
    }
}

/// Reads a truth value of XML Schema, in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "1" => Some(true),
        "0" => Some(false),
        word if word.eq_ignore_ascii_case("true") => Some(true),
        word if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Reads bytes in hex, with or without `0x`.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    let byte = |at: usize| u8::from_str_radix(padded.get(at..at + 2)?, 16).ok();
    (0..padded.len()).step_by(2).map(byte).collect()
}

/// Reads attributes of one element, noting those that make no sense.
pub(super) struct Attributes<'n, 'd> {
    pub(super) element: Element<'d>,
    pub(super) notes: &'n mut Diagnostics,
}

impl<'d> Attributes<'_, 'd> {
    fn parsed<T>(
        &mut self,
        name: &str,
        what: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.element.attribute(name)?;
        let value = parse(text);
        if value.is_none() {
            self.notes.error(self.element, format!("{name}=\"{text}\" must be {what}"));
        }
        value
    }

    /// Returns an attribute that must be there.
    pub(super) fn text(&mut self, name: &str) -> Option<&'d str> {
        let text = self.element.attribute(name);
        if text.is_none() {
            self.notes.error(self.element, format!("the attribute {name} is missing"));
        }
        text
    }

    pub(super) fn integer(&mut self, name: &str) -> Option<i128> {
        self.parsed(name, "an integer", integer)
    }

    pub(super) fn float(&mut self, name: &str) -> Option<f64> {
        self.parsed(name, "a number", float)
    }

    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.parsed(name, "true or false", boolean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value) in [("12", 12), ("-0x10", -16), ("0b101", 5), ("0o17", 15), ("+3", 3)] {
            assert_eq!(integer(text), Some(value), "{text}");
        }
        for text in ["", "x", "0x", "--1", "0x-1", "1.0", "1e3"] {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(float("-INF"), Some(f64::NEG_INFINITY));
        assert_eq!(float(" 1.5e-3 "), Some(0.0015));
        assert_eq!((float("inf"), float("nan"), float("0x10")), (None, None, Some(16.0)));
        assert_eq!(
            (boolean("1"), boolean("False"), boolean("no")),
            (Some(true), Some(false), None)
        );
        assert_eq!(hex("0x0Ab"), Some(vec![0, 0xab]));
        assert_eq!(hex("é"), None);
        assert_eq!(hex(""), Some(vec![]));
    }
}
