//! Reads the positional parameters of interface and protocol classes, naming file, line and
//! parameter in every refusal.

use std::time::Duration;

use crate::ConfigError;

/// The parameters of one declaration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a> {
    pub(crate) class: &'a str,
    pub(crate) location: &'a str,
    pub(crate) values: &'a [String],
}

/// Number (from 0) and meaning of a parameter.
pub(crate) type Parameter = (usize, &'static str);

impl<'a> Params<'a> {
    /// Returns the text of a parameter; `None` where it is left out or says nil.
    pub(crate) fn text(&self, (index, _): Parameter) -> Option<&'a str> {
        self.values.get(index).map(String::as_str).filter(|text| !is_nil(text))
    }

    /// Refuses declarations with more parameters than the class takes.
    pub(crate) fn at_most(&self, limit: usize) -> Result<(), ConfigError> {
        if self.values.len() <= limit {
            return Ok(());
        }
        Err(ConfigError::TooManyParameters {
            location: self.location.to_owned(),
            class: self.class.to_owned(),
            limit,
            found: self.values.len(),
        })
    }

    /// Refuses declarations that leave out a parameter (nil counts as given).
    pub(crate) fn given(&self, (index, name): Parameter) -> Result<&'a str, ConfigError> {
        self.values.get(index).map(String::as_str).ok_or_else(|| ConfigError::MissingParameter {
            location: self.location.to_owned(),
            class: self.class.to_owned(),
            number: index + 1,
            name,
        })
    }

    pub(crate) fn bad(&self, (index, name): Parameter, expected: &'static str) -> ConfigError {
        ConfigError::BadParameter {
            location: self.location.to_owned(),
            class: self.class.to_owned(),
            number: index + 1,
            name,
            value: self.values.get(index).cloned().unwrap_or_default(),
            expected,
        }
    }

    /// Reads a whole number, decimal or 0x.
    pub(crate) fn integer(&self, parameter: Parameter) -> Result<Option<i64>, ConfigError> {
        self.text(parameter)
            .map(|text| integer(text).ok_or_else(|| self.bad(parameter, "a whole number")))
            .transpose()
    }

    /// Reads a whole number that is not negative.
    pub(crate) fn count(&self, parameter: Parameter, default: usize) -> Result<usize, ConfigError> {
        match self.integer(parameter)? {
            None => Ok(default),
            Some(value) => {
                usize::try_from(value).map_err(|_| self.bad(parameter, "a number from 0 on"))
            }
        }
    }

    /// Reads seconds; nil is `None`.
    pub(crate) fn seconds(&self, parameter: Parameter) -> Result<Option<Duration>, ConfigError> {
        self.text(parameter)
            .map(|text| {
                text.parse()
                    .ok()
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                    .ok_or_else(|| self.bad(parameter, "seconds, as in 10.0, or nil"))
            })
            .transpose()
    }

    /// Reads a port; nil is `None`.
    pub(crate) fn port(&self, parameter: Parameter) -> Result<Option<u16>, ConfigError> {
        self.given(parameter)?;
        self.text(parameter)
            .map(|text| {
                text.parse().map_err(|_| self.bad(parameter, "a port from 0 to 65535, or nil"))
            })
            .transpose()
    }

    /// Reads `true` or `false`; nil is `None`.
    pub(crate) fn flag(&self, parameter: Parameter) -> Result<Option<bool>, ConfigError> {
        self.text(parameter)
            .map(|text| match text.to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(self.bad(parameter, "true, false or nil")),
            })
            .transpose()
    }

    /// Reads hexadecimal digits, `0x` optional; an odd number of them gets a leading zero.
    pub(crate) fn hex(&self, parameter: Parameter) -> Result<Vec<u8>, ConfigError> {
        match self.text(parameter) {
            None => Ok(Vec::new()),
            Some(text) => {
                hex(text).ok_or_else(|| self.bad(parameter, "hexadecimal digits, as in 0x1ACF"))
            }
        }
    }
}

/// Returns whether a text means nothing: empty, NIL, NULL or NONE.
pub(crate) fn is_nil(text: &str) -> bool {
    text.is_empty() || ["nil", "null", "none"].iter().any(|nil| text.eq_ignore_ascii_case(nil))
}

pub(crate) fn integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let mut nibbles = Vec::with_capacity(digits.len() + 1);
    if digits.len() % 2 == 1 {
        nibbles.push(0);
    }
    for digit in digits.chars() {
        nibbles.push(digit.to_digit(16)? as u8);
    }
    Some(nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::{hex, integer, is_nil};

    #[test]
    fn hexadecimal_texts_follow_the_clause() {
        assert_eq!(hex("0x1ACFFC1D"), Some(vec![0x1a, 0xcf, 0xfc, 0x1d]));
        assert_eq!(hex("0xA"), Some(vec![0x0a]));
        assert_eq!(hex(""), Some(vec![]));
        assert_eq!(hex("0x1G"), None);
    }

    #[test]
    fn nil_has_several_spellings() {
        for text in ["", "nil", "NULL", "None"] {
            assert!(is_nil(text), "{text}");
        }
        assert!(!is_nil("0"));
        assert_eq!(integer("0x10"), Some(16));
        assert_eq!(integer("-7"), Some(-7));
        assert_eq!(integer("7.5"), None);
    }
}
