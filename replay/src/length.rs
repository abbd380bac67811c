use std::{fmt, str::FromStr};

use groundlog_packet::{
    Value, bits,
    definition::{DataType, Endianness},
};

use crate::{
    ccsds::truncated,
    error::{OptionError, ReadError, ReadFault},
    input::Input,
    record::{ImportRecord, MAX_PACKET_BYTES},
};

/// Farthest bit of a length field: whoever means more has a number wrong.
const FIELD_BITS_MAX: u32 = 65_536;

/// Where the length of a record stands, and what it counts: the parameters of COSMOS's LENGTH
/// protocol, counted from the first byte of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthField {
    /// Bit at which the field begins; of a little endian bitfield its most significant one.
    pub bit_offset: u32,
    /// Bits of the field, 1 to 64.
    pub bit_size: u32,
    /// Bytes that the field does not count.
    pub value_offset: i32,
    /// Bytes that each count stands for.
    pub bytes_per_count: u32,
    /// Byte order of the field.
    pub endianness: Endianness,
}

impl LengthField {
    /// Returns how many bytes of a record must be there for the field to be readable.
    fn bytes_needed(self) -> usize {
        let plain = self.bit_offset.is_multiple_of(8) && matches!(self.bit_size, 8 | 16 | 32 | 64);
        let bits = match self.endianness {
            Endianness::Little if !plain => self.bit_offset + 1,
            _ => self.bit_offset + self.bit_size,
        };
        bits.div_ceil(8) as usize
    }

    /// Reads the field of a record that is there up to [`Self::bytes_needed`].
    fn read(self, head: &[u8]) -> Option<u64> {
        let (offset, size) = (i64::from(self.bit_offset), i64::from(self.bit_size));
        match bits::read(head, offset, size, DataType::Uint, self.endianness, None) {
            Ok(Value::Int(value)) => u64::try_from(value).ok(),
            _ => None,
        }
    }

    /// Returns the bytes of a record whose field has this value.
    fn total(self, value: u64) -> i128 {
        i128::from(value) * i128::from(self.bytes_per_count) + i128::from(self.value_offset)
    }
}

impl FromStr for LengthField {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        parse(text).ok_or_else(|| OptionError {
            given: text.to_owned(),
            what: "length field",
            usage: "write BIT_OFFSET,BIT_SIZE[,VALUE_OFFSET[,BYTES_PER_COUNT[,big|little]]], as \
                    for COSMOS's LENGTH protocol",
        })
    }
}

fn parse(text: &str) -> Option<LengthField> {
    let mut words = text.split(',').map(str::trim);
    let bit_offset = words.next()?.parse().ok().filter(|bit| *bit <= FIELD_BITS_MAX)?;
    let bit_size = words.next()?.parse().ok().filter(|bits| (1..=64).contains(bits))?;
    let value_offset = words.next().map_or(Some(0), |word| word.parse().ok())?;
    let bytes_per_count = words.next().map_or(Some(1), |word| word.parse().ok())?;
    let endianness = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None | Some("big" | "big_endian") => Endianness::Big,
        Some("little" | "little_endian") => Endianness::Little,
        Some(_) => return None,
    };
    let field = LengthField { bit_offset, bit_size, value_offset, bytes_per_count, endianness };
    // A little endian bitfield grows towards lower addresses and must not leave the record.
    let readable = field.read(&vec![0; field.bytes_needed()]).is_some();
    (words.next().is_none() && bytes_per_count > 0 && readable).then_some(field)
}

impl fmt::Display for LengthField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bit_offset, bit_size, value_offset, bytes_per_count, endianness } = self;
        write!(f, "{bit_offset},{bit_size},{value_offset},{bytes_per_count}")?;
        if *endianness == Endianness::Little { f.write_str(",little") } else { Ok(()) }
    }
}

/// Records with their length in a field, one after the other, each with `skip` foreign bytes at its
/// start: what COSMOS's LENGTH protocol calls its leading bytes to be discarded.
pub(crate) struct LengthRecords {
    input: Input,
    skip: usize,
    field: LengthField,
    ended: bool,
}

impl LengthRecords {
    pub(crate) fn new(input: Input, skip: usize, field: LengthField) -> Self {
        Self { input, skip, field, ended: false }
    }

    fn record(&mut self) -> Result<Option<ImportRecord>, ReadError> {
        let start = self.input.position();
        let needed = self.field.bytes_needed();
        let head = self.input.peek(needed)?;
        let left = head.len();
        if left == 0 {
            return Ok(None);
        }
        if left < needed {
            let fault = truncated("the length field of a record", needed, left);
            return Err(self.input.fault(start, fault));
        }
        let value = self.field.read(head).unwrap_or_default();
        let total = self.field.total(value);
        let byte = start + u64::from(self.field.bit_offset / 8);
        let least = needed.max(self.skip);
        if total < least as i128 {
            let fault = ReadFault::TooShort { value, total, least };
            return Err(self.input.fault(byte, fault));
        }
        let limit = MAX_PACKET_BYTES + self.skip;
        if total > limit as i128 {
            let announced = u64::try_from(total).unwrap_or(u64::MAX);
            return Err(self.input.fault(byte, ReadFault::TooLong { announced, limit }));
        }
        let total = total as usize;
        let left = self.input.peek(total)?.len();
        if left < total {
            return Err(self.input.fault(start, truncated("a record", total, left)));
        }
        self.input.take(self.skip);
        Ok(Some(self.input.take_record(total - self.skip)))
    }
}

impl Iterator for LengthRecords {
    type Item = Result<ImportRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.record().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
