use super::{
    ExtraRef, WireError,
    extra::entry,
    field::{
        Fields, bytes_len, put_bytes, put_fixed64, put_head, put_present_bytes, put_uint,
        varint_len,
    },
};
use crate::{Generation, Offset};

const EXTRA: u32 = 11;

/// A [`crate::wire::Position`], read where it lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PositionRef<'a> {
    /// Generation of the topic.
    pub generation: Generation,
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: u32,
    /// The record's offset.
    pub offset: Offset,
    /// Number of what the record yielded.
    pub sub_index: u32,
}

/// A [`crate::wire::DecomRecord`], read where it lies.
#[derive(Debug, Clone, Copy, Default)]
pub struct DecomRecordRef<'a> {
    /// The raw record it came from.
    pub source: Option<PositionRef<'a>>,
    /// When the ground read it.
    pub received_time_ns: i64,
    /// Packet time.
    pub packet_time_ns: i64,
    /// How many of this packet were received.
    pub received_count: u64,
    /// Quality flags: 1 stored, 2 invalid, 4 gap.
    pub flags: u32,
    /// Hash of the definitions it was decoded with.
    pub definitions: &'a [u8],
    /// The target.
    pub target: &'a str,
    /// The packet.
    pub packet: &'a str,
    /// The scope.
    pub scope: &'a str,
    /// The interface.
    pub interface: &'a str,
    /// The free map.
    pub extra: ExtraRef<'a>,
    /// Values, or what passed through.
    pub body: DecomBodyRef<'a>,
}

/// What a decommutated record holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DecomBodyRef<'a> {
    /// Nothing: an UNKNOWN packet.
    #[default]
    Missing,
    /// Values packed as docs/decom-record.md says.
    Values(&'a [u8]),
    /// Message `SetTelemetry`.
    Set(&'a [u8]),
    /// Name of a barrier.
    Barrier(&'a str),
}

impl<'a> DecomRecordRef<'a> {
    /// Reads a record.
    ///
    /// # Errors
    /// [`WireError`] exactly where the message itself could not be read.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut record = Self::default();
        let mut fields = Fields(bytes);
        while let Some(field) = fields.next()? {
            match field.number {
                1 => record.source = Some(PositionRef::parse(field.bytes()?)?),
                2 => record.received_time_ns = field.fixed64()? as i64,
                3 => record.packet_time_ns = field.fixed64()? as i64,
                4 => record.received_count = field.varint()?,
                5 => record.flags = field.varint()? as u32,
                6 => record.definitions = field.bytes()?,
                7 => record.target = field.text()?,
                8 => record.packet = field.text()?,
                9 => record.scope = field.text()?,
                10 => record.interface = field.text()?,
                EXTRA => {
                    entry(field.bytes()?)?;
                    record.extra = ExtraRef::Message { bytes, field: EXTRA };
                }
                16 => record.body = DecomBodyRef::Values(field.bytes()?),
                17 => record.body = DecomBodyRef::Set(field.bytes()?),
                18 => record.body = DecomBodyRef::Barrier(field.text()?),
                _ => {}
            }
        }
        Ok(record)
    }

    /// Writes the record, byte for byte as [`crate::wire::DecomRecord`] does.
    pub fn encode(&self, out: &mut Vec<u8>) {
        if let Some(source) = &self.source {
            source.put(out, 1);
        }
        put_fixed64(out, 2, self.received_time_ns as u64);
        put_fixed64(out, 3, self.packet_time_ns as u64);
        put_uint(out, 4, self.received_count);
        put_uint(out, 5, u64::from(self.flags));
        put_bytes(out, 6, self.definitions);
        put_bytes(out, 7, self.target.as_bytes());
        put_bytes(out, 8, self.packet.as_bytes());
        put_bytes(out, 9, self.scope.as_bytes());
        put_bytes(out, 10, self.interface.as_bytes());
        self.extra.put(out, EXTRA);
        match self.body {
            DecomBodyRef::Missing => {}
            DecomBodyRef::Values(values) => put_present_bytes(out, 16, values),
            DecomBodyRef::Set(message) => put_present_bytes(out, 17, message),
            DecomBodyRef::Barrier(name) => put_present_bytes(out, 18, name.as_bytes()),
        }
    }
}

impl<'a> PositionRef<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut position = Self::default();
        let mut fields = Fields(bytes);
        while let Some(field) = fields.next()? {
            match field.number {
                1 => position.generation = Generation(field.fixed64()?),
                2 => position.topic = field.text()?,
                3 => position.partition = field.varint()? as u32,
                4 => position.offset = field.varint()?,
                5 => position.sub_index = field.varint()? as u32,
                _ => {}
            }
        }
        Ok(position)
    }

    fn put(&self, out: &mut Vec<u8>, number: u32) {
        let uint = |value: u64| if value == 0 { 0 } else { 1 + varint_len(value) };
        let length = if self.generation.0 == 0 { 0 } else { 9 }
            + bytes_len(self.topic.len())
            + uint(u64::from(self.partition))
            + uint(self.offset)
            + uint(u64::from(self.sub_index));
        put_head(out, number, length);
        put_fixed64(out, 1, self.generation.0);
        put_bytes(out, 2, self.topic.as_bytes());
        put_uint(out, 3, u64::from(self.partition));
        put_uint(out, 4, self.offset);
        put_uint(out, 5, u64::from(self.sub_index));
    }
}
