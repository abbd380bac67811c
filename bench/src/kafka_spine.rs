//! Bare rdkafka loops: what ingest and decommutation on Kafka are measured against.
//!
//! They do what the broker makes anybody do, with the same records, the same batches and the same
//! guarantees, and nothing else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use groundlog_proto::TopicPartition;
use rdkafka::{
    ClientConfig, ClientContext, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::DeliveryResult,
    producer::{BaseProducer, BaseRecord, Producer, ProducerContext},
};

const PATIENCE: Duration = Duration::from_secs(30);
/// How long a poll may wait: a flush would wait in steps of 100 ms.
const POLL: Duration = Duration::from_millis(1);

/// Counts deliveries; a failed one ends the benchmark.
#[derive(Clone, Default)]
struct Delivered(Arc<AtomicU64>);

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            panic!("delivery: {error}");
        }
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Settings of the log's own producers: what is durable and in order, batched in the same way.
fn producer_settings(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        .set("linger.ms", "1")
        .set("batch.size", "1000000")
        .set("batch.num.messages", "100000")
        .set("queue.buffering.max.messages", "1000000")
        .set("queue.buffering.max.kbytes", "262144");
    config
}

fn send(producer: &BaseProducer<Delivered>, to: &TopicPartition, key: &[u8], value: &[u8]) {
    loop {
        let record = BaseRecord::<[u8], [u8]>::to(to.topic.as_str())
            .partition(to.partition as i32)
            .key(key)
            .payload(value);
        match producer.send(record) {
            Ok(()) => return,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                producer.poll(POLL);
            }
            Err((error, _)) => panic!("send: {error}"),
        }
    }
}

/// Produces records of these sizes; returns how long it took until all were acknowledged.
pub fn produce(
    brokers: &str,
    to: &TopicPartition,
    key: &[u8],
    size: usize,
    count: u64,
) -> Duration {
    let delivered = Delivered::default();
    let producer: BaseProducer<Delivered> =
        producer_settings(brokers).create_with_context(delivered.clone()).expect("producer");
    let value = vec![0x3f; size];
    // The first send of an idempotent producer waits for its id.
    send(&producer, to, key, &value);
    drain(&producer);
    let start = Instant::now();
    for number in 0..count {
        send(&producer, to, key, &value);
        if number % 1024 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    drain(&producer);
    assert_eq!(delivered.0.load(Ordering::Relaxed), count + 1, "every record is acknowledged");
    start.elapsed()
}

fn drain(producer: &BaseProducer<Delivered>) {
    while producer.in_flight_count() > 0 {
        producer.poll(POLL);
    }
}

/// What a bare consume-transform-produce loop is given.
pub struct Transform<'a> {
    /// The broker.
    pub brokers: &'a str,
    /// Where it reads.
    pub from: TopicPartition,
    /// Where it writes.
    pub to: TopicPartition,
    /// Records it reads.
    pub count: u64,
    /// Bytes of input in one transaction.
    pub batch_bytes: usize,
    /// Bytes of each record it writes.
    pub out_bytes: usize,
}

/// Reads, writes as many records, and commits both per batch; returns how long all of it took.
pub fn transform(work: &Transform<'_>) -> Duration {
    let (consumer, producer) = (consumer(work), transactional(work));
    let metadata = consumer.group_metadata().expect("group metadata");
    let value = vec![0x5a; work.out_bytes];
    let start = Instant::now();
    let mut done = 0;
    while done < work.count {
        let (mut bytes, mut records, mut next) = (0, 0_u64, 0);
        producer.begin_transaction().expect("begun");
        while bytes < work.batch_bytes && done + records < work.count {
            // Only the first record of a batch is waited for, as in any such loop.
            let patience = if records == 0 { PATIENCE } else { Duration::ZERO };
            let Some(message) = consumer.poll(patience) else {
                break;
            };
            let message = message.expect("readable");
            bytes += message.payload_len() + message.key_len();
            next = message.offset() + 1;
            records += 1;
            send(&producer, &work.to, message.key().unwrap_or_default(), &value);
        }
        drain(&producer);
        let mut offsets = TopicPartitionList::new();
        offsets
            .add_partition_offset(
                work.from.topic.as_str(),
                work.from.partition as i32,
                Offset::Offset(next),
            )
            .expect("offset");
        producer.send_offsets_to_transaction(&offsets, &metadata, PATIENCE).expect("offsets");
        producer.commit_transaction(PATIENCE).expect("committed");
        done += records;
    }
    start.elapsed()
}

fn consumer(work: &Transform<'_>) -> BaseConsumer {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", work.brokers)
        .set("group.id", format!("bare-{}", work.from.topic.as_str()))
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("fetch.wait.max.ms", "10")
        .set("check.crcs", "true")
        .create()
        .expect("consumer");
    let mut assignment = TopicPartitionList::new();
    assignment
        .add_partition_offset(
            work.from.topic.as_str(),
            work.from.partition as i32,
            Offset::Beginning,
        )
        .expect("offset");
    consumer.assign(&assignment).expect("assigned");
    consumer
}

fn transactional(work: &Transform<'_>) -> BaseProducer<Delivered> {
    let producer: BaseProducer<Delivered> = producer_settings(work.brokers)
        .set("transactional.id", format!("bare-{}", work.from.topic.as_str()))
        .set("transaction.timeout.ms", "5000")
        .create_with_context(Delivered::default())
        .expect("producer");
    producer.init_transactions(PATIENCE).expect("initialised");
    producer
}
