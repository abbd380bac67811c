use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use groundlog_proto::{Nanos, Offset, TopicPartition};

use crate::{AppendAck, Batch, Bounds, LogError, Records, Retention, session::Watchers};

/// One append as it is kept.
#[derive(Debug)]
struct Stored {
    base: Offset,
    append_time: Nanos,
    data: Bytes,
    lengths: Vec<(u32, u32)>,
}

impl Stored {
    fn next(&self) -> Offset {
        self.base + self.lengths.len() as u64
    }
}

/// One partition in memory.
#[derive(Debug)]
pub(super) struct Partition {
    name: TopicPartition,
    batches: VecDeque<Stored>,
    tail: Offset,
    bytes: u64,
    retention: Retention,
    pub(super) watchers: Arc<Watchers>,
}

impl Partition {
    pub(super) fn new(name: TopicPartition, retention: Retention) -> Self {
        let watchers = Arc::default();
        Self { name, batches: VecDeque::new(), tail: 0, bytes: 0, retention, watchers }
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds { trim: self.batches.front().map_or(self.tail, |batch| batch.base), tail: self.tail }
    }

    pub(super) fn find(&self, at: Nanos) -> Offset {
        let index = self.batches.partition_point(|batch| batch.append_time < at);
        self.batches.get(index).map_or(self.tail, |batch| batch.base)
    }

    pub(super) fn append(&mut self, records: Records, now: Nanos) -> AppendAck {
        let last = self.batches.back().map_or(now, |batch| batch.append_time);
        let append_time = now.max(last);
        let base = self.tail;
        if !records.is_empty() {
            let (data, lengths) = records.into_parts();
            self.bytes += data.len() as u64;
            self.batches.push_back(Stored { base, append_time, data: data.into(), lengths });
            self.tail = self.batches.back().map_or(self.tail, Stored::next);
            self.retain(now);
        }
        AppendAck { base, next: self.tail, append_time }
    }

    pub(super) fn trim(&mut self, before: Offset) {
        while self.batches.front().is_some_and(|batch| batch.next() <= before) {
            self.drop_oldest();
        }
    }

    fn retain(&mut self, now: Nanos) {
        while self.batches.len() > 1 {
            let Some(oldest) = self.batches.front() else {
                return;
            };
            let expired = match self.retention {
                Retention::Bytes(limit) => self.bytes > limit,
                Retention::Age(age) => {
                    let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
                    oldest.append_time.0 < now.0.saturating_sub(age)
                }
                // Simulations are short: superseded keys may stay.
                Retention::Forever | Retention::Compact => false,
            };
            if !expired {
                return;
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(batch) = self.batches.pop_front() {
            self.bytes -= batch.data.len() as u64;
        }
    }

    /// Returns records from an offset on; empty at the tail.
    pub(super) fn read(&self, from: Offset, max_bytes: usize) -> Result<Batch, LogError> {
        let bounds = self.bounds();
        if from < bounds.trim {
            return Err(LogError::Trimmed {
                partition: self.name.clone(),
                offset: from,
                trim: bounds.trim,
            });
        }
        let mut index = self.batches.partition_point(|batch| batch.next() <= from);
        let Some(first) = self.batches.get(index) else {
            return Ok(Batch::new(self.name.clone(), from, Bytes::new()));
        };
        if first.data.len() >= max_bytes || index + 1 == self.batches.len() {
            let mut batch = Batch::new(self.name.clone(), from, first.data.clone());
            push(&mut batch, first, 0, from, max_bytes);
            return Ok(batch);
        }
        // Several small appends: one copy is cheaper than a wake-up for each.
        let start = index;
        let mut data = Vec::new();
        while let Some(stored) = self.batches.get(index) {
            if index > start && data.len() + stored.data.len() > max_bytes {
                break;
            }
            data.extend_from_slice(&stored.data);
            index += 1;
        }
        let mut batch = Batch::new(self.name.clone(), from, data.into());
        let mut at = 0;
        for stored in self.batches.range(start..index) {
            push(&mut batch, stored, at, from, usize::MAX);
            at += stored.data.len() as u32;
        }
        Ok(batch)
    }
}

/// Adds the records of one stored append, whose data starts at `at`, from an offset on.
fn push(batch: &mut Batch, stored: &Stored, mut at: u32, from: Offset, max_bytes: usize) {
    let mut taken = 0;
    for (offset, &(key, value)) in (stored.base..).zip(&stored.lengths) {
        let end = at + key + value;
        if offset >= from {
            taken += (key + value) as usize;
            if taken > max_bytes && !batch.is_empty() {
                return;
            }
            batch.push(offset, stored.append_time, at, at + key, end);
        }
        at = end;
    }
}
