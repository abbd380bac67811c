//! Typed access to the parameters of a statement.

use super::lines::{Statement, Token};
use super::words;
use crate::value::integer_text;

/// The parameters of one statement; numbers in messages count from 1.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a> {
    pub(crate) statement: &'a Statement,
}

impl<'a> Arguments<'a> {
    pub(crate) fn new(statement: &'a Statement) -> Self {
        Self { statement }
    }

    pub(crate) fn keyword(self) -> &'a str {
        &self.statement.keyword
    }

    pub(crate) fn len(self) -> usize {
        self.statement.parameters.len()
    }

    /// Checks that every quote is closed, and the number of parameters.
    pub(crate) fn count(self, minimum: usize, maximum: usize) -> Result<(), String> {
        if let Some(token) = self.statement.unclosed() {
            return Err(format!("The quote of {} is not closed.", token.text));
        }
        if self.len() < minimum {
            return Err(format!("Not enough parameters for {}.", self.keyword()));
        }
        if self.len() > maximum {
            return Err(format!("Too many parameters for {}.", self.keyword()));
        }
        Ok(())
    }

    pub(crate) fn token(self, index: usize) -> Option<&'a Token> {
        self.statement.parameters.get(index)
    }

    pub(crate) fn optional(self, index: usize) -> Option<&'a str> {
        self.token(index).map(|token| token.text.as_str())
    }

    pub(crate) fn text(self, index: usize) -> Result<&'a str, String> {
        self.optional(index).ok_or_else(|| format!("Not enough parameters for {}.", self.keyword()))
    }

    pub(crate) fn upper(self, index: usize) -> Result<String, String> {
        Ok(self.text(index)?.to_uppercase())
    }

    /// Reads a strict integer (offsets, sizes, counts).
    pub(crate) fn integer(self, index: usize) -> Result<i64, String> {
        let text = self.text(index)?;
        let value = integer_text(text).and_then(|value| i64::try_from(value).ok());
        // Beyond 2^40 bits nothing can be addressed, and sums of offsets and sizes stay safe.
        value.filter(|value| value.abs() <= 1 << 40).ok_or_else(|| {
            format!("Parameter {} ({text}) for {} must be an integer.", index + 1, self.keyword())
        })
    }

    pub(crate) fn float(self, index: usize) -> Result<f64, String> {
        let text = self.text(index)?;
        float(text).ok_or_else(|| {
            format!("Parameter {} ({text}) for {} must be a number.", index + 1, self.keyword())
        })
    }

    /// Returns the parameters from an index on.
    pub(crate) fn rest(self, from: usize) -> Vec<String> {
        self.statement.parameters.iter().skip(from).map(|token| token.text.clone()).collect()
    }

    /// Checks that a packet or item name is legal (cosmos-packets §2.3).
    pub(crate) fn legal_name(self, index: usize) -> Result<&'a str, String> {
        let name = self.text(index)?;
        let start = format!("Parameter {} ({name}) for {} cannot", index + 1, self.keyword());
        if name.is_empty() {
            return Err(format!("{start} be empty."));
        }
        if name.ends_with('_') {
            return Err(format!("{start} end with an underscore ('_')."));
        }
        if name.contains("__") {
            return Err(format!("{start} contain a double underscore ('__')."));
        }
        if name.contains("[[") || name.contains("]]") {
            return Err(format!("{start} contain double brackets ('[[' or ']]')."));
        }
        if name.contains(char::is_whitespace) {
            return Err(format!("{start} contain a space (' ')."));
        }
        if name.contains(['\'', '"']) {
            return Err(format!("{start} contain a quote (' or \")."));
        }
        if name.contains(['{', '}']) {
            return Err(format!("{start} contain a curly bracket ('{{' or '}}')."));
        }
        if name.len() > crate::definition::MAX_NAME_LENGTH {
            let longest = crate::definition::MAX_NAME_LENGTH;
            return Err(format!("{start} be longer than {longest} bytes."));
        }
        Ok(name)
    }
}

/// Reads a number where a float is wanted: value words, or a plain integer.
pub(crate) fn float(text: &str) -> Option<f64> {
    words::number(text.trim())
        .and_then(|value| value.as_f64())
        .or_else(|| text.trim().strip_suffix('.').and_then(|whole| whole.parse().ok()))
}
