use std::{
    collections::HashMap,
    io::IoSlice,
    sync::{Arc, atomic::Ordering},
};

use groundlog_proto::Nanos;

use super::{
    disk,
    folder::Folder,
    format::{BATCH_HEADER, BatchHeader, Body, FLAG_TRANSACTIONAL, PartitionId},
    index::IndexEntry,
    journal::End,
    lane::{Active, Lane},
    options::Space,
    request::{Placed, Touched},
    segment::Segment,
};
use crate::{AppendAck, LogError};

/// The most zeros written ahead of small synced appends. As many as the file has bytes, before that:
/// a topic that is hardly used takes no space.
const AHEAD: u64 = 256 << 10;
/// What a disk writes at least.
const BLOCK: u64 = 4 << 10;

/// Everything written in one go, so that it can be undone in one go.
pub(super) struct Round<'a> {
    folder: &'a Folder,
    now: i64,
    runs: Vec<Run<'a>>,
    /// The run that each partition's next batch continues.
    current: HashMap<PartitionId, usize>,
    undo: Vec<(PartitionId, Lane)>,
    /// Segments that are full: nothing follows in them.
    full: Vec<Arc<Segment>>,
}

/// Batches that follow each other in one file.
struct Run<'a> {
    to: Active,
    start: u64,
    is_synced: bool,
    batches: Vec<([u8; BATCH_HEADER], &'a Body)>,
    index: Vec<IndexEntry>,
}

impl Run<'_> {
    fn bytes(&self) -> u64 {
        self.batches.iter().map(|(header, body)| header.len() as u64 + body.bytes()).sum()
    }

    /// Fills the file with zeros ahead of small synced appends: a sync that changes neither the size
    /// of a file nor its blocks costs the disk half. Large ones would write everything twice.
    fn write_ahead(&self, space: &Space) {
        let (bytes, allocated) = (self.bytes(), &self.to.segment.allocated);
        let end = self.start + bytes;
        if !self.is_synced || bytes > AHEAD / 4 || end <= allocated.load(Ordering::Relaxed) {
            return;
        }
        let target = (end + end.clamp(BLOCK, AHEAD)).next_multiple_of(BLOCK);
        let zeros = vec![0; (target - end) as usize];
        let written = disk::write_at(&self.to.file, end, &mut [IoSlice::new(&zeros)], space);
        if written.is_err() {
            // Nothing depends on it. What is left is for what must be written.
            drop(self.to.file.set_len(end));
        }
        allocated.store(if written.is_ok() { target } else { end }, Ordering::Relaxed);
    }
}

/// Notes that a file was written up to where it ends now.
fn touch(files: &mut Vec<Touched>, to: &Active) {
    let touched = Touched { segment: to.segment.clone(), file: to.file.clone(), bytes: to.bytes };
    match files.last_mut().filter(|last| Arc::ptr_eq(&last.file, &touched.file)) {
        Some(last) => *last = touched,
        None => files.push(touched),
    }
}

impl<'a> Round<'a> {
    pub(super) fn new(folder: &'a Folder, now: i64) -> Self {
        Self {
            folder,
            now,
            runs: Vec::new(),
            current: HashMap::new(),
            undo: Vec::new(),
            full: Vec::new(),
        }
    }

    /// Returns the lanes as they were before.
    pub(super) fn into_undo(self) -> Vec<(PartitionId, Lane)> {
        self.undo
    }

    /// Returns the number of bytes of all batches.
    pub(super) fn bytes(&self) -> u64 {
        self.runs.iter().map(Run::bytes).sum()
    }

    /// Gives the records of one partition their offsets and their place.
    pub(super) fn place(
        &mut self,
        lane: &mut Lane,
        bodies: &'a [Body],
        is_transaction: bool,
    ) -> Result<Placed, LogError> {
        let id = lane.partition.id;
        if !self.undo.iter().any(|(known, _)| *known == id) {
            self.undo.push((id, lane.clone()));
        }
        let base = lane.next;
        let mut files: Vec<Touched> = Vec::with_capacity(1);
        for body in bodies.iter().filter(|body| body.records > 0) {
            self.place_batch(lane, body, is_transaction, &mut files)?;
        }
        let active = lane.active.as_ref();
        Ok(Placed {
            partition: lane.partition.clone(),
            end: End {
                trim: 0,
                next: lane.next,
                segment: active.map_or(0, |active| active.segment.base),
                bytes: active.map_or(0, |active| active.bytes),
                time: lane.time,
            },
            ack: AppendAck {
                base,
                next: lane.next,
                append_time: Nanos(lane.time.max(if base == lane.next {
                    self.now
                } else {
                    i64::MIN
                })),
            },
            files,
        })
    }

    fn place_batch(
        &mut self,
        lane: &mut Lane,
        body: &'a Body,
        is_transaction: bool,
        files: &mut Vec<Touched>,
    ) -> Result<(), LogError> {
        let id = lane.partition.id;
        let time = lane.time.max(self.now);
        let bytes = BATCH_HEADER as u64 + body.bytes();
        if lane.needs_segment(bytes, time, &self.folder.options) {
            if let Some(full) = &lane.active {
                // Before anything follows in another file, and synced with it: zeros with a batch
                // behind them are damage.
                if full.segment.end_at(&full.file, full.bytes)? {
                    touch(files, full);
                }
                self.full.push(full.segment.clone());
            }
            lane.begin_segment(time, &self.folder.surroundings.space)?;
            self.current.remove(&id);
        }
        let Some(active) = &mut lane.active else {
            return Err(LogError::Closed);
        };
        let header = BatchHeader {
            body_bytes: body.bytes() as u32,
            body_crc: body.crc,
            base: lane.next,
            time,
            records: body.records,
            flags: if is_transaction { FLAG_TRANSACTIONAL } else { 0 },
            synced: lane.partition.synced.load(Ordering::Acquire),
        };
        let run = *self.current.entry(id).or_insert_with(|| {
            let start = active.bytes;
            let to = active.clone();
            let is_synced = lane.partition.topic.is_synced();
            self.runs.push(Run { to, start, is_synced, batches: Vec::new(), index: Vec::new() });
            self.runs.len() - 1
        });
        let run = &mut self.runs[run];
        run.batches.push((header.encode(active.segment.seed), body));
        run.index.push(IndexEntry { offset: lane.next, byte: active.bytes, time });
        active.bytes += bytes;
        lane.next += u64::from(body.records);
        lane.time = time;
        touch(files, active);
        Ok(())
    }

    /// Writes everything placed.
    pub(super) fn write(&mut self) -> Result<(), LogError> {
        for run in &self.runs {
            let mut pieces = Vec::with_capacity(run.batches.len() * 3);
            for (header, body) in &run.batches {
                pieces.push(IoSlice::new(header));
                pieces.push(IoSlice::new(&body.table));
                pieces.push(IoSlice::new(&body.data));
            }
            disk::write_at(&run.to.file, run.start, &mut pieces, &self.folder.surroundings.space)
                .map_err(|e| disk::error("cannot write", &run.to.segment.path, e))?;
        }
        for run in &self.runs {
            run.write_ahead(&self.folder.surroundings.space);
            for entry in &run.index {
                run.to.segment.note(*entry, self.folder.options.index_bytes);
            }
        }
        for segment in &self.full {
            if let Err(error) = segment.seal() {
                tracing::debug!(%error, "no index file; it will be made up when needed");
            }
        }
        Ok(())
    }
}
