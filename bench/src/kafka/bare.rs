//! The same with nothing but the client library.

use std::{
    thread,
    time::{Duration, Instant},
};

use groundlog_proto::TopicPartition;
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    producer::{BaseProducer, BaseRecord, Producer},
    types::RDKafkaErrorCode,
};

use super::{BATCH_RECORDS, READ_BYTES, RECORD_BYTES};

const TIMEOUT: Duration = Duration::from_secs(30);

/// The settings of the log's producers.
fn producer(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", address)
        .set("socket.nagle.disable", "true")
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "1")
        .set("queue.buffering.max.messages", "0")
        .set("queue.buffering.max.kbytes", "262144")
        .set("message.max.bytes", "1114112");
    config
}

/// Sends so many batches with up to `in_flight` batches of records unacknowledged.
pub fn append(address: &str, to: &TopicPartition, batches: usize, in_flight: usize) -> Duration {
    let producer: BaseProducer = producer(address).create().expect("producer");
    // Connected and numbered, as the log's is.
    thread::sleep(Duration::from_secs(1));
    let bound = (in_flight * BATCH_RECORDS) as i32;
    let start = Instant::now();
    for _ in 0..batches {
        while producer.in_flight_count() >= bound {
            serve(&producer);
        }
        (0..BATCH_RECORDS).for_each(|_| send(&producer, to, b"key", &[7; RECORD_BYTES]));
    }
    drain(&producer);
    start.elapsed()
}

/// Reads so many records and writes each back, a transaction per batch.
pub fn transform(
    address: &str,
    from: &TopicPartition,
    to: &TopicPartition,
    records: u64,
) -> Duration {
    let producer: BaseProducer = producer(address)
        .set("transactional.id", format!("{}-bare", from.topic))
        .set("linger.ms", "0")
        .create()
        .expect("producer");
    producer.init_transactions(TIMEOUT).expect("transactions");
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", address)
        .set("group.id", format!("{}-bare", from.topic))
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("check.crcs", "true")
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", "16384")
        .create()
        .expect("consumer");
    consumer.assign(&at(from, 0)).expect("assigned");
    let start = Instant::now();
    let mut done = 0;
    while done < records {
        let Some(first) = consumer.poll(TIMEOUT) else { continue };
        let mut next = Some(first.expect("a record"));
        let (mut bytes, mut upto) = (0, 0);
        producer.begin_transaction().expect("begin");
        while let Some(message) = next.take() {
            let value = message.payload().unwrap_or_default();
            send(&producer, to, message.key().unwrap_or_default(), value);
            bytes += value.len();
            upto = message.offset() + 1;
            done += 1;
            if bytes < READ_BYTES {
                next = consumer.poll(Duration::ZERO).map(|polled| polled.expect("a record"));
            }
        }
        let group = consumer.group_metadata().expect("a group");
        producer.send_offsets_to_transaction(&at(from, upto), &group, TIMEOUT).expect("offsets");
        drain(&producer);
        producer.commit_transaction(TIMEOUT).expect("commit");
    }
    start.elapsed()
}

fn at(partition: &TopicPartition, offset: i64) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    let number = partition.partition as i32;
    list.add_partition_offset(partition.topic.as_str(), number, Offset::Offset(offset))
        .expect("an offset");
    list
}

fn send(producer: &BaseProducer, to: &TopicPartition, key: &[u8], value: &[u8]) {
    let mut record =
        BaseRecord::to(to.topic.as_str()).partition(to.partition as i32).key(key).payload(value);
    while let Err((error, refused)) = producer.send(record) {
        assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull), "{error}");
        serve(producer);
        record = refused;
    }
}

/// Serves deliveries in short steps: the library's `flush` would wait for 100 ms at a time.
fn serve(producer: &BaseProducer) {
    producer.poll(Duration::ZERO);
    thread::sleep(Duration::from_micros(100));
}

fn drain(producer: &BaseProducer) {
    while producer.in_flight_count() > 0 {
        serve(producer);
    }
}
