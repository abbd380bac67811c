use std::{
    fs::File,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    format::{SEGMENT_HEADER, SegmentHeader},
    options::{EmbeddedOptions, Space},
    partition::Partition,
    segment::Segment,
    {disk, segment},
};
use crate::{LogError, Retention};

/// Where the writer stands in one partition.
#[derive(Clone)]
pub(super) struct Lane {
    pub(super) partition: Arc<Partition>,
    pub(super) active: Option<Active>,
    /// The offset the next record gets.
    pub(super) next: u64,
    /// Append time of the newest batch: times never decrease.
    pub(super) time: i64,
    /// The last sync job that this partition waits for.
    pub(super) ticket: u64,
}

/// The segment being written.
#[derive(Clone)]
pub(super) struct Active {
    pub(super) segment: Arc<Segment>,
    pub(super) file: Arc<File>,
    pub(super) bytes: u64,
}

impl Lane {
    /// Goes on where the partition ends.
    pub(super) fn open(partition: &Arc<Partition>, time: i64) -> Result<Self, LogError> {
        let next = partition.bounds().tail;
        let active = match partition.segments().last() {
            None => None,
            Some(segment) => {
                let file = File::options()
                    .read(true)
                    .write(true)
                    .open(&segment.path)
                    .map_err(|e| disk::error("cannot open", &segment.path, e))?;
                let bytes = segment.committed();
                Some(Active { segment: segment.clone(), file: Arc::new(file), bytes })
            }
        };
        Ok(Self { partition: partition.clone(), active, next, time, ticket: 0 })
    }

    /// Returns whether a batch of so many bytes goes into a new segment.
    pub(super) fn needs_segment(&self, bytes: u64, now: i64, options: &EmbeddedOptions) -> bool {
        let Some(active) = &self.active else {
            return true;
        };
        if active.bytes <= SEGMENT_HEADER as u64 {
            return false;
        }
        active.bytes + bytes > segment_bytes(self.partition.topic.retention(), options)
            || match self.partition.topic.retention() {
                // What is to be deleted by age must be in closed segments by then.
                Retention::Age(age) => active
                    .segment
                    .first_time()
                    .is_ok_and(|first| now.saturating_sub(first) > nanos(age) / 4),
                _ => false,
            }
    }

    /// Begins a new segment at the lane's end. Returns it, so that a failed round can remove it.
    pub(super) fn begin_segment(&mut self, time: i64, space: &Space) -> Result<(), LogError> {
        let partition = &self.partition;
        let header = SEGMENT_HEADER as u64;
        let segment = Arc::new(Segment::new(partition.id, &partition.dir, self.next, header));
        let content = SegmentHeader { id: partition.id, base: self.next, first_time: time };
        let made = segment.create(&content).and_then(|file| {
            disk::write_at(&file, 0, &mut [std::io::IoSlice::new(&content.encode())], space)?;
            Ok(file)
        });
        let file = match made {
            Ok(file) => Arc::new(file),
            Err(error) => {
                segment::remove(&segment)?;
                return Err(disk::error("cannot create", &segment.path, error));
            }
        };
        partition.update_segments(|segments| segments.push(segment.clone()));
        self.active = Some(Active { segment, file, bytes: header });
        Ok(())
    }

    /// Undoes what was written since `before` was taken. The half-written tail is removed.
    pub(super) fn roll_back(&mut self, before: Self) -> Result<(), LogError> {
        let newest = before.active.as_ref().map(|active| active.segment.base);
        let dropped = self.partition.update_segments(|segments| {
            let keep = segments.partition_point(|segment| Some(segment.base) <= newest);
            segments.split_off(keep)
        });
        for segment in &dropped {
            segment::remove(segment)?;
        }
        if let Some(active) = &before.active {
            active.segment.forget_index(active.bytes);
            active
                .file
                .set_len(active.bytes)
                .map_err(|e| disk::error("cannot cut", &active.segment.path, e))?;
            active.segment.allocated.store(active.bytes, Ordering::Relaxed);
        }
        *self = before;
        Ok(())
    }
}

/// Returns the size at which a segment is closed.
fn segment_bytes(retention: Retention, options: &EmbeddedOptions) -> u64 {
    match retention {
        // A bound on bytes is kept to within a quarter.
        Retention::Bytes(limit) => options.segment_bytes.min((limit / 4).max(64 << 10)),
        // One segment per live key may stay: keep them small.
        Retention::Compact => options.segment_bytes.min(16 << 20),
        Retention::Forever | Retention::Age(_) => options.segment_bytes,
    }
    .min(u64::from(u32::MAX))
}

pub(super) fn nanos(age: Duration) -> i64 {
    i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)
}
