//! A log that counts the records that are read from it, and whose reads fail as told.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use async_trait::async_trait;
use groundlog_log::{
    Appending, Batch, Bounds, GroupSpec, Log, LogError, Member, Reader, Records, TopicInfo,
    TopicSpec, Transactor,
};
use groundlog_proto::{Nanos, Offset, TopicName, TopicPartition};

pub(crate) struct CountingLog {
    inner: Arc<dyn Log>,
    read: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<LogError>>>,
}

impl CountingLog {
    pub(crate) fn new(inner: Arc<dyn Log>) -> Arc<Self> {
        Arc::new(Self { inner, read: Arc::default(), failures: Arc::default() })
    }

    /// Returns how many records were read, of whichever topic.
    pub(crate) fn records_read(&self) -> usize {
        self.read.load(Relaxed)
    }

    /// Makes the next reads that would have returned something fail, the last of these first.
    pub(crate) fn fail(&self, failures: Vec<LogError>) {
        *self.failures.lock().expect("no panic under the lock") = failures;
    }

    /// Returns how many of them are still to come.
    pub(crate) fn failures_left(&self) -> usize {
        self.failures.lock().expect("no panic under the lock").len()
    }
}

#[async_trait]
impl Log for CountingLog {
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
        let inner = self.inner.reader(partition, from).await?;
        let (read, failures) = (self.read.clone(), self.failures.clone());
        Ok(Box::new(CountingReader { inner, read, failures }))
    }
    fn append(&self, partition: &TopicPartition, records: Records) -> Appending {
        self.inner.append(partition, records)
    }
    async fn trim(&self, partition: &TopicPartition, before: Offset) -> Result<(), LogError> {
        self.inner.trim(partition, before).await
    }
    async fn join(&self, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError> {
        self.inner.join(spec).await
    }
    async fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        self.inner.transactor(id).await
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

struct CountingReader {
    inner: Box<dyn Reader>,
    read: Arc<AtomicUsize>,
    failures: Arc<Mutex<Vec<LogError>>>,
}

impl CountingReader {
    fn count(&self, batch: Batch) -> Batch {
        self.read.fetch_add(batch.len(), Relaxed);
        batch
    }
}

#[async_trait]
impl Reader for CountingReader {
    async fn next(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        let batch = self.inner.next(max_bytes).await?;
        match self.failures.lock().expect("no panic under the lock").pop() {
            Some(failure) => Err(failure),
            None => Ok(self.count(batch)),
        }
    }
    async fn poll(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        let batch = self.inner.poll(max_bytes).await?;
        Ok(self.count(batch))
    }
    fn position(&self) -> Offset {
        self.inner.position()
    }
}
