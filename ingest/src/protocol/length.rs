//! LENGTH: a field in each packet says how long it is (cosmos-runtime §2.4).

use super::{
    Attributes, Flow, FrameSink, ProtocolError, ProtocolPair, ReadProtocol, WriteProtocol,
    bit_field::{BitField, ByteOrder},
    sync::Framing,
};
use crate::{ConfigError, params::Params};

/// Builds the protocol from its ten parameters: length bit offset (0), length bit size (16),
/// length value offset (0), bytes per count (1), endianness (BIG_ENDIAN), discard leading bytes
/// (0), sync pattern (nil), max length (nil), fill length and sync (false), allow empty (nil).
pub(super) fn build(
    params: &Params<'_>,
    packet_bytes_max: usize,
) -> Result<ProtocolPair, ConfigError> {
    params.at_most(10)?;
    let order = match params.text((4, "endianness")) {
        Some(text) if text.eq_ignore_ascii_case("LITTLE_ENDIAN") => ByteOrder::Little,
        Some(text) if !text.eq_ignore_ascii_case("BIG_ENDIAN") => {
            return Err(params.bad((4, "endianness"), "BIG_ENDIAN or LITTLE_ENDIAN"));
        }
        _ => ByteOrder::Big,
    };
    let bit_offset = params.count((0, "length bit offset"), 0)?;
    let size = (1, "length bit size");
    let bit_size = params.count(size, 16)?;
    let field = BitField::new(bit_offset, bit_size, order)
        .ok_or_else(|| params.bad(size, "1 to 64 bits that begin inside the packet"))?;
    let count = (3, "bytes per count");
    let length = Length {
        field,
        value_offset: params.integer((2, "length value offset"))?.unwrap_or(0),
        bytes_per_count: match params.count(count, 1)? {
            0 => return Err(params.bad(count, "a number from 1 on")),
            bytes => bytes as u64,
        },
        max_length: params
            .integer((7, "max length"))?
            .map(|limit| u64::try_from(limit).map_err(|_| params.bad((7, "max length"), "a count")))
            .transpose()?,
        framing: Framing {
            discard_leading: params.count((5, "discard leading bytes"), 0)?,
            sync: params.hex((6, "sync pattern"))?,
            fill: params.flag((8, "fill length and sync pattern"))?.unwrap_or(false),
        },
        packet_bytes_max,
    };
    Ok(ProtocolPair {
        class: "LengthProtocol",
        allow_empty: params.flag((9, "allow empty data"))?,
        read: Box::new(length.clone()),
        write: Box::new(length),
    })
}

#[derive(Debug, Clone)]
struct Length {
    field: BitField,
    value_offset: i64,
    bytes_per_count: u64,
    /// Of the field's value.
    max_length: Option<u64>,
    framing: Framing,
    packet_bytes_max: usize,
}

impl Length {
    /// Returns how long the packet at the front is; `None` until its field has arrived.
    #[inline]
    fn packet_len(&self, input: &[u8]) -> Result<Option<usize>, ProtocolError> {
        let Some(value) = self.field.read(input) else {
            return Ok(None);
        };
        if let Some(limit) = self.max_length
            && value > limit
        {
            return Err(ProtocolError::LengthAboveMaximum {
                value,
                limit,
                bit_offset: self.field.bit_offset,
                bit_size: self.field.bit_size,
            });
        }
        let total =
            i128::from(value) * i128::from(self.bytes_per_count) + i128::from(self.value_offset);
        let needed_bits = self.field.bit_offset + self.field.bit_size;
        if total * 8 < needed_bits as i128 {
            return Err(ProtocolError::LengthTooSmall {
                value,
                total_bits: total * 8,
                needed_bits,
            });
        }
        match usize::try_from(total).ok().filter(|&total| total <= self.packet_bytes_max) {
            Some(total) => Ok(Some(total)),
            None => Err(ProtocolError::PacketTooLarge {
                total: total.unsigned_abs(),
                limit: self.packet_bytes_max,
            }),
        }
    }

    fn fill_length(&self, data: &mut [u8], bit_shift: usize) -> Result<(), ProtocolError> {
        let length = data.len() + bit_shift / 8;
        // As COSMOS does: the value offset comes off after the division.
        let value =
            i128::from(length as u64 / self.bytes_per_count) - i128::from(self.value_offset);
        let does_not_fit =
            || ProtocolError::LengthDoesNotFit { length, value, bit_size: self.field.bit_size };
        let fitting = u64::try_from(value).map_err(|_| does_not_fit())?;
        if fitting > self.field.max() {
            return Err(does_not_fit());
        }
        if let Some(limit) = self.max_length
            && fitting > limit
        {
            return Err(ProtocolError::LengthAboveMaximum {
                value: fitting,
                limit,
                bit_offset: self.field.bit_offset,
                bit_size: self.field.bit_size,
            });
        }
        let place =
            BitField::new(self.field.bit_offset - bit_shift, self.field.bit_size, self.field.order);
        let len = data.len();
        if place.is_some_and(|place| place.write(data, fitting)) {
            return Ok(());
        }
        Err(ProtocolError::PacketTooShort {
            length: len,
            what: "the length field",
            needed: self.field.bytes_needed() - bit_shift / 8,
        })
    }

    /// Returns whether the length field lies behind the leading bytes, in the packet itself.
    fn field_in_packet(&self) -> bool {
        self.field.bit_offset >= self.framing.discard_leading * 8
    }
}

impl ReadProtocol for Length {
    fn read(
        &mut self,
        input: &mut &[u8],
        attributes: &Attributes<'_>,
        out: &mut dyn FrameSink,
    ) -> Result<(), ProtocolError> {
        while self.framing.find_sync(input, out) {
            let Some(total) = self.packet_len(input)? else {
                break;
            };
            let Some((packet, rest)) = input.split_at_checked(total) else {
                break;
            };
            *input = rest;
            out.frame(self.framing.strip(packet), attributes)?;
        }
        Ok(())
    }

    fn reset(&mut self) {}
}

impl WriteProtocol for Length {
    fn write_packet(&mut self, packet: &mut Vec<u8>) -> Result<Flow, ProtocolError> {
        self.framing.fill_packet(packet)?;
        if self.framing.fill && self.field_in_packet() {
            self.fill_length(packet, self.framing.discard_leading * 8)?;
        }
        Ok(Flow::Continue)
    }

    fn write_data(&mut self, data: &mut Vec<u8>) -> Result<Flow, ProtocolError> {
        self.framing.fill_data(data)?;
        if self.framing.fill && !self.field_in_packet() {
            self.fill_length(data, 0)?;
        }
        Ok(Flow::Continue)
    }

    fn reset(&mut self) {}
}

#[cfg(test)]
#[path = "length/tests.rs"]
mod tests;
