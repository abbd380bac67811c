//! Fields of the protobuf wire format, one after the other.

use std::str;

/// Why bytes are no message of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// A field reaches beyond the end.
    #[error("the record ends inside a field")]
    Truncated,
    /// A number has more than 64 bits.
    #[error("a number in the record is longer than 64 bits")]
    Overlong,
    /// A field has another wire type than the schema says, or one that does not exist.
    #[error("field {number} of the record has a wrong type")]
    WrongType {
        /// The field.
        number: u32,
    },
    /// A text is not UTF-8.
    #[error("field {number} of the record is not UTF-8")]
    NotText {
        /// The field.
        number: u32,
    },
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    payload: Payload<'a>,
}

impl<'a> Field<'a> {
    pub(super) fn varint(self) -> Result<u64, WireError> {
        match self.payload {
            Payload::Varint(value) => Ok(value),
            _ => Err(self.wrong_type()),
        }
    }

    pub(super) fn fixed64(self) -> Result<u64, WireError> {
        match self.payload {
            Payload::Fixed64(value) => Ok(value),
            _ => Err(self.wrong_type()),
        }
    }

    pub(super) fn bytes(self) -> Result<&'a [u8], WireError> {
        match self.payload {
            Payload::Bytes(value) => Ok(value),
            _ => Err(self.wrong_type()),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, WireError> {
        str::from_utf8(self.bytes()?).map_err(|_| WireError::NotText { number: self.number })
    }

    fn wrong_type(self) -> WireError {
        WireError::WrongType { number: self.number }
    }
}

/// Reads the fields of a message in their order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// Returns the next field; `None` at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Field<'a>>, WireError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| WireError::Overlong)?;
        let payload = match tag & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => {
                let (value, rest) = self.0.split_first_chunk().ok_or(WireError::Truncated)?;
                self.0 = rest;
                Payload::Fixed64(u64::from_le_bytes(*value))
            }
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| WireError::Truncated)?;
                let (value, rest) = self.0.split_at_checked(length).ok_or(WireError::Truncated)?;
                self.0 = rest;
                Payload::Bytes(value)
            }
            5 => {
                self.0 = self.0.get(4..).ok_or(WireError::Truncated)?;
                Payload::Fixed32
            }
            _ => return Err(WireError::WrongType { number }),
        };
        Ok(Some(Field { number, payload }))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, WireError> {
        let (&first, rest) = self.0.split_first().ok_or(WireError::Truncated)?;
        if first < 0x80 {
            self.0 = rest;
            return Ok(u64::from(first));
        }
        let mut value = 0_u64;
        for (index, &byte) in self.0.iter().enumerate().take(10) {
            if index == 9 && byte > 1 {
                return Err(WireError::Overlong);
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.0 = &self.0[index + 1..];
                return Ok(value);
            }
        }
        Err(if self.0.len() < 10 { WireError::Truncated } else { WireError::Overlong })
    }
}

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn varint_len(value: u64) -> usize {
    // Seven bits a byte; zero takes one.
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// Writes a number unless it is the default.
pub(super) fn put_uint(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_varint(out, u64::from(number << 3 | VARINT));
        put_varint(out, value);
    }
}

/// Writes eight bytes even if they are the default.
pub(super) fn put_present_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_varint(out, u64::from(number << 3 | FIXED64));
    out.extend_from_slice(&value.to_le_bytes());
}

/// Writes eight bytes unless they are the default.
pub(super) fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_present_fixed64(out, number, value);
    }
}

/// Writes the head of a field of `length` bytes.
pub(super) fn put_head(out: &mut Vec<u8>, number: u32, length: usize) {
    put_varint(out, u64::from(number << 3 | BYTES));
    put_varint(out, length as u64);
}

/// Writes bytes even if there are none.
pub(super) fn put_present_bytes(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    put_head(out, number, value.len());
    out.extend_from_slice(value);
}

/// Writes bytes unless there are none.
pub(super) fn put_bytes(out: &mut Vec<u8>, number: u32, value: &[u8]) {
    if !value.is_empty() {
        put_present_bytes(out, number, value);
    }
}

/// Returns how many bytes [`put_bytes`] writes for a field number below 16.
pub(super) fn bytes_len(length: usize) -> usize {
    if length == 0 { 0 } else { 1 + varint_len(length as u64) + length }
}
