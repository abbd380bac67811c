use std::sync::Arc;

use groundlog_log::Member;
use groundlog_proto::{Fault, FaultClass, Generation, Offset, TopicPartition};
use tokio::time::Instant;

use super::{Runner, Stop};
use crate::{Assignment, Progress, Projection, RunError, Start, Target};

/// What the runner knows about an assigned partition.
pub(super) struct Partition {
    pub(super) generation: Generation,
    /// Records before this offset were committed by an earlier run: they are folded again for
    /// their effect on the state, and their outputs are discarded.
    pub(super) silent_until: Offset,
    /// The first offset not yet applied.
    pub(super) applied: Offset,
    pub(super) since_snapshot: u64,
    pub(super) last_snapshot: Instant,
    pub(super) progress: Arc<Progress>,
}

impl Partition {
    /// Returns whether a snapshot would say more than the last one. Not while records are folded
    /// for the second time: the checkpoint that goes with it must not go back.
    pub(super) fn owes_snapshot(&self) -> bool {
        self.since_snapshot > 0 && self.applied >= self.silent_until
    }
}

impl<P: Projection> Runner<P> {
    pub(super) async fn assign(
        &mut self,
        member: &mut dyn Member,
        partition: TopicPartition,
        checkpoint: Option<Offset>,
    ) -> Result<(), Stop> {
        let log = self.options.log.clone();
        let topic = log.topic(&partition.topic).await.map_err(|error| self.stop(error))?;
        let bounds = log.bounds(&partition).await.map_err(|error| self.stop(error))?;
        // What lies in memory is nothing but its newest snapshot, whoever took it.
        let upto = match self.projection.target() {
            Target::Store => None,
            Target::Memory => Some(bounds.tail),
            Target::Log => checkpoint,
        };
        let snapshot = match upto {
            Some(upto) => {
                let found = self.snapshots.load(&self.consumer, &partition, topic.generation, upto);
                found.await.map_err(|error| self.stop(error))?
            }
            None => None,
        };
        let assignment = Assignment {
            partition: partition.clone(),
            generation: topic.generation,
            checkpoint,
            trim: bounds.trim,
            tail: bounds.tail,
            snapshot,
        };
        let answer = self.projection.assigned(&assignment).await;
        let start = answer.map_err(|fault| {
            self.stop_record(&partition, checkpoint.unwrap_or(bounds.trim), fault)
        })?;
        let from = self.start_offset(&assignment, start)?;
        let progress = self.options.metrics.lags().progress(&self.consumer, &partition);
        // What a store has lost is behind, whatever was done with it once.
        let done = match self.projection.target() {
            Target::Store => from,
            _ => checkpoint.unwrap_or(from).max(from),
        };
        progress.advance(done);
        self.owed.forget(&partition);
        self.partitions.insert(
            partition.clone(),
            Partition {
                generation: topic.generation,
                silent_until: checkpoint.unwrap_or(from),
                applied: from,
                since_snapshot: 0,
                last_snapshot: Instant::now(),
                progress,
            },
        );
        tracing::debug!(
            consumer = self.consumer,
            %partition,
            ?checkpoint,
            from,
            "partition assigned"
        );
        let at = Some((partition.clone(), from));
        member.seek(&partition, from).await.map_err(|error| self.stop_at(at, error))
    }

    /// Assigns what it has and has not loaded, from the checkpoints that the log has.
    pub(super) async fn reassign(&mut self, member: &mut dyn Member) -> Result<(), Stop> {
        for partition in self.assigned.clone() {
            if self.partitions.contains_key(&partition) {
                continue;
            }
            let checkpoint = self.options.log.checkpoint(&self.group, &partition).await;
            let checkpoint = checkpoint.map_err(|error| self.stop(error))?;
            self.assign(member, partition, checkpoint).await?;
        }
        Ok(())
    }

    fn start_offset(&self, assignment: &Assignment, start: Start) -> Result<Offset, Stop> {
        let trim = assignment.trim;
        match (start, &assignment.snapshot, assignment.checkpoint) {
            (Start::Snapshot, Some(snapshot), _) => Ok(snapshot.next_offset.max(trim)),
            (Start::Checkpoint, _, Some(checkpoint)) => Ok(checkpoint.max(trim)),
            (Start::Checkpoint | Start::At(_), _, None) => Ok(trim),
            (Start::At(next), _, Some(checkpoint)) => Ok(next.min(checkpoint).max(trim)),
            // Without a checkpoint nothing was ever done: what is left is all there is.
            (Start::Earliest | Start::Snapshot, _, None) => Ok(trim),
            (Start::Earliest | Start::Snapshot, _, Some(checkpoint)) => {
                if trim > 0 && checkpoint > trim && self.projection.target() == Target::Log {
                    return Err(Stop::Fatal(RunError::StateLost {
                        consumer: self.consumer.clone(),
                        partition: assignment.partition.clone(),
                        checkpoint,
                        trim,
                    }));
                }
                Ok(trim)
            }
        }
    }

    /// Sorts a projection's fault by its class; it names the record at which it arose.
    pub(super) fn stop_record(
        &self,
        partition: &TopicPartition,
        offset: Offset,
        source: Box<dyn Fault>,
    ) -> Stop {
        match source.class() {
            FaultClass::Transient => Stop::Recover(source),
            FaultClass::Poison | FaultClass::Fatal => Stop::Fatal(RunError::Record {
                consumer: self.consumer.clone(),
                partition: partition.clone(),
                offset,
                source,
                remedy: "Nothing after this record was processed; remove the cause and start again",
            }),
        }
    }
}
