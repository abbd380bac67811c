mod assign;
mod backoff;
mod commit;
mod events;
mod moved;
mod owed;
mod process;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use groundlog_log::{GroupSpec, Log, LogError, Member, MemberEvent};
use groundlog_proto::{Fault, FaultClass, Offset, TopicNames, TopicPartition};
use tokio::{sync::watch, time::Instant};

use crate::{MetricsRegistry, Projection, RunError, SnapshotStore};
use assign::Partition;
pub(crate) use backoff::Backoff;
use commit::Pending;
use events::Events;
use owed::Owed;

/// How a runner works.
#[derive(Clone)]
pub struct RunnerOptions {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Names of the topics, namespace included.
    pub names: TopicNames,
    /// Stable name of this process's slot in the group: fences its own zombie.
    pub member: String,
    /// Name of the group where it is not the projection's: processes that each need the whole fold
    /// have a group each, and share the snapshots, which are the same for all.
    pub group: Option<String>,
    /// Most bytes of input in one batch, and so in one transaction.
    pub batch_bytes_max: usize,
    /// A snapshot is due after this many records of a partition …
    pub snapshot_records: u64,
    /// … or this long after the last one, if there was any record since.
    pub snapshot_interval: Duration,
    /// First and longest wait before a transient fault is tried again.
    pub backoff: (Duration, Duration),
    /// Where numbers go.
    pub metrics: MetricsRegistry,
}

impl RunnerOptions {
    /// Takes the defaults: batches of 512 KiB, a snapshot every 500 000 records or 30 s (so that
    /// folding from it takes less than a second or two), waits of 50 ms to 5 s.
    pub fn new(log: Arc<dyn Log>, names: TopicNames, member: &str) -> Self {
        Self {
            log,
            names,
            member: member.to_owned(),
            group: None,
            batch_bytes_max: 512 * 1024,
            snapshot_records: 500_000,
            snapshot_interval: Duration::from_secs(30),
            backoff: (Duration::from_millis(50), Duration::from_secs(5)),
            metrics: MetricsRegistry::new(),
        }
    }
}

/// Drives one projection: polls, applies, commits, recovers.
pub struct Runner<P> {
    projection: P,
    options: RunnerOptions,
    consumer: String,
    group: String,
    snapshots: SnapshotStore,
    dead_letters: (TopicPartition, u32),
    /// What the group has given this member, loaded or not.
    assigned: BTreeSet<TopicPartition>,
    partitions: HashMap<TopicPartition, Partition>,
    pending: Option<Pending>,
    /// What was applied and goes with the next commit.
    owed: Owed,
    backoff: Backoff,
    /// When to load again what is owned and not loaded, because a commit was refused.
    reload_at: Option<Instant>,
    /// Commits refused in a row.
    refusals: u32,
    events: Events,
}

impl<P> Drop for Runner<P> {
    fn drop(&mut self) {
        // However it ends, nobody shall read that it still owns something.
        for partition in &self.assigned {
            self.options.metrics.lags().remove(&self.consumer, partition);
        }
    }
}

/// Why the loop left its straight path.
enum Stop {
    /// Try again from the checkpoint.
    Recover(Box<dyn Fault>),
    /// A partition is another member's now; what is in memory is void.
    Moved(LogError),
    /// The role ends.
    Fatal(RunError),
}

impl<P: Projection> Runner<P> {
    /// Makes a runner; nothing is read before [`Runner::run`].
    pub fn new(projection: P, options: RunnerOptions) -> Self {
        let consumer = projection.name().to_owned();
        Self {
            snapshots: SnapshotStore::new(options.log.clone(), &options.names),
            dead_letters: (process::dead_letter_topic(&options.names), 1),
            assigned: BTreeSet::new(),
            partitions: HashMap::new(),
            pending: None,
            owed: Owed::default(),
            backoff: Backoff::new(options.backoff),
            reload_at: None,
            refusals: 0,
            events: Events::new(&consumer, &options.metrics),
            group: options.group.clone().unwrap_or_else(|| consumer.clone()),
            consumer,
            projection,
            options,
        }
    }

    /// Runs until `shutdown` turns true: then what was applied is committed, with a snapshot.
    ///
    /// # Errors
    /// A fatal fault; it names topic, partition, offset and remedy. Data and checkpoints are
    /// consistent and a new runner goes on from them.
    ///
    /// # Cancel safety
    /// Dropping the future is a crash: an open transaction is aborted, nothing is half done.
    pub async fn run(mut self, mut shutdown: watch::Receiver<bool>) -> Result<(), RunError> {
        let dead_letters = self.options.log.topic(&self.dead_letters.0.topic).await;
        self.dead_letters.1 = dead_letters.map_err(|error| self.log_error(error))?.partitions;
        let Some(mut member) = self.join(&mut shutdown).await? else {
            return Ok(());
        };
        while !*shutdown.borrow() {
            let step = self.step(member.as_mut(), &mut shutdown).await;
            let went_on = match step {
                Ok(()) => Ok(()),
                Err(Stop::Fatal(error)) => Err(error),
                Err(Stop::Moved(error)) => self.moved(error).await,
                Err(Stop::Recover(fault)) => {
                    self.recover(member.as_mut(), fault, &mut shutdown).await
                }
            };
            if let Err(error) = went_on {
                self.events.stopped(&error);
                let _ = member.leave().await;
                return Err(error);
            }
        }
        self.close(member).await
    }

