use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use groundlog_proto::{Offset, TopicPartition};
use tokio::{sync::Notify, time::timeout};

use super::{Cursor, Store};
use crate::{Batch, LogError, Reader};

/// A cursor that can wait.
pub(crate) struct TailReader {
    cursor: Box<dyn Cursor>,
    wake: Arc<Notify>,
    interval: Option<Duration>,
}

impl TailReader {
    /// Opens a reader of one partition.
    pub(crate) fn open(
        store: Arc<dyn Store>,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn Reader>, LogError> {
        let wake = Arc::new(Notify::new());
        let cursor = store.clone().cursor(partition, from, &wake)?;
        Ok(Box::new(Self { cursor, wake, interval: store.poll_interval() }))
    }
}

#[async_trait]
impl Reader for TailReader {
    async fn next(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        loop {
            let batch = self.cursor.poll(max_bytes)?;
            if !batch.is_empty() {
                return Ok(batch);
            }
            wait(&self.wake, self.interval).await;
        }
    }

    async fn poll(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        self.cursor.poll(max_bytes)
    }

    fn position(&self) -> Offset {
        self.cursor.position()
    }
}

/// Waits for a wake-up, or for the interval where nobody wakes.
pub(super) async fn wait(wake: &Notify, interval: Option<Duration>) {
    match interval {
        None => wake.notified().await,
        // Either outcome means: look again.
        Some(interval) => drop(timeout(interval, wake.notified()).await),
    }
}
