//! Format strings: printf text parsed once, applied to values (cosmos-packets §5.3).

mod float;
mod integer;

use std::fmt::Write as _;

use thiserror::Error;

use crate::value::{Value, integer_text};

/// Widths and precisions above this are refused: they would only serve to exhaust memory.
const MAX_WIDTH: usize = 10_000;

/// Reasons why a format string, or a value for it, is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormatError {
    /// The text has no conversion, such as `%d`.
    #[error("format string '{0}' has no conversion; write one such as %d, %0.3f or %s")]
    NoConversion(String),
    /// The text has more than one conversion, but an item has one value.
    #[error("format string '{0}' has more than one conversion; an item has only one value")]
    TooManyConversions(String),
    /// A `%` is not followed by a conversion of the list.
    #[error(
        "format string '{0}' has a malformed conversion; use one of d i u o x X e E f g G a A s c b B %"
    )]
    Malformed(String),
    /// The value cannot be shown with this conversion.
    #[error("format string '{format}' cannot show '{value}' with %{conversion}")]
    WrongValue {
        /// The format string.
        format: String,
        /// Text of the value.
        value: String,
        /// The conversion letter.
        conversion: char,
    },
}

/// A printf text, parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatString {
    text: String,
    before: String,
    spec: Option<Spec>,
    after: String,
}

/// One conversion with its flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Spec {
    minus: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

impl FormatString {
    /// Parses a printf text.
    ///
    /// # Errors
    /// [`FormatError`] when there is no conversion, more than one, or a malformed one.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        const CONVERSIONS: &str = "bBdiouxXeEfgGaAcps%";
        let percent = text.find('%').map(|at| at + 1);
        if !percent.is_some_and(|at| text[at..].contains(|c| CONVERSIONS.contains(c))) {
            return Err(FormatError::NoConversion(text.to_owned()));
        }
        let mut parsed =
            Self { text: text.to_owned(), before: String::new(), spec: None, after: String::new() };
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            parsed.literal().push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                parsed.literal().push('%');
                rest = after;
                continue;
            }
            let (spec, length) =
                Spec::parse(rest).ok_or_else(|| FormatError::Malformed(text.to_owned()))?;
            if parsed.spec.replace(spec).is_some() {
                return Err(FormatError::TooManyConversions(text.to_owned()));
            }
            rest = &rest[length..];
        }
        parsed.literal().push_str(rest);
        Ok(parsed)
    }

    fn literal(&mut self) -> &mut String {
        if self.spec.is_some() { &mut self.after } else { &mut self.before }
    }

    /// Returns the text as it was configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Renders one value.
    ///
    /// # Errors
    /// [`FormatError::WrongValue`] when the conversion cannot show the value, such as `%d` of text.
    pub fn format(&self, value: &Value) -> Result<String, FormatError> {
        let mut out = String::with_capacity(self.text.len() + 16);
        self.format_into(value, &mut out)?;
        Ok(out)
    }

    /// Appends the rendering of one value to a text.
    ///
    /// # Errors
    /// As [`FormatString::format`]; the text then holds a partial rendering.
    pub fn format_into(&self, value: &Value, out: &mut String) -> Result<(), FormatError> {
        out.push_str(&self.before);
        if let Some(spec) = &self.spec {
            spec.render(value, out).ok_or_else(|| FormatError::WrongValue {
                format: self.text.clone(),
                value: value.to_string(),
                conversion: spec.conversion,
            })?;
        }
        out.push_str(&self.after);
        Ok(())
    }
}

impl Spec {
    /// Parses what follows a `%`; returns the conversion and the length of its text.
    fn parse(text: &str) -> Option<(Self, usize)> {
        let bytes = text.as_bytes();
        let mut spec = Self::default();
        let mut at = 0;
        loop {
            match bytes.get(at)? {
                b'-' => spec.minus = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'0' => spec.zero = true,
                b'#' => spec.alternate = true,
                _ => break,
            }
            at += 1;
        }
        (spec.width, at) = number(bytes, at)?;
        if bytes.get(at) == Some(&b'.') {
            let (precision, after) = number(bytes, at + 1)?;
            spec.precision = Some(precision);
            at = after;
        }
        // C length modifiers say nothing here, and one reference implementation accepts them.
        while matches!(bytes.get(at), Some(b'h' | b'l' | b'L')) {
            at += 1;
        }
        let conversion = char::from(*bytes.get(at)?);
        if !"bBdiouxXeEfgGaAcs".contains(conversion) {
            return None;
        }
        spec.conversion = conversion;
        Some((spec, at + 1))
    }

    /// Appends the rendering of a value, or returns `None` when the conversion cannot show it.
    fn render(&self, value: &Value, out: &mut String) -> Option<()> {
        match self.conversion {
            'd' | 'i' | 'u' => integer::decimal(self, integer_of(value)?, out),
            'x' | 'X' | 'o' | 'b' | 'B' => integer::radix(self, integer_of(value)?, out),
            'e' | 'E' | 'f' | 'g' | 'G' | 'a' | 'A' => float::render(self, float_of(value)?, out),
            'c' => {
                let character = match value {
                    Value::String(text) => text.chars().next()?,
                    other => char::from_u32(u32::try_from(other.to_int()?).ok()?)?,
                };
                self.pad(character.encode_utf8(&mut [0; 4]), out);
            }
            _ => {
                let text = value.to_string();
                let cut = self.precision.unwrap_or(usize::MAX);
                match text.char_indices().nth(cut) {
                    Some((end, _)) => self.pad(&text[..end], out),
                    None => self.pad(&text, out),
                }
            }
        }
        Some(())
    }

