use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use groundlog_proto::{Offset, TopicPartition};
use rdkafka::{
    ClientConfig, Message, Offset as Place,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult},
    message::BorrowedMessage,
    types::RDKafkaErrorCode as Code,
};
use tokio::sync::Notify;

use super::{
    broker::{creation, list},
    context::Context,
    delivery::{millis, nanos},
    errors,
};
use crate::{Batch, LogError};

/// A consumer that is polled without ever blocking: it wakes whoever waits when there is something.
pub(super) struct Fetcher {
    pub(super) consumer: BaseConsumer<Context>,
    wake: Arc<Notify>,
}

/// A record that was polled but belongs to the next batch.
pub(super) struct Held {
    offset: Offset,
    millis: i64,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// What a round of polls has brought.
pub(super) struct Drained {
    pub(super) batch: Option<Batch>,
    /// Whether nothing was left.
    pub(super) is_empty: bool,
    /// Whether the library has reached the end of the partition.
    pub(super) at_end: bool,
    /// What stopped it, and does not pass by itself.
    pub(super) error: Option<Code>,
}

impl Fetcher {
    pub(super) fn create(config: &ClientConfig) -> Result<Self, LogError> {
        let mut consumer: BaseConsumer<Context> =
            config.create_with_context(Context::default()).map_err(|error| creation(&error))?;
        let wake = Arc::new(Notify::new());
        let waker = wake.clone();
        consumer.set_nonempty_callback(move || waker.notify_one());
        Ok(Self { consumer, wake })
    }

    /// Is notified when there is something to poll.
    pub(super) fn wake(&self) -> &Notify {
        &self.wake
    }

    /// Reads one partition from an offset on, and nothing else.
    pub(super) fn start(&self, partition: &TopicPartition, from: Offset) -> KafkaResult<()> {
        self.consumer.assign(&list(&[partition], Place::Offset(from as i64))?)
    }

    /// Stops reading and forgets what was fetched.
    pub(super) fn clear(&self) -> KafkaResult<()> {
        self.consumer.unassign()?;
        loop {
            let served = self.consumer.context().served();
            if self.consumer.poll(Duration::ZERO).is_none()
                && self.consumer.context().served() == served
            {
                return Ok(());
            }
        }
    }

    pub(super) fn drain(&self, window: &Window<'_>, held: &mut Option<Held>) -> Drained {
        drain(window, held, self.consumer.context(), || self.consumer.poll(Duration::ZERO))
    }
}

/// What is wanted of a partition.
pub(super) struct Window<'a> {
    pub(super) partition: &'a TopicPartition,
    pub(super) from: Offset,
    pub(super) max_bytes: usize,
}

/// Returns the first offset of a partition that was not polled yet: behind what has no records for
/// readers, such as the marks that end transactions.
pub(super) fn position(
    consumer: &BaseConsumer<Context>,
    partition: &TopicPartition,
) -> Option<Offset> {
    let positions = consumer.position().ok()?;
    let found = positions.find_partition(partition.topic.as_str(), partition.partition as i32)?;
    match found.offset() {
        Place::Offset(offset) => Some(offset as u64),
        _ => None,
    }
}

/// Polls until the batch is full or nothing is left.
pub(super) fn drain<'a>(
    window: &Window<'_>,
    held: &mut Option<Held>,
    context: &Context,
    poll: impl Fn() -> Option<KafkaResult<BorrowedMessage<'a>>>,
) -> Drained {
    let mut drained = Drained { batch: None, is_empty: false, at_end: false, error: None };
    let mut filling = Filling::default();
    if let Some(first) = held.take() {
        filling.push(first.offset, first.millis, &first.key, &first.value);
    }
    loop {
        let served = context.served();
        match poll() {
            None if context.served() == served => {
                drained.is_empty = true;
                break;
            }
            // An event that is no record.
            None => {}
            Some(Ok(message)) if filling.take(&message, window, held) => {}
            Some(Ok(_)) => break,
            Some(Err(KafkaError::PartitionEOF(_))) => drained.at_end = true,
            Some(Err(error)) => {
                let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
                // What passes by itself, the library tries again by itself.
                if !errors::is_transient(code) {
                    drained.error = Some(code);
                    break;
                }
            }
        }
    }
    drained.batch = filling.finish(window.partition);
    drained
}

/// A batch that is being filled.
#[derive(Default)]
struct Filling {
    data: Vec<u8>,
    /// Offset, time, and where key, value and record end.
    entries: Vec<(Offset, i64, u32, u32, u32)>,
}

impl Filling {
    /// Adds a message. Returns false when it was held back because the batch is full.
    fn take(
        &mut self,
        message: &BorrowedMessage<'_>,
        window: &Window<'_>,
        held: &mut Option<Held>,
    ) -> bool {
        let TopicPartition { topic, partition } = window.partition;
        let offset = message.offset() as u64;
        // The library drops what was fetched for an earlier assignment or place.
        let is_wanted = message.partition() as u32 == *partition
            && message.topic() == topic.as_str()
            && offset >= window.from;
        if !is_wanted {
            return true;
        }
        let (key, value) =
            (message.key().unwrap_or_default(), message.payload().unwrap_or_default());
        let bytes = self.data.len() + key.len() + value.len();
        if !self.entries.is_empty() && bytes > window.max_bytes {
            let (key, value) = (key.to_vec(), value.to_vec());
            *held = Some(Held { offset, millis: millis(message), key, value });
            return false;
        }
        self.push(offset, millis(message), key, value);
        true
    }

    fn push(&mut self, offset: Offset, millis: i64, key: &[u8], value: &[u8]) {
        let start = self.data.len() as u32;
        self.data.extend_from_slice(key);
        let middle = self.data.len() as u32;
        self.data.extend_from_slice(value);
        self.entries.push((offset, millis, start, middle, self.data.len() as u32));
    }

    fn finish(self, partition: &TopicPartition) -> Option<Batch> {
        if self.entries.is_empty() {
            return None;
        }
        let mut batch = Batch::new(partition.clone(), 0, Bytes::from(self.data));
        batch.reserve(self.entries.len());
        for (offset, millis, start, middle, end) in self.entries {
            batch.push(offset, nanos(millis), start, middle, end);
        }
        Some(batch)
    }
}
