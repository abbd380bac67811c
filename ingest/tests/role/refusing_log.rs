//! A log that can be told to have no space left.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use groundlog_log::{
    AppendAck, Appending, Bounds, Checkpoint, GroupSpec, Log, LogError, Member, MemberEvent,
    MemoryLog, Reader, Records, TopicInfo, TopicSpec, Transactor, Txn,
};
use groundlog_proto::{Nanos, Offset, TopicName, TopicPartition};
use tokio::sync::watch;

#[derive(Default)]
struct Switches {
    appends: AtomicBool,
    commits: AtomicBool,
    refused_appends: AtomicUsize,
    /// Nothing can be asked.
    away: AtomicBool,
    unanswered: AtomicUsize,
    group: watch::Sender<Group>,
    refused_commits: AtomicUsize,
}

/// What the group has to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Group {
    #[default]
    Usual,
    /// Nobody is there any more: everything is revoked, until it is the usual again.
    Lost,
    /// This member is not known any more.
    Fenced,
}

#[derive(Clone)]
pub(crate) struct RefusingLog {
    inner: MemoryLog,
    switches: Arc<Switches>,
}

impl RefusingLog {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { inner: MemoryLog::new(), switches: Arc::default() })
    }

    pub(crate) fn refuse(&self, on: bool) {
        self.switches.appends.store(on, SeqCst);
    }

    pub(crate) fn refused_appends(&self) -> usize {
        self.switches.refused_appends.load(SeqCst)
    }

    pub(crate) fn refuse_commits(&self, on: bool) {
        self.switches.commits.store(on, SeqCst);
    }

    /// Takes the log away altogether, or gives it back.
    pub(crate) fn away(&self, on: bool) {
        self.switches.away.store(on, SeqCst);
        self.refuse(on);
        self.refuse_commits(on);
    }

    /// Returns how often it was asked while it was away.
    pub(crate) fn unanswered(&self) -> usize {
        self.switches.unanswered.load(SeqCst)
    }

    pub(crate) fn group(&self, says: Group) {
        self.switches.group.send_replace(says);
    }

    pub(crate) fn refused_commits(&self) -> usize {
        self.switches.refused_commits.load(SeqCst)
    }
}

fn full() -> LogError {
    LogError::DiskFull { path: PathBuf::from("test") }
}

#[async_trait]
impl Log for RefusingLog {
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
        if self.switches.away.load(SeqCst) {
            self.switches.unanswered.fetch_add(1, SeqCst);
            return Err(full());
        }
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
        self.inner.reader(partition, from).await
    }

    fn append(&self, partition: &TopicPartition, records: Records) -> Appending {
        if self.switches.appends.load(SeqCst) {
            self.switches.refused_appends.fetch_add(1, SeqCst);
            if let Some(chain) = records.chain() {
                chain.break_with(&full());
            }
            let (sender, appending) = Appending::channel();
            let _ = sender.send(Err(full()));
            return appending;
        }
        self.inner.append(partition, records)
    }

    async fn trim(&self, partition: &TopicPartition, before: Offset) -> Result<(), LogError> {
        self.inner.trim(partition, before).await
    }

    async fn join(&self, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError> {
        let inner = self.inner.join(spec).await?;
        let switches = Arc::clone(&self.switches);
        // Who joins anew is known again.
        switches
            .group
            .send_if_modified(|says| std::mem::replace(says, Group::Usual) == Group::Fenced);
        let says = switches.group.subscribe();
        Ok(Box::new(RefusingMember { inner, switches, says, assigned: Vec::new(), lost: false }))
    }

    async fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        let inner = self.inner.transactor(id).await?;
        Ok(Box::new(RefusingTransactor { inner, switches: Arc::clone(&self.switches) }))
    }

    async fn checkpoint(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Offset>, LogError> {
        self.inner.checkpoint(group, partition).await
    }

    fn health(&self) -> Result<(), LogError> {
        self.inner.health()
    }

    async fn close(&self) -> Result<(), LogError> {
        self.inner.close().await
    }
}

struct RefusingMember {
    inner: Box<dyn Member>,
    switches: Arc<Switches>,
    says: watch::Receiver<Group>,
    assigned: Vec<(TopicPartition, Option<Offset>)>,
    lost: bool,
}

#[async_trait]
impl Member for RefusingMember {
    async fn next(&mut self, max_bytes: usize) -> Result<MemberEvent, LogError> {
        loop {
            let says = *self.says.borrow_and_update();
            match (says, self.lost) {
                (Group::Fenced, _) => return Err(LogError::Fenced { id: "test".to_owned() }),
                (Group::Lost, false) => {
                    self.lost = true;
                    let gone = self.assigned.iter().map(|(partition, _)| partition.clone());
                    return Ok(MemberEvent::Revoked(gone.collect()));
                }
                (Group::Usual, true) => {
                    self.lost = false;
                    return Ok(MemberEvent::Assigned(self.assigned.clone()));
                }
                (Group::Lost, true) => {
                    let _ = self.says.changed().await;
                }
                (Group::Usual, false) => tokio::select! {
                    _ = self.says.changed() => {}
                    event = self.inner.next(max_bytes) => {
                        if let Ok(MemberEvent::Assigned(partitions)) = &event {
                            self.assigned.extend(partitions.iter().cloned());
                        }
                        return event;
                    }
                },
            }
        }
    }

    async fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError> {
        self.inner.seek(partition, offset).await
    }

    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError> {
        let inner = self.inner.begin().await?;
        Ok(Box::new(RefusingTxn { inner, switches: Arc::clone(&self.switches) }))
    }

    async fn checkpoint(&mut self, checkpoints: Vec<Checkpoint>) -> Result<(), LogError> {
        self.inner.checkpoint(checkpoints).await
    }

    async fn leave(self: Box<Self>) -> Result<(), LogError> {
        self.inner.leave().await
    }
}

struct RefusingTransactor {
    inner: Box<dyn Transactor>,
    switches: Arc<Switches>,
}

#[async_trait]
impl Transactor for RefusingTransactor {
    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError> {
        let inner = self.inner.begin().await?;
        Ok(Box::new(RefusingTxn { inner, switches: Arc::clone(&self.switches) }))
    }
}

struct RefusingTxn {
    inner: Box<dyn Txn>,
    switches: Arc<Switches>,
}

#[async_trait]
impl Txn for RefusingTxn {
    async fn append(
        &mut self,
        partition: &TopicPartition,
        records: Records,
    ) -> Result<(), LogError> {
        self.inner.append(partition, records).await
    }

    async fn commit(
        self: Box<Self>,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<Vec<(TopicPartition, AppendAck)>, LogError> {
        if self.switches.commits.load(SeqCst) {
            self.switches.refused_commits.fetch_add(1, SeqCst);
            return Err(full());
        }
        self.inner.commit(checkpoints).await
    }

    async fn abort(self: Box<Self>) -> Result<(), LogError> {
        self.inner.abort().await
    }
}
