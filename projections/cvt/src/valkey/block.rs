//! What a field of groundlog's hash holds: one block per kind and partition (ADR 3).
//!
//! ```text
//! kind u8 · partition u32 · rank u64 · seconds i64 · nanoseconds u32 · length u32   big endian
//! then `length` bytes: generation u64, the entry
//! ```

use bytes::{Buf, BufMut, Bytes};
use groundlog_proto::Generation;

/// What a block says something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The newest live packet; its rank is its offset.
    Live = b'L' as isize,
    /// How many stored packets there were; its rank is their number.
    Stored = b'S' as isize,
}

const HEAD: usize = 29;

const SECOND: i64 = 1_000_000_000;

/// Layout of `HEAD` for the scripts, which `put.lua` and `clear.lua` begin with.
#[cfg(test)]
pub(crate) const LUA_HEAD: &str = "local HEAD = '>BI4I8i8I4I4'";

/// One kind and partition of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) kind: Kind,
    pub(crate) partition: u32,
    pub(crate) rank: u64,
    /// Decides which of several partitions' packets is shown.
    pub(crate) received_time_ns: i64,
    pub(crate) generation: Generation,
    pub(crate) entry: Bytes,
}

impl Block {
    /// Appends the bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.put_u8(self.kind as u8);
        out.put_u32(self.partition);
        out.put_u64(self.rank);
        out.put_i64(self.received_time_ns.div_euclid(SECOND));
        out.put_u32(self.received_time_ns.rem_euclid(SECOND) as u32);
        out.put_u32((8 + self.entry.len()) as u32);
        out.put_u64(self.generation.0);
        out.extend_from_slice(&self.entry);
    }
}

/// Reads the blocks of a field; `None` where they are none.
pub(crate) fn read(mut bytes: Bytes) -> Option<Vec<Block>> {
    let mut blocks = Vec::with_capacity(1);
    while bytes.has_remaining() {
        if bytes.len() < HEAD {
            return None;
        }
        let kind = match bytes.get_u8() {
            b'L' => Kind::Live,
            b'S' => Kind::Stored,
            _ => return None,
        };
        let (partition, rank) = (bytes.get_u32(), bytes.get_u64());
        let (seconds, nanos) = (bytes.get_i64(), bytes.get_u32());
        let length = bytes.get_u32() as usize;
        if length < 8 || bytes.len() < length {
            return None;
        }
        let mut content = bytes.split_to(length);
        blocks.push(Block {
            kind,
            partition,
            rank,
            received_time_ns: nanoseconds(seconds, nanos)?,
            generation: Generation(content.get_u64()),
            entry: content,
        });
    }
    Some(blocks)
}

/// The seconds before the first moment there is are none: only the sum has to fit.
fn nanoseconds(seconds: i64, nanos: u32) -> Option<i64> {
    i64::try_from(i128::from(seconds) * i128::from(SECOND) + i128::from(nanos)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_as_they_went() {
        let block = |kind, partition, received_time_ns| Block {
            kind,
            partition,
            rank: 1 << 40,
            received_time_ns,
            generation: Generation(u64::MAX - 1),
            entry: Bytes::from_static(b"entry"),
        };
        let blocks = [
            block(Kind::Live, 0, 1_700_000_000_123_456_789),
            block(Kind::Live, 7, -1),
            block(Kind::Live, 8, i64::MIN),
            block(Kind::Stored, 1, i64::MAX),
        ];
        let mut bytes = Vec::new();
        blocks.iter().for_each(|block| block.write(&mut bytes));
        assert_eq!(read(bytes.clone().into()).as_deref(), Some(&blocks[..]));
        for length in (1..bytes.len()).filter(|length| length % (HEAD + 13) != 0) {
            assert_eq!(read(Bytes::copy_from_slice(&bytes[..length])), None, "{length} bytes");
        }
        assert_eq!(read(Bytes::from_static(b"{\"TEMP\":1}")), None);
        assert_eq!(read(Bytes::new()), Some(Vec::new()));
    }
}
