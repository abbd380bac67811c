//! A log whose answers the test holds back: what a caller that goes away leaves on its way.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use groundlog_log::{
    AppendAck, Appending, Bounds, Checkpoint, GroupSpec, Log, LogError, Member, Reader, Records,
    TopicInfo, TopicSpec, Transactor, Txn,
};
use groundlog_proto::{Nanos, Offset, TopicKind, TopicName, TopicNames, TopicPartition};
use tokio::sync::watch;

/// What the test decides and sees.
pub(crate) struct Control {
    held: watch::Sender<bool>,
    refusing: AtomicBool,
    panicking: AtomicBool,
    entered: AtomicUsize,
}

impl Control {
    /// Keeps commits, and appends of commands, from reaching the log until [`Self::release`].
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// What is begun from now on fails instead of reaching the log, which says that it is broken;
    /// so do appends of status.
    pub(crate) fn refuse(&self, refuse: bool) {
        self.refusing.store(refuse, Ordering::SeqCst);
    }

    /// Makes the log panic when it is asked for its topics.
    pub(crate) fn panic(&self, panic: bool) {
        self.panicking.store(panic, Ordering::SeqCst);
    }

    /// Returns how many commits and appends of commands were begun.
    pub(crate) fn entered(&self) -> usize {
        self.entered.load(Ordering::SeqCst)
    }

    async fn pass(&self) -> Result<(), LogError> {
        self.entered.fetch_add(1, Ordering::SeqCst);
        let refused = self.refusing.load(Ordering::SeqCst);
        let mut held = self.held.subscribe();
        let _ = held.wait_for(|held| !held).await;
        if refused { Err(LogError::Closed) } else { Ok(()) }
    }
}

pub(crate) fn held(inner: Arc<dyn Log>) -> (Arc<dyn Log>, Arc<Control>) {
    let control = Arc::new(Control {
        held: watch::Sender::new(false),
        refusing: AtomicBool::new(false),
        panicking: AtomicBool::new(false),
        entered: AtomicUsize::new(0),
    });
    let log = HeldLog { inner, control: control.clone() };
    (Arc::new(log), control)
}

struct HeldLog {
    inner: Arc<dyn Log>,
    control: Arc<Control>,
}

#[async_trait]
impl Log for HeldLog {
    async fn ensure(&self, spec: &TopicSpec) -> Result<TopicInfo, LogError> {
        self.inner.ensure(spec).await
    }
    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        assert!(!self.control.panicking.load(Ordering::SeqCst), "as told");
        self.inner.topics().await
    }
    async fn topic(&self, name: &TopicName) -> Result<TopicInfo, LogError> {
        self.inner.topic(name).await
    }
    async fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, LogError> {
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
        let (names, refusing) = (TopicNames::default(), &self.control.refusing);
        if partition.topic == names.topic(TopicKind::Status) && refusing.load(Ordering::SeqCst) {
            let (sender, appending) = Appending::channel();
            let _ = sender.send(Err(LogError::Closed));
            return appending;
        }
        if partition.topic != names.topic(TopicKind::Commands) {
            return self.inner.append(partition, records);
        }
        let (sender, appending) = Appending::channel();
        let (inner, control) = (self.inner.clone(), self.control.clone());
        let partition = partition.clone();
        tokio::spawn(async move {
            let appended = match control.pass().await {
                Ok(()) => inner.append(&partition, records).await,
                Err(error) => Err(error),
            };
            let _ = sender.send(appended);
        });
        appending
    }
    async fn trim(&self, partition: &TopicPartition, before: Offset) -> Result<(), LogError> {
        self.inner.trim(partition, before).await
    }
    async fn join(&self, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError> {
        self.inner.join(spec).await
    }
    async fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        let inner = self.inner.transactor(id).await?;
        let control = self.control.clone();
        Ok(Box::new(HeldTransactor { inner, control }))
    }
    async fn checkpoint(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Offset>, LogError> {
        self.inner.checkpoint(group, partition).await
    }
    fn health(&self) -> Result<(), LogError> {
        if self.control.refusing.load(Ordering::SeqCst) {
            return Err(LogError::Closed);
        }
        self.inner.health()
    }
    async fn close(&self) -> Result<(), LogError> {
        self.inner.close().await
    }
}

struct HeldTransactor {
    inner: Box<dyn Transactor>,
    control: Arc<Control>,
}

#[async_trait]
impl Transactor for HeldTransactor {
    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError> {
        let inner = self.inner.begin().await?;
        let control = self.control.clone();
        Ok(Box::new(HeldTxn { inner, control }))
    }
}

struct HeldTxn {
    inner: Box<dyn Txn>,
    control: Arc<Control>,
}

#[async_trait]
impl Txn for HeldTxn {
    async fn append(
        &mut self,
        partition: &TopicPartition,
        records: Records,
    ) -> Result<(), LogError> {
        self.inner.append(partition, records).await
    }
    /// A commit that was begun ends, whether or not its caller is still there.
    async fn commit(
        self: Box<Self>,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<Vec<(TopicPartition, AppendAck)>, LogError> {
        let commit = tokio::spawn(async move {
            self.control.pass().await?;
            self.inner.commit(checkpoints).await
        });
        commit.await.unwrap()
    }
    async fn abort(self: Box<Self>) -> Result<(), LogError> {
        self.inner.abort().await
    }
}
