//! One entry of the journal. Little endian.
//!
//! Layout: 0 magic (4), 4 CRC-32C of everything from byte 8, continued from the file's seed (4),
//! 8 length of the whole entry (4), 12 kind (4), 16 sequence number (8), 24 synced: bytes of this
//! file known to be on stable storage (8), 32 covers (8), 40 boot id (16), 56 number of ends (4),
//! 60 number of checkpoints (4), 64 ends, checkpoints.
//!
//! An end: generation (8), partition (4), zero (4), trim (8), next offset (8), base of the segment
//! (8), end in the segment (8), newest append time (8).
//! A checkpoint: generation (8), partition (4), length of the group's name (4), next offset (8),
//! name of the group.

use std::collections::BTreeMap;

use crate::embedded::format::{PartitionId, u32_at, u64_at};

pub(super) const MAGIC: [u8; 4] = *b"GLJ1";
pub(super) const ENTRY_HEADER: usize = 64;
const END: usize = 56;
const CHECKPOINT: usize = 24;

/// Why an entry was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::embedded) enum Kind {
    /// The whole state, all of it on stable storage: the first entry of a file.
    Snapshot,
    /// Ends and checkpoints committed together.
    Commit,
    /// Every entry up to `covers` is on stable storage with its data.
    Good,
    /// Like a commit, but its data was on stable storage before it was written: it stands whatever
    /// became of entries before it.
    Durable,
}

/// The committed end of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::embedded) struct End {
    /// Oldest offset that may be read.
    pub(in crate::embedded) trim: u64,
    /// First offset not committed.
    pub(in crate::embedded) next: u64,
    /// Base offset of the segment that holds the end.
    pub(in crate::embedded) segment: u64,
    /// Where in that segment the next batch begins; 0 when there is no segment yet.
    pub(in crate::embedded) bytes: u64,
    /// Append time of the newest batch.
    pub(in crate::embedded) time: i64,
}

/// Committed ends and checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::embedded) struct Mirror {
    pub(in crate::embedded) ends: BTreeMap<PartitionId, End>,
    pub(in crate::embedded) checkpoints: BTreeMap<(String, PartitionId), u64>,
}

impl Mirror {
    pub(in crate::embedded) fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.checkpoints.is_empty()
    }

    /// Takes over what an entry says.
    pub(in crate::embedded) fn apply(&mut self, newer: &Self) {
        self.ends.extend(newer.ends.iter().map(|(id, end)| (*id, *end)));
        for (key, next) in &newer.checkpoints {
            // The key exists almost always: clone its name only where it does not.
            match self.checkpoints.get_mut(key) {
                Some(known) => *known = *next,
                None => drop(self.checkpoints.insert(key.clone(), *next)),
            }
        }
    }
}

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::embedded) struct Entry {
    pub(in crate::embedded) kind: Kind,
    pub(in crate::embedded) seq: u64,
    pub(in crate::embedded) synced: u64,
    pub(in crate::embedded) covers: u64,
    pub(in crate::embedded) boot: [u8; 16],
    pub(in crate::embedded) state: Mirror,
}

impl Entry {
    pub(in crate::embedded) fn new(kind: Kind, state: Mirror) -> Self {
        Self { kind, seq: 0, synced: 0, covers: 0, boot: [0; 16], state }
    }

    /// Returns the size of the entry in bytes.
    pub(in crate::embedded) fn bytes(&self) -> u64 {
        let groups = self.state.checkpoints.keys().map(|(group, _)| group.as_str());
        bytes_needed(self.state.ends.len(), groups)
    }

