use std::{fs::File, io, sync::Arc};

use bytes::{Bytes, BytesMut};
use groundlog_proto::{Nanos, Offset};

use super::{
    disk,
    folder::Folder,
    format::{BATCH_HEADER, BatchHeader, Damage, u32_at},
    partition::Partition,
    segment::Segment,
};
use crate::{
    Batch, LogError,
    session::{Cursor, Store},
};

/// Reads one partition from its files.
///
/// Reads block the calling thread; what is near the tail comes from the page cache, and one read
/// is bounded by `max_bytes`.
pub(super) struct PartitionCursor {
    folder: Arc<Folder>,
    partition: Arc<Partition>,
    position: Offset,
    at: Option<At>,
    /// A stored batch larger than was asked for, handed out in pieces.
    rest: Rest,
    /// The last buffer: used again once its reader has dropped it.
    spare: Bytes,
}

/// A stored batch of which part has been handed out: its header and body.
type Rest = Option<(BatchHeader, Bytes)>;

struct At {
    segment: Arc<Segment>,
    file: File,
    /// Where the next batch begins.
    byte: u64,
}

impl PartitionCursor {
    pub(super) fn new(folder: Arc<Folder>, partition: Arc<Partition>, from: Offset) -> Self {
        Self { folder, partition, position: from, at: None, rest: None, spare: Bytes::new() }
    }

    fn open_at(&mut self) -> Result<Option<At>, LogError> {
        let (segment, file) = loop {
            let Some(segment) = self.partition.segment_of(self.position) else {
                return Ok(None);
            };
            match segment.open() {
                Ok(file) => break (segment, file),
                // Retention may have removed it since the trim point was looked at; compaction
                // removes segments in the middle.
                Err(error) => {
                    self.folder.refresh()?;
                    self.check_trim()?;
                    if segment.path.exists() || !self.partition.may_have_gaps() {
                        return Err(error);
                    }
                    self.partition.forget_segment(segment.base);
                }
            }
        };
        segment
            .check_header(self.partition.id, &file)
            .map_err(|damage| self.partition.corrupt(damage))?;
        let position = self.position;
        let place = segment
            .locate(&file, |entry| entry.offset <= position, |header| header.next() > position)
            .map_err(|damage| self.partition.corrupt(damage))?;
        Ok(Some(At { segment, file, byte: place.byte }))
    }

    fn check_trim(&self) -> Result<(), LogError> {
        let trim = self.partition.bounds().trim;
        if self.position >= trim {
            return Ok(());
        }
        Err(LogError::Trimmed {
            partition: self.partition.name.clone(),
            offset: self.position,
            trim,
        })
    }

    fn empty(&self) -> Batch {
        Batch::new(self.partition.name.clone(), self.position, Bytes::new())
    }

    /// Reads the next stored batches; `None` when there are none below the committed end.
    fn read(&mut self, max_bytes: usize) -> Result<Option<Batch>, LogError> {
        loop {
            let mut at = match self.at.take() {
                Some(at) => at,
                None => match self.open_at()? {
                    Some(at) => at,
                    None => return Ok(None),
                },
            };
            let available = at.segment.committed().saturating_sub(at.byte);
            if available == 0 {
                let Some(next) = self.partition.segment_after(at.segment.base) else {
                    self.at = Some(at);
                    return Ok(None);
                };
                self.enter(&at, &next)?;
                continue;
            }
            let partition = self.partition.clone();
            let damaged = |what: String, byte, offset| {
                partition.corrupt(at.segment.damage(byte, offset, what))
            };
            let wanted = (max_bytes.max(BATCH_HEADER) as u64).min(available);
            let mut chunk = self
                .load(&at, wanted as usize)
                .or_else(|_| self.load(&at, BATCH_HEADER))
                .map_err(|e| damaged(e.to_string(), at.byte, self.position))?;
            let first = BatchHeader::decode(&chunk, at.segment.seed)
                .map_err(|what| damaged(what.to_owned(), at.byte, self.position))?;
            // Of a damaged batch, no record can be read: its first offset names it.
            let offset = first.base.min(self.position);
            if first.total() > available {
                let what = "the segment ends inside a batch".to_owned();
                return Err(damaged(what, at.byte, offset));
            }
            if first.total() > chunk.len() as u64 {
                chunk = self
                    .load(&at, first.total() as usize)
                    .map_err(|e| damaged(e.to_string(), at.byte, offset))?;
            }
            if first.total() > chunk.len() as u64 {
                let what = "the file is shorter than what was committed".to_owned();
                return Err(damaged(what, at.byte, offset));
            }
            let (batch, used, rest) = self
                .parse(&at, &chunk, max_bytes)
                .map_err(|damage| self.partition.corrupt(damage))?;
            at.byte += used as u64;
            self.rest = rest;
            self.at = Some(at);
            return Ok(Some(batch));
        }
    }

