use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use groundlog_proto::TopicPartition;

use super::{
    format::{Damage, PartitionId},
    journal::End,
    segment::Segment,
};
use crate::{Bounds, LogError, Retention, session::Watchers};

/// What readers, writer and upkeep share of one partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) id: PartitionId,
    pub(super) name: TopicPartition,
    pub(super) dir: PathBuf,
    pub(super) topic: Arc<TopicSettings>,
    pub(super) watchers: Watchers,
    /// Everything below this offset is on stable storage.
    pub(super) synced: AtomicU64,
    /// Base of the segment that was being written when compaction last looked.
    pub(super) compacted: AtomicU64,
    /// Files of it are noted as unsynced, or on their way to stable storage.
    is_behind: AtomicBool,
    trim: AtomicU64,
    tail: AtomicU64,
    segments: RwLock<Vec<Arc<Segment>>>,
}

/// What may change about a topic.
#[derive(Debug)]
pub(super) struct TopicSettings {
    pub(super) is_synced: AtomicBool,
    pub(super) retention: RwLock<Retention>,
}

impl TopicSettings {
    pub(super) fn retention(&self) -> Retention {
        *self.retention.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_synced(&self) -> bool {
        self.is_synced.load(Ordering::Relaxed)
    }
}

impl Partition {
    pub(super) fn new(
        id: PartitionId,
        name: TopicPartition,
        dir: PathBuf,
        topic: Arc<TopicSettings>,
        end: &End,
        segments: Vec<Arc<Segment>>,
    ) -> Self {
        Self {
            id,
            name,
            dir,
            topic,
            watchers: Watchers::default(),
            synced: AtomicU64::new(end.next),
            compacted: AtomicU64::new(u64::MAX),
            is_behind: AtomicBool::new(false),
            trim: AtomicU64::new(end.trim),
            tail: AtomicU64::new(end.next),
            segments: RwLock::new(segments),
        }
    }

    pub(super) fn bounds(&self) -> Bounds {
        let trim = self.trim.load(Ordering::Acquire);
        Bounds { trim, tail: self.tail.load(Ordering::Acquire).max(trim) }
    }

    pub(super) fn set_trim(&self, trim: u64) {
        self.trim.fetch_max(trim, Ordering::AcqRel);
    }

    pub(super) fn set_tail(&self, tail: u64) {
        self.tail.store(tail, Ordering::Release);
    }

    pub(super) fn set_synced(&self, next: u64) {
        self.synced.fetch_max(next, Ordering::AcqRel);
    }

    pub(super) fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::Acquire)
    }

    pub(super) fn set_behind(&self, is_behind: bool) {
        self.is_behind.store(is_behind, Ordering::Release);
    }

    /// Returns the segment that holds an offset, or would.
    pub(super) fn segment_of(&self, offset: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let count = segments.partition_point(|segment| segment.base <= offset);
        count.checked_sub(1).and_then(|last| segments.get(last)).cloned()
    }

    /// Returns the segment after the one with this base.
    pub(super) fn segment_after(&self, base: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let count = segments.partition_point(|segment| segment.base <= base);
        segments.get(count).cloned()
    }

    pub(super) fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the list of segments.
    pub(super) fn update_segments<T>(&self, change: impl FnOnce(&mut Vec<Arc<Segment>>) -> T) -> T {
        change(&mut self.segments.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a segment off the list whose file is gone.
    pub(super) fn forget_segment(&self, base: u64) {
        self.update_segments(|segments| segments.retain(|one| one.base != base));
    }

    /// Returns whether offsets may be missing between two segments.
    pub(super) fn may_have_gaps(&self) -> bool {
        self.topic.retention() == Retention::Compact
    }

    pub(super) fn corrupt(&self, damage: Damage) -> LogError {
        LogError::Corrupt {
            partition: self.name.clone(),
            offset: damage.offset,
            path: damage.path,
            byte: damage.byte,
            what: damage.what,
        }
    }
}
