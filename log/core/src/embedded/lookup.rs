//! Finds batches in a segment: from the nearest index entry on, header by header.

use std::fs::File;

use super::{
    format::{BATCH_HEADER, BatchHeader, Damage, SEGMENT_HEADER},
    index::{self, IndexEntry},
    scan::Window,
    segment::Segment,
};
use crate::session::lock;

/// Bytes read at a time, and the distance of the entries that a walk notes: what the index has by
/// default.
const STRIDE: usize = 64 << 10;

/// Where a search in a segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Byte where a batch begins, or the end.
    pub(super) byte: u64,
    /// Header of that batch; `None` at the end.
    pub(super) header: Option<BatchHeader>,
}

impl Segment {
    /// Finds the first batch for which `wanted` holds; `before` says for an index entry whether the
    /// batch it names lies before that one, or is it.
    ///
    /// Cost: a read or two. Where the index is missing or has gaps, a read per 64 KiB walked, once:
    /// what a walk has passed is kept for the next one.
    pub(super) fn locate(
        &self,
        file: &File,
        before: impl Fn(&IndexEntry) -> bool,
        wanted: impl Fn(&BatchHeader) -> bool,
    ) -> Result<Place, Damage> {
        let mut window = Window::new(STRIDE);
        let hint = self.hint(&before);
        let start = hint.filter(|hint| {
            // An index that does not fit its segment is as good as none.
            let header = self.header_at(&mut window, file, hint.byte);
            matches!(header, Ok(Some(header)) if header.base == hint.offset)
        });
        let mut walked = Walked { fits: hint.is_none() || start.is_some(), entries: Vec::new() };
        let mut byte = start.map_or(SEGMENT_HEADER as u64, |hint| hint.byte);
        let mut offset = start.map_or(self.base, |hint| hint.offset);
        let mut noted = byte;
        let mut last = (byte, offset);
        loop {
            match self.header_at(&mut window, file, byte) {
                Ok(header) if header.as_ref().is_none_or(&wanted) => {
                    self.learn(walked);
                    return Ok(Place { byte, header });
                }
                Ok(None) => {}
                Ok(Some(header)) => {
                    if byte >= noted + STRIDE as u64 {
                        let time = header.time;
                        walked.entries.push(IndexEntry { offset: header.base, byte, time });
                        noted = byte;
                    }
                    last = (byte, offset);
                    byte += header.total();
                    offset = header.next();
                }
                Err(what) => {
                    // A file that ends before this batch ends inside the one before it.
                    let is_cut = file.metadata().is_ok_and(|metadata| metadata.len() < byte);
                    let (byte, offset) = if is_cut { last } else { (byte, offset) };
                    return Err(self.damage(byte, offset, what));
                }
            }
        }
    }

    fn hint(&self, before: &impl Fn(&IndexEntry) -> bool) -> Option<IndexEntry> {
        let find = |entries: &[IndexEntry]| {
            let count = entries.partition_point(before);
            count.checked_sub(1).and_then(|last| entries.get(last)).copied()
        };
        let index = lock(&self.index);
        if index.is_empty() { find(&index::read(&self.path)) } else { find(&index) }
    }

    /// Keeps what a walk has passed.
    fn learn(&self, walked: Walked) {
        if walked.entries.is_empty() {
            return;
        }
        let mut index = lock(&self.index);
        if !walked.fits {
            index.clear();
        } else if index.is_empty() {
            *index = index::read(&self.path);
        }
        index.extend(walked.entries);
        index.sort_unstable_by_key(|entry| entry.byte);
        index.dedup_by_key(|entry| entry.byte);
    }

    /// Reads the header at a byte; `None` at the committed end.
    fn header_at(
        &self,
        window: &mut Window,
        file: &File,
        byte: u64,
    ) -> Result<Option<BatchHeader>, String> {
        let end = self.committed();
        if byte >= end {
            return Ok(None);
        }
        let bytes = window.at(file, byte, BATCH_HEADER, end)?;
        Ok(Some(BatchHeader::decode(bytes, self.seed)?))
    }
}

/// Batches that a walk has passed, far enough from each other.
struct Walked {
    /// The index that was there, if any, is right.
    fits: bool,
    entries: Vec<IndexEntry>,
}
