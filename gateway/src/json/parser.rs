//! Reading: one pass over the text, no tree beyond the values themselves.

use std::borrow::Cow;

use groundlog_packet::Value;
use indexmap::IndexMap;

use super::{JsonError, number, text};

/// Lists and objects inside each other; deeper documents are refused so that a hostile one
/// cannot exhaust the stack.
const DEPTH_MAX: u32 = 128;

/// Values in one document; a value takes many times the memory of its shortest text. The largest
/// packet there can be still goes by as a list of its bytes.
const VALUES_MAX: u32 = (1 << 20) + 1024;

/// A place in a text.
pub(crate) struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    values: u32,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(text)
            .map_err(|error| JsonError { what: "not UTF-8", byte: error.valid_up_to() })?;
        Ok(Self { text, at: 0, depth: 0, values: 0 })
    }

    /// Checks that nothing is left.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("something follows the document")),
        }
    }

    /// Reads any value.
    pub(crate) fn value(&mut self) -> Result<Value, JsonError> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(self.error("too many values"));
        }
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                Ok(Value::String(self.rest_of_string()?.into_owned()))
            }
            Some(b'{') => self.map(),
            Some(b'[') => Ok(Value::Array(self.array()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.error("a value is missing")),
        }
    }

    /// Reads an array.
    pub(crate) fn array(&mut self) -> Result<Vec<Value>, JsonError> {
        self.expect(b'[', "'[' expected")?;
        self.enter()?;
        let mut values = Vec::new();
        if !self.accept(b']') {
            loop {
                values.push(self.value()?);
                if self.accept(b']') {
                    break;
                }
                self.expect(b',', "',' or ']' expected")?;
            }
        }
        self.depth -= 1;
        Ok(values)
    }

    /// Reads an object and hands each member's name to `member`, which reads its value.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.expect(b'{', "'{' expected")?;
        self.enter()?;
        if !self.accept(b'}') {
            loop {
                self.expect(b'"', "a member's name is missing")?;
                let name = self.rest_of_string()?;
                self.expect(b':', "':' expected")?;
                member(self, name)?;
                if self.accept(b'}') {
                    break;
                }
                self.expect(b',', "',' or '}' expected")?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Returns the next byte that is no white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn map(&mut self) -> Result<Value, JsonError> {
        let mut map = IndexMap::new();
        self.object(|parser, name| {
            let value = parser.value()?;
            map.insert(name.into_owned(), value);
            Ok(())
        })?;
        Ok(special(&map).unwrap_or(Value::Object(map)))
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let rest = &self.text[self.at..];
        if rest.starts_with("-Infinity") {
            self.at += "-Infinity".len();
            return Ok(Value::Float(f64::NEG_INFINITY));
        }
        let (value, taken) = number::read(rest.as_bytes()).map_err(|what| self.error(what))?;
        self.at += taken;
        Ok(value)
    }

    fn word(&mut self) -> Result<Value, JsonError> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
        ];
        let rest = &self.text[self.at..];
        for (word, value) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("a value is not understood"))
    }

    fn rest_of_string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let text: &'a str = self.text;
        let (value, taken) = text::read(&text[self.at..]).map_err(|what| self.error(what))?;
        self.at += taken;
        Ok(value)
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), JsonError> {
        if self.accept(byte) { Ok(()) } else { Err(self.error(what)) }
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(self.error("nested too deeply")) } else { Ok(()) }
    }

    fn error(&self, what: &'static str) -> JsonError {
        JsonError { what, byte: self.at }
    }
}

/// Returns what an object with a `json_class` stands for; unknown classes stay objects.
fn special(map: &IndexMap<String, Value>) -> Option<Value> {
    let class = map.get("json_class")?.as_str()?;
    match (class, map.get("raw")?) {
        ("Float", Value::String(word)) => match word.as_str() {
            "NaN" => Some(Value::Float(f64::NAN)),
            "Infinity" => Some(Value::Float(f64::INFINITY)),
            "-Infinity" => Some(Value::Float(f64::NEG_INFINITY)),
            _ => None,
        },
        ("String", Value::Array(bytes)) => {
            let byte = |value: &Value| u8::try_from(value.as_int()?).ok();
            bytes.iter().map(byte).collect::<Option<Vec<u8>>>().map(Value::Bytes)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: u32) -> Result<usize, JsonError> {
        let text = format!("[{}0]", "0,".repeat(values as usize - 1));
        Parser::new(text.as_bytes())?.array().map(|values| values.len())
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        assert_eq!(list(VALUES_MAX), Ok(VALUES_MAX as usize));
        let refused = list(VALUES_MAX + 1).unwrap_err();
        assert_eq!(refused.what, "too many values");
    }
}
