use bytes::Bytes;
use groundlog_log::{AppendAck, Checkpoint, LogError, Member};
use groundlog_proto::{Offset, TopicPartition};
use tokio::{task::JoinHandle, time::Instant};

use super::{Runner, Stop};
use crate::{Outputs, Projection, Snapshot, SnapshotStore, Target};

type Committed = Result<Vec<(TopicPartition, AppendAck)>, LogError>;

/// A commit on its way, while the next batch is applied.
pub(super) struct Pending {
    task: JoinHandle<Committed>,
    at: (TopicPartition, Offset),
}

impl Drop for Pending {
    fn drop(&mut self) {
        // A runner that is dropped writes nothing more.
        self.task.abort();
    }
}

/// How a commit ended.
pub(super) struct Finished {
    result: Result<(), LogError>,
    at: (TopicPartition, Offset),
}

/// Waits for the open commit; for ever when there is none.
///
/// Cancel safe: the commit goes on and stays pending.
pub(super) async fn finished(pending: &mut Option<Pending>) -> Finished {
    let Some(open) = pending.as_mut() else {
        return std::future::pending().await;
    };
    let result = match (&mut open.task).await {
        Ok(result) => result.map(drop),
        Err(_) => Err(LogError::Closed),
    };
    let at = open.at.clone();
    *pending = None;
    Finished { result, at }
}

pub(super) async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

impl<P: Projection> Runner<P> {
    pub(super) fn committed(&mut self, finished: Finished) -> Result<(), Stop> {
        match finished.result {
            Ok(()) => {
                self.events.commits.add(1);
                self.backoff.succeeded();
                self.refusals = 0;
                let (partition, upto) = finished.at;
                if let Some(state) = self.partitions.get(&partition) {
                    state.progress.advance(upto.max(state.progress.next()));
                }
                Ok(())
            }
            Err(error) => Err(self.stop_at(Some(finished.at), error)),
        }
    }

    /// Waits until no commit is open.
    pub(super) async fn settle(&mut self) -> Result<(), Stop> {
        if self.pending.is_none() {
            return Ok(());
        }
        let done = finished(&mut self.pending).await;
        self.committed(done)
    }

    /// Makes what was applied to a partition durable, as its target wants it.
    pub(super) async fn commit(
        &mut self,
        member: &mut dyn Member,
        partition: &TopicPartition,
        mut outputs: Outputs,
    ) -> Result<(), Stop> {
        let Some(state) = self.partitions.get(partition) else {
            return Ok(());
        };
        let upto = state.applied;
        let due = state.since_snapshot >= self.options.snapshot_records
            || state.last_snapshot.elapsed() >= self.options.snapshot_interval;
        match self.projection.target() {
            Target::Store => {
                let flushed = self.projection.flush(partition, upto).await;
                flushed.map_err(|fault| self.stop_record(partition, upto, fault))?;
            }
            // What lies in memory is done when a snapshot holds it; dead letters must not be
            // written twice, so they take a snapshot with them.
            Target::Memory if !due && outputs.is_empty() => return Ok(()),
            Target::Memory => self.add_snapshot(partition, &mut outputs),
            Target::Log if due => self.add_snapshot(partition, &mut outputs),
            Target::Log => {}
        }
        self.settle().await?;
        self.begin_commit(member, partition, upto, outputs).await
    }

    /// Makes durable what was applied for the second time, before the log's checkpoint, which stays.
    pub(super) async fn flush_again(&mut self, partition: &TopicPartition) -> Result<(), Stop> {
        let Some(upto) = self.partitions.get(partition).map(|state| state.applied) else {
            return Ok(());
        };
        let flushed = self.projection.flush(partition, upto).await;
        flushed.map_err(|fault| self.stop_record(partition, upto, fault))?;
        self.backoff.succeeded();
        if let Some(state) = self.partitions.get(partition) {
            state.progress.advance(upto);
        }
        Ok(())
    }

    async fn begin_commit(
        &mut self,
        member: &mut dyn Member,
        partition: &TopicPartition,
        upto: Offset,
        outputs: Outputs,
    ) -> Result<(), Stop> {
        let at = (partition.clone(), upto);
        let checkpoint = Checkpoint { partition: partition.clone(), next: upto };
        if outputs.is_empty() {
            let done = member.checkpoint(vec![checkpoint]).await;
            return self.committed(Finished { result: done, at });
        }
        let stop = |error| self.stop_at(Some(at.clone()), error);
        let mut txn = member.begin().await.map_err(stop)?;
        for (to, records) in outputs.into_parts() {
            txn.append(&to, records).await.map_err(stop)?;
        }
        let task = tokio::spawn(txn.commit(vec![checkpoint]));
        self.pending = Some(Pending { task, at });
        Ok(())
    }

    fn add_snapshot(&mut self, partition: &TopicPartition, outputs: &mut Outputs) {
        let Some(state) = self.partitions.get_mut(partition) else {
            return;
        };
        let next_offset = state.applied;
        state.since_snapshot = 0;
        state.last_snapshot = Instant::now();
        let Some((version, data)) = self.projection.snapshot(partition) else {
            return;
        };
        let snapshot = Snapshot { next_offset, version, data: Bytes::from(data) };
        let appends =
            SnapshotStore::records(&self.consumer, partition, state.generation, &snapshot);
        for records in appends {
            outputs.put(self.snapshots.partition(), records);
        }
    }

    /// Writes the snapshots that are due although no record comes.
    pub(super) async fn snapshot_idle(&mut self, member: &mut dyn Member) -> Result<(), Stop> {
        let interval = self.options.snapshot_interval;
        self.snapshot_where(member, |elapsed| elapsed >= interval).await
    }

    /// Writes the snapshots of everything that changed since the last one.
    pub(super) async fn snapshot_idle_all(&mut self, member: &mut dyn Member) -> Result<(), Stop> {
        self.snapshot_where(member, |_| true).await
    }

    async fn snapshot_where(
        &mut self,
        member: &mut dyn Member,
        due: impl Fn(std::time::Duration) -> bool,
    ) -> Result<(), Stop> {
        let partitions: Vec<_> = self
            .partitions
            .iter()
            .filter(|(_, state)| state.owes_snapshot() && due(state.last_snapshot.elapsed()))
            .map(|(partition, state)| (partition.clone(), state.applied))
            .collect();
        for (partition, upto) in partitions {
            let mut outputs = Outputs::new();
            self.add_snapshot(&partition, &mut outputs);
            self.begin_commit(member, &partition, upto, outputs).await?;
            self.settle().await?;
        }
        Ok(())
    }
}
