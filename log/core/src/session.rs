//! What both in-process backends share: waiting readers, consumer groups, buffered transactions.
//!
//! A backend implements [`Store`]; everything that needs to wait or to be fenced is written once,
//! here, on top of it.

mod balance;
mod group;
mod member;
mod reader;
mod transaction;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use groundlog_proto::{Offset, TopicName, TopicPartition};
use tokio::sync::{Notify, oneshot};

pub(crate) use self::{
    group::Groups, member::join, reader::TailReader, transaction::Transactors,
    transaction::transactor,
};
use crate::{AppendAck, Batch, Checkpoint, LogError, Records};

/// What a commit makes visible: all of it or nothing.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    /// Records by partition, each partition once; several chunks keep stored batches small.
    pub(crate) parts: Vec<(TopicPartition, Vec<Records>)>,
    /// Checkpoints of one group.
    pub(crate) group: String,
    /// How far that group has got.
    pub(crate) checkpoints: Vec<Checkpoint>,
}

impl Commit {
    /// Returns whether there is nothing to commit: a barrier.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.checkpoints.is_empty()
    }
}

/// The answer to a commit: one acknowledgement per part.
pub(crate) type Committing = oneshot::Receiver<Result<Vec<AppendAck>, LogError>>;

/// Queues a readied commit.
pub(crate) type Submit = Box<dyn FnOnce() -> Committing + Send>;

/// What a backend does for the shared parts.
pub(crate) trait Store: Send + Sync + 'static {
    /// Fails with [`LogError::Closed`] once the log is closed.
    fn check_open(&self) -> Result<(), LogError>;

    /// Returns how many partitions a topic has.
    fn partition_count(&self, topic: &TopicName) -> Result<u32, LogError>;

    /// Checks that the partition exists and would take these records.
    fn admit(&self, partition: &TopicPartition, records: &Records) -> Result<(), LogError>;

    /// Opens a cursor that wakes `wake` whenever the committed tail moves or the log closes.
    fn cursor(
        self: Arc<Self>,
        partition: &TopicPartition,
        from: Offset,
        wake: &Arc<Notify>,
    ) -> Result<Box<dyn Cursor>, LogError>;

    /// Readies a commit; the closure queues it, and order is the order of its calls. An empty commit
    /// is answered after every commit queued before it. Two steps, because the second one runs
    /// under the lock that fences.
    fn prepare(self: Arc<Self>, commit: Commit) -> Submit;

    /// Reads a checkpoint as committed.
    fn stored_checkpoint(&self, group: &str, partition: &TopicPartition) -> Option<Offset>;

    /// Returns the most bytes that one transaction may buffer.
    fn txn_bytes_max(&self) -> usize;

    /// Returns how often to look for growth where nothing wakes the reader.
    fn poll_interval(&self) -> Option<Duration> {
        None
    }

    /// Returns the consumer groups of this log.
    fn groups(&self) -> &Groups;

    /// Returns the transactional writers of this log.
    fn transactors(&self) -> &Transactors;
}

/// Reads one partition without ever waiting for records.
pub(crate) trait Cursor: Send {
    /// Returns the next records, or an empty batch at the committed tail.
    fn poll(&mut self, max_bytes: usize) -> Result<Batch, LogError>;

    /// Returns the offset the next read starts at.
    fn position(&self) -> Offset;

    /// Moves to another offset.
    fn seek(&mut self, offset: Offset);
}

/// Who is to be woken when a partition grows.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<Vec<Weak<Notify>>>);

impl Watchers {
    /// Wakes `wake` from now on, until its owner drops it.
    pub(crate) fn add(&self, wake: &Arc<Notify>) {
        let mut list = lock(&self.0);
        list.retain(|known| known.strong_count() > 0);
        if !list.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(wake))) {
            list.push(Arc::downgrade(wake));
        }
    }

    /// Wakes everyone; a reader that is not waiting just now finds the permit later.
    pub(crate) fn wake(&self) {
        for watcher in lock(&self.0).iter() {
            if let Some(wake) = watcher.upgrade() {
                wake.notify_one();
            }
        }
    }
}

/// Locks, going on after a panic elsewhere: every critical section here leaves its data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands out numbers that are never repeated within this process.
pub(crate) fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
