//! Rebuilding the table from the log beside the live one, and comparing the two.
//!
//! A directive starts it. A barrier is appended to every partition of `raw` and `raw.stored`;
//! decommutation passes it through; the live table takes an image of itself (of what lies on the
//! server, where it lies on one) at the barrier's position in each partition of `decom` and
//! `decom.stored`. A second table, always in this process, folds the same partitions from the start up to the same positions. Images are canonical bytes: the tables are
//! equal exactly if the images are. Nothing of it touches the live table: the second one is an
//! object of its own (namespace `Rebuild(id)`), dropped at the end.

mod comparison;
mod replay;
mod report;

use std::{sync::Arc, time::Duration};

use groundlog_log::{Log, LogError, Records};
use groundlog_projection::{DefinitionStore, Follower};
use groundlog_proto::{
    Namespace, Nanos, TopicKind, TopicNames, TopicPartition, partition_of,
    prost::Message,
    wire::{Directive, Marker, RawRecord, RebuildProjection, directive, marker, raw_record},
};
use tokio::sync::watch;

use crate::{
    CvtError, CvtOptions,
    projection::{AtBarrier, Barriers, CONSUMER},
};
use comparison::Comparison;
use replay::Replay;
use report::Report;

/// Bytes read at a time.
const READ_BYTES: usize = 1 << 20;

/// Listens for directives and rebuilds.
pub(crate) struct Rebuilds {
    log: Arc<dyn Log>,
    names: TopicNames,
    definitions: DefinitionStore,
    scope: String,
    barrier_timeout: Duration,
    barriers: Barriers,
    process: String,
    /// Whether other processes fold other partitions into the same table.
    shared: bool,
}

impl Rebuilds {
    pub(crate) fn new(options: &CvtOptions, barriers: Barriers) -> Self {
        Self {
            log: options.runner.log.clone(),
            names: options.runner.names.clone(),
            definitions: options.definitions.clone(),
            scope: options.scope.clone(),
            barrier_timeout: options.barrier_timeout,
            barriers,
            process: options.runner.member.clone(),
            shared: options.store.is_shared(),
        }
    }

    /// Follows `control` from its tail: directives are one-shot wishes to a running system. Those to
    /// a projection lie in the partition that its name hashes to.
    pub(crate) async fn run(self, mut shutdown: watch::Receiver<bool>) -> Result<(), CvtError> {
        let topic = self.log.topic(&self.names.topic(TopicKind::Control)).await?;
        let control = TopicPartition::new(topic.name, partition_of(CONSUMER, topic.partitions));
        let tail = self.log.bounds(&control).await?.tail;
        let mut directives = Follower::new(self.log.clone(), control, tail);
        loop {
            let next = tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
                next = directives.next(READ_BYTES) => next,
            };
            let batch = match next {
                Ok(batch) => batch,
                Err(LogError::Closed) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            for record in batch.iter() {
                let Ok(directive) = Directive::decode(record.value) else {
                    continue;
                };
                let Some(directive::Kind::Rebuild(wish)) = directive.kind else {
                    continue;
                };
                let expired = directive.expires_ns != 0 && directive.expires_ns < Nanos::now().0;
                if wish.projection == CONSUMER && !expired {
                    tokio::select! {
                        _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
                        done = self.rebuild(&directive.id, &wish) => done?,
                    }
                }
            }
        }
    }

    async fn rebuild(&self, id: &str, wish: &RebuildProjection) -> Result<(), CvtError> {
        let mut report = Report::new(self.log.clone(), &self.names, id, &self.process);
        report.started().await?;
        let barrier = format!("rebuild/{id}");
        let result = self.compare(&barrier, id, wish, &mut report).await;
        self.barriers.forget(&barrier);
        match result {
            Ok(()) => Ok(()),
            Err(failure) => report.failed(&failure).await,
        }
    }

    async fn compare(
        &self,
        barrier: &str,
        id: &str,
        wish: &RebuildProjection,
        report: &mut Report,
    ) -> Result<(), String> {
        if wish.from != "earliest" && !wish.from.is_empty() {
            return Err(format!(
                "from '{}' is not supported for the current value table: it can only be compared \
                 when it is rebuilt from 'earliest'",
                wish.from
            ));
        }
        let said = |error: CvtError| error.to_string();
        let met = self.images_at(barrier).await?;
        let namespace = Namespace::Rebuild(id.to_owned());
        let replay = Replay::new(self.log.clone(), &self.names, namespace, &self.definitions);
        let mut starts = Vec::with_capacity(met.len());
        for at in &met {
            starts.push(replay.oldest(at).await.map_err(said)?.min(at.offset));
        }
        report.total(met.iter().zip(&starts).map(|(at, start)| at.offset - start).sum());
        let mut comparison = Comparison::default();
        for (at, start) in met.iter().zip(starts) {
            report.next_partition(start);
            let (rebuilt, from) = replay.fold(at, report).await.map_err(said)?;
            comparison.add(&at.image, &rebuilt, from);
        }
        report.finished(&comparison).await.map_err(said)
    }

    /// Sends a barrier through every partition and collects what the live table looked like
    /// where it met them.
    async fn images_at(&self, barrier: &str) -> Result<Vec<AtBarrier>, String> {
        let mut images = self.barriers.expect(barrier);
        let owned = self.barriers.owned();
        let mut expected = 0;
        for kind in [TopicKind::Raw, TopicKind::RawStored] {
            let topic = self.log.topic(&self.names.topic(kind)).await;
            let topic = topic.map_err(|error| error.to_string())?;
            for partition in 0..topic.partitions {
                let to = TopicPartition::new(topic.name.clone(), partition);
                let records = self.barrier_record(barrier);
                self.log.append(&to, records).await.map_err(|error| error.to_string())?;
                // Of a table on a server this process compares what it folds, as others do.
                expected +=
                    usize::from(!self.shared || owned.contains(&self.output(kind, partition)));
            }
        }
        let mut met: Vec<AtBarrier> = Vec::with_capacity(expected);
        let deadline = tokio::time::Instant::now() + self.barrier_timeout;
        while met.len() < expected {
            match tokio::time::timeout_at(deadline, images.recv()).await {
                // A partition that was assigned anew in between meets it again: the same image.
                Ok(Some(at)) if met.iter().any(|it| it.partition == at.partition) => {}
                Ok(Some(at)) => met.push(at),
                Ok(None) | Err(_) => {
                    return Err(format!(
                        "{} of {expected} barriers came through decommutation within {:?}; is the \
                         decom role running, and is its lag falling?",
                        met.len(),
                        self.barrier_timeout
                    ));
                }
            }
        }
        met.sort_by(|a, b| a.partition.cmp(&b.partition));
        Ok(met)
    }

    /// Returns where decommutation passes the barriers of a partition on.
    fn output(&self, kind: TopicKind, partition: u32) -> TopicPartition {
        let stored = kind == TopicKind::RawStored;
        let output = if stored { TopicKind::DecomStored } else { TopicKind::Decom };
        TopicPartition::new(self.names.topic(output), partition)
    }

    fn barrier_record(&self, barrier: &str) -> Records {
        let kind = Some(marker::Kind::Barrier(barrier.to_owned()));
        let record = RawRecord {
            received_time_ns: Nanos::now().0,
            scope: self.scope.clone(),
            body: Some(raw_record::Body::Marker(Marker { kind })),
            ..RawRecord::default()
        };
        let mut records = Records::new();
        records.push(b"", &record.encode_to_vec());
        records
    }
}
