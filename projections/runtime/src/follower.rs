use std::{sync::Arc, time::Duration};

use groundlog_log::{Batch, Log, LogError, Reader};
use groundlog_proto::{Fault, FaultClass, Offset, TopicPartition};
use tokio::time::Instant;

use crate::runner::Backoff;

/// Waits between attempts to read on.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Reads one partition for as long as a service lives: a fault that passes is waited out, and
/// reading goes on where it stopped.
pub struct Follower {
    log: Arc<dyn Log>,
    partition: TopicPartition,
    next: Offset,
    /// `None` before the first read and after a fault.
    reader: Option<Box<dyn Reader>>,
    not_before: Instant,
    backoff: Backoff,
}

impl Follower {
    /// Starts at an offset, or at the oldest one that is left; nothing is read yet.
    pub fn new(log: Arc<dyn Log>, partition: TopicPartition, from: Offset) -> Self {
        let (not_before, backoff) = (Instant::now(), Backoff::new(BACKOFF));
        Self { log, partition, next: from, reader: None, not_before, backoff }
    }

    /// Returns the offset the next read starts at.
    pub fn position(&self) -> Offset {
        self.next
    }

    /// Returns the next records, as [`Reader::next`] does.
    ///
    /// Cancel safe: nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// The log's, unless it is transient.
    pub async fn next(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        loop {
            match self.read(max_bytes).await {
                Err(error) if error.class() == FaultClass::Transient => {
                    let (partition, offset) = (&self.partition, self.next);
                    tracing::warn!(%error, %partition, offset, "reading on is tried again");
                    self.reader = None;
                    self.not_before = Instant::now() + self.backoff.next();
                }
                Err(error) => return Err(error),
                Ok(batch) => {
                    self.backoff.succeeded();
                    return Ok(batch);
                }
            }
        }
    }

    async fn read(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                tokio::time::sleep_until(self.not_before).await;
                let trim = self.log.bounds(&self.partition).await?.trim;
                let from = self.next.max(trim);
                self.reader.insert(self.log.reader(&self.partition, from).await?)
            }
        };
        let batch = reader.next(max_bytes).await?;
        self.next = reader.position();
        Ok(batch)
    }
}
