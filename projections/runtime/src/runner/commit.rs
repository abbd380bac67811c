use bytes::Bytes;
use groundlog_log::{AppendAck, Checkpoint, LogError, Member, Records};
use groundlog_proto::TopicPartition;
use tokio::{task::JoinHandle, time::Instant};

use super::{Runner, Stop, process::OUTPUT_BYTES_MAX};
use crate::{Outputs, Projection, Snapshot, SnapshotStore, Target};

type Committed = Result<Vec<(TopicPartition, AppendAck)>, LogError>;

/// A commit on its way, while the next batch is applied.
pub(super) struct Pending {
    task: JoinHandle<Committed>,
    at: Vec<Checkpoint>,
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
    at: Vec<Checkpoint>,
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
    let at = std::mem::take(&mut open.at);
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
                for Checkpoint { partition, next } in finished.at {
                    if let Some(state) = self.partitions.get(&partition) {
                        state.progress.advance(next.max(state.progress.next()));
                    }
                }
                Ok(())
            }
            Err(error) => {
                let first = finished.at.into_iter().next();
                Err(self.stop_at(first.map(|one| (one.partition, one.next)), error))
            }
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

    /// Commits everything that was applied, and waits for it.
    pub(super) async fn settle_all(&mut self, member: &mut dyn Member) -> Result<(), Stop> {
        self.settle().await?;
        self.begin_commit(member).await?;
        self.settle().await
    }

    /// Makes what was applied to a partition durable, as its target wants it: at once, or, while
    /// another commit is on its way, together with all that is applied until that has ended. So a
    /// record waits for one commit at most before its own begins, and commits grow with the load.
    pub(super) async fn commit(
        &mut self,
        member: &mut dyn Member,
        partition: &TopicPartition,
        input_bytes: usize,
        outputs: Outputs,
    ) -> Result<(), Stop> {
        let Some(state) = self.partitions.get(partition) else {
            return Ok(());
        };
        let upto = state.applied;
        match self.projection.target() {
            Target::Store => {
                let flushed = self.projection.flush(partition, upto).await;
                flushed.map_err(|fault| self.stop_record(partition, upto, fault))?;
            }
            // What lies in memory is done when a snapshot holds it; dead letters must not be
            // written twice, so they take a snapshot with them.
            Target::Memory if !self.owes_snapshot_now(partition) && outputs.is_empty() => {
                return Ok(());
            }
            Target::Memory | Target::Log => {}
        }
        self.owed.add(partition, input_bytes, outputs);
        if self.pending.is_some() && self.owed.output_bytes() < OUTPUT_BYTES_MAX {
            return Ok(());
        }
        self.settle().await?;
        self.begin_commit(member).await
    }

    fn owes_snapshot_now(&self, partition: &TopicPartition) -> bool {
        self.partitions.get(partition).is_some_and(|state| {
            state.since_snapshot >= self.options.snapshot_records
                || state.last_snapshot.elapsed() >= self.options.snapshot_interval
        })
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

    /// Begins the commit of everything owed, in one transaction. None may be on its way.
    pub(super) async fn begin_commit(&mut self, member: &mut dyn Member) -> Result<(), Stop> {
        let (mut parts, mut at) = (Vec::new(), Vec::new());
        for (partition, mut outputs) in self.owed.take() {
            let Some(state) = self.partitions.get(&partition) else { continue };
            at.push(Checkpoint { partition: partition.clone(), next: state.applied });
            let takes_snapshot = match self.projection.target() {
                Target::Store => false,
                Target::Memory => true,
                Target::Log => self.owes_snapshot_now(&partition),
            };
            if takes_snapshot {
                self.add_snapshot(&partition, &mut outputs);
            }
            parts.extend(outputs.into_parts());
        }
        self.begin_commit_of(member, parts, at).await
    }

    async fn begin_commit_of(
        &mut self,
        member: &mut dyn Member,
        parts: Vec<(TopicPartition, Records)>,
        at: Vec<Checkpoint>,
    ) -> Result<(), Stop> {
        let Some(first) = at.first().map(|one| (one.partition.clone(), one.next)) else {
            return Ok(());
        };
        let stop = |error| self.stop_at(Some(first.clone()), error);
        let mut txn = member.begin().await.map_err(stop)?;
        for (to, records) in parts {
            txn.append(&to, records).await.map_err(stop)?;
        }
        let task = tokio::spawn(txn.commit(at.clone()));
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
        self.settle_all(member).await?;
        let owing = self
            .partitions
            .iter()
            .filter(|(_, state)| state.owes_snapshot() && due(state.last_snapshot.elapsed()));
        let owing: Vec<_> =
            owing.map(|(partition, state)| (partition.clone(), state.applied)).collect();
        let (mut parts, mut at) = (Vec::new(), Vec::new());
        for (partition, next) in owing {
            let mut outputs = Outputs::new();
            self.add_snapshot(&partition, &mut outputs);
            parts.extend(outputs.into_parts());
            at.push(Checkpoint { partition, next });
        }
        self.begin_commit_of(member, parts, at).await?;
        self.settle().await
    }
}
