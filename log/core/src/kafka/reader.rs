use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use groundlog_proto::{Offset, TopicPartition};
use tokio::{runtime::Handle, sync::watch, time::timeout};

use super::{
    broker::{Broker, REQUEST_TIMEOUT, let_go},
    cursor::Cursor,
    errors,
    fetcher::{Fetcher, position},
};
use crate::{Batch, LogError, Reader};

/// How long a reader sleeps at most, should a wake-up be missed.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How often a reader that starts beyond the tail looks for it.
const TAIL_INTERVAL: Duration = Duration::from_millis(20);

/// How long a read may make no progress although there is something, before it is asked for anew.
const STALL: Duration = Duration::from_millis(300);

/// Reads one partition with a consumer of its own.
pub(super) struct KafkaReader {
    broker: Arc<Broker>,
    closing: watch::Receiver<bool>,
    fetcher: Option<Fetcher>,
    partition: TopicPartition,
    cursor: Cursor,
    /// Whether the library has told the end of the partition since it was asked for anew.
    at_end: bool,
}

impl KafkaReader {
    /// Starts reading.
    pub(super) async fn open(
        broker: Arc<Broker>,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Self, LogError> {
        let named = partition.clone();
        let fetcher = broker.ask(move |broker| {
            broker.check_partition(&named)?;
            let fetcher = broker.fetcher()?;
            fetcher.start(&named, from).map_err(|error| {
                errors::kafka(&broker.servers, format!("reading {named} from {from}"), &error)
            })?;
            Ok(fetcher)
        });
        Ok(Self {
            fetcher: Some(fetcher.await?),
            closing: broker.closing(),
            broker,
            partition: partition.clone(),
            cursor: Cursor::at(from),
            at_end: false,
        })
    }

    /// Returns what is there: records, or none and a position that has moved over a gap.
    fn drain(&mut self, max_bytes: usize) -> Result<Option<Batch>, LogError> {
        self.broker.check_open()?;
        let fetcher = self.fetcher.as_ref().ok_or(LogError::Closed)?;
        let window = self.cursor.window(&self.partition, max_bytes);
        let drained = fetcher.drain(&window, &mut self.cursor.held);
        self.at_end |= drained.at_end;
        let at = || position(&fetcher.consumer, &self.partition);
        self.cursor.advance(&self.partition, drained, at, &self.broker.servers)
    }

    /// Finds out why the broker has no such offset. Returns whether reading goes on.
    async fn find_way(&mut self) -> Result<bool, LogError> {
        let (partition, next) = (self.partition.clone(), self.cursor.next);
        let found = self.broker.ask(move |broker| broker.bounds(&partition)).await?;
        if next < found.trim {
            let partition = self.partition.clone();
            return Err(LogError::Trimmed { partition, offset: next, trim: found.trim });
        }
        if next > found.tail {
            return Ok(false);
        }
        self.restart()?;
        self.cursor.is_astray = false;
        Ok(true)
    }

    /// Asks for the records from the position on anew. The library's main thread takes that, which
    /// never blocks: nothing to wait for elsewhere.
    fn restart(&mut self) -> Result<(), LogError> {
        let fetcher = self.fetcher.as_ref().ok_or(LogError::Closed)?;
        fetcher.start(&self.partition, self.cursor.next).map_err(|error| {
            let what = format!("reading {} from {}", self.partition, self.cursor.next);
            errors::kafka(&self.broker.servers, what, &error)
        })?;
        (self.at_end, self.cursor.held) = (false, None);
        Ok(())
    }

    /// Waits until there may be something, or the log is closed.
    async fn wait(&mut self, at_most: Duration) -> Result<(), LogError> {
        let fetcher = self.fetcher.as_ref().ok_or(LogError::Closed)?;
        tokio::select! {
            // Either outcome means: look again.
            _ = timeout(at_most, fetcher.wake().notified()) => Ok(()),
            _ = self.closing.wait_for(|closed| *closed) => Err(LogError::Closed),
        }
    }

    fn nothing(&self) -> Batch {
        Batch::new(self.partition.clone(), self.cursor.next, Bytes::new())
    }
}

#[async_trait]
impl Reader for KafkaReader {
    async fn next(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        loop {
            if self.cursor.is_astray && !self.find_way().await? {
                self.wait(TAIL_INTERVAL).await?;
                continue;
            }
            match self.drain(max_bytes)? {
                Some(batch) => return Ok(batch),
                None if self.cursor.is_astray => {}
                None => self.wait(LOOK_AGAIN).await?,
            }
        }
    }

    async fn poll(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        let mut tail = None;
        let start = Instant::now();
        let (mut moved, mut asked_anew) = (start, false);
        loop {
            if self.cursor.is_astray && !self.find_way().await? {
                return Ok(self.nothing());
            }
            match self.drain(max_bytes)? {
                Some(batch) if !batch.is_empty() => return Ok(batch),
                Some(_) => moved = Instant::now(),
                None => {}
            }
            let end = match tail {
                Some(end) => end,
                None => {
                    let partition = self.partition.clone();
                    let asked = self.broker.ask(move |broker| broker.bounds(&partition)).await?;
                    *tail.insert(asked.tail)
                }
            };
            if asked_anew && self.at_end {
                // Nothing readable is left before the tail: compaction has removed it.
                self.cursor.next = self.cursor.next.max(end);
            }
            if self.cursor.next >= end {
                return Ok(self.nothing());
            }
            if moved.elapsed() > STALL && !asked_anew {
                self.restart()?;
                asked_anew = true;
            }
            if start.elapsed() > 3 * REQUEST_TIMEOUT {
                let what = format!("reading {} at offset {}", self.partition, self.cursor.next);
                let reason = format!("nothing came although the tail is {end}");
                return Err(errors::transient(&self.broker.servers, what, &reason));
            }
            if !self.cursor.is_astray {
                self.wait(STALL / 4).await?;
            }
        }
    }

    fn position(&self) -> Offset {
        self.cursor.next
    }
}

impl Drop for KafkaReader {
    fn drop(&mut self) {
        let Some(fetcher) = self.fetcher.take() else { return };
        let broker = self.broker.clone();
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || broker.put_back(fetcher))),
            Err(_) => let_go(fetcher),
        }
    }
}
