//! Bare rdkafka loops: what the log, ingest and decommutation on Kafka are measured against.
//!
//! They do what the broker makes anybody do, with the same records, the same batches, the same
//! settings and the same guarantees, and nothing else.

mod latency;

use std::{
    thread,
    time::{Duration, Instant},
};

use groundlog_proto::TopicPartition;
use rdkafka::{
    ClientConfig, ClientContext, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata},
    error::{KafkaError, RDKafkaErrorCode},
    message::DeliveryResult,
    producer::{BaseProducer, BaseRecord, Producer, ProducerContext},
};

pub use self::latency::latency;

const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait where no delivery has come: the library's own flush would wait in steps of
/// 100 ms, and its poll waits as long as it may.
const SERVE: Duration = Duration::from_micros(100);

/// A failed delivery ends the benchmark.
struct Delivered;

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            panic!("delivery: {error}");
        }
    }
}

/// Settings of the log's own producers: what is durable and in order, batched in the same way.
fn producer_settings(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("socket.nagle.disable", "true")
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        .set("linger.ms", "1")
        .set("message.max.bytes", "1114112")
        .set("queue.buffering.max.messages", "0")
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
                serve(producer);
            }
            Err((error, _)) => panic!("send: {error}"),
        }
    }
}

/// Serves one delivery of a batch; there may be more.
fn serve(producer: &BaseProducer<Delivered>) {
    let before = producer.in_flight_count();
    producer.poll(Duration::ZERO);
    if producer.in_flight_count() == before {
        thread::sleep(SERVE);
    }
}

fn drain(producer: &BaseProducer<Delivered>) {
    while producer.in_flight_count() > 0 {
        serve(producer);
    }
}

/// What a bare producer sends.
#[derive(Clone, Copy)]
pub struct Produce<'a> {
    /// The broker.
    pub brokers: &'a str,
    /// Where it writes.
    pub to: &'a TopicPartition,
    /// Key of each record.
    pub key: &'a [u8],
    /// Bytes of each record's value.
    pub size: usize,
    /// Records it sends.
    pub count: u64,
    /// Most records that are not acknowledged; bytes are bounded in any case.
    pub in_flight: usize,
}

/// Returns how long it took until all were acknowledged.
pub fn produce(work: Produce<'_>) -> Duration {
    let producer: BaseProducer<Delivered> =
        producer_settings(work.brokers).create_with_context(Delivered).expect("producer");
    let value = vec![0x3f; work.size];
    // The first send of an idempotent producer waits for its id.
    send(&producer, work.to, work.key, &value);
    drain(&producer);
    let start = Instant::now();
    for number in 0..work.count {
        if number % 1024 == 0 {
            producer.poll(Duration::ZERO);
        }
        while producer.in_flight_count() as usize >= work.in_flight {
            serve(&producer);
        }
        send(&producer, work.to, work.key, &value);
    }
    drain(&producer);
    start.elapsed()
}

/// What a bare consume-transform-produce loop is given.
#[derive(Clone)]
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
    /// Bytes of each record it writes, eight or more; the first eight are those of its input.
    pub out_bytes: usize,
}

/// Reads, writes as many records, and commits both per batch; returns how long all of it took.
pub fn transform(work: &Transform<'_>) -> Duration {
    Loop::new(work).run()
}

/// The loop, ready to read.
struct Loop<'a> {
    work: &'a Transform<'a>,
    consumer: BaseConsumer,
    producer: BaseProducer<Delivered>,
    metadata: ConsumerGroupMetadata,
}

impl<'a> Loop<'a> {
    fn new(work: &'a Transform<'a>) -> Self {
        let group = format!("bare-{}", work.from.topic.as_str());
        let consumer = consumer(work.brokers, &group, &work.from);
        let metadata = consumer.group_metadata().expect("group metadata");
        let producer: BaseProducer<Delivered> = producer_settings(work.brokers)
            .set("transactional.id", group)
            .set("transaction.timeout.ms", "5000")
            // What is refused while the last transaction is marked is tried again at once.
            .set("retry.backoff.ms", "2")
            .create_with_context(Delivered)
            .expect("producer");
        producer.init_transactions(PATIENCE).expect("initialised");
        Self { work, consumer, producer, metadata }
    }

    fn run(self) -> Duration {
        let start = Instant::now();
        let mut done = 0;
        while done < self.work.count {
            done += self.turn(self.work.count - done);
        }
        start.elapsed()
    }

    /// One transaction: what is there, up to a batch. Returns its records.
    fn turn(&self, at_most: u64) -> u64 {
        let Self { work, consumer, producer, metadata } = self;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < work.batch_bytes && (batch.len() as u64) < at_most {
            // Only the first record of a batch is waited for.
            let patience = if batch.is_empty() { PATIENCE } else { Duration::ZERO };
            let Some(message) = consumer.poll(patience) else { break };
            let message = message.expect("readable");
            bytes += message.payload_len() + message.key_len();
            batch.push(message);
        }
        let Some(last) = batch.last() else { return 0 };
        let upto = place(&work.from, Offset::Offset(last.offset() + 1));
        let mut value = vec![0x5a; work.out_bytes];
        producer.begin_transaction().expect("begun");
        // All at once, so that the library makes few and large batches of them.
        for message in &batch {
            value[..8].copy_from_slice(&message.payload().expect("a value")[..8]);
            send(producer, &work.to, message.key().unwrap_or_default(), &value);
        }
        // While the records are on their way.
        producer.send_offsets_to_transaction(&upto, metadata, PATIENCE).expect("offsets");
        drain(producer);
        producer.commit_transaction(PATIENCE).expect("committed");
        batch.len() as u64
    }
}

fn place(partition: &TopicPartition, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    let number = partition.partition as i32;
    list.add_partition_offset(partition.topic.as_str(), number, offset).expect("offset");
    list
}

/// Reads what is committed of one partition from its start, with the settings of the log's own.
fn consumer(brokers: &str, group: &str, from: &TopicPartition) -> BaseConsumer {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("socket.nagle.disable", "true")
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", "read_committed")
        .set("check.crcs", "true")
        .set("fetch.wait.max.ms", "100")
        // By default a consumer whose queue was full looks for more after a second.
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", "16384")
        .create()
        .expect("consumer");
    consumer.assign(&place(from, Offset::Beginning)).expect("assigned");
    consumer
}
