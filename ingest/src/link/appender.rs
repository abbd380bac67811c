//! Brings the framed packets of one link into the log, in order and without loss.
//!
//! What one read gave is one append, or a few where packets are very small: small enough to stay in the processor's cache, and the log
//! gathers what is queued into one write and one sync anyway. Many may be on their way. They are
//! tied by a [`Chain`], so that none is written behind one that failed: what the log refused is
//! offered again in the old order when it may take it.

use std::{collections::VecDeque, time::Duration};

use groundlog_log::{Appending, Chain, Log, LogError, Records};
use groundlog_proto::{Fault, FaultClass, TopicPartition};
use tokio::time::{Instant, sleep_until};

/// Most appends on their way; what is framed meanwhile gathers into larger ones.
const ON_THEIR_WAY: usize = 64;

/// Most bytes gathered for one append, as [`weight`] counts them; one record more may lie behind.
const GATHERED_BYTES: usize = groundlog_log::APPEND_BYTES_MAX / 4;

/// Acknowledged batches kept for their memory, unless a record of unusual size lies in them.
const SPARE: usize = 4;

/// The way of one link into its partition.
pub(crate) struct Appender {
    partition: TopicPartition,
    /// Batches that are full, the oldest first: one read of very small packets gives several.
    full: VecDeque<Records>,
    full_bytes: usize,
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

/// Returns what records count against the limit of an append: their bytes and a pair of lengths each.
#[inline]
fn weight(records: &Records) -> usize {
    records.byte_len() + 8 * records.len()
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
            full: VecDeque::new(),
            full_bytes: 0,
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

    /// Returns the batch that the next record goes into.
    #[inline]
    pub(crate) fn batch(&mut self) -> &mut Records {
        if weight(&self.pending) >= GATHERED_BYTES {
            self.begin_batch();
        }
        &mut self.pending
    }

    #[cold]
    fn begin_batch(&mut self) {
        let next = self.spare.pop().unwrap_or_default();
        let full = std::mem::replace(&mut self.pending, next);
        self.full_bytes += full.byte_len();
        self.full.push_back(full);
    }

    /// Returns whether no more may be framed before the log acknowledges.
    pub(crate) fn is_full(&self) -> bool {
        !self.full.is_empty()
            || weight(&self.pending) >= GATHERED_BYTES
            || self.unacknowledged_bytes() >= self.unacknowledged_bytes_max
    }

    /// Returns how many bytes the log has not acknowledged.
    pub(crate) fn unacknowledged_bytes(&self) -> usize {
        self.full_bytes + self.pending.byte_len() + self.on_their_way_bytes
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
        while self.refused.is_none() && self.on_their_way.len() < ON_THEIR_WAY {
            let Some(copy) = self.take_batch() else { return };
            let appending = log.append(&self.partition, copy.clone().chained(&self.chain));
            self.on_their_way_bytes += copy.byte_len();
            self.on_their_way.push_back(OnItsWay { appending, copy });
        }
    }

    /// Takes the oldest batch that is not on its way.
    fn take_batch(&mut self) -> Option<Records> {
        if let Some(full) = self.full.pop_front() {
            self.full_bytes -= full.byte_len();
            return Some(full);
        }
        if self.pending.is_empty() {
            return None;
        }
        let next = self.spare.pop().unwrap_or_default();
        Some(std::mem::replace(&mut self.pending, next))
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
            if self.spare.len() < SPARE && copy.byte_len() <= 2 * GATHERED_BYTES {
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

#[cfg(test)]
mod tests {
    use groundlog_log::{APPEND_BYTES_MAX, MemoryLog, TopicSpec};
    use groundlog_proto::{TopicKind, TopicNames};

    use super::*;

    /// What one read of the smallest packets gives is more than one append may hold.
    #[tokio::test]
    async fn many_small_records_are_several_appends() {
        const COUNT: u32 = 300_000;
        let (log, names) = (MemoryLog::new(), TopicNames::default());
        log.ensure(&TopicSpec::standard(&names, TopicKind::Raw, 1)).await.expect("topic");
        let partition = TopicPartition::new(names.topic(TopicKind::Raw), 0);
        let mut appender = Appender::new(partition.clone(), 1 << 20, Duration::from_millis(1));
        let mut weights = 0;
        for number in 0..COUNT {
            appender.batch().push(&[7; 60], &number.to_le_bytes());
            weights += 60 + 4 + 8;
        }
        assert!(weights > APPEND_BYTES_MAX && appender.is_full());
        assert_eq!(appender.unacknowledged_bytes(), COUNT as usize * 64);
        appender.flush(&log).await.expect("appended");
        assert_eq!(appender.unacknowledged_bytes(), 0);
        let mut reader = log.reader(&partition, 0).await.expect("reader");
        let mut next = 0_u32;
        while next < COUNT {
            for record in reader.poll(1 << 20).await.expect("reads").iter() {
                assert_eq!(record.value, next.to_le_bytes());
                next += 1;
            }
        }
    }
}
