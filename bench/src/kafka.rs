//! The log on Kafka: appends, and records read, changed and written back in transactions.

mod latency;

use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use groundlog_log::{
    AppendAck, Checkpoint, Durability, GroupSpec, KafkaLog, KafkaOptions, Log, LogError, Member,
    MemberEvent, Records, Retention, TopicSpec,
};
use groundlog_proto::{TopicName, TopicPartition};
use tokio::task::JoinHandle;

pub use self::latency::{Latency, latency};

/// Records of one append.
pub const BATCH_RECORDS: usize = 100;
/// Bytes of one record.
pub const RECORD_BYTES: usize = 200;
/// Bytes of one batch that is read, as the runner of projections asks for them.
pub const READ_BYTES: usize = 512 * 1024;

/// Connects to the broker that GROUNDLOG_TEST_KAFKA names. Returns its address as well.
///
/// # Errors
/// What to do where there is none.
pub fn connect() -> Result<(KafkaLog, String), String> {
    let address = std::env::var("GROUNDLOG_TEST_KAFKA")
        .map_err(|_| "GROUNDLOG_TEST_KAFKA is not set; `cargo xtask bench kafka` sets it")?;
    let log = KafkaLog::connect(&address, &KafkaOptions::default());
    Ok((log.map_err(|error| error.to_string())?, address))
}

/// Makes a topic of one partition, with a name of its own.
pub async fn topic(log: &dyn Log, name: &str) -> TopicPartition {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = TopicName::new(&format!("bench-{}-{name}", since.as_nanos()));
    let spec = TopicSpec {
        name: name.clone(),
        partitions: 1,
        durability: Durability::Unsynced,
        retention: Retention::Forever,
    };
    log.ensure(&spec).await.expect("topic");
    TopicPartition::new(name, 0)
}

fn batch() -> Records {
    let mut records = Records::with_capacity(BATCH_RECORDS, BATCH_RECORDS * RECORD_BYTES);
    (0..BATCH_RECORDS).for_each(|_| records.push(b"key", &[7; RECORD_BYTES]));
    records
}

/// Appends so many batches with up to `in_flight` of them unacknowledged.
pub async fn append(
    log: &dyn Log,
    to: &TopicPartition,
    batches: usize,
    in_flight: usize,
) -> Duration {
    let batch = batch();
    let start = Instant::now();
    let mut waiting = VecDeque::with_capacity(in_flight);
    for _ in 0..batches {
        if waiting.len() == in_flight
            && let Some(oldest) = waiting.pop_front()
        {
            acknowledged(oldest).await;
        }
        waiting.push_back(log.append(to, batch.clone()));
    }
    for appending in waiting {
        acknowledged(appending).await;
    }
    start.elapsed()
}

async fn acknowledged(appending: groundlog_log::Appending) {
    appending.await.expect("acknowledged");
}

/// Opens the log as a process that starts does, and returns how long its first append takes: a
/// producer has to be numbered by the broker, and to find the partition.
pub async fn first_append() -> Duration {
    let (log, _) = connect().expect("connected");
    let to = topic(&log, "first").await;
    let mut records = Records::new();
    records.push(b"key", b"command");
    let start = Instant::now();
    acknowledged(log.append(&to, records)).await;
    let took = start.elapsed();
    log.close().await.expect("closed");
    took
}

type Committing = JoinHandle<Result<Vec<(TopicPartition, AppendAck)>, LogError>>;

/// Reads so many records as a member of a group and writes each back in a transaction per batch,
/// applying one batch while the last is committed, as the runner of projections does.
pub async fn transform(
    log: &dyn Log,
    from: &TopicPartition,
    to: &TopicPartition,
    records: u64,
) -> Duration {
    let mut member = join(log, from).await;
    let start = Instant::now();
    let (mut done, mut open) = (0, None::<Committing>);
    while done < records {
        let MemberEvent::Records(batch) = member.next(READ_BYTES).await.expect("event") else {
            continue;
        };
        let mut changed = Records::with_capacity(batch.len(), READ_BYTES);
        batch.iter().for_each(|record| changed.push(record.key, record.value));
        done += batch.len() as u64;
        if let Some(open) = open.take() {
            open.await.expect("no panic").expect("committed");
        }
        let mut txn = member.begin().await.expect("begin");
        txn.append(to, changed).await.expect("append");
        let checkpoint = Checkpoint { partition: from.clone(), next: batch.next() };
        open = Some(tokio::spawn(txn.commit(vec![checkpoint])));
    }
    if let Some(open) = open {
        open.await.expect("no panic").expect("committed");
    }
    let took = start.elapsed();
    member.leave().await.expect("left");
    took
}

/// Joins a group of its own and reads the partition from its start.
async fn join(log: &dyn Log, from: &TopicPartition) -> Box<dyn Member> {
    let group = GroupSpec {
        group: format!("{}-transform", from.topic),
        member: "bench".to_owned(),
        topics: vec![from.topic.clone()],
    };
    let mut member = log.join(&group).await.expect("joined");
    loop {
        if let MemberEvent::Assigned(list) = member.next(0).await.expect("event")
            && !list.is_empty()
        {
            member.seek(from, 0).await.expect("seek");
            return member;
        }
    }
}
