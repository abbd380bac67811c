//! Brings the framed packets of one link into the log, in order and without loss.
//!
//! What one read gave is one append: small enough to stay in the processor's cache, and the log
//! gathers what is queued into one write and one sync anyway. Many may be on their way. They are
//! tied by a [`Chain`], so that none is written behind one that failed: what the log refused is
//! offered again in the old order when it may take it.

use std::{collections::VecDeque, time::Duration};

use groundlog_log::{Appending, Chain, Log, LogError, Records};
use groundlog_proto::{Fault, FaultClass, TopicPartition};
use tokio::time::{Instant, sleep_until};

/// Most appends on their way; what is framed meanwhile gathers into larger ones.
const ON_THEIR_WAY: usize = 64;

/// Most bytes gathered for one append, about; the log takes [`groundlog_log::APPEND_BYTES_MAX`]
/// with eight bytes more per record.
const GATHERED_BYTES: usize = groundlog_log::APPEND_BYTES_MAX / 4;

/// Acknowledged batches kept for their memory.
const SPARE: usize = 4;

/// The way of one link into its partition.
pub(crate) struct Appender {
    partition: TopicPartition,
    pending: Records,
    on_their_way: VecDeque<OnItsWay>,
    on_their_way_bytes: usize,
    chain: Chain,
    spare: Vec<Records>,
    unacknowledged_bytes_max: usize,
    retry_delay: Duration,
    /// Why the log takes nothing at the moment, and when it is asked again.
    refused: Option<LogError>,
    retry_at: Option<Instant>,
}

struct OnItsWay {
    appending: Appending,
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
            on_their_way: VecDeque::new(),
            on_their_way_bytes: 0,
            chain: Chain::new(),
            spare: Vec::new(),
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
        self.pending.byte_len() >= GATHERED_BYTES
            || self.unacknowledged_bytes() >= self.unacknowledged_bytes_max
    }

    /// Returns how many bytes the log has not acknowledged.
    pub(crate) fn unacknowledged_bytes(&self) -> usize {
        self.pending.byte_len() + self.on_their_way_bytes
    }

    /// Returns whether [`Appender::progress`] has something to wait for.
    pub(crate) fn is_busy(&self) -> bool {
        !self.on_their_way.is_empty()
    }

    /// Returns why the log takes nothing at the moment.
    pub(crate) fn refusal(&self) -> Option<&LogError> {
        self.refused.as_ref()
    }

    /// Appends what was framed, unless enough is on its way or the log refuses.
    pub(crate) fn submit(&mut self, log: &dyn Log) {
        if self.refused.is_some()
            || self.pending.is_empty()
            || self.on_their_way.len() >= ON_THEIR_WAY
        {
            return;
        }
        let next = self.spare.pop().unwrap_or_default();
        let copy = std::mem::replace(&mut self.pending, next);
        let appending = log.append(&self.partition, copy.clone().chained(&self.chain));
        self.on_their_way_bytes += copy.byte_len();
        self.on_their_way.push_back(OnItsWay { appending, copy });
    }

    /// Waits for the oldest append on its way, or for the time to offer again what was refused;
    /// then submits what has gathered. Waits for ever when nothing is on its way.
    ///
    /// # Errors
    /// [`LogError`] when the log can never take the records.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn progress(&mut self, log: &dyn Log) -> Result<Progress, LogError> {
        if let Some(at) = self.retry_at {
            sleep_until(at).await;
            self.offer_again(log);
        }
        let Some(oldest) = self.on_their_way.front_mut() else {
            return std::future::pending().await;
        };
        match (&mut oldest.appending).await {
            Ok(_) => {
                self.acknowledged();
                self.submit(log);
                Ok(Progress::Acknowledged)
            }
            Err(error) if error.class() == FaultClass::Transient => {
                self.refused = Some(error);
                self.retry_at = Some(Instant::now() + self.retry_delay);
                Ok(Progress::Refused)
            }
            Err(error) => Err(error),
        }
    }

    fn acknowledged(&mut self) {
        self.refused = None;
        if let Some(OnItsWay { mut copy, .. }) = self.on_their_way.pop_front() {
            self.on_their_way_bytes -= copy.byte_len();
            if self.spare.len() < SPARE && copy.byte_len() <= GATHERED_BYTES {
                copy.clear();
                self.spare.push(copy);
            }
        }
    }

    /// Offers everything that is not acknowledged again, in its order. The chain broke with the
    /// first refusal, so nothing behind it was written; its other answers need not be waited for.
    fn offer_again(&mut self, log: &dyn Log) {
        self.retry_at = None;
        self.chain = Chain::new();
        for one in &mut self.on_their_way {
            let records = one.copy.clone().chained(&self.chain);
            one.appending = log.append(&self.partition, records);
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
