use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use groundlog_log::{Bounds, Log, LogError};
use groundlog_proto::{Nanos, Offset, TopicPartition};

/// Below this the age of what was applied last stands for the lag: no record need be read for it.
const MOMENT_SECONDS: f64 = 1.0;

/// How far one consumer has got on one partition; moved by its runner: for what lies in memory
/// when it is applied, for everything else when it is committed.
#[derive(Debug, Default)]
pub struct Progress {
    next: AtomicU64,
    newest: AtomicI64,
}

impl Progress {
    /// Says that everything before `next` is done.
    pub fn advance(&self, next: Offset) {
        self.next.store(next, Ordering::Release);
    }

    /// Says when the log took the newest record that was applied.
    pub(crate) fn saw(&self, append_time: Nanos) {
        self.newest.store(append_time.0, Ordering::Relaxed);
    }

    /// Returns how long ago that was, if it was a moment ago: whatever is not done yet is hardly
    /// older.
    fn moment_ago(&self, now: Nanos) -> Option<f64> {
        let age = Nanos(now.0.saturating_sub(self.newest.load(Ordering::Relaxed))).seconds();
        (0.0..MOMENT_SECONDS).contains(&age).then_some(age)
    }

    /// Returns the first offset not yet done.
    pub fn next(&self) -> Offset {
        self.next.load(Ordering::Acquire)
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
    /// Age of the oldest record that is not done yet, or of the newest that is where that is less
    /// than a second; 0 when all are done.
    pub seconds: f64,
}

type Entries = BTreeMap<(String, TopicPartition), Arc<Progress>>;

/// Reads how far a consumer has got that keeps count by itself.
type Read = Arc<dyn Fn() -> Vec<(TopicPartition, Offset)> + Send + Sync>;

/// How far every consumer of a process has got. Lag is computed when it is asked for.
#[derive(Clone, Default)]
pub struct LagRegistry {
    entries: Arc<Mutex<Entries>>,
    observed: Arc<Mutex<BTreeMap<String, Read>>>,
}

impl fmt::Debug for LagRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LagRegistry").field("entries", &self.entries).finish_non_exhaustive()
    }
}

impl LagRegistry {
    /// Adds a consumer that is asked for its partitions and how far each is.
    pub fn observe(
        &self,
        consumer: &str,
        read: impl Fn() -> Vec<(TopicPartition, Offset)> + Send + Sync + 'static,
    ) {
        let mut observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        observed.insert(consumer.to_owned(), Arc::new(read));
    }

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
        let entries = self.all();
        let mut lags = Vec::with_capacity(entries.len());
        for ((consumer, partition), progress) in entries {
            let (bounds, next) = (log.bounds(&partition).await?, progress.next());
            let records = bounds.tail.saturating_sub(next.max(bounds.trim));
            let seconds = match (records, progress.moment_ago(Nanos::now())) {
                (0, _) => 0.0,
                (_, Some(seconds)) => seconds,
                (_, None) => age(log, &partition, next.max(bounds.trim)).await?,
            };
            lags.push(Lag { consumer, partition, bounds, next, records, seconds });
        }
        Ok(lags)
    }

    /// Returns the partitions that a consumer of this process owns, and how far each is.
    pub fn of(&self, consumer: &str) -> Vec<(TopicPartition, Offset)> {
        let all = self.all().into_iter().filter(|((of, _), _)| of == consumer);
        all.map(|((_, partition), progress)| (partition, progress.next())).collect()
    }

    fn all(&self) -> Entries {
        let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut entries = self.lock().clone();
        for (consumer, read) in observed {
            for (partition, next) in read() {
                let progress = Progress::default();
                progress.advance(next);
                entries.insert((consumer.clone(), partition), Arc::new(progress));
            }
        }
        entries
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn age(log: &dyn Log, partition: &TopicPartition, from: Offset) -> Result<f64, LogError> {
    let batch = log.reader(partition, from).await?.poll(1).await?;
    Ok(batch.get(0).map_or(0.0, |record| {
        Nanos(Nanos::now().0.saturating_sub(record.append_time.0)).seconds().max(0.0)
    }))
}
