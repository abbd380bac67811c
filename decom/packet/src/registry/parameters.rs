//! The arguments that a definition gives a class.

use crate::config::convert_to_value;
use crate::definition::ValueType;
use crate::value::{Value, integer_text};

/// Arguments of a class, read by their place; every failure is a message that names class, place
/// and word.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'a> {
    class: &'a str,
    words: &'a [String],
}

impl<'a> Parameters<'a> {
    pub(super) fn new(class: &'a str, words: &'a [String]) -> Self {
        Self { class, words }
    }

    /// Returns all of them as texts.
    #[must_use]
    pub fn words(&self) -> &'a [String] {
        self.words
    }

    /// Returns one as text, if it is there.
    #[must_use]
    pub fn optional(&self, place: usize) -> Option<&'a str> {
        self.words.get(place).map(String::as_str)
    }

    /// Returns one as text.
    ///
    /// # Errors
    /// A message when it is missing.
    pub fn text(&self, place: usize) -> Result<&'a str, String> {
        self.optional(place)
            .ok_or_else(|| format!("{} needs an argument number {}", self.class, place + 1))
    }

    /// Returns one as the name of an item, in capitals.
    ///
    /// # Errors
    /// A message when it is missing.
    pub fn item(&self, place: usize) -> Result<String, String> {
        self.text(place).map(str::to_uppercase)
    }

    /// Returns one as an integer; also hexadecimal, octal and binary.
    ///
    /// # Errors
    /// A message when it is missing or no integer of 64 bits.
    pub fn integer(&self, place: usize) -> Result<i64, String> {
        let text = self.text(place)?;
        let found = integer_text(text).and_then(|wide| i64::try_from(wide).ok());
        found.ok_or_else(|| self.refused(place, text, "an integer"))
    }

    /// Returns one as a number.
    ///
    /// # Errors
    /// A message when it is missing or no number.
    pub fn float(&self, place: usize) -> Result<f64, String> {
        let text = self.text(place)?;
        let value = self.value(place)?;
        let found = value.as_f64().filter(|_| value.is_number());
        found.ok_or_else(|| self.refused(place, text, "a number"))
    }

    /// Returns one as `RAW`, `CONVERTED` (also where it is missing) or `FORMATTED`.
    ///
    /// # Errors
    /// A message when it is another word.
    pub fn value_type(&self, place: usize) -> Result<ValueType, String> {
        self.optional(place).map_or(Ok(ValueType::Converted), |word| {
            ValueType::from_word(word)
                .ok_or_else(|| self.refused(place, word, "RAW, CONVERTED or FORMATTED"))
        })
    }

    /// Returns one as the value that its text stands for: a number, a list, a map or text.
    ///
    /// # Errors
    /// A message when it is missing.
    pub fn value(&self, place: usize) -> Result<Value, String> {
        self.text(place).map(convert_to_value)
    }

    fn refused(&self, place: usize, text: &str, wanted: &str) -> String {
        format!("{}: argument number {} must be {wanted}, not '{text}'", self.class, place + 1)
    }
}
