//! Walks segments batch by batch, checking everything.

use std::{fs::File, io};

use super::{
    disk,
    format::{BATCH_HEADER, BATCH_MAGIC, BatchHeader, Damage, SEGMENT_HEADER, u32_at},
    segment::Segment,
};

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// One batch found by a walk.
pub(super) struct Step<'a> {
    pub(super) byte: u64,
    pub(super) header: BatchHeader,
    pub(super) body: &'a [u8],
}

impl Step<'_> {
    /// Visits key and value of every record.
    pub(super) fn records(&self, mut visit: impl FnMut(&[u8], &[u8])) {
        let (table, mut rest) = self.body.split_at(self.header.records as usize * 8);
        for pair in table.chunks_exact(8) {
            let (key, after) = rest.split_at(u32_at(pair, 0) as usize);
            let (value, after) = after.split_at(u32_at(pair, 4) as usize);
            rest = after;
            visit(key, value);
        }
    }
}

/// Where a walk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// First byte not walked.
    pub(super) byte: u64,
    /// First offset not seen.
    pub(super) next: u64,
    /// Append time of the last batch seen, if any.
    pub(super) time: Option<i64>,
}

/// Walks a segment from its first batch to a byte. Every batch must be whole, good, and continue
/// the offsets.
pub(super) fn walk(
    segment: &Segment,
    file: &File,
    upto: u64,
    visit: impl FnMut(Step<'_>),
) -> Result<Reached, Damage> {
    let start = Reached { byte: SEGMENT_HEADER as u64, next: segment.base, time: None };
    walk_from(segment, file, start, upto, visit).map_err(|(_, damage)| damage)
}

/// Walks on from a place. On damage, says also how far the good part reaches.
pub(super) fn walk_from(
    segment: &Segment,
    file: &File,
    start: Reached,
    upto: u64,
    mut visit: impl FnMut(Step<'_>),
) -> Result<Reached, (Reached, Damage)> {
    let mut at = start;
    let mut window = Window::new(CHUNK);
    while at.byte < upto {
        let checked = window
            .at(file, at.byte, BATCH_HEADER, upto)
            .and_then(|bytes| BatchHeader::decode(bytes, segment.seed).map_err(str::to_owned))
            .and_then(|header| {
                if header.base == at.next {
                    Ok(header)
                } else {
                    Err(format!("offset {} instead of {}", header.base, at.next))
                }
            })
            .and_then(|header| {
                let bytes = window.at(file, at.byte, header.total() as usize, upto)?;
                header.check_body(&bytes[BATCH_HEADER..])?;
                Ok((header, bytes))
            });
        match checked {
            Ok((header, bytes)) => {
                visit(Step { byte: at.byte, header, body: &bytes[BATCH_HEADER..] });
                at = Reached {
                    byte: at.byte + header.total(),
                    next: header.next(),
                    time: Some(header.time),
                };
            }
            Err(what) => return Err((at, segment.damage(at.byte, at.next, what))),
        }
    }
    Ok(at)
}

/// Looks for valid batches of an offset or higher anywhere behind a byte. Returns the highest offset
/// that one of them says was on stable storage when it was written; `None` when there is none.
pub(super) fn later_batches(
    segment: &Segment,
    file: &File,
    from: u64,
    offset: u64,
) -> io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    let mut found: Option<u64> = None;
    // Two windows: looking into a candidate must not lose the place of the search.
    let (mut window, mut candidates) = (Window::new(CHUNK), Window::new(CHUNK));
    let mut at = from.max(SEGMENT_HEADER as u64);
    while at + BATCH_HEADER as u64 <= length {
        let wanted = CHUNK.min((length - at) as usize);
        let bytes = window.at(file, at, wanted, length).map_err(io::Error::other)?;
        let usable = bytes.len() - BATCH_HEADER + 1;
        let (mut place, next) = (0, at + usable as u64);
        while let Some(distance) = magic_in(&bytes[place..usable + BATCH_MAGIC.len() - 1]) {
            place += distance;
            let start = at + place as u64;
            let header = BatchHeader::decode(&bytes[place..], segment.seed).ok();
            let header = header.filter(|it| it.base >= offset && start + it.total() <= length);
            let good = match &header {
                None => None,
                Some(header) => {
                    let whole = candidates.at(file, start, header.total() as usize, length);
                    let whole = whole.map_err(io::Error::other)?;
                    header.check_body(&whole[BATCH_HEADER..]).is_ok().then_some(header)
                }
            };
            place += match good {
                None => 1,
                Some(header) => {
                    found = found.max(Some(header.synced));
                    header.total() as usize
                }
            };
            if place >= usable {
                break;
            }
        }
        at = next.max(at + place as u64);
    }
    Ok(found)
}

fn magic_in(bytes: &[u8]) -> Option<usize> {
    bytes.windows(BATCH_MAGIC.len()).position(|it| it == BATCH_MAGIC)
}

/// A part of a file held in memory while it is walked.
pub(super) struct Window {
    /// Bytes read at a time.
    chunk: usize,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(super) fn new(chunk: usize) -> Self {
        Self { chunk, start: 0, bytes: Vec::new() }
    }

    /// Returns bytes of the file, reading ahead up to `end`. What cannot be read, or is not there,
    /// is an error only where it is asked for.
    pub(super) fn at(
        &mut self,
        file: &File,
        at: u64,
        length: usize,
        end: u64,
    ) -> Result<&[u8], String> {
        if at + length as u64 > end {
            return Err("the file ends inside a batch".to_owned());
        }
        let held = self.start..self.start + self.bytes.len() as u64;
        if at < held.start || at + length as u64 > held.end {
            let ahead = length.max(self.chunk.min((end - at) as usize));
            self.load(file, at, ahead)
                .or_else(|_| self.load(file, at, length))
                .map_err(|error| error.to_string())?;
        }
        let from = (at - self.start) as usize;
        let bytes = self.bytes.get(from..from + length);
        bytes.ok_or_else(|| "the file ends inside a batch".to_owned())
    }

    fn load(&mut self, file: &File, at: u64, length: usize) -> io::Result<()> {
        self.start = at;
        self.bytes.resize(length, 0);
        let read = disk::read_upto(file, &mut self.bytes, at);
        self.bytes.truncate(read.as_ref().map_or(0, |read| *read));
        read.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        Records,
        embedded::format::{Body, PartitionId},
    };

    fn batch(seed: u32, base: u64, synced: u64) -> Vec<u8> {
        let mut records = Records::new();
        records.push(b"key", &BATCH_MAGIC.repeat(100));
        let body = Body::new(records);
        let header = BatchHeader {
            body_bytes: body.bytes() as u32,
            body_crc: body.crc,
            base,
            time: 0,
            records: 1,
            flags: 0,
            synced,
        };
        [&header.encode(seed)[..], &body.table, &body.data].concat()
    }

    /// Beginnings of batches wherever one looks, over several windows; good ones of the wanted
    /// offset among them, one across the border of two windows.
    #[test]
    fn later_batches_are_found_among_what_only_looks_like_them() {
        let folder = tempfile::tempdir().expect("folder");
        let id = PartitionId { generation: 1, partition: 0 };
        let segment = Segment::new(id, folder.path(), 0, 0);
        let mut bytes = BATCH_MAGIC.repeat(CHUNK);
        let found = |bytes: &[u8], offset| {
            fs::write(&segment.path, bytes).expect("written");
            let file = File::open(&segment.path).expect("opens");
            later_batches(&segment, &file, 0, offset).expect("readable")
        };
        assert_eq!(found(&bytes, 0), None);
        let places = [(CHUNK + 50, 7, 3), (SEGMENT_HEADER + 2 * CHUNK - 70, 8, 5), (77, 6, 9)];
        for (place, base, synced) in places {
            let good = batch(segment.seed, base, synced);
            bytes[place..place + good.len()].copy_from_slice(&good);
        }
        assert_eq!(found(&bytes, 0), Some(9));
        assert_eq!(found(&bytes, 7), Some(5));
        assert_eq!(found(&bytes, 9), None);
        // A good one at the very end, and one whose end is missing.
        let good = batch(segment.seed, 9, 4);
        bytes.extend(&good);
        assert_eq!(found(&bytes, 9), Some(4));
        assert_eq!(found(&bytes[..bytes.len() - 1], 9), None);
    }
}