    pub(super) fn encode(&self, seed: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes() as usize);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&(self.bytes() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.kind as u32).to_le_bytes());
        for word in [self.seq, self.synced, self.covers] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&self.boot);
        bytes.extend_from_slice(&(self.state.ends.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.state.checkpoints.len() as u32).to_le_bytes());
        for (id, end) in &self.state.ends {
            bytes.extend_from_slice(&id.generation.to_le_bytes());
            bytes.extend_from_slice(&u64::from(id.partition).to_le_bytes());
            for word in [end.trim, end.next, end.segment, end.bytes, end.time as u64] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        for ((group, id), next) in &self.state.checkpoints {
            bytes.extend_from_slice(&id.generation.to_le_bytes());
            bytes.extend_from_slice(&id.partition.to_le_bytes());
            bytes.extend_from_slice(&(group.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&next.to_le_bytes());
            bytes.extend_from_slice(group.as_bytes());
        }
        let crc = crc32c::crc32c_append(seed, &bytes[8..]);
        bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the entry at the front of `bytes` and returns it with its length.
    pub(super) fn decode(bytes: &[u8], seed: u32) -> Result<(Self, usize), &'static str> {
        if bytes.len() < ENTRY_HEADER || bytes[..4] != MAGIC {
            return Err("no entry starts here");
        }
        let length = u32_at(bytes, 8) as usize;
        if length < ENTRY_HEADER || length > bytes.len() {
            return Err("the length of an entry is wrong");
        }
        if crc32c::crc32c_append(seed, &bytes[8..length]) != u32_at(bytes, 4) {
            return Err("the checksum of an entry does not match");
        }
        let kind = match u32_at(bytes, 12) {
            0 => Kind::Snapshot,
            1 => Kind::Commit,
            2 => Kind::Good,
            3 => Kind::Durable,
            _ => return Err("the kind of an entry is unknown"),
        };
        let mut boot = [0; 16];
        boot.copy_from_slice(&bytes[40..56]);
        let counts = (u32_at(bytes, 56) as usize, u32_at(bytes, 60) as usize);
        let state = decode_state(&bytes[ENTRY_HEADER..length], counts)
            .ok_or("an entry is shorter than its counts say")?;
        let entry = Self {
            kind,
            seq: u64_at(bytes, 16),
            synced: u64_at(bytes, 24),
            covers: u64_at(bytes, 32),
            boot,
            state,
        };
        Ok((entry, length))
    }
}

fn decode_state(mut rest: &[u8], (ends, checkpoints): (usize, usize)) -> Option<Mirror> {
    let mut state = Mirror::default();
    for _ in 0..ends {
        let (end, after) = rest.split_at_checked(END)?;
        rest = after;
        let id = PartitionId { generation: u64_at(end, 0), partition: u32_at(end, 8) };
        let end = End {
            trim: u64_at(end, 16),
            next: u64_at(end, 24),
            segment: u64_at(end, 32),
            bytes: u64_at(end, 40),
            time: u64_at(end, 48) as i64,
        };
        state.ends.insert(id, end);
    }
    for _ in 0..checkpoints {
        let (fixed, after) = rest.split_at_checked(CHECKPOINT)?;
        let (group, after) = after.split_at_checked(u32_at(fixed, 12) as usize)?;
        rest = after;
        let id = PartitionId { generation: u64_at(fixed, 0), partition: u32_at(fixed, 8) };
        let group = std::str::from_utf8(group).ok()?.to_owned();
        state.checkpoints.insert((group, id), u64_at(fixed, 16));
    }
    rest.is_empty().then_some(state)
}

/// Returns the size of an entry with so many ends and checkpoints of these groups.
pub(in crate::embedded) fn bytes_needed<'a>(
    ends: usize,
    groups: impl Iterator<Item = &'a str>,
) -> u64 {
    let checkpoints: usize = groups.map(|group| CHECKPOINT + group.len()).sum();
    (ENTRY_HEADER + ends * END + checkpoints) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_survives_and_a_flipped_bit_is_noticed() {
        let id = PartitionId { generation: 5, partition: 2 };
        let mut entry = Entry::new(Kind::Commit, Mirror::default());
        let end = End { trim: 1, next: 2, segment: 3, bytes: 4, time: -5 };
        entry.state.ends.insert(id, end);
        entry.state.checkpoints.insert(("decom".to_owned(), id), 17);
        entry.seq = 9;
        let bytes = entry.encode(1);
        assert_eq!(bytes.len() as u64, entry.bytes());
        assert_eq!(Entry::decode(&bytes, 1), Ok((entry, bytes.len())));
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Entry::decode(&bad, 1).is_err(), "bit {bit}");
        }
        assert!(Entry::decode(&bytes, 2).is_err(), "an entry of another journal");
    }
}
