//! The log on Apache Kafka, or what speaks its protocol.
//!
//! ```text
//!  append()     lane: one thread, order of calls     idempotent producer       deliveries
//!  records ───────────────────────────────────────► acks=all, no gaps ──────► callers are
//!                                                                             answered
//!  Txn          kept in memory until the commit      transactional producer, one per member
//!  records ───────────────────────────────────────► and transactor, on a thread of its own
//!  Reader       a consumer of its own, read committed, polled without blocking
//!  Member       a consumer in a group, static membership, cooperative rebalancing
//! ```
//!
//! docs/adr/0002-kafka-log.md says how the contracts are kept, and what an operator has to know.
//! Whatever blocks in the client library runs on threads of its own.

mod appender;
mod broker;
mod context;
mod cursor;
mod delivery;
mod errors;
mod fetcher;
mod generation;
mod member;
mod options;
mod producer;
mod properties;
mod reader;
mod seat;
mod topics;
mod transaction;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use groundlog_proto::{Nanos, Offset, TopicName, TopicPartition};
use tokio::task::spawn_blocking;

pub use self::options::{KafkaOptions, SecurityProtocol};
use self::{
    appender::Appender, broker::Broker, member::KafkaMember, reader::KafkaReader,
    transaction::KafkaTransactor,
};
use crate::{
    Appending, Bounds, GroupSpec, Log, LogError, Member, Reader, Records, TopicInfo, TopicSpec,
    Transactor,
};

/// A log on Kafka. Dropping it closes it, without waiting for what is queued.
pub struct KafkaLog {
    broker: Arc<Broker>,
    appender: Appender,
}

impl KafkaLog {
    /// Connects to the brokers, `HOST:PORT` separated by commas. Blocks until one answers.
    ///
    /// # Errors
    /// [`LogError::Setting`] for options that cannot be used; [`LogError::Unreachable`] after ten
    /// seconds without an answer; [`LogError::Kafka`] where the broker does not let this user in.
    pub fn connect(servers: &str, options: &KafkaOptions) -> Result<Self, LogError> {
        let broker = Arc::new(Broker::connect(servers, options)?);
        let appender = Appender::start(&broker)?;
        Ok(Self { broker, appender })
    }

    async fn check(&self, partition: &TopicPartition) -> Result<(), LogError> {
        let partition = partition.clone();
        self.broker.ask(move |broker| broker.check_partition(&partition)).await
    }
}

#[async_trait]
impl Log for KafkaLog {
    async fn ensure(&self, spec: &TopicSpec) -> Result<TopicInfo, LogError> {
        topics::ensure(&self.broker, spec).await
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        topics::all(&self.broker).await
    }

    async fn topic(&self, name: &TopicName) -> Result<TopicInfo, LogError> {
        topics::describe(&self.broker, name).await
    }

    async fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, LogError> {
        let partition = partition.clone();
        let bounds = self.broker.ask(move |broker| {
            broker.check_partition(&partition)?;
            broker.bounds(&partition)
        });
        bounds.await
    }

    async fn find(&self, partition: &TopicPartition, at: Nanos) -> Result<Offset, LogError> {
        let partition = partition.clone();
        let found = self.broker.ask(move |broker| {
            broker.check_partition(&partition)?;
            let found = broker.find(&partition, at)?;
            let tail = broker.bounds(&partition)?.tail;
            Ok(found.map_or(tail, |found| found.min(tail)))
        });
        found.await
    }

    async fn reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(KafkaReader::open(self.broker.clone(), partition, from).await?))
    }

    fn append(&self, partition: &TopicPartition, records: Records) -> Appending {
        self.appender.append(partition, records)
    }

    async fn trim(&self, partition: &TopicPartition, before: Offset) -> Result<(), LogError> {
        topics::trim(&self.broker, partition, before).await
    }

    async fn join(&self, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError> {
        Ok(Box::new(KafkaMember::join(self.broker.clone(), spec).await?))
    }

    async fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        self.broker.check_open()?;
        Ok(Box::new(KafkaTransactor::open(self.broker.clone(), id).await?))
    }

    async fn checkpoint(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Offset>, LogError> {
        self.check(partition).await?;
        let (group, partition) = (group.to_owned(), partition.clone());
        let found = self.broker.ask(move |broker| broker.committed(&group, &[&partition]));
        Ok(found.await?.into_iter().next().flatten())
    }

    fn health(&self) -> Result<(), LogError> {
        self.broker.check_open()?;
        self.appender.health()
    }

    async fn close(&self) -> Result<(), LogError> {
        self.appender.close().await;
        let broker = self.broker.clone();
        // Clients take their time to end.
        drop(spawn_blocking(move || broker.close()).await);
        Ok(())
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        let broker = self.broker.clone();
        broker.tell_closed();
        broker::let_go(broker);
    }
}
