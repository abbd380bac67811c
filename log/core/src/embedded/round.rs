use std::{collections::HashMap, io::IoSlice, sync::Arc};

use groundlog_proto::Nanos;

use super::{
    disk,
    folder::Folder,
    format::{BATCH_HEADER, BatchHeader, Body, FLAG_TRANSACTIONAL, PartitionId},
    index::IndexEntry,
    journal::End,
    lane::{Active, Lane},
    request::{Placed, Touched},
    segment::Segment,
};
use crate::{AppendAck, LogError};
use std::sync::atomic::Ordering;

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
    batches: Vec<([u8; BATCH_HEADER], &'a Body)>,
    index: Vec<IndexEntry>,
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
        let batches = self.runs.iter().flat_map(|run| &run.batches);
        batches.map(|(header, body)| header.len() as u64 + body.bytes()).sum()
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
            let active = self.place_batch(lane, body, is_transaction)?;
            let touched =
                Touched { segment: active.segment, file: active.file, bytes: active.bytes };
            match files.last_mut().filter(|last| Arc::ptr_eq(&last.file, &touched.file)) {
                Some(last) => *last = touched,
                None => files.push(touched),
            }
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
    ) -> Result<Active, LogError> {
        let id = lane.partition.id;
        let time = lane.time.max(self.now);
        let bytes = BATCH_HEADER as u64 + body.bytes();
        if lane.needs_segment(bytes, time, &self.folder.options) {
            self.full.extend(lane.active.as_ref().map(|full| full.segment.clone()));
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
            self.runs.push(Run { to, start, batches: Vec::new(), index: Vec::new() });
            self.runs.len() - 1
        });
        let run = &mut self.runs[run];
        run.batches.push((header.encode(active.segment.seed), body));
        run.index.push(IndexEntry { offset: lane.next, byte: active.bytes, time });
        active.bytes += bytes;
        lane.next += u64::from(body.records);
        lane.time = time;
        Ok(active.clone())
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
