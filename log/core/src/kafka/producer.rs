use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use groundlog_proto::TopicPartition;
use rdkafka::{
    ClientConfig,
    error::{KafkaError, KafkaResult},
    producer::{BaseProducer, BaseRecord, Producer as _},
    types::RDKafkaErrorCode as Code,
};

use super::{broker::creation, context::Context, delivery::Delivery};
use crate::{LogError, Records};

/// How long the thread that serves a producer may take to notice that it is not needed any more.
const SERVE: Duration = Duration::from_millis(500);

/// How often a full queue is looked at.
const FULL_INTERVAL: Duration = Duration::from_millis(1);

/// A producer whose deliveries are served by a thread of its own, at once: the library's `flush`
/// alone would look at them every 100 ms.
pub(super) struct Producer {
    library: Arc<BaseProducer<Context>>,
    is_dropped: Arc<AtomicBool>,
}

impl Producer {
    pub(super) fn create(config: &ClientConfig) -> Result<Self, LogError> {
        let library: BaseProducer<Context> =
            config.create_with_context(Context::default()).map_err(|error| creation(&error))?;
        let producer = Self { library: Arc::new(library), is_dropped: Arc::default() };
        let (library, is_dropped) = (producer.library.clone(), producer.is_dropped.clone());
        let serve = move || {
            while !is_dropped.load(Ordering::Relaxed) {
                library.poll(SERVE);
            }
        };
        let served = thread::Builder::new().name("kafka-deliveries".to_owned()).spawn(serve);
        served.map_err(|error| LogError::Io {
            context: "cannot start a thread for",
            path: "Kafka".into(),
            source: Arc::new(error),
        })?;
        Ok(producer)
    }

    pub(super) fn library(&self) -> &BaseProducer<Context> {
        &self.library
    }

    /// Says why the library takes nothing more, if so.
    pub(super) fn fatal(&self) -> Option<(Code, String)> {
        self.library.client().fatal_error()
    }

    /// Queues the records of one append. Waits while the queue is full, as long as `goes_on`.
    pub(super) fn send(
        &self,
        partition: &TopicPartition,
        records: &Records,
        delivery: &Arc<Delivery>,
        goes_on: impl Fn() -> bool,
    ) -> KafkaResult<()> {
        for (key, value) in records.iter() {
            let mut record: BaseRecord<'_, [u8], [u8], _> =
                BaseRecord::with_opaque_to(partition.topic.as_str(), delivery.clone())
                    .partition(partition.partition as i32)
                    .key(key)
                    .payload(value);
            while let Err((error, refused)) = self.library.send(record) {
                let is_full = error.rdkafka_error_code() == Some(Code::QueueFull);
                if !is_full || !goes_on() {
                    return Err(error);
                }
                thread::sleep(FULL_INTERVAL);
                record = refused;
            }
        }
        Ok(())
    }

    /// Waits until the library has let go of everything, which it does right after the last
    /// delivery. Returns whether it has.
    pub(super) fn drained(&self, goes_on: impl Fn() -> bool) -> bool {
        while self.library.in_flight_count() > 0 {
            if !goes_on() {
                return false;
            }
            thread::sleep(FULL_INTERVAL / 20);
        }
        true
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Relaxed);
    }
}

/// Returns the code of a failure to queue a record.
pub(super) fn code(error: &KafkaError) -> Code {
    error.rdkafka_error_code().unwrap_or(Code::Fail)
}
