use std::{fmt, ops::Range};

use async_trait::async_trait;
use groundlog_log::{Batch, RecordRef};
use groundlog_proto::{
    DefinitionHash, Fault, FaultClass, Generation, Offset, TopicName, TopicPartition,
};

use crate::{Outputs, Snapshot};

/// Where a projection's data lies, which decides when its checkpoint may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// In the log: outputs and checkpoint are committed in one transaction per batch.
    Log,
    /// In a store of its own: the checkpoint follows [`Projection::flush`].
    Store,
    /// In this process: the checkpoint moves with the snapshot, in one transaction.
    Memory,
}

/// A partition that has become this projection's.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The partition.
    pub partition: TopicPartition,
    /// Generation of its topic: part of every position.
    pub generation: Generation,
    /// The first offset not done yet; `None` before the first commit.
    pub checkpoint: Option<Offset>,
    /// The oldest offset that can still be read.
    pub trim: Offset,
    /// The first offset that nothing is written to yet: data from beyond it is of another log.
    pub tail: Offset,
    /// The newest state at or before the checkpoint.
    pub snapshot: Option<Snapshot>,
}

/// Where reading starts after an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The snapshot was restored: from its offset. Outputs before the checkpoint are discarded.
    Snapshot,
    /// There is no usable state: from the oldest record, with outputs before the checkpoint
    /// discarded. Refused where the log was trimmed below the checkpoint, for the state would lack
    /// what is gone.
    Earliest,
    /// The data is durable where it lies: from the checkpoint.
    Checkpoint,
    /// The data lies in a store that keeps a checkpoint of its own, which is here: from it, or from
    /// the log's where that is smaller.
    At(Offset),
}

/// Records of one partition that are to be applied, in offset order.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    batch: &'a Batch,
    range: Range<usize>,
    generation: Generation,
}

impl<'a> Input<'a> {
    /// Shows a whole batch.
    pub fn new(batch: &'a Batch, generation: Generation) -> Self {
        Self { batch, range: 0..batch.len(), generation }
    }

    /// Shows part of it: the records at these places, counted from this input's first.
    #[must_use]
    pub fn within(&self, places: Range<usize>) -> Self {
        let end = self.range.start.saturating_add(places.end).min(self.range.end);
        let start = self.range.start.saturating_add(places.start).min(end);
        Self { range: start..end, ..self.clone() }
    }

    /// Returns the partition.
    pub fn partition(&self) -> &'a TopicPartition {
        self.batch.partition()
    }

    /// Returns the generation of the partition's topic.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Returns the offset behind these records: of the next one in the batch, else where the batch
    /// ends, which lies beyond a gap that follows its last record.
    pub fn next(&self) -> Offset {
        match self.batch.get(self.range.end) {
            Some(record) => record.offset,
            None => self.batch.next(),
        }
    }

    /// Returns a record by its place, counted from this input's first.
    pub fn get(&self, index: usize) -> Option<RecordRef<'a>> {
        self.batch.get(self.range.start.checked_add(index)?).filter(|_| index < self.range.len())
    }

    /// Visits the records in offset order, from either end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = RecordRef<'a>> + use<'a> {
        let batch = self.batch;
        self.range.clone().filter_map(move |place| batch.get(place))
    }

    /// Returns the place of the first record at or after an offset, counted from the first.
    pub(crate) fn place_of(&self, offset: Offset) -> usize {
        self.iter().take_while(|record| record.offset < offset).count()
    }
}

/// Why a record could not be applied.
///
/// When the source's class is poison, every record before `offset` has been applied and the record
/// itself has had no effect. Otherwise the partition's state is undefined until it is assigned
/// again.
#[derive(Debug)]
pub struct ApplyError {
    /// The record.
    pub offset: Offset,
    /// The definitions it names, if it names any.
    pub definitions: Option<DefinitionHash>,
    /// What went wrong.
    pub source: Box<dyn Fault>,
}

impl ApplyError {
    /// Says what went wrong with which record.
    pub fn new(offset: Offset, source: impl Fault) -> Self {
        Self { offset, definitions: None, source: Box::new(source) }
    }

    /// Adds the definitions that the record names.
    #[must_use]
    pub fn with_definitions(mut self, hash: Option<DefinitionHash>) -> Self {
        self.definitions = hash;
        self
    }

    /// Returns what the loop should do about it.
    pub fn class(&self) -> FaultClass {
        self.source.class()
    }
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {}: {}", self.offset, self.source)
    }
}

/// A fold of log partitions into something that serves reads, or into other topics.
///
/// Contract: `apply` depends on the partition's records alone (D1) and not on how they are cut
/// into batches; applying a record twice equals applying it once (P1); state restored from a
/// snapshot and the records after it equals state folded from the start (P3).
#[async_trait]
pub trait Projection: Send {
    /// Returns the consumer's name: group, owner of checkpoints and snapshots.
    fn name(&self) -> &str;

    /// Returns the topics it folds.
    fn inputs(&self) -> Vec<TopicName>;

    /// Returns where its data lies.
    fn target(&self) -> Target;

    /// Takes a partition over, from the snapshot if it can use it, and says where to start. Also
    /// called for a partition it already has, after a transient fault: earlier state is void.
    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, Box<dyn Fault>>;

    /// Folds records of one partition in order. None of them: there is a gap up to
    /// [`Input::next`].
    async fn apply(&mut self, input: &Input<'_>, outputs: &mut Outputs) -> Result<(), ApplyError>;

    /// Makes durable what was applied to the partition before `upto`. Called for [`Target::Store`]
    /// only; the checkpoint moves after it returns. Also called while records before the checkpoint
    /// are folded again: then only the store's own checkpoint moves.
    async fn flush(
        &mut self,
        partition: &TopicPartition,
        upto: Offset,
    ) -> Result<(), Box<dyn Fault>>;

    /// Returns the partition's state as it stands after the last `apply`, with the version of its
    /// layout; `None` where there is no state to keep.
    fn snapshot(&mut self, partition: &TopicPartition) -> Option<(u32, Vec<u8>)>;

    /// Lets a partition go.
    async fn revoked(&mut self, partition: &TopicPartition);

    /// Waits until something of an assigned partition that was durable is found to be gone, so that
    /// it must be folded again; for ever where that cannot happen. The fault tells what to do: a transient one goes back to
    /// the checkpoints and assigns every partition anew.
    ///
    /// # Cancel safety
    /// Called again whenever the runner waits for its next event.
    async fn lost(&mut self) -> Box<dyn Fault>;

    /// Empties the target, for a rebuild from the start.
    async fn reset(&mut self) -> Result<(), Box<dyn Fault>>;
}
