use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_log::{Log, LogError, Records};
use groundlog_proto::{
    Nanos, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{RebuildStatus, StatusRecord, status_record},
};

use crate::{CvtError, projection::CONSUMER};

/// Names of differing packets that a report lists before it only counts them.
const LISTED: usize = 20;

/// Time between two progress records.
const INTERVAL: Duration = Duration::from_millis(500);

/// Says on `status` how a rebuild goes.
pub(crate) struct Report {
    log: Arc<dyn Log>,
    partition: TopicPartition,
    status: RebuildStatus,
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
        Self { log, partition, status, last: Instant::now() }
    }

    pub(super) async fn started(&mut self) -> Result<(), CvtError> {
        self.status.detail = "waiting for the barrier".to_owned();
        self.publish().await
    }

    pub(super) fn total(&mut self, total: u64) {
        self.status.total = total;
    }

    pub(super) async fn progress(&mut self, offsets: u64) -> Result<(), CvtError> {
        self.status.done += offsets;
        if self.last.elapsed() < INTERVAL {
            return Ok(());
        }
        self.last = Instant::now();
        self.status.detail = "folding".to_owned();
        self.publish().await
    }

    pub(super) async fn finished(
        &mut self,
        names: usize,
        differences: &[String],
    ) -> Result<(), CvtError> {
        self.status.finished = true;
        self.status.equal = differences.is_empty();
        self.status.detail = if differences.is_empty() {
            format!("{names} entries are equal bit for bit")
        } else {
            let listed = differences[..differences.len().min(LISTED)].join(", ");
            format!("{} entries differ: {listed}", differences.len())
        };
        self.publish().await
    }

    pub(super) async fn failed(&mut self, reason: &str) -> Result<(), CvtError> {
        self.status.finished = true;
        self.status.equal = false;
        self.status.detail = reason.to_owned();
        self.publish().await
    }

    async fn publish(&self) -> Result<(), CvtError> {
        let record = StatusRecord {
            time_ns: Nanos::now().0,
            kind: Some(status_record::Kind::Rebuild(self.status.clone())),
        };
        let mut records = Records::new();
        records.push(format!("rebuild/{}", self.status.id).as_bytes(), &record.encode_to_vec());
        match self.log.append(&self.partition, records).await {
            Ok(_) => Ok(()),
            Err(LogError::DiskFull { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
