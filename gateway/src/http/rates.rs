use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use groundlog_projection::Lag;
use groundlog_proto::{Offset, TopicPartition};

/// How often rates are sampled; also the time over which they are averaged.
pub(crate) const SAMPLE_EVERY: Duration = Duration::from_secs(2);

/// How fast consumers move, averaged over the last sample.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<(String, TopicPartition), Sample>>);

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    next: Offset,
    per_second: f64,
}

impl Rates {
    /// Takes a sample of every consumer.
    pub(crate) fn sample(&self, lags: &[Lag], now: Instant) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for lag in lags {
            let key = (lag.consumer.clone(), lag.partition.clone());
            let fresh = Sample { at: now, next: lag.next, per_second: 0.0 };
            let sample = samples.entry(key).or_insert(fresh);
            let seconds = now.duration_since(sample.at).as_secs_f64();
            if seconds > 0.0 {
                let moved = lag.next.saturating_sub(sample.next) as f64;
                *sample = Sample { per_second: moved / seconds, ..fresh };
            }
        }
    }

    /// Returns records per second of a consumer on a partition; 0 before the second sample.
    pub(crate) fn of(&self, consumer: &str, partition: &TopicPartition) -> f64 {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (consumer.to_owned(), partition.clone());
        samples.get(&key).map_or(0.0, |sample| sample.per_second)
    }
}
