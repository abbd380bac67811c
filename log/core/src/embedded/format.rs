//! Bytes of a segment file. Everything is little endian.
//!
//! Layout of the segment header: 0 magic (8), 8 generation (8), 16 partition (4), 20 zero (4),
//! 24 base offset (8), 32 append time of the first batch (8), 40 zero (20), 60 CRC-32C of
//! bytes 0–59 (4).
//!
//! Layout of a batch: 0 magic (4), 4 CRC-32C of bytes 8–47 continued from the segment's seed (4),
//! 8 body length (4), 12 CRC-32C of the body (4), 16 base offset (8), 24 append time (8),
//! 32 number of records (4), 36 flags (4), 40 synced offset (8), 48 body: per record the lengths
//! of key and value (4 + 4), then key, value, key, value, …

use std::path::PathBuf;

use crate::Records;

/// Size of a segment header.
pub(super) const SEGMENT_HEADER: usize = 64;
/// Size of a batch header.
pub(super) const BATCH_HEADER: usize = 48;
/// Starts every batch.
pub(super) const BATCH_MAGIC: [u8; 4] = *b"GLB1";
/// Flag: valid only below the committed end that the journal names.
pub(super) const FLAG_TRANSACTIONAL: u32 = 1;

const SEGMENT_MAGIC: [u8; 8] = *b"GLSEG001";

/// One partition of one generation of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct PartitionId {
    pub(super) generation: u64,
    pub(super) partition: u32,
}

/// The header of a segment file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) id: PartitionId,
    pub(super) base: u64,
    pub(super) first_time: i64,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut bytes = [0; SEGMENT_HEADER];
        bytes[0..8].copy_from_slice(&SEGMENT_MAGIC);
        bytes[8..16].copy_from_slice(&self.id.generation.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.id.partition.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.base.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first_time.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; SEGMENT_HEADER]) -> Result<Self, &'static str> {
        if bytes[0..8] != SEGMENT_MAGIC {
            return Err("not a segment file");
        }
        if crc32c::crc32c(&bytes[..60]) != u32_at(bytes, 60) {
            return Err("checksum of the segment header does not match");
        }
        Ok(Self {
            id: PartitionId { generation: u64_at(bytes, 8), partition: u32_at(bytes, 16) },
            base: u64_at(bytes, 24),
            first_time: u64_at(bytes, 32) as i64,
        })
    }
}

/// Returns what the checksums of a segment's batches start from: bytes that merely look like a
/// batch, such as a log file stored as a record, never pass for one.
pub(super) fn seed(id: PartitionId, segment: u64) -> u32 {
    let crc = crc32c::crc32c(&id.generation.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &id.partition.to_le_bytes());
    crc32c::crc32c_append(crc, &segment.to_le_bytes())
}

/// The header of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchHeader {
    pub(super) body_bytes: u32,
    pub(super) body_crc: u32,
    pub(super) base: u64,
    pub(super) time: i64,
    pub(super) records: u32,
    pub(super) flags: u32,
    /// Everything of the partition below this offset was on stable storage when this was written.
    pub(super) synced: u64,
}

impl BatchHeader {
    /// Returns header and body together in bytes.
    pub(super) fn total(&self) -> u64 {
        BATCH_HEADER as u64 + u64::from(self.body_bytes)
    }

    pub(super) fn next(&self) -> u64 {
        self.base + u64::from(self.records)
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.flags & FLAG_TRANSACTIONAL != 0
    }

    pub(super) fn encode(&self, seed: u32) -> [u8; BATCH_HEADER] {
        let mut bytes = [0; BATCH_HEADER];
        bytes[0..4].copy_from_slice(&BATCH_MAGIC);
        bytes[8..12].copy_from_slice(&self.body_bytes.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.body_crc.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.base.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.time.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.records.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.flags.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.synced.to_le_bytes());
        let crc = crc32c::crc32c_append(seed, &bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header from the front of `bytes`, which holds at least [`BATCH_HEADER`] bytes.
    pub(super) fn decode(bytes: &[u8], seed: u32) -> Result<Self, &'static str> {
        let Some(bytes) = bytes.first_chunk::<BATCH_HEADER>() else {
            return Err("a batch header is cut short");
        };
        if bytes[0..4] != BATCH_MAGIC {
            return Err("no batch starts here");
        }
        if crc32c::crc32c_append(seed, &bytes[8..]) != u32_at(bytes, 4) {
            return Err("checksum of a batch header does not match");
        }
        Ok(Self {
            body_bytes: u32_at(bytes, 8),
            body_crc: u32_at(bytes, 12),
            base: u64_at(bytes, 16),
            time: u64_at(bytes, 24) as i64,
            records: u32_at(bytes, 32),
            flags: u32_at(bytes, 36),
            synced: u64_at(bytes, 40),
        })
    }

    /// Checks a body against its header: checksum, and lengths that add up.
    pub(super) fn check_body(&self, body: &[u8]) -> Result<(), &'static str> {
        if crc32c::crc32c(body) != self.body_crc {
            return Err("checksum of a batch does not match");
        }
        let table = self.records as usize * 8;
        if table > body.len() {
            return Err("a batch is shorter than its table of lengths");
        }
        let mut sum = table as u64;
        for pair in body[..table].chunks_exact(8) {
            sum += u64::from(u32_at(pair, 0)) + u64::from(u32_at(pair, 4));
        }
        if sum == body.len() as u64 { Ok(()) } else { Err("lengths of a batch do not add up") }
    }
}

/// Records made ready for writing, in the caller's thread: what remains is a header and the copy
/// that the kernel makes.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) table: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) crc: u32,
    pub(super) records: u32,
}

impl Body {
    pub(super) fn new(records: Records) -> Self {
        let (data, lengths) = records.into_parts();
        let mut table = Vec::with_capacity(lengths.len() * 8);
        for (key, value) in &lengths {
            table.extend_from_slice(&key.to_le_bytes());
            table.extend_from_slice(&value.to_le_bytes());
        }
        let crc = crc32c::crc32c_append(crc32c::crc32c(&table), &data);
        Self { table, data, crc, records: lengths.len() as u32 }
    }

    /// Returns the size of the body in bytes.
    pub(super) fn bytes(&self) -> u64 {
        (self.table.len() + self.data.len()) as u64
    }
}

/// A place in the files that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) path: PathBuf,
    pub(super) byte: u64,
    /// First offset that cannot be read.
    pub(super) offset: u64,
    pub(super) what: String,
}

/// Reads four bytes that the caller knows to be there.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

/// Reads eight bytes that the caller knows to be there.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: PartitionId = PartitionId { generation: 77, partition: 3 };

    #[test]
    fn headers_survive_and_a_flipped_bit_is_noticed() {
        let segment = SegmentHeader { id: ID, base: 9, first_time: -5 };
        assert_eq!(SegmentHeader::decode(&segment.encode()), Ok(segment));
        let header = BatchHeader {
            body_bytes: 1,
            body_crc: 2,
            base: 3,
            time: -4,
            records: 5,
            flags: FLAG_TRANSACTIONAL,
            synced: 7,
        };
        let seed = seed(ID, 9);
        let bytes = header.encode(seed);
        assert_eq!(BatchHeader::decode(&bytes, seed), Ok(header));
        assert!(BatchHeader::decode(&bytes, seed ^ 1).is_err(), "another segment's batch");
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(BatchHeader::decode(&bad, seed).is_err(), "bit {bit}");
        }
    }
}
