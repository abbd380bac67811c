//! kill -9 at random moments: whatever was acknowledged is there, contiguous, and transactions are
//! whole. The child is this test binary, run again with an environment variable.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use groundlog_log::{
    Checkpoint, Durability, EmbeddedLog, EmbeddedOptions, Log, Records, Retention, TopicSpec,
    open_read_only, verify,
};
use groundlog_proto::{TopicName, TopicPartition};

const DIR: &str = "GROUNDLOG_KILL_TEST_DIR";
const KILLS: u64 = 60;
/// A new folder after so many kills, so that checking everything stays quick.
const KILLS_PER_FOLDER: u64 = 12;
const TRANSACTOR: &str = "kill-test";

fn small() -> EmbeddedOptions {
    EmbeddedOptions {
        segment_bytes: 64 << 10,
        index_bytes: 4 << 10,
        known_good_bytes: 256 << 10,
        upkeep_interval: Duration::from_millis(20),
        journal_bytes: 32 << 10,
        ..EmbeddedOptions::default()
    }
}

fn partition(topic: &str, number: u32) -> TopicPartition {
    TopicPartition::new(TopicName::new(topic), number)
}

/// What is appended to: two partitions each of a synced and an unsynced topic on their own, and
/// three that transactions write.
fn streams() -> Vec<TopicPartition> {
    vec![partition("raw", 0), partition("raw", 1), partition("status", 0), partition("status", 1)]
}

fn spec(name: &str, durability: Durability) -> TopicSpec {
    TopicSpec {
        name: TopicName::new(name),
        partitions: 2,
        durability,
        retention: Retention::Forever,
    }
}

fn record(number: u64) -> Records {
    let mut records = Records::new();
    let size = 8 + (number.wrapping_mul(7919) % 3000) as usize;
    records.push_with(b"", |value| {
        value.extend_from_slice(&number.to_le_bytes());
        value.resize(size, number as u8);
    });
    records
}

/// Reads a whole partition, checking that record after record is the one it must be. Returns how
/// many there are.
async fn count(log: &dyn Log, partition: &TopicPartition) -> u64 {
    let mut reader = log.reader(partition, 0).await.expect("reader");
    let mut expected = 0;
    loop {
        let batch = reader.poll(1 << 18).await.expect("readable");
        if batch.is_empty() {
            return expected;
        }
        for found in batch.iter() {
            let wanted = record(expected);
            let (_, wanted) = wanted.iter().next().expect("one record");
            assert_eq!(found.offset, expected, "{partition}: offsets are contiguous");
            assert_eq!(found.value, wanted, "{partition}: record {expected} is what was written");
            expected += 1;
        }
    }
}

/// The child: appends and commits until it is killed, saying what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_is_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let log: Arc<dyn Log> =
        Arc::new(EmbeddedLog::open(Path::new(&dir), &small()).expect("the log opens"));
    for (name, durability) in [
        ("raw", Durability::Synced),
        ("status", Durability::Unsynced),
        ("decom", Durability::Unsynced),
        ("commands", Durability::Synced),
    ] {
        log.ensure(&spec(name, durability)).await.expect("topic");
    }
    println!("\nopened");
    for (index, partition) in streams().into_iter().enumerate() {
        let log = log.clone();
        tokio::spawn(async move {
            let mut number = count(&*log, &partition).await;
            let mut waiting = std::collections::VecDeque::new();
            loop {
                waiting.push_back((number, log.append(&partition, record(number))));
                number += 1;
                if waiting.len() > 1 + number as usize % 8 {
                    let (number, appending) = waiting.pop_front().expect("not empty");
                    appending.await.expect("acknowledged");
                    println!("stream {index} {number}");
                }
                // Unsynced appends are quick: keep the folder small.
                if index > 1 {
                    tokio::time::sleep(Duration::from_micros(300)).await;
                }
            }
        });
    }
    let mut transactor = log.transactor(TRANSACTOR).await.expect("transactor");
    let mut number = count(&*log, &partition("decom", 0)).await;
    loop {
        let mut txn = transactor.begin().await.expect("begin");
        txn.append(&partition("decom", 0), record(number)).await.expect("append");
        txn.append(&partition("decom", 1), record(number)).await.expect("append");
        if number.is_multiple_of(4) {
            txn.append(&partition("commands", 1), record(number / 4)).await.expect("append");
        }
        let next = number + 1;
        let checkpoint = Checkpoint { partition: partition("decom", 0), next };
        txn.commit(vec![checkpoint]).await.expect("commit");
        println!("txn 0 {number}");
        number = next;
    }
}

