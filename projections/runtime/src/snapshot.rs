use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use groundlog_log::{Log, LogError, Records};
use groundlog_proto::{
    Generation, Offset, TopicKind, TopicNames, TopicPartition, prost::Message, wire::StateSnapshot,
};

/// The largest piece of a snapshot in one record: below the 1 MiB that a broker takes.
const CHUNK_BYTES: usize = 900 * 1024;

/// Chunks written in one append, which stays well below what a backend takes.
const CHUNKS_PER_APPEND: usize = 8;

/// Records read back from the tail in the first step of a search; each further step goes eight
/// times as far.
const FIRST_STEP: u64 = 256;

/// The memory of a fold: everything before `next_offset` is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The first offset not yet folded into it.
    pub next_offset: Offset,
    /// Version of the layout of `data`, the projection's own.
    pub version: u32,
    /// The state.
    pub data: Bytes,
}

/// The topic `state`: snapshots by consumer and partition, newest wins.
///
/// A snapshot is searched from the tail backwards, so that finding one takes the same time at any
/// size of the topic, as long as its consumer writes one now and then.
#[derive(Clone)]
pub struct SnapshotStore {
    log: Arc<dyn Log>,
    partition: TopicPartition,
}

impl SnapshotStore {
    /// Opens the snapshots of a namespace.
    pub fn new(log: Arc<dyn Log>, names: &TopicNames) -> Self {
        Self { log, partition: TopicPartition::new(names.topic(TopicKind::State), 0) }
    }

    /// Returns the partition that holds the snapshots.
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// Makes the records of a snapshot, in appends of a size that every backend takes; they must
    /// be committed in one transaction.
    pub fn records(
        consumer: &str,
        of: &TopicPartition,
        generation: Generation,
        snapshot: &Snapshot,
    ) -> Vec<Records> {
        let count = snapshot.data.len().div_ceil(CHUNK_BYTES).max(1);
        let mut appends = vec![Records::new()];
        for chunk in 0..count {
            let start = chunk * CHUNK_BYTES;
            let end = snapshot.data.len().min(start + CHUNK_BYTES);
            let message = StateSnapshot {
                consumer: consumer.to_owned(),
                topic: of.topic.to_string(),
                partition: of.partition,
                generation: generation.0,
                next_offset: snapshot.next_offset,
                version: snapshot.version,
                data: snapshot.data.slice(start..end),
                chunk: chunk as u32,
                chunks: count as u32,
            };
            if appends.last().is_some_and(|last| last.len() >= CHUNKS_PER_APPEND) {
                appends.push(Records::new());
            }
            if let Some(last) = appends.last_mut() {
                let key = key(consumer, of, chunk as u32);
                last.push(key.as_bytes(), &message.encode_to_vec());
            }
        }
        appends
    }

    /// Finds the newest snapshot of a consumer's partition that is not ahead of the checkpoint.
    pub async fn load(
        &self,
        consumer: &str,
        of: &TopicPartition,
        generation: Generation,
        checkpoint: Offset,
    ) -> Result<Option<Snapshot>, LogError> {
        let bounds = self.log.bounds(&self.partition).await?;
        let mut found = Pieces::new(consumer, of, generation, checkpoint);
        let (mut end, mut step) = (bounds.tail, FIRST_STEP);
        while end > bounds.trim {
            let start = end.saturating_sub(step).max(bounds.trim);
            self.collect(start, end, &mut found).await?;
            if let Some(snapshot) = found.newest() {
                return Ok(Some(snapshot));
            }
            (end, step) = (start, step.saturating_mul(8));
        }
        Ok(None)
    }

    async fn collect(
        &self,
        start: Offset,
        end: Offset,
        found: &mut Pieces,
    ) -> Result<(), LogError> {
        let mut reader = self.log.reader(&self.partition, start).await?;
        while reader.position() < end {
            let before = reader.position();
            let batch = reader.poll(4 << 20).await?;
            if batch.is_empty() && reader.position() == before {
                break;
            }
            for record in batch.iter().take_while(|record| record.offset < end) {
                found.add(record.key, record.value);
            }
        }
        Ok(())
    }
}

fn key(consumer: &str, of: &TopicPartition, chunk: u32) -> String {
    match chunk {
        0 => format!("{consumer}/{}/{}", of.topic, of.partition),
        _ => format!("{consumer}/{}/{}/{chunk}", of.topic, of.partition),
    }
}

/// Pieces of snapshots met so far, by the offset up to which they reach.
struct Pieces {
    prefix: String,
    consumer: String,
    topic: String,
    partition: u32,
    generation: Generation,
    checkpoint: Offset,
    by_offset: BTreeMap<Offset, BTreeMap<u32, StateSnapshot>>,
}

impl Pieces {
    fn new(
        consumer: &str,
        of: &TopicPartition,
        generation: Generation,
        checkpoint: Offset,
    ) -> Self {
        Self {
            prefix: key(consumer, of, 0),
            consumer: consumer.to_owned(),
            topic: of.topic.to_string(),
            partition: of.partition,
            generation,
            checkpoint,
            by_offset: BTreeMap::new(),
        }
    }

    fn add(&mut self, key: &[u8], value: &[u8]) {
        if !key.starts_with(self.prefix.as_bytes()) {
            return;
        }
        let Ok(piece) = StateSnapshot::decode(value) else {
            tracing::warn!(key = self.prefix, "a snapshot that does not parse is passed over");
            return;
        };
        let mine = piece.consumer == self.consumer
            && piece.topic == self.topic
            && piece.partition == self.partition
            && piece.generation == self.generation.0;
        if mine && piece.next_offset <= self.checkpoint {
            self.by_offset.entry(piece.next_offset).or_default().insert(piece.chunk, piece);
        }
    }

    fn newest(&self) -> Option<Snapshot> {
        self.by_offset.iter().rev().find_map(|(next_offset, pieces)| {
            let first = pieces.get(&0)?;
            let complete = pieces.len() == first.chunks as usize
                && pieces.values().all(|piece| piece.chunks == first.chunks);
            complete.then(|| Snapshot {
                next_offset: *next_offset,
                version: first.version,
                data: pieces.values().flat_map(|piece| piece.data.iter().copied()).collect(),
            })
        })
    }
}
