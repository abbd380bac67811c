//! Brings the framed packets of one link into the log, in order and without loss.
//!
//! One append is on its way at a time, and what is framed meanwhile waits for the next: batches
//! clock themselves by the disk. More on their way would be no faster (the log's group commit is
//! serial too), and if the log refused the first and took the second, their order would be lost.

use std::time::Duration;

use groundlog_log::{Appending, Log, LogError, Records};
use groundlog_proto::{Fault, FaultClass, TopicPartition};
use tokio::time::{Instant, sleep_until};

/// The way of one link into its partition.
pub(crate) struct Appender {
    partition: TopicPartition,
    pending: Records,
    on_its_way: Option<OnItsWay>,
    unacknowledged_bytes_max: usize,
    retry_delay: Duration,
    /// Why the log takes nothing at the moment.
    refused: Option<LogError>,
    retry_at: Option<Instant>,
}

struct OnItsWay {
    /// `None` between a refusal and the next try.
    appending: Option<Appending>,
    /// The same records again, for the case that the log cannot take them now.
    copy: Records,
}

/// What [`Appender::progress`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Records were acknowledged.
    Acknowledged,
    /// The log refuses for now; [`Appender::refusal`] says why.
    Refused,
}

impl Appender {
    pub(crate) fn new(
        partition: TopicPartition,
        unacknowledged_bytes_max: usize,
        retry_delay: Duration,
    ) -> Self {
        Self {
            partition,
            pending: Records::new(),
            on_its_way: None,
            unacknowledged_bytes_max,
            retry_delay,
            refused: None,
            retry_at: None,
        }
    }

    /// Returns the batch that the next append takes.
    pub(crate) fn batch(&mut self) -> &mut Records {
        &mut self.pending
    }

    /// Returns whether no more may be framed before the log acknowledges.
    pub(crate) fn is_full(&self) -> bool {
        self.unacknowledged_bytes() >= self.unacknowledged_bytes_max
    }

    /// Returns how many bytes the log has not acknowledged.
    pub(crate) fn unacknowledged_bytes(&self) -> usize {
        self.pending.byte_len()
            + self
                .on_its_way
                .as_ref()
                .map_or(0, |one| one.copy.byte_len())
    }

    /// Returns whether [`Appender::progress`] has something to wait for.
    pub(crate) fn is_busy(&self) -> bool {
        self.on_its_way.is_some()
    }

    /// Returns why the log takes nothing at the moment.
    pub(crate) fn refusal(&self) -> Option<&LogError> {
        self.refused.as_ref()
    }

    /// Appends what was framed, unless an append is on its way.
    pub(crate) fn submit(&mut self, log: &dyn Log) {
        if self.on_its_way.is_some() || self.pending.is_empty() {
            return;
        }
        let next = Records::with_capacity(self.pending.len(), self.pending.byte_len());
        let records = std::mem::replace(&mut self.pending, next);
        let copy = records.clone();
        let appending = Some(log.append(&self.partition, records));
        self.on_its_way = Some(OnItsWay { appending, copy });
    }

    /// Waits for the append on its way, or for the time to try it again; then submits what has
    /// gathered. Waits for ever when nothing is on its way.
    ///
    /// # Errors
    /// [`LogError`] when the log can never take the records.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn progress(&mut self, log: &dyn Log) -> Result<Progress, LogError> {
        if let Some(at) = self.retry_at {
            sleep_until(at).await;
            self.retry_at = None;
            if let Some(one) = &mut self.on_its_way {
                one.appending = Some(log.append(&self.partition, one.copy.clone()));
            }
        }
        let Some(appending) = self
            .on_its_way
            .as_mut()
            .and_then(|one| one.appending.as_mut())
        else {
            return std::future::pending().await;
        };
        match appending.await {
            Ok(_) => {
                self.on_its_way = None;
                self.refused = None;
                self.submit(log);
                Ok(Progress::Acknowledged)
            }
            Err(error) if error.class() == FaultClass::Transient => {
                if let Some(one) = &mut self.on_its_way {
                    one.appending = None;
                }
                self.refused = Some(error);
                self.retry_at = Some(Instant::now() + self.retry_delay);
                Ok(Progress::Refused)
            }
            Err(error) => Err(error),
        }
    }

    /// Appends everything and waits for the acknowledgement.
    pub(crate) async fn flush(&mut self, log: &dyn Log) -> Result<(), LogError> {
        self.submit(log);
        while self.is_busy() {
            self.progress(log).await?;
        }
        Ok(())
    }
}
