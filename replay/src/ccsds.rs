use crate::{
    error::{ReadError, ReadFault},
    input::Input,
    record::ImportRecord,
};

/// Bytes of a space packet's primary header (CCSDS 133.0-B-2 §4.1.3).
const PRIMARY_HEADER_BYTES: usize = 6;
/// How the packet logs of every COSMOS begin.
const PACKET_LOG: &[u8] = b"COSMOS";

/// A stream of space packets, one after the other, each with `skip` foreign bytes before it.
///
/// # Layout
/// The packet data length (bytes 4 and 5, big endian) counts the data field less one
/// (CCSDS 133.0-B-2 §4.1.3.5.3), so a packet has that many bytes plus 7.
pub(crate) struct SpacePackets {
    input: Input,
    skip: usize,
    ended: bool,
}

impl SpacePackets {
    pub(crate) fn new(input: Input, skip: usize) -> Self {
        Self { input, skip, ended: false }
    }

    /// Reads one packet; `None` at a clean end.
    fn packet(&mut self) -> Result<Option<ImportRecord>, ReadError> {
        let offset = self.input.position() + self.skip as u64;
        let header_end = self.skip + PRIMARY_HEADER_BYTES;
        let seen = self.input.peek(header_end)?;
        let left = seen.len();
        if left == 0 {
            return Ok(None);
        }
        // The version comes first: of bytes that are no packet, no length means anything.
        if let Some(version) = seen.get(self.skip).map(|byte| byte >> 5).filter(|v| *v != 0) {
            let fault = if seen.starts_with(PACKET_LOG) {
                ReadFault::IsPacketLog
            } else {
                ReadFault::NoSpacePacket { version }
            };
            return Err(self.input.fault(offset, fault));
        }
        if left < header_end {
            let fault = truncated("a space packet's header", header_end, left);
            return Err(self.input.fault(offset - self.skip as u64, fault));
        }
        let length = u16::from_be_bytes([seen[self.skip + 4], seen[self.skip + 5]]);
        let total = self.skip + usize::from(length) + PRIMARY_HEADER_BYTES + 1;
        let left = self.input.peek(total)?.len();
        if left < total {
            let fault = truncated("a space packet", total - self.skip, left - self.skip);
            return Err(self.input.fault(offset, fault));
        }
        self.input.take(self.skip);
        Ok(Some(self.input.take_record(total - self.skip)))
    }
}

/// Describes something that the file's end cuts.
pub(crate) fn truncated(what: &'static str, announced: usize, left: usize) -> ReadFault {
    ReadFault::Truncated { what, announced: announced as u64, left: left as u64 }
}

impl Iterator for SpacePackets {
    type Item = Result<ImportRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.packet().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
