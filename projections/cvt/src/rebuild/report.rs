use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_log::{Log, LogError, Records};
use groundlog_proto::{
    Fault, FaultClass, Nanos, Offset, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{RebuildStatus, StatusRecord, status_record},
};

use super::comparison::Comparison;
use crate::{CvtError, projection::CONSUMER};

/// Time between two progress records.
const INTERVAL: Duration = Duration::from_millis(500);

/// Says on `status` how a rebuild goes.
pub(crate) struct Report {
    log: Arc<dyn Log>,
    partition: TopicPartition,
    status: RebuildStatus,
    /// Offsets folded of earlier partitions, and where this one started.
    base: (u64, Offset),
    last: Instant,
}

impl Report {
    pub(super) fn new(log: Arc<dyn Log>, names: &TopicNames, id: &str, process: &str) -> Self {
        let status = RebuildStatus {
            id: id.to_owned(),
            projection: CONSUMER.to_owned(),
            process: process.to_owned(),
            ..RebuildStatus::default()
        };
        let partition = TopicPartition::new(names.topic(TopicKind::Status), 0);
        Self { log, partition, status, base: (0, 0), last: Instant::now() }
    }

    pub(super) async fn started(&mut self) -> Result<(), CvtError> {
        self.status.detail = "waiting for the barrier".to_owned();
        self.publish().await
    }

    /// Says how many offsets there are to fold.
    pub(super) fn total(&mut self, total: u64) {
        self.status.total = total;
    }

    /// Says that what was to fold of one partition is folded, and where the next one starts.
    pub(super) fn next_partition(&mut self, start: Offset) {
        self.base = (self.status.done, start);
    }

    /// Says how far the fold is in its partition.
    pub(super) async fn reached(&mut self, next: Offset) -> Result<(), CvtError> {
        let (before, start) = self.base;
        self.status.done = before + next.saturating_sub(start);
        if self.last.elapsed() < INTERVAL {
            return Ok(());
        }
        self.last = Instant::now();
        self.status.detail = "folding".to_owned();
        self.publish().await
    }

    pub(super) async fn finished(&mut self, comparison: &Comparison) -> Result<(), CvtError> {
        self.status.equal = comparison.differences.is_empty();
        self.end(comparison.in_words()).await
    }

    pub(super) async fn failed(&mut self, reason: &str) -> Result<(), CvtError> {
        self.status.equal = false;
        self.end(reason.to_owned()).await
    }

    /// Publishes the end: somebody waits for it, so it is tried until the log takes it.
    async fn end(&mut self, detail: String) -> Result<(), CvtError> {
        self.status.finished = true;
        self.status.detail = detail;
        while let Err(error) = self.append().await {
            if error.class() != FaultClass::Transient {
                return Err(error.into());
            }
            tracing::warn!(%error, id = self.status.id, "the end of a rebuild is published again");
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(())
    }

    /// Publishes how it goes; what the log does not take now, a later word makes good.
    async fn publish(&self) -> Result<(), CvtError> {
        match self.append().await {
            Err(error) if error.class() != FaultClass::Transient => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn append(&self) -> Result<(), LogError> {
        let record = StatusRecord {
            time_ns: Nanos::now().0,
            kind: Some(status_record::Kind::Rebuild(self.status.clone())),
        };
        let mut records = Records::new();
        records.push(format!("rebuild/{}", self.status.id).as_bytes(), &record.encode_to_vec());
        self.log.append(&self.partition, records).await.map(drop)
    }
}
