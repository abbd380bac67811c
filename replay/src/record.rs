use std::{io::Read, path::Path, sync::Arc};

use bytes::Bytes;
use groundlog_proto::Nanos;

use crate::{
    ccsds::SpacePackets,
    dump::DumpRecords,
    error::ReadError,
    fixed::FixedRecords,
    format::{FileLayout, Format},
    input::Input,
};

/// Longest packet a reader hands out, in bytes: a record of the log holds 1 MiB, envelope included.
pub const MAX_PACKET_BYTES: usize = 1_000_000;

/// One packet of a file, not yet looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        }
    }
}