    async fn join(
        &mut self,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<Option<Box<dyn Member>>, RunError> {
        let group = GroupSpec {
            group: self.group.clone(),
            member: self.options.member.clone(),
            topics: self.projection.inputs(),
        };
        loop {
            match self.options.log.join(&group).await {
                Ok(member) => return Ok(Some(member)),
                Err(error) if error.class() == FaultClass::Fatal => {
                    return Err(self.log_error(error));
                }
                Err(error) => {
                    self.events.retrying(&error);
                    self.backoff.wait(shutdown).await;
                }
            }
            if *shutdown.borrow() {
                return Ok(None);
            }
        }
    }

    /// Waits for one event and handles it.
    async fn step(
        &mut self,
        member: &mut dyn Member,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<(), Stop> {
        if self.pending.is_none() {
            self.begin_commit(member).await?;
        }
        let room = self.options.batch_bytes_max.saturating_sub(self.owed.input_bytes());
        let snapshot_due = self.next_snapshot();
        let event = tokio::select! {
            biased;
            () = stopped(shutdown) => return Ok(()),
            done = commit::finished(&mut self.pending) => return self.committed(done),
            () = commit::until(snapshot_due) => return self.snapshot_idle(member).await,
            () = commit::until(self.reload_at) => return self.reload(member).await,
            fault = self.projection.lost() => return Err(self.lost(fault)),
            event = member.next(room), if room > 0 => event.map_err(|error| self.gone(error))?,
        };
        match event {
            MemberEvent::Assigned(partitions) => {
                self.assigned.extend(partitions.iter().map(|(partition, _)| partition.clone()));
                self.settle().await?;
                for (partition, checkpoint) in partitions {
                    self.assign(member, partition, checkpoint).await?;
                }
                self.reload_if_due(member).await
            }
            MemberEvent::Revoked(partitions) => {
                // Their open commit, if any, ends in a commit or a fence; either is the log's word.
                let settled = self.settle().await;
                for partition in &partitions {
                    self.revoke(partition).await;
                }
                settled?;
                self.reload_if_due(member).await
            }
            MemberEvent::Records(batch) => self.process(member, &batch).await,
        }
    }

    /// Returns to the checkpoints: waits, reloads state, seeks.
    ///
    /// First of all for the open commit: it is queued and nothing recalls it. Were the checkpoints
    /// read before it has landed, its batch would be folded and committed a second time.
    async fn recover(
        &mut self,
        member: &mut dyn Member,
        fault: Box<dyn Fault>,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<(), RunError> {
        let mut fault = fault;
        loop {
            self.events.retrying(fault.as_ref());
            if let Err(Stop::Fatal(error)) = self.settle().await {
                return Err(error);
            }
            // The state may be ahead of what was committed: no snapshot may be taken of it.
            self.partitions.clear();
            self.owed.clear();
            self.backoff.wait(shutdown).await;
            if *shutdown.borrow() {
                return Ok(());
            }
            match self.reassign(member).await {
                Ok(()) => return Ok(()),
                Err(Stop::Recover(again)) => fault = again,
                Err(Stop::Moved(error)) => return self.moved(error).await,
                Err(Stop::Fatal(error)) => return Err(error),
            }
        }
    }

    async fn close(mut self, mut member: Box<dyn Member>) -> Result<(), RunError> {
        let mut result = self.settle_all(member.as_mut()).await;
        if result.is_ok() {
            result = self.snapshot_idle_all(member.as_mut()).await;
        }
        for partition in self.partitions.keys().cloned().collect::<Vec<_>>() {
            self.revoke(&partition).await;
        }
        member.leave().await.map_err(|error| self.log_error(error))?;
        match result {
            Err(Stop::Fatal(error)) => Err(error),
            Err(Stop::Recover(fault)) => {
                // The next start folds from the checkpoint that did get through.
                self.events.retrying(fault.as_ref());
                Ok(())
            }
            Err(Stop::Moved(error)) => {
                // Its new owner folds from there.
                self.events.moved(&error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn revoke(&mut self, partition: &TopicPartition) {
        self.assigned.remove(partition);
        self.partitions.remove(partition);
        self.owed.forget(partition);
        self.projection.revoked(partition).await;
        self.options.metrics.lags().remove(&self.consumer, partition);
    }

    fn log_error(&self, source: LogError) -> RunError {
        RunError::Log { consumer: self.consumer.clone(), at: None, source: Box::new(source) }
    }

    /// Sorts an error of the log by its class.
    fn stop(&self, error: LogError) -> Stop {
        self.stop_at(None, error)
    }

    fn stop_at(&self, at: Option<(TopicPartition, Offset)>, source: LogError) -> Stop {
        match source.class() {
            _ if matches!(source, LogError::Fenced { .. }) => Stop::Moved(source),
            FaultClass::Transient => Stop::Recover(Box::new(source)),
            _ => Stop::Fatal(RunError::Log {
                consumer: self.consumer.clone(),
                at,
                source: Box::new(source),
            }),
        }
    }

    fn lost(&self, source: Box<dyn Fault>) -> Stop {
        match source.class() {
            FaultClass::Transient => Stop::Recover(source),
            FaultClass::Poison | FaultClass::Fatal => {
                Stop::Fatal(RunError::Target { consumer: self.consumer.clone(), source })
            }
        }
    }

    fn next_snapshot(&self) -> Option<Instant> {
        let dirty = self.partitions.values().filter(|partition| partition.owes_snapshot());
        dirty.map(|partition| partition.last_snapshot + self.options.snapshot_interval).min()
    }
}

/// Waits for the shutdown; a lost sender counts as one. Yields nothing, because what the channel
/// lends would keep the runner's future from moving between threads.
pub(crate) async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|stop| *stop).await;
}
