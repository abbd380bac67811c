//! Relaxed JSON, both ways (cosmos-api §1.3).
//!
//! Differences from plain JSON: bare `NaN`, `Infinity` and `-Infinity` are read; objects with a
//! `json_class` stand for special floats and byte strings; integers and floats stay apart, and
//! integers keep up to 128 bits. Values are [`groundlog_packet::Value`]s, so nothing is converted
//! between the wire and a packet.

mod error;
mod number;
mod parser;
#[cfg(test)]
mod property;
mod text;
mod writer;

pub use error::JsonError;
pub(crate) use parser::Parser;
pub use writer::{write_bytes_object, write_string, write_value};

use groundlog_packet::Value;

/// Reads one document; anything after it but white space is an error.
///
/// # Errors
/// [`JsonError`] with the byte where reading stopped.
pub fn parse(text: &[u8]) -> Result<Value, JsonError> {
    let mut parser = Parser::new(text)?;
    let value = parser.value()?;
    parser.end()?;
    Ok(value)
}

/// Writes a value as a JSON document.
#[must_use]
pub fn to_vec(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    write_value(&mut out, value);
    out
}
