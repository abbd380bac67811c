//! What the protocols of the BURST family share: sync pattern, leading bytes, fill fields
//! (cosmos-runtime §2.2).

use super::{FrameSink, ProtocolError};

/// Garbage is handed out in pieces of this many bytes, counted from its first byte, so that how
/// reads cut it makes no difference to the records either.
pub(super) const GARBAGE_BYTES: usize = 4096;

/// Sync pattern, leading bytes and fill of one protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Framing {
    /// Bytes every packet begins with; empty: none.
    pub(super) sync: Vec<u8>,
    /// Bytes to take off the front of every packet.
    pub(super) discard_leading: usize,
    /// Whether sync pattern and leading bytes are put on outgoing packets.
    pub(super) fill: bool,
}

impl Framing {
    /// Moves `input` to the next sync pattern. Returns false when there is none yet: what may
    /// still become one stays in `input`.
    ///
    /// Unlike COSMOS (defect D1 there) bytes are never framed before their pattern was found, so
    /// that the result does not depend on how reads cut the bytes.
    #[inline]
    pub(super) fn find_sync(&self, input: &mut &[u8], out: &mut dyn FrameSink) -> bool {
        if self.sync.is_empty() || input.starts_with(&self.sync) {
            return true;
        }
        self.search(input, out)
    }

    fn search(&self, input: &mut &[u8], out: &mut dyn FrameSink) -> bool {
        let found = find(input, &self.sync);
        // Without a match, the last bytes may be the beginning of a pattern.
        let garbage = found.unwrap_or((input.len() + 1).saturating_sub(self.sync.len()));
        let mut rest = *input;
        let mut left = garbage;
        while left >= GARBAGE_BYTES || (found.is_some() && left > 0) {
            let (piece, after) = rest.split_at(left.min(GARBAGE_BYTES));
            out.discarded(piece, "no sync pattern");
            left -= piece.len();
            rest = after;
        }
        *input = rest;
        found.is_some()
    }

    /// Returns a framed packet without its leading bytes.
    #[inline]
    pub(super) fn strip<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        packet.get(self.discard_leading..).unwrap_or_default()
    }

    /// Writes the sync pattern over the first bytes of a packet that keeps them when read.
    pub(super) fn fill_packet(&self, packet: &mut [u8]) -> Result<(), ProtocolError> {
        if self.fill && self.discard_leading == 0 {
            self.write_sync(packet)?;
        }
        Ok(())
    }

    /// Puts leading bytes, with the sync pattern at their start, in front of a packet.
    pub(super) fn fill_data(&self, data: &mut Vec<u8>) -> Result<(), ProtocolError> {
        if self.fill && self.discard_leading > 0 {
            data.splice(0..0, std::iter::repeat_n(0, self.discard_leading));
            self.write_sync(data)?;
        }
        Ok(())
    }

    fn write_sync(&self, data: &mut [u8]) -> Result<(), ProtocolError> {
        let length = data.len();
        match data.get_mut(..self.sync.len()) {
            Some(start) => {
                start.copy_from_slice(&self.sync);
                Ok(())
            }
            None => Err(ProtocolError::PacketTooShort {
                length,
                what: "the sync pattern",
                needed: self.sync.len(),
            }),
        }
    }
}

fn find(haystack: &[u8], pattern: &[u8]) -> Option<usize> {
    let first = *pattern.first()?;
    let last = haystack.len().checked_sub(pattern.len())?;
    let mut from = 0;
    while from <= last {
        let at = from + haystack[from..=last].iter().position(|&byte| byte == first)?;
        if haystack[at..].starts_with(pattern) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