    /// Goes on with the next segment.
    fn enter(&mut self, at: &At, next: &Segment) -> Result<(), LogError> {
        if next.base > self.position {
            self.check_trim()?;
            if !self.partition.may_have_gaps() {
                let damage = at.segment.gap(at.byte, self.position, next.base);
                return Err(self.partition.corrupt(damage));
            }
            self.position = next.base;
        }
        Ok(())
    }

    /// Reads so many bytes, or what is there of them.
    fn load(&mut self, at: &At, bytes: usize) -> io::Result<Bytes> {
        let spare = std::mem::take(&mut self.spare);
        let mut buffer = match spare.try_into_mut() {
            Ok(buffer) if buffer.len() >= bytes && buffer.len() / 8 <= bytes => buffer,
            _ => BytesMut::zeroed(bytes),
        };
        let read = disk::read_upto(&at.file, &mut buffer[..bytes], at.byte)?;
        self.spare = buffer.freeze();
        Ok(self.spare.slice(..read))
    }

    /// Takes whole batches off the chunk. Of one that is larger than wanted, a part is returned
    /// and the rest kept.
    fn parse(
        &self,
        at: &At,
        chunk: &Bytes,
        max_bytes: usize,
    ) -> Result<(Batch, usize, Rest), Damage> {
        let mut batch = Batch::new(self.partition.name.clone(), self.position, chunk.clone());
        let mut used = 0;
        let mut expected = None;
        while chunk.len() - used >= BATCH_HEADER {
            let byte = at.byte + used as u64;
            let mut offset = batch.next();
            let header = match BatchHeader::decode(&chunk[used..], at.segment.seed) {
                Ok(header) => header,
                // What was read before is good: the damage is told when it is reached.
                Err(_) if used > 0 => break,
                Err(what) => return Err(at.segment.damage(byte, offset, what.to_owned())),
            };
            offset = offset.min(header.base);
            let end = used + header.total() as usize;
            if end > chunk.len() {
                break;
            }
            let body = &chunk[used + BATCH_HEADER..end];
            let contiguous = match expected {
                Some(expected) => expected == header.base,
                None => header.base <= self.position,
            };
            let checked = match header.check_body(body) {
                Ok(()) if !contiguous => Err("offsets are not contiguous"),
                checked => checked,
            };
            match checked {
                Ok(()) => {}
                Err(_) if used > 0 => break,
                Err(what) => return Err(at.segment.damage(byte, offset, what.to_owned())),
            }
            expected = Some(header.next());
            if used == 0 && end > max_bytes {
                let body = chunk.slice(BATCH_HEADER..end);
                push(&mut batch, &header, BATCH_HEADER, body.len(), self.position, max_bytes);
                let rest = (batch.next() < header.next()).then_some((header, body));
                return Ok((batch, end, rest));
            }
            push(&mut batch, &header, used + BATCH_HEADER, body.len(), self.position, usize::MAX);
            used = end;
        }
        Ok((batch, used, None))
    }
}

/// Adds the records of one stored batch, whose body lies at `start`, from an offset on.
fn push(
    batch: &mut Batch,
    header: &BatchHeader,
    start: usize,
    length: usize,
    from: Offset,
    max_bytes: usize,
) {
    let time = Nanos(header.time);
    let table = batch.buffer().slice(start..start + header.records as usize * 8);
    debug_assert!(table.len() <= length);
    batch.reserve(header.records as usize);
    let mut at = (start + table.len()) as u32;
    let mut taken = 0;
    for (offset, pair) in (header.base..).zip(table.chunks_exact(8)) {
        let value = at + u32_at(pair, 0);
        let end = value + u32_at(pair, 4);
        if offset >= from {
            taken += (end - at) as usize;
            if taken > max_bytes && !batch.is_empty() {
                return;
            }
            batch.push(offset, time, at, value, end);
        }
        at = end;
    }
}

impl Cursor for PartitionCursor {
    fn poll(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        self.folder.check_open()?;
        if self.position >= self.folder.bounds(&self.partition).tail {
            self.folder.refresh()?;
        }
        let bounds = self.folder.bounds(&self.partition);
        self.check_trim()?;
        if self.position >= bounds.tail {
            return Ok(self.empty());
        }
        let batch = match self.rest.take() {
            Some((header, body)) => {
                let mut batch =
                    Batch::new(self.partition.name.clone(), self.position, body.clone());
                push(&mut batch, &header, 0, body.len(), self.position, max_bytes);
                self.rest = (batch.next() < header.next()).then_some((header, body));
                batch
            }
            None => self.read(max_bytes)?.unwrap_or_else(|| self.empty()),
        };
        self.position = batch.next();
        Ok(batch)
    }

    fn position(&self) -> Offset {
        self.position
    }

    fn seek(&mut self, offset: Offset) {
        if offset != self.position {
            self.position = offset;
            self.at = None;
            self.rest = None;
        }
    }
}
