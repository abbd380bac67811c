//! One transaction: sent, committed, seen.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use groundlog_proto::TopicPartition;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer, ConsumerGroupMetadata},
    error::{KafkaError, KafkaResult},
    producer::Producer as _,
    types::RDKafkaErrorCode as Code,
};

use super::{Acks, Commit, Desk, Failure, Offsets};
use crate::{
    Checkpoint, LogError,
    kafka::{
        broker::REQUEST_TIMEOUT,
        delivery::Delivery,
        errors,
        producer::{Producer, code},
    },
};

/// How long a commit waits until readers see it: the broker marks the partitions after it has
/// agreed.
const VISIBLE_TIMEOUT: Duration = Duration::from_secs(2);
const VISIBLE_INTERVAL: Duration = Duration::from_micros(500);

impl Desk {
    /// Sends everything and commits.
    pub(super) fn attempt(&self, producer: &Producer, commit: &Commit) -> Result<Acks, Failure> {
        let library = producer.library();
        library.begin_transaction().map_err(|error| self.judge(producer, &error))?;
        let deliveries = self.send(producer, commit)?;
        if let Some(offsets) = &commit.offsets {
            self.send_offsets(producer, offsets)?;
        }
        // Every record is answered within the transaction's time limit.
        producer.drained(|| self.broker.check_open().is_ok());
        let acks: Result<Acks, Code> = deliveries
            .into_iter()
            .map(|(partition, delivery)| Ok((partition, delivery.outcome()?)))
            .collect();
        loop {
            match library.commit_transaction(REQUEST_TIMEOUT) {
                Ok(()) => break,
                // Asked again until it is known: the broker answers the same.
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && self.broker.check_open().is_ok() => {}
                Err(error) => {
                    return Err(match (acks, self.judge(producer, &error)) {
                        // The library says how many records failed; they know why.
                        (Err(code), Failure::Abort(_)) => Failure::Abort(self.refused(code)),
                        (_, failure) => failure,
                    });
                }
            }
        }
        acks.map_err(|code| Failure::Abort(self.refused(code)))
    }

    pub(super) fn send(
        &self,
        producer: &Producer,
        commit: &Commit,
    ) -> Result<Vec<(TopicPartition, Arc<Delivery>)>, Failure> {
        let mut deliveries = Vec::with_capacity(commit.parts.len());
        for (partition, chunks) in &commit.parts {
            let delivery = Arc::new(Delivery::new(drop));
            for records in chunks {
                let goes_on = || self.broker.check_open().is_ok();
                let sent = producer.send(partition, records, &delivery, goes_on);
                sent.map_err(|error| self.judge(producer, &error))?;
            }
            deliveries.push((partition.clone(), delivery));
        }
        Ok(deliveries)
    }

    pub(super) fn send_offsets(
        &self,
        producer: &Producer,
        offsets: &Offsets,
    ) -> Result<(), Failure> {
        let list = list(offsets.checkpoints());
        let list = list.map_err(|error| self.judge(producer, &error))?;
        let metadata = self.metadata(offsets)?;
        loop {
            let library = producer.library();
            match library.send_offsets_to_transaction(&list, &metadata, REQUEST_TIMEOUT) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && self.broker.check_open().is_ok() => {}
                Err(error) => return Err(self.judge(producer, &error)),
            }
        }
    }

    fn metadata(&self, offsets: &Offsets) -> Result<ConsumerGroupMetadata, Failure> {
        match (offsets, &self.seat) {
            (Offsets::Member(_), Some(seat)) => {
                seat.metadata().ok_or_else(|| Failure::Abort(seat.fenced()))
            }
            (Offsets::Member(_), None) => Err(Failure::Abort(self.fenced())),
            (Offsets::Alone { group, .. }, _) => {
                let client = self.broker.group(group).map_err(Failure::Abort)?;
                client.group_metadata().ok_or_else(|| Failure::Abort(self.fenced()))
            }
        }
    }

    fn refused(&self, code: Code) -> LogError {
        if errors::is_fence(code) {
            return self.fenced();
        }
        errors::refused(&self.broker.servers, self.what("commit"), code)
    }

    pub(super) fn judge(&self, producer: &Producer, error: &KafkaError) -> Failure {
        if let Some((code, reason)) = producer.fatal() {
            return Failure::Dead { code, reason: reason.into() };
        }
        if errors::is_fence(code(error)) {
            return Failure::Abort(self.fenced());
        }
        if code(error) == Code::State {
            // Something before has failed, and an abort makes up for it.
            let (what, reason) = (self.what("commit"), error.to_string());
            return Failure::Abort(errors::transient(&self.broker.servers, what, &reason));
        }
        Failure::Abort(errors::kafka(&self.broker.servers, self.what("commit"), error))
    }

    /// Waits until readers see what was committed. It is committed in any case: another open
    /// transaction on the same partition may hold readers up.
    pub(super) fn wait_until_visible(&self, acks: &Acks) {
        let deadline = Instant::now() + VISIBLE_TIMEOUT;
        let mut hidden: Vec<_> = acks.iter().map(|(name, ack)| (name, ack.next)).collect();
        while !hidden.is_empty() && Instant::now() < deadline {
            let partitions: Vec<&TopicPartition> = hidden.iter().map(|(name, _)| *name).collect();
            let Ok(tails) = self.broker.tails(&partitions) else { return };
            let mut tails = tails.into_iter();
            hidden.retain(|(_, next)| tails.next().flatten().is_none_or(|tail| tail < *next));
            if !hidden.is_empty() {
                thread::sleep(VISIBLE_INTERVAL);
            }
        }
    }
}

fn list(checkpoints: &[Checkpoint]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(checkpoints.len());
    for Checkpoint { partition, next } in checkpoints {
        let place = Offset::Offset(*next as i64);
        list.add_partition_offset(partition.topic.as_str(), partition.partition as i32, place)?;
    }
    Ok(list)
}
