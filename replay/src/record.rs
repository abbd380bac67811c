use std::{io::Read, path::Path, sync::Arc};

use bytes::Bytes;
use groundlog_packet::{PacketKind, Value};
use groundlog_proto::Nanos;

use crate::{
    ccsds::SpacePackets,
    cosmos::PacketLog,
    dump::DumpRecords,
    error::ReadError,
    fixed::FixedRecords,
    format::{FileLayout, Format},
    input::Input,
    length::LengthRecords,
};

/// Longest packet a reader hands out, in bytes: a record of the log holds 1 MiB, envelope included.
pub const MAX_PACKET_BYTES: usize = 1_000_000;

/// One packet of a file, not yet looked into.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRecord {
    /// Number of the packet in its file, from 0; with the import id its identity for ever.
    pub index: u64,
    /// Offset of the packet's first byte in the file, skipped headers not counted in.
    pub offset: u64,
    /// The packet's bytes.
    pub packet: Bytes,
    /// The time in the record's own header, where the layout has one.
    pub header_time: Option<Nanos>,
    /// Seconds and subseconds of that time as they stand in the file, whatever their unit.
    pub header_stamp: Option<[u32; 2]>,
    /// What a COSMOS packet log says of the packet.
    pub logged: Option<Box<LoggedPacket>>,
}

impl ImportRecord {
    /// Makes a record of which the file says nothing but its bytes.
    pub fn new(index: u64, offset: u64, packet: Bytes) -> Self {
        Self { index, offset, packet, header_time: None, header_stamp: None, logged: None }
    }
}

/// What an entry of a COSMOS packet log says beside a packet's bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedPacket {
    /// Whether it is telemetry or a command.
    pub kind: PacketKind,
    /// Name of the target.
    pub target: Arc<str>,
    /// Name of the packet.
    pub packet: Arc<str>,
    /// Time of the packet.
    pub packet_time: Nanos,
    /// Whether it was marked as stored.
    pub stored: bool,
    /// What was written beside it: a map, or bytes that are none.
    pub extra: Option<Value>,
    /// In a decommutated log the values by key (`ITEM`, `ITEM__C`, `ITEM__F`, `ITEM__L`); the
    /// record's bytes are then their text, and the packet's are lost.
    pub values: Option<Vec<(String, Value)>>,
}

impl LoggedPacket {
    /// Returns whether it is a packet that came down and can be received again.
    pub fn is_telemetry_packet(&self) -> bool {
        self.kind == PacketKind::Telemetry && self.values.is_none()
    }
}

/// The packets of a file in their order.
///
/// # Errors
/// An error item names file and byte. Where [`crate::ReadFault::is_recoverable`] says so, records
/// or further errors follow; otherwise the iterator has ended.
pub struct Records(Reader);

enum Reader {
    Ccsds(SpacePackets),
    Dump(DumpRecords),
    Fixed(FixedRecords),
    Length(LengthRecords),
    PacketLog(PacketLog),
}

impl Records {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ReadError`] when it cannot be opened.
    pub fn open(path: &Path, layout: &FileLayout) -> Result<Self, ReadError> {
        Ok(Self::of(Input::open(path)?, layout))
    }

    /// Reads from anything; `name` stands for the file in errors.
    pub fn read_from(name: &str, reader: impl Read + Send + 'static, layout: &FileLayout) -> Self {
        Self::of(Input::new(Arc::from(name), Box::new(reader)), layout)
    }

    fn of(input: Input, layout: &FileLayout) -> Self {
        let skip = layout.skip_header_bytes;
        Self(match layout.format {
            Format::Ccsds => Reader::Ccsds(SpacePackets::new(input, skip)),
            Format::Dump => Reader::Dump(DumpRecords::new(input, skip, layout.subseconds)),
            Format::Fixed { bytes } => Reader::Fixed(FixedRecords::new(input, skip, bytes)),
            Format::Length(field) => Reader::Length(LengthRecords::new(input, skip, field)),
            Format::Cosmos => Reader::PacketLog(PacketLog::new(input, skip)),
        })
    }
}

impl Iterator for Records {
    type Item = Result<ImportRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Reader::Ccsds(reader) => reader.next(),
            Reader::Dump(reader) => reader.next(),
            Reader::Fixed(reader) => reader.next(),
            Reader::Length(reader) => reader.next(),
            Reader::PacketLog(reader) => reader.next(),
        }
    }
}
