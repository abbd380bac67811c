//! Vectors of kinds `read` and `write`.

use groundlog_packet::Value;
use groundlog_packet::bits;
use groundlog_packet::definition::{DataType, Endianness, Overflow};
use serde_json::Value as Json;

use super::{Outcome, json};

struct Place {
    bit_offset: i64,
    bit_size: i64,
    data_type: DataType,
    endianness: Endianness,
    array_size: Option<i64>,
    buffer: Vec<u8>,
}

impl Place {
    fn of(vector: &Json) -> Result<Self, String> {
        let word = |key| json::text(vector, key);
        Ok(Self {
            bit_offset: json::integer(vector, "bit_offset").ok_or("no bit_offset")?,
            bit_size: json::integer(vector, "bit_size").ok_or("no bit_size")?,
            data_type: DataType::from_word(&word("data_type")).ok_or("unknown data_type")?,
            endianness: Endianness::from_word(&word("endianness")).ok_or("unknown endianness")?,
            array_size: json::integer(vector, "array_size"),
            buffer: json::bytes(&word("buffer"))?,
        })
    }
}

pub(super) fn read(vector: &Json) -> Result<Outcome, String> {
    let p = Place::of(vector)?;
    let read =
        bits::read(&p.buffer, p.bit_offset, p.bit_size, p.data_type, p.endianness, p.array_size);
    Ok(Outcome::of(read.unwrap_or_else(|error| json::error(&error))))
}

pub(super) fn write(vector: &Json) -> Result<Outcome, String> {
    let p = Place::of(vector)?;
    let overflow = Overflow::from_word(&json::text(vector, "overflow")).unwrap_or(Overflow::Error);
    let value = json::value(vector.get("value").ok_or("no value")?)?;
    let mut buffer = p.buffer;
    let written = bits::write(
        &value,
        &mut buffer,
        p.bit_offset,
        p.bit_size,
        p.data_type,
        p.endianness,
        p.array_size,
        overflow,
    );
    Ok(Outcome::of(match written {
        Ok(()) => Value::Bytes(buffer),
        Err(error) => json::error(&error),
    }))
}
