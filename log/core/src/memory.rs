//! The log in memory, for unit tests and simulation: nothing survives the process.

mod partition;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use groundlog_proto::{Nanos, Offset, TopicName, TopicPartition};

use self::store::MemoryStore;
use crate::{
    Appending, Bounds, GroupSpec, Log, LogError, Member, Reader, Records, TopicInfo, TopicSpec,
    Transactor,
    session::{self, Store, TailReader},
};

/// A log that lives in this process. Cheap to clone; clones are the same log.
///
/// Every append is committed before the call returns, in the order of the calls. What
/// [`Log::trim`] and retention remove are whole appends.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog(Arc<MemoryStore>);

impl MemoryLog {
    /// Makes an empty log.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn ensure(&self, spec: &TopicSpec) -> Result<TopicInfo, LogError> {
        self.0.ensure(spec)
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        self.0.topics()
    }

    async fn topic(&self, name: &TopicName) -> Result<TopicInfo, LogError> {
        self.0.topic(name)
    }

    async fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, LogError> {
        self.0.with_partition(partition, |partition| partition.bounds())
    }

    async fn find(&self, partition: &TopicPartition, at: Nanos) -> Result<Offset, LogError> {
        self.0.with_partition(partition, |partition| partition.find(at))
    }

    async fn reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn Reader>, LogError> {
        TailReader::open(self.0.clone(), partition, from)
    }

    fn append(&self, partition: &TopicPartition, records: Records) -> Appending {
        let (sender, appending) = Appending::channel();
        // The caller may have dropped its end: the append stands all the same.
        drop(sender.send(self.0.append(partition, records)));
        appending
    }

    async fn trim(&self, partition: &TopicPartition, before: Offset) -> Result<(), LogError> {
        self.0.with_partition(partition, |partition| partition.trim(before))
    }

    async fn join(&self, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError> {
        session::join(self.0.clone(), spec)
    }

    async fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        self.0.check_open()?;
        Ok(session::transactor(self.0.clone(), id))
    }

    async fn checkpoint(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Offset>, LogError> {
        self.0.check_open()?;
        Ok(self.0.stored_checkpoint(group, partition))
    }

    fn health(&self) -> Result<(), LogError> {
        self.0.check_open()
    }

    async fn close(&self) -> Result<(), LogError> {
        self.0.close();
        Ok(())
    }
}