/// What a child said was acknowledged: the highest number by kind and index.
type Acknowledged = Arc<Mutex<HashMap<(String, usize), u64>>>;

/// A child, and the thread that notes what it says: to its end, before anything is compared.
struct Running {
    child: Child,
    opened: mpsc::Receiver<()>,
    listener: thread::JoinHandle<()>,
}

impl Running {
    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
        self.listener.join().expect("everything it said is noted");
    }
}

fn start(dir: &Path, acknowledged: &Acknowledged) -> Running {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "child_that_is_killed", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts");
    let lines = BufReader::new(child.stdout.take().expect("its output"));
    let (sender, opened) = mpsc::channel();
    let acknowledged = acknowledged.clone();
    let listener = thread::spawn(move || {
        for line in lines.lines() {
            let Ok(line) = line else { return };
            if line == "opened" {
                sender.send(()).expect("the test waits");
            }
            // The last line may be cut short: its number would be too small, never too large.
            let mut words = line.split(' ');
            if let (Some(kind), Some(Ok(index)), Some(Ok(number))) = (
                words.next(),
                words.next().map(str::parse::<usize>),
                words.next().map(str::parse::<u64>),
            ) {
                let mut known = acknowledged.lock().expect("no panic");
                let highest = known.entry((kind.to_owned(), index)).or_default();
                *highest = (*highest).max(number + 1);
            }
        }
    });
    Running { child, opened, listener }
}

async fn check(log: &dyn Log, acknowledged: &Acknowledged, context: &str) -> u64 {
    let acknowledged = acknowledged.lock().expect("no panic").clone();
    let promised = |kind: &str, index: usize| {
        acknowledged.get(&(kind.to_owned(), index)).copied().unwrap_or(0)
    };
    let mut total = 0;
    for (index, partition) in streams().iter().enumerate() {
        let found = count(log, partition).await;
        let promised = promised("stream", index);
        assert!(found >= promised, "{context}: {partition} has {found} of {promised} records");
        total += found;
    }
    let transactions = count(log, &partition("decom", 0)).await;
    assert!(transactions >= promised("txn", 0), "{context}: an acknowledged transaction is gone");
    assert_eq!(count(log, &partition("decom", 1)).await, transactions, "{context}");
    let commands = count(log, &partition("commands", 1)).await;
    assert_eq!(commands, transactions.div_ceil(4), "{context}");
    let checkpoint = log.checkpoint(TRANSACTOR, &partition("decom", 0)).await.expect("checkpoint");
    assert_eq!(checkpoint.unwrap_or(0), transactions, "{context}");
    total + transactions
}

#[tokio::test]
async fn every_acknowledged_record_survives_kill_9() {
    let seed = RandomState::new().hash_one(0);
    let mut random = seed;
    let mut next_random = |below: u64| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let base = tempfile::tempdir().expect("folder");
    let mut dir = PathBuf::new();
    let mut acknowledged = Acknowledged::default();
    let mut total = 0;
    for kill in 0..KILLS {
        if kill % KILLS_PER_FOLDER == 0 {
            dir = base.path().join(format!("log-{kill}"));
            acknowledged = Acknowledged::default();
        }
        let running = start(&dir, &acknowledged);
        running.opened.recv_timeout(Duration::from_secs(60)).expect("the child opens the log");
        // The moment of the kill is what is random here: nothing is waited for.
        thread::sleep(Duration::from_micros(next_random(120_000)));
        running.kill();
        let context = format!("kill {kill}, seed {seed}");
        match kill % 3 {
            // The next child recovers, without anyone having looked.
            0 if kill % KILLS_PER_FOLDER + 1 < KILLS_PER_FOLDER => {}
            // What a reader sees before any recovery: acknowledged records, whole transactions.
            1 => {
                let log = open_read_only(&dir).expect("readable");
                check(&*log, &acknowledged, &context).await;
                let report = verify(&dir).expect("verified");
                assert!(report.damage().is_none(), "{context}: {:?}", report.damage());
            }
            _ => {
                let log = EmbeddedLog::open(&dir, &small()).expect("recovers");
                total += check(&log, &acknowledged, &context).await;
                log.close().await.expect("closed");
            }
        }
    }
    println!("{KILLS} kills, {total} records checked, seed {seed}");
    assert!(total > KILLS, "the children did something");
}
