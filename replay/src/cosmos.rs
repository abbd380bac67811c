//! Packet logs of COSMOS 5 and later, raw and decommutated (cosmos-runtime §5).

mod declared;
mod entry;
mod maps;

use crate::{
    ccsds::truncated,
    error::{ReadError, ReadFault},
    input::Input,
    record::ImportRecord,
};

use declared::Declared;
use entry::{Entry, Flags};

/// How a packet log begins.
const MAGIC: &[u8; 8] = b"COSMOS5_";
/// How the logs of earlier versions begin.
const OLD_MAGICS: [&[u8]; 2] = [b"COSMOS4_", b"COSMOS2_"];
/// Bytes of an entry's length field, which does not count itself.
const LENGTH_BYTES: usize = 4;
/// Bytes of an entry's flags, the least that an entry has.
const FLAGS_BYTES: usize = 2;
/// Longest entry, in bytes: a packet of the largest size with far more beside it than anyone writes.
const ENTRY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The packets of a packet log, in the order of the file.
///
/// # Layout
/// Eight bytes of magic, then entries: length (32 bits, big endian), flags (16), body. Targets and
/// packets are declared by entries before the first that uses them, and named by number from then
/// on.
///
/// # Errors
/// An entry that says nothing is an error between the packets, and reading goes on behind it: the
/// length is all that framing rests on.
pub(crate) struct PacketLog {
    input: Input,
    skip: usize,
    declared: Declared,
    begun: bool,
    ended: bool,
}

impl PacketLog {
    pub(crate) fn new(input: Input, skip: usize) -> Self {
        let declared = Declared::new(input.file());
        Self { input, skip, declared, begun: false, ended: false }
    }

    /// Reads the magic once.
    fn begin(&mut self) -> Result<(), ReadError> {
        let seen = self.input.peek(MAGIC.len())?;
        if seen == MAGIC {
            self.input.take(MAGIC.len());
            self.begun = true;
            return Ok(());
        }
        let found = match std::str::from_utf8(seen) {
            Ok(text) if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => text.to_owned(),
            _ => seen.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let fault = if OLD_MAGICS.contains(&seen) {
            ReadFault::OldPacketLog { found }
        } else {
            ReadFault::NoPacketLog { found }
        };
        Err(self.input.fault(0, fault))
    }

    /// Reads entries up to the next packet; `None` at a clean end.
    fn packet(&mut self) -> Result<Option<ImportRecord>, ReadError> {
        if !self.begun {
            self.begin()?;
        }
        while let Some(bytes) = self.entry_bytes()? {
            let start = self.input.position();
            let entry = match self.entry(bytes) {
                Ok(entry) => entry,
                Err(what) => {
                    let fault = self.input.fault(start, ReadFault::Entry { bytes, what });
                    self.input.take(bytes);
                    return Err(fault);
                }
            };
            let Some(Entry { logged, received_time, packet_at }) = entry else {
                self.input.take(bytes);
                continue;
            };
            self.input.take(packet_at);
            let record = self.input.take_record(bytes - packet_at);
            let (header_time, logged) = (Some(received_time), Some(Box::new(logged)));
            return Ok(Some(ImportRecord { header_time, logged, ..record }));
        }
        Ok(None)
    }

    /// Takes the length of the next entry and makes sure that all of it is there.
    fn entry_bytes(&mut self) -> Result<Option<usize>, ReadError> {
        let start = self.input.position();
        let seen = self.input.peek(LENGTH_BYTES)?;
        if seen.is_empty() {
            return Ok(None);
        }
        let Some(length) = seen.first_chunk::<LENGTH_BYTES>() else {
            let fault = truncated("the length of an entry", LENGTH_BYTES, seen.len());
            return Err(self.input.fault(start, fault));
        };
        let bytes = u32::from_be_bytes(*length) as usize;
        if bytes < FLAGS_BYTES {
            let fault = ReadFault::TooShort {
                value: bytes as u64,
                total: bytes as i128,
                least: FLAGS_BYTES,
            };
            return Err(self.input.fault(start, fault));
        }
        if bytes > ENTRY_BYTES_MAX {
            let fault = ReadFault::TooLong { announced: bytes as u64, limit: ENTRY_BYTES_MAX };
            return Err(self.input.fault(start, fault));
        }
        let left = self.input.peek(LENGTH_BYTES + bytes)?.len() - LENGTH_BYTES;
        if left < bytes {
            return Err(self.input.fault(start, truncated("an entry", bytes, left)));
        }
        self.input.take(LENGTH_BYTES);
        Ok(Some(bytes))
    }

    /// Understands the next entry; `None` for one that is no packet, what is wrong as an error.
    fn entry(&mut self, bytes: usize) -> Result<Option<Entry>, String> {
        // It was peeked at whole.
        let seen = self.input.peek(bytes).map_err(|error| error.to_string())?;
        let (flags, body) = seen.split_first_chunk().ok_or("it has no flags")?;
        let flags = Flags(u16::from_be_bytes(*flags));
        match flags.kind() {
            1 => self.declared.target(flags, body).map(|()| None),
            2 => self.declared.packet(flags, body).map(|()| None),
            3 | 4 => Entry::read(&self.declared, flags, body, self.skip).map(Some),
            // Where the log's writer stood in its stream; nothing of the packets.
            5 => Ok(None),
            6 => self.declared.keys(flags, body).map(|()| None),
            other => Err(format!("its type {other} is none of 1 to 6")),
        }
    }
}

impl Iterator for PacketLog {
    type Item = Result<ImportRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.packet().transpose();
        self.ended = match &next {
            None => true,
            Some(Ok(_)) => false,
            Some(Err(error)) => !error.fault.is_recoverable(),
        };
        next
    }
}
