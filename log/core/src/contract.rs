use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use async_trait::async_trait;
use groundlog_proto::{Nanos, Offset, TopicName, TopicPartition};
use tokio::sync::oneshot;

use crate::{Batch, Bounds, LogError, Records, TopicInfo, TopicSpec};

/// The log.
///
/// Order: records of one partition have ascending offsets in the order in which [`Log::append`]
/// was *called* for them; offsets may have gaps, ranges are half open. Durability: an append of a
/// [`crate::Durability::Synced`] topic is acknowledged only when it survives power loss.
/// Visibility: readers see committed records only, each exactly as appended (X02).
#[async_trait]
pub trait Log: Send + Sync + 'static {
    /// Creates the topic if it is missing, else checks that it is as specified. A different
    /// partition count is [`LogError::TopicMismatch`].
    async fn ensure(&self, spec: &TopicSpec) -> Result<TopicInfo, LogError>;

    /// Lists the topics there are, by name.
    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError>;

    /// Describes one topic. [`LogError::UnknownTopic`] when there is none.
    async fn topic(&self, name: &TopicName) -> Result<TopicInfo, LogError>;

    /// Returns trim point and committed tail. `trim == tail` when empty.
    async fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, LogError>;

    /// Returns the first offset whose append time is `>= at`; the tail when there is none.
    async fn find(&self, partition: &TopicPartition, at: Nanos) -> Result<Offset, LogError>;

    /// Reads one partition from an offset on. `from` beyond the tail waits for it; `from` below
    /// the trim point is [`LogError::Trimmed`] at the first read, never a silent skip (X15).
    async fn reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn Reader>, LogError>;

    /// Appends records outside any transaction; they become visible together (at a broker, those of
    /// a large append one batch after the other: where that matters, use a transaction). The call
    /// itself only queues (order is the order of calls); the returned future waits for the
    /// acknowledgement. Dropping it does not cancel the append. Callers bound what they leave in
    /// flight: nothing here does. Records of a broken [`crate::Chain`] are refused with what broke
    /// it, and a failure breaks the chain before it is answered.
    fn append(&self, partition: &TopicPartition, records: Records) -> Appending;

    /// Removes records below `before` (whole segments only: the trim point may stay lower).
    async fn trim(&self, partition: &TopicPartition, before: Offset) -> Result<(), LogError>;

    /// Joins a consumer group. The first event of the member is its assignment.
    async fn join(&self, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError>;

    /// Becomes the transactional writer `id`, fencing an earlier one with the same id.
    async fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError>;

    /// Reads the checkpoint of a group on one partition.
    async fn checkpoint(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Offset>, LogError>;

    /// Says whether the log takes appends, without touching the disk: [`LogError::Failed`] once
    /// writing has ended until a restart, [`LogError::Closed`] after [`Log::close`]. What passes by
    /// itself, such as a full disk, is told to those who append and is no failure here; a folder
    /// open for reading is healthy.
    fn health(&self) -> Result<(), LogError>;

    /// Stops writers after what is queued, syncs, releases the folder or connection.
    async fn close(&self) -> Result<(), LogError>;
}

/// Reads committed records of one partition in order.
#[async_trait]
pub trait Reader: Send {
    /// Returns the next records, at most about `max_bytes` of them and at least one; waits until
    /// there is one. Where offsets have gaps, the batch may be empty with a [`Batch::next`] that has
    /// moved: so that whoever waits for an offset gets there. Corruption is [`LogError::Corrupt`]
    /// naming segment and byte.
    ///
    /// Cancel safe: nothing is lost when the future is dropped.
    async fn next(&mut self, max_bytes: usize) -> Result<Batch, LogError>;

    /// Like [`Reader::next`], but returns an empty batch at the committed tail instead of waiting.
    async fn poll(&mut self, max_bytes: usize) -> Result<Batch, LogError>;

    /// Returns the offset the next read starts at.
    fn position(&self) -> Offset;
}

/// What an append was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendAck {
    /// Offset of the first record.
    pub base: Offset,
    /// First offset after the last record.
    pub next: Offset,
    /// When the log took them.
    pub append_time: Nanos,
}

/// An append on its way; resolves when it is acknowledged.
#[derive(Debug)]
pub struct Appending(oneshot::Receiver<Result<AppendAck, LogError>>);

impl Appending {
    /// Makes the two ends; backends keep the sender. A dropped sender reads as
    /// [`LogError::Closed`].
    pub fn channel() -> (oneshot::Sender<Result<AppendAck, LogError>>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }
}

impl Future for Appending {
    type Output = Result<AppendAck, LogError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|done| done.unwrap_or(Err(LogError::Closed)))
    }
}

/// A consumer group: partitions of its topics are shared among its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSpec {
    /// Name of the group; checkpoints belong to it.
    pub group: String,
    /// Stable name of this member's slot: names its transactional writer, fences its zombie.
    pub member: String,
    /// Topics whose partitions are shared.
    pub topics: Vec<TopicName>,
}

/// How far a group has got on one partition: everything before `next` is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The partition read.
    pub partition: TopicPartition,
    /// The first offset not yet processed.
    pub next: Offset,
}

/// What a member of a group is told.
#[derive(Debug)]
pub enum MemberEvent {
    /// These partitions are this member's now, each with the group's checkpoint. Nothing is read
    /// from a partition before [`Member::seek`] says where to start.
    Assigned(Vec<(TopicPartition, Option<Offset>)>),
    /// These partitions are not this member's any more; open work on them is to be dropped.
    Revoked(Vec<TopicPartition>),
    /// Records of one assigned partition; none where only a gap was passed, as with
    /// [`Reader::next`].
    Records(Batch),
}

/// One member of a consumer group.
#[async_trait]
pub trait Member: Send {
    /// Waits for the next event. Cancel safe.
    async fn next(&mut self, max_bytes: usize) -> Result<MemberEvent, LogError>;

    /// Says from which offset an assigned partition is read; also rewinds (retry of a batch).
    async fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError>;

    /// Opens this member's transaction. One at a time. A commit after the partition has moved to
    /// another member, or by a fenced zombie, is [`LogError::Fenced`].
    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError>;

    /// Stores checkpoints without records. Same fencing as a transaction.
    async fn checkpoint(&mut self, checkpoints: Vec<Checkpoint>) -> Result<(), LogError>;

    /// Leaves the group; its partitions move to other members at once.
    async fn leave(self: Box<Self>) -> Result<(), LogError>;
}

/// A writer of transactions that belongs to no group (imports, command release).
#[async_trait]
pub trait Transactor: Send {
    /// Opens a transaction. One at a time.
    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError>;
}

/// Records on several partitions and checkpoints that become visible together or not at all.
/// Dropping it aborts.
#[async_trait]
pub trait Txn: Send {
    /// Adds records; invisible until the commit.
    async fn append(
        &mut self,
        partition: &TopicPartition,
        records: Records,
    ) -> Result<(), LogError>;

    /// Makes all records and the checkpoints visible, as durable as the strictest topic written: at
    /// once where the log is in one process, one partition after the other at a broker, and all of
    /// them when this returns. Returns per appended partition the range it was given, in the order
    /// of first use.
    ///
    /// After a transient error it is over, and was committed or not: the group's checkpoint says
    /// which. Whoever does it again begins there.
    async fn commit(
        self: Box<Self>,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<Vec<(TopicPartition, AppendAck)>, LogError>;

    /// Forgets everything appended.
    async fn abort(self: Box<Self>) -> Result<(), LogError>;
}