    /// Appends a text, filled with blanks to the width.
    fn pad(&self, text: &str, out: &mut String) {
        let width = self.width;
        let _ =
            if self.minus { write!(out, "{text:<width$}") } else { write!(out, "{text:>width$}") };
    }

    /// Appends sign or prefix, zeros up to the width if the flags say so, and digits.
    fn pad_number(&self, prefix: &str, digits: &str, zeros_allowed: bool, out: &mut String) {
        if self.zero && !self.minus && zeros_allowed {
            out.push_str(prefix);
            let fill = self.width.saturating_sub(prefix.len() + digits.len());
            out.extend(std::iter::repeat_n('0', fill));
            out.push_str(digits);
        } else {
            self.pad(&format!("{prefix}{digits}"), out);
        }
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }
}

fn number(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    while let Some(digit) = bytes.get(at).filter(|b| b.is_ascii_digit()) {
        value = value * 10 + usize::from(digit - b'0');
        if value > MAX_WIDTH {
            return None;
        }
        at += 1;
    }
    Some((value, at))
}

fn integer_of(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => integer_text(text),
        other => other.to_int(),
    }
}

fn float_of(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Time(_) => None,
        other => other.as_f64(),
    }
}

/// Renders a value without format string: the default text of FORMATTED (§5.1 step 4).
#[must_use]
pub(crate) fn default_text(value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Object(_) => literal(value),
        other => other.to_string(),
    }
}

/// Writes what only documents hold as the reference for them does: `True`, `{'a': 'b'}`.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => quoted(text),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(literal).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(name, v)| format!("{}: {}", quoted(name), literal(v)));
            let entries: Vec<String> = entries.collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            other if other == quote => quoted.extend(['\\', other]),
            other => quoted.push(other),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: &str, value: impl Into<Value>) -> String {
        FormatString::parse(format).unwrap().format(&value.into()).unwrap()
    }

    #[test]
    fn integers() {
        assert_eq!(shown("0x%04X", 255), "0x00FF");
        assert_eq!(shown("%+08d", 42), "+0000042");
        assert_eq!(shown("%#x", 255), "0xff");
        assert_eq!(shown("%-5d|", 7), "7    |");
        assert_eq!(shown("%.3d", 5), "005");
        assert_eq!(shown("% d", 6), " 6");
        assert_eq!(shown("%5u|", 7), "    7|");
        assert_eq!(shown("100%% %o", 8), "100% 10");
        assert_eq!(shown("%08b", 5), "00000101");
        assert_eq!(shown("%d", 3.99), "3");
        assert_eq!(shown("%d", -3.99), "-3");
        assert_eq!(shown("%u", u64::MAX), "18446744073709551615");
    }

    #[test]
    fn negative_numbers_in_other_radixes_are_complements() {
        assert_eq!(shown("%X", -1), "..F");
        assert_eq!(shown("%x", -123), "..f85");
        assert_eq!(shown("%o", -83), "..7655");
        assert_eq!(shown("%b", -123), "..10000101");
        assert_eq!(shown("%08b", -11), "..110101");
        assert_eq!(shown("%.10b", -11), "1111110101");
        assert_eq!(shown("%+x", -123), "-7b");
    }

    #[test]
    fn floats() {
        assert_eq!(shown("%0.3f", f64::from(3.16_f32)), "3.160");
        assert_eq!(shown("%e", 10000.0), "1.000000e+04");
        assert_eq!(shown("%g", f64::from(0.001_f32)), "0.001");
        assert_eq!(shown("%G", f64::from(1e-5_f32)), "1E-05");
        assert_eq!(shown("%g", 1e20), "1e+20");
        assert_eq!(shown("%g", 100_000.0), "100000");
        assert_eq!(shown("%8.2f", 1.5), "    1.50");
        assert_eq!(shown("%08.2f", -1.5), "-0001.50");
        assert_eq!(shown("%f", f64::NAN), "NaN");
        assert_eq!(shown("%+f", f64::INFINITY), "+Inf");
        assert_eq!(shown("%f", f64::NEG_INFINITY), "-Inf");
        assert_eq!(shown("%f", 2), "2.000000");
        assert_eq!(shown("%a", 1.5), "0x1.8p+0");
        assert_eq!(shown("%#.0f", 1.0), "1.");
    }

    #[test]
    fn texts() {
        assert_eq!(shown("<%s>", "AB"), "<AB>");
        assert_eq!(shown("%5.1s|", "AB"), "    A|");
        assert_eq!(shown("%s", 1.0), "1.0");
        assert_eq!(shown("%c", 65), "A");
    }

    #[test]
    fn refused() {
        for text in ["plain", "%", "%y", "%d %d", "%99999d", "%*d", "%-"] {
            assert!(FormatString::parse(text).is_err(), "{text}");
        }
        assert!(FormatString::parse("%d").unwrap().format(&Value::from("Text")).is_err());
        assert!(FormatString::parse("%d").unwrap().format(&Value::Float(f64::NAN)).is_err());
        assert!(FormatString::parse("%d").unwrap().format(&Value::Null).is_err());
    }
}
