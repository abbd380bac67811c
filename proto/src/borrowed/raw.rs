use super::{
    ExtraRef, WireError,
    extra::entry,
    field::{
        Fields, bytes_len, put_bytes, put_fixed64, put_head, put_present_bytes,
        put_present_fixed64, put_uint,
    },
};

const EXTRA: u32 = 8;

/// A [`crate::wire::RawRecord`], read where it lies.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawRecordRef<'a> {
    /// When the ground read it.
    pub received_time_ns: i64,
    /// The time that the source gave beside the bytes.
    pub packet_time_ns: Option<i64>,
    /// From a recording or an import.
    pub stored: bool,
    /// The scope.
    pub scope: &'a str,
    /// The interface.
    pub interface: &'a str,
    /// Hash of the definitions then active.
    pub definitions: &'a [u8],
    /// Epoch of the interface's owner.
    pub epoch: u64,
    /// The free map.
    pub extra: ExtraRef<'a>,
    /// Message `Origin`.
    pub origin: Option<&'a [u8]>,
    /// What came in.
    pub body: RawBodyRef<'a>,
}

/// What came in; messages other than packets are left encoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RawBodyRef<'a> {
    /// Nothing, or something that only a newer version knows.
    #[default]
    Missing,
    /// Bytes of a packet.
    Packet(RawPacketRef<'a>),
    /// Message `RawValues`.
    Values(&'a [u8]),
    /// Message `SetTelemetry`.
    Set(&'a [u8]),
    /// Message `Marker`.
    Marker(&'a [u8]),
}

/// Bytes of a packet, with names where the source gave them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawPacketRef<'a> {
    /// The exact bytes.
    pub data: &'a [u8],
    /// Target, or empty.
    pub target: &'a str,
    /// Packet, or empty.
    pub name: &'a str,
}

impl<'a> RawRecordRef<'a> {
    /// Reads a record.
    ///
    /// # Errors
    /// [`WireError`] exactly where the message itself could not be read.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut record = Self::default();
        let mut fields = Fields(bytes);
        while let Some(field) = fields.next()? {
            match field.number {
                1 => record.received_time_ns = field.fixed64()? as i64,
                2 => record.packet_time_ns = Some(field.fixed64()? as i64),
                3 => record.stored = field.varint()? != 0,
                4 => record.scope = field.text()?,
                5 => record.interface = field.text()?,
                6 => record.definitions = field.bytes()?,
                7 => record.epoch = field.varint()?,
                EXTRA => {
                    entry(field.bytes()?)?;
                    record.extra = ExtraRef::Message { bytes, field: EXTRA };
                }
                9 => record.origin = Some(field.bytes()?),
                16 => record.body = RawBodyRef::Packet(RawPacketRef::parse(field.bytes()?)?),
                17 => record.body = RawBodyRef::Values(field.bytes()?),
                18 => record.body = RawBodyRef::Set(field.bytes()?),
                19 => record.body = RawBodyRef::Marker(field.bytes()?),
                _ => {}
            }
        }
        Ok(record)
    }

    /// Writes the record, byte for byte as [`crate::wire::RawRecord`] does.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_fixed64(out, 1, self.received_time_ns as u64);
        if let Some(time) = self.packet_time_ns {
            put_present_fixed64(out, 2, time as u64);
        }
        put_uint(out, 3, u64::from(self.stored));
        put_bytes(out, 4, self.scope.as_bytes());
        put_bytes(out, 5, self.interface.as_bytes());
        put_bytes(out, 6, self.definitions);
        put_uint(out, 7, self.epoch);
        self.extra.put(out, EXTRA);
        if let Some(origin) = self.origin {
            put_present_bytes(out, 9, origin);
        }
        match self.body {
            RawBodyRef::Missing => {}
            RawBodyRef::Packet(packet) => packet.put(out, 16),
            RawBodyRef::Values(message) => put_present_bytes(out, 17, message),
            RawBodyRef::Set(message) => put_present_bytes(out, 18, message),
            RawBodyRef::Marker(message) => put_present_bytes(out, 19, message),
        }
    }
}

impl<'a> RawPacketRef<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut packet = Self::default();
        let mut fields = Fields(bytes);
        while let Some(field) = fields.next()? {
            match field.number {
                1 => packet.data = field.bytes()?,
                2 => packet.target = field.text()?,
                3 => packet.name = field.text()?,
                _ => {}
            }
        }
        Ok(packet)
    }

    fn put(&self, out: &mut Vec<u8>, number: u32) {
        let length =
            bytes_len(self.data.len()) + bytes_len(self.target.len()) + bytes_len(self.name.len());
        put_head(out, number, length);
        put_bytes(out, 1, self.data);
        put_bytes(out, 2, self.target.as_bytes());
        put_bytes(out, 3, self.name.as_bytes());
    }
}
