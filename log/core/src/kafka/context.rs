use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use groundlog_proto::{TopicName, TopicPartition};
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol},
    error::{KafkaError, KafkaResult},
    message::DeliveryResult,
    producer::ProducerContext,
    types::{RDKafkaErrorCode, RDKafkaRespErr},
};
use tokio::sync::Notify;

use super::delivery::Delivery;
use crate::session::lock;

/// What a client library's handle calls back.
#[derive(Default)]
pub(super) struct Context {
    /// Woken when an assignment changes.
    pub(super) changed: Arc<Notify>,
    /// Counts what polls have served without returning it: a poll that returns nothing has found
    /// the queue empty only if this stood still.
    served: AtomicU64,
    /// The last global error: what to say when nothing else is known.
    trouble: Mutex<Option<(RDKafkaErrorCode, String)>>,
    changes: Mutex<VecDeque<Change>>,
    /// Set when the consumer is about to go: what is revoked then is let go at once.
    closing: AtomicBool,
}

/// A change of assignment, in the order in which the group decided.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// New partitions; the library has them, paused.
    Assigned(Vec<TopicPartition>),
    /// Partitions to be given up; the group waits until that is done.
    Revoked(Vec<TopicPartition>),
}

impl Context {
    /// Returns how many events were served so far.
    pub(super) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// Returns the oldest change of assignment that nobody was told yet.
    pub(super) fn change(&self) -> Option<Change> {
        lock(&self.changes).front().cloned()
    }

    /// Forgets that change: it was told.
    pub(super) fn told(&self) {
        lock(&self.changes).pop_front();
    }

    /// Says that the consumer is about to go.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Returns the last global error.
    pub(super) fn trouble(&self) -> Option<(RDKafkaErrorCode, String)> {
        lock(&self.trouble).clone()
    }

    fn note(&self) {
        self.served.fetch_add(1, Ordering::Relaxed);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Error, Info, Notice, Warning};
        self.note();
        match level {
            Emerg | Alert | Critical | Error => {
                tracing::warn!(target: "librdkafka", facility, "{message}");
            }
            // Mostly properties that a client of this kind does not use.
            Warning | Notice | Info | Debug => {
                tracing::debug!(target: "librdkafka", facility, "{message}");
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.note();
        let Some(code) = error.rdkafka_error_code() else { return };
        if code == RDKafkaErrorCode::PartitionEOF {
            return;
        }
        tracing::debug!(target: "librdkafka", %code, "{reason}");
        let mut trouble = lock(&self.trouble);
        // That all brokers are down follows from what happened to each.
        if code != RDKafkaErrorCode::AllBrokersDown || trouble.is_none() {
            *trouble = Some((code, reason.to_owned()));
        }
    }

    fn stats_raw(&self, _: &[u8]) {
        self.note();
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Arc<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Arc<Delivery>) {
        delivery.note(result);
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        self.note();
        let assigns = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let result = match assigns {
            true => assign(consumer, list),
            false if self.closing.load(Ordering::Relaxed) => unassign(consumer, list),
            // The library waits until the member has been told and has ended its work.
            false => Ok(()),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "the client library did not take a change of assignment");
        }
        let partitions = partitions(list);
        lock(&self.changes).push_back(match assigns {
            true => Change::Assigned(partitions),
            false => Change::Revoked(partitions),
        });
        self.changed.notify_one();
    }

    fn commit_callback(&self, _: KafkaResult<()>, _: &TopicPartitionList) {
        self.note();
    }
}

/// Takes partitions on, paused: nothing is read before it is said where to start.
fn assign(consumer: &BaseConsumer<Context>, list: &mut TopicPartitionList) -> KafkaResult<()> {
    // Any absolute offset keeps the library from looking for one itself.
    list.set_all_offsets(Offset::Offset(0))?;
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(list)?,
        RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.assign(list)?,
    }
    consumer.pause(list)
}

/// Lets partitions go; the group goes on with that.
pub(super) fn unassign(
    consumer: &BaseConsumer<Context>,
    list: &TopicPartitionList,
) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.unassign(),
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<TopicPartition> {
    let name = |topic: &str| TopicName::new(topic);
    list.elements()
        .iter()
        .map(|one| TopicPartition::new(name(one.topic()), one.partition() as u32))
        .collect()
}
