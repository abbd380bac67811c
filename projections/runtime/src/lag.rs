use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use groundlog_log::{Bounds, Log, LogError};
use groundlog_proto::{Nanos, Offset, TopicPartition};

/// How far one consumer has got on one partition; moved by its runner: for what lies in memory
/// when it is applied, for everything else when it is committed.
#[derive(Debug, Default)]
pub struct Progress(AtomicU64);

impl Progress {
    /// Says that everything before `next` is done.
    pub fn advance(&self, next: Offset) {
        self.0.store(next, Ordering::Release);
    }

    /// Returns the first offset not yet done.
    pub fn next(&self) -> Offset {
        self.0.load(Ordering::Acquire)
    }
}

/// How far a consumer is behind on a partition.
#[derive(Debug, Clone, PartialEq)]
pub struct Lag {
    /// The consumer.
    pub consumer: String,
    /// The partition.
    pub partition: TopicPartition,
    /// The readable range of the partition.
    pub bounds: Bounds,
    /// The first offset not yet done.
    pub next: Offset,
    /// Offsets between it and the tail (records, and gaps where the backend has them).
    pub records: u64,
    /// Age of the oldest record that is not done yet; 0 when there is none.
    pub seconds: f64,
}

type Entries = BTreeMap<(String, TopicPartition), Arc<Progress>>;

/// How far every consumer of a process has got. Lag is computed when it is asked for.
#[derive(Debug, Clone, Default)]
pub struct LagRegistry(Arc<Mutex<Entries>>);

impl LagRegistry {
    /// Returns the progress of a consumer on a partition, the same one each time.
    pub fn progress(&self, consumer: &str, partition: &TopicPartition) -> Arc<Progress> {
        self.lock().entry((consumer.to_owned(), partition.clone())).or_default().clone()
    }

    /// Forgets a partition that the consumer has let go.
    pub fn remove(&self, consumer: &str, partition: &TopicPartition) {
        self.lock().remove(&(consumer.to_owned(), partition.clone()));
    }

    /// Returns the first offset not yet done by a consumer.
    pub fn next(&self, consumer: &str, partition: &TopicPartition) -> Option<Offset> {
        let entries = self.lock();
        entries.get(&(consumer.to_owned(), partition.clone())).map(|progress| progress.next())
    }

    /// Measures every consumer against the log's tails.
    pub async fn measure(&self, log: &dyn Log) -> Result<Vec<Lag>, LogError> {
        let entries: Vec<_> = self.lock().clone().into_iter().collect();
        let mut lags = Vec::with_capacity(entries.len());
        for ((consumer, partition), progress) in entries {
            let (bounds, next) = (log.bounds(&partition).await?, progress.next());
            let records = bounds.tail.saturating_sub(next.max(bounds.trim));
            let seconds = match records {
                0 => 0.0,
                _ => age(log, &partition, next.max(bounds.trim)).await?,
            };
            lags.push(Lag { consumer, partition, bounds, next, records, seconds });
        }
        Ok(lags)
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn age(log: &dyn Log, partition: &TopicPartition, from: Offset) -> Result<f64, LogError> {
    let batch = log.reader(partition, from).await?.poll(1).await?;
    Ok(batch.get(0).map_or(0.0, |record| {
        Nanos(Nanos::now().0.saturating_sub(record.append_time.0)).seconds().max(0.0)
    }))
}
