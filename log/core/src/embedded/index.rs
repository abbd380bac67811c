//! Sparse index of a segment, in a file beside it: a hint that every use checks, so a missing or
//! damaged one costs a walk through the headers and nothing else.
//!
//! Layout, little endian: 0 magic (8), 8 number of entries (4), 12 CRC-32C of the entries (4),
//! 16 entries: base offset of a batch (8), its byte in the segment (8), its append time (8).

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    disk,
    format::{u32_at, u64_at},
};
use crate::LogError;

const MAGIC: [u8; 8] = *b"GLIDX001";
const HEADER: usize = 16;
const ENTRY: usize = 24;

/// Where one batch lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexEntry {
    pub(super) offset: u64,
    pub(super) byte: u64,
    pub(super) time: i64,
}

/// Returns the index file of a segment file.
pub(super) fn path(segment: &Path) -> PathBuf {
    segment.with_extension("idx")
}

pub(super) fn write(segment: &Path, entries: &[IndexEntry]) -> Result<(), LogError> {
    let mut bytes = vec![0; HEADER];
    for entry in entries {
        bytes.extend_from_slice(&entry.offset.to_le_bytes());
        bytes.extend_from_slice(&entry.byte.to_le_bytes());
        bytes.extend_from_slice(&entry.time.to_le_bytes());
    }
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&(entries.len() as u32).to_le_bytes());
    let crc = crc32c::crc32c(&bytes[HEADER..]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    let path = path(segment);
    fs::write(&path, bytes).map_err(|e| disk::error("cannot write", &path, e))
}

/// Reads an index; empty where there is none to be trusted.
pub(super) fn read(segment: &Path) -> Vec<IndexEntry> {
    let Ok(bytes) = fs::read(path(segment)) else {
        return Vec::new();
    };
    if bytes.len() < HEADER || bytes[..8] != MAGIC {
        return Vec::new();
    }
    let entries = &bytes[HEADER..];
    if entries.len() != u32_at(&bytes, 8) as usize * ENTRY
        || crc32c::crc32c(entries) != u32_at(&bytes, 12)
    {
        return Vec::new();
    }
    entries
        .chunks_exact(ENTRY)
        .map(|entry| IndexEntry {
            offset: u64_at(entry, 0),
            byte: u64_at(entry, 8),
            time: u64_at(entry, 16) as i64,
        })
        .collect()
}
