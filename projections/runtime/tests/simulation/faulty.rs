//! A log whose calls fail or never return, as a seed decides.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use groundlog_log::{
    AppendAck, Appending, Batch, Bounds, Checkpoint, GroupSpec, Log, LogError, Member, MemberEvent,
    Reader, Records, TopicInfo, TopicSpec, Transactor, Txn,
};
use groundlog_proto::{Nanos, Offset, TopicName, TopicPartition};
use tokio::sync::Notify;

use crate::random::Random;

/// How long a late commit waits for the worst moment.
const LATE: Duration = Duration::from_millis(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    Never,
    /// One in this many steps is a crash (or, without crashes, a transient fault).
    Seeded {
        one_in: u64,
        crash: bool,
    },
    /// A crash at this step, then never again.
    Once {
        step: u64,
    },
}

#[derive(Debug)]
struct State {
    plan: Plan,
    random: Random,
    step: u64,
}

/// Decides at every step what happens.
#[derive(Debug)]
pub(crate) struct Faults {
    state: Mutex<State>,
    pub(crate) crashed: Notify,
    /// Somebody has read a checkpoint: the worst moment for a commit to land.
    checkpoint_read: Notify,
}

enum Verdict {
    Pass,
    Fail,
    Crash,
}

impl Faults {
    pub(crate) fn new(plan: Plan, seed: u64) -> Arc<Self> {
        let state = State { plan, random: Random::new(seed), step: 0 };
        Arc::new(Self {
            state: Mutex::new(state),
            crashed: Notify::new(),
            checkpoint_read: Notify::new(),
        })
    }

    pub(crate) fn stop(&self) {
        self.state.lock().expect("no panic under the lock").plan = Plan::Never;
    }

    pub(crate) fn steps(&self) -> u64 {
        self.state.lock().expect("no panic under the lock").step
    }

    fn verdict(&self) -> Verdict {
        let mut state = self.state.lock().expect("no panic under the lock");
        state.step += 1;
        match state.plan {
            Plan::Never => Verdict::Pass,
            Plan::Once { step } if state.step == step => Verdict::Crash,
            Plan::Once { .. } => Verdict::Pass,
            Plan::Seeded { one_in, crash } => match (state.random.below(one_in), crash) {
                (0, true) => Verdict::Crash,
                (0, false) => Verdict::Fail,
                _ => Verdict::Pass,
            },
        }
    }

    /// Passes, fails for now, or never returns: then the harness drops the runner.
    pub(crate) async fn step(&self) -> Result<(), LogError> {
        match self.verdict() {
            Verdict::Pass => Ok(()),
            Verdict::Fail => Err(LogError::Io {
                context: "simulated fault of",
                path: "the log".into(),
                source: Arc::new(io::Error::other("seed")),
            }),
            Verdict::Crash => {
                self.crashed.notify_one();
                std::future::pending().await
            }
        }
    }

    fn duplicates(&self) -> bool {
        let mut state = self.state.lock().expect("no panic under the lock");
        matches!(state.plan, Plan::Seeded { .. }) && state.random.below(5) == 0
    }

    fn commits_late(&self) -> bool {
        let mut state = self.state.lock().expect("no panic under the lock");
        matches!(state.plan, Plan::Seeded { .. }) && state.random.below(4) == 0
    }

    /// Waits until a checkpoint was read without this commit in it; not for ever, because a runner
    /// does right to wait for the commit first.
    async fn late(&self) {
        let _ = tokio::time::timeout(LATE, self.checkpoint_read.notified()).await;
    }
}

pub(crate) struct FaultyLog {
    pub(crate) inner: Arc<dyn Log>,
    pub(crate) faults: Arc<Faults>,
}

#[async_trait]
impl Log for FaultyLog {
    async fn ensure(&self, spec: &TopicSpec) -> Result<TopicInfo, LogError> {
        self.inner.ensure(spec).await
    }
    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        self.inner.topics().await
    }
    async fn topic(&self, name: &TopicName) -> Result<TopicInfo, LogError> {
        self.inner.topic(name).await
    }
    async fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, LogError> {
        self.faults.step().await?;
        self.inner.bounds(partition).await
    }
    async fn find(&self, partition: &TopicPartition, at: Nanos) -> Result<Offset, LogError> {
        self.inner.find(partition, at).await
    }
    async fn reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn Reader>, LogError> {
        self.faults.step().await?;
        self.inner.reader(partition, from).await
    }
    fn append(&self, partition: &TopicPartition, records: Records) -> Appending {
        self.inner.append(partition, records)
    }
    async fn trim(&self, partition: &TopicPartition, before: Offset) -> Result<(), LogError> {
        self.inner.trim(partition, before).await
    }
    async fn join(&self, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError> {
        self.faults.step().await?;
        let inner = self.inner.join(spec).await?;
        Ok(Box::new(FaultyMember { inner, faults: self.faults.clone(), again: None }))
    }
    async fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        self.inner.transactor(id).await
    }
    async fn checkpoint(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Offset>, LogError> {
        self.faults.step().await?;
        let found = self.inner.checkpoint(group, partition).await;
        self.faults.checkpoint_read.notify_waiters();
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        found
    }
    fn health(&self) -> Result<(), LogError> {
        self.inner.health()
    }
    async fn close(&self) -> Result<(), LogError> {
        self.inner.close().await
    }
}

struct FaultyMember {
    inner: Box<dyn Member>,
    faults: Arc<Faults>,
    again: Option<Batch>,
}

#[async_trait]
impl Member for FaultyMember {
    async fn next(&mut self, max_bytes: usize) -> Result<MemberEvent, LogError> {
        if let Some(batch) = self.again.take() {
            return Ok(MemberEvent::Records(batch));
        }
        let event = self.inner.next(max_bytes).await?;
        // Not before it: a fault there would only repeat the wait.
        if let MemberEvent::Records(batch) = &event
            && self.faults.duplicates()
        {
            self.again = Some(batch.clone());
        }
        Ok(event)
    }
    async fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError> {
        self.faults.step().await?;
        self.again = None;
        self.inner.seek(partition, offset).await
    }
    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError> {
        self.faults.step().await?;
        let inner = self.inner.begin().await?;
        Ok(Box::new(FaultyTxn { inner, faults: self.faults.clone() }))
    }
    async fn checkpoint(&mut self, checkpoints: Vec<Checkpoint>) -> Result<(), LogError> {
        self.faults.step().await?;
        self.inner.checkpoint(checkpoints).await?;
        self.faults.step().await
    }
    async fn leave(self: Box<Self>) -> Result<(), LogError> {
        self.inner.leave().await
    }
}

struct FaultyTxn {
    inner: Box<dyn Txn>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Txn for FaultyTxn {
    async fn append(
        &mut self,
        partition: &TopicPartition,
        records: Records,
    ) -> Result<(), LogError> {
        self.faults.step().await?;
        self.inner.append(partition, records).await
    }
    async fn commit(
        self: Box<Self>,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<Vec<(TopicPartition, AppendAck)>, LogError> {
        self.faults.step().await?;
        let Self { inner, faults } = *self;
        let acks = if faults.commits_late() {
            // Queued: it lands even if nobody waits for it any more.
            let late = faults.clone();
            let landing = tokio::spawn(async move {
                late.late().await;
                inner.commit(checkpoints).await
            });
            landing.await.expect("no panic")?
        } else {
            inner.commit(checkpoints).await?
        };
        // Committed, but whoever committed does not learn of it.
        faults.step().await?;
        Ok(acks)
    }
    async fn abort(self: Box<Self>) -> Result<(), LogError> {
        self.inner.abort().await
    }
}
