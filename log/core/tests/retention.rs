//! What retention deletes, what it keeps, and how long a start takes.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use groundlog_log::{
    Bounds, Durability, EmbeddedLog, EmbeddedOptions, Log, LogError, Records, Retention, TopicSpec,
    open_read_only, verify,
};
use groundlog_proto::{TopicName, TopicPartition};

fn options() -> EmbeddedOptions {
    EmbeddedOptions {
        segment_bytes: 16 << 10,
        index_bytes: 2 << 10,
        upkeep_interval: Duration::from_millis(5),
        ..EmbeddedOptions::default()
    }
}

fn partition() -> TopicPartition {
    TopicPartition::new(TopicName::new("topic"), 0)
}

async fn open(dir: &Path, retention: Retention) -> EmbeddedLog {
    let log = EmbeddedLog::open(dir, &options()).expect("opens");
    let spec = TopicSpec {
        name: partition().topic,
        partitions: 1,
        durability: Durability::Unsynced,
        retention,
    };
    log.ensure(&spec).await.expect("topic");
    log
}

fn keyed(key: &str, number: u64) -> Records {
    let mut records = Records::new();
    let mut value = number.to_le_bytes().to_vec();
    value.resize(1000, 0);
    records.push(key.as_bytes(), &value);
    records
}

async fn bounds(log: &EmbeddedLog) -> Bounds {
    log.bounds(&partition()).await.expect("bounds")
}

/// Waits, within reason, for upkeep to have done its work.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}: not within 30 s");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Reads the last value of every key, checking that offsets ascend.
async fn latest(log: &dyn Log) -> BTreeMap<String, u64> {
    let from = log.bounds(&partition()).await.expect("bounds").trim;
    let mut reader = log.reader(&partition(), from).await.expect("reader");
    let mut latest = BTreeMap::new();
    let mut last = None;
    loop {
        let batch = reader.poll(1 << 16).await.expect("readable");
        if batch.is_empty() {
            return latest;
        }
        for record in batch.iter() {
            assert!(last < Some(record.offset));
            last = Some(record.offset);
            let number = u64::from_le_bytes(record.value[..8].try_into().expect("eight bytes"));
            latest.insert(String::from_utf8_lossy(record.key).into_owned(), number);
        }
    }
}

#[tokio::test]
async fn a_bound_on_bytes_is_kept_by_whole_segments() {
    let dir = tempfile::tempdir().expect("folder");
    let limit = 1 << 20;
    let log = open(dir.path(), Retention::Bytes(limit)).await;
    for number in 0..4000 {
        log.append(&partition(), keyed("key", number)).await.expect("appended");
    }
    let size = || {
        let files = std::fs::read_dir(dir.path().join("topics/topic/0")).expect("listing");
        files.map(|file| file.and_then(|file| file.metadata()).map_or(0, |meta| meta.len())).sum()
    };
    until("the bound is kept", async || {
        let size: u64 = size();
        size < limit + limit / 2
    })
    .await;
    let bounds = bounds(&log).await;
    assert!(bounds.trim > 2000 && bounds.tail == 4000);
    assert!(
        (bounds.tail - bounds.trim) * 1000 > limit / 2,
        "not more than needed goes: {bounds:?}"
    );
    let late = log.reader(&partition(), 0).await.expect("reader").next(100).await.map(drop);
    assert!(matches!(late, Err(LogError::Trimmed { trim, .. }) if trim >= bounds.trim), "{late:?}");
    log.close().await.expect("closed");
    let log = open(dir.path(), Retention::Bytes(limit)).await;
    assert_eq!(latest(&log).await["key"], 3999);
}

#[tokio::test]
async fn old_segments_go_by_age() {
    let dir = tempfile::tempdir().expect("folder");
    let log = open(dir.path(), Retention::Age(Duration::from_millis(300))).await;
    for number in 0..100 {
        log.append(&partition(), keyed("key", number)).await.expect("appended");
    }
    until("old records go, though little is appended", async || {
        log.append(&partition(), keyed("key", 0)).await.expect("appended");
        bounds(&log).await.trim >= 100
    })
    .await;
    let before = std::time::SystemTime::now() - Duration::from_secs(5);
    let found = log.find(&partition(), before.into()).await.expect("find");
    assert!(found >= 100, "what is gone is not found");
    log.close().await.expect("closed");
    assert!(verify(dir.path()).expect("report").damage().is_none());
}

#[tokio::test]
async fn compaction_keeps_the_last_record_of_every_key() {
    let dir = tempfile::tempdir().expect("folder");
    let log = open(dir.path(), Retention::Compact).await;
    let mut wanted = BTreeMap::new();
    for number in 0..1500 {
        // Some keys are written all the time, one in the middle only, one at the start only.
        let key = match number {
            3 => "once".to_owned(),
            700..=705 => "sometimes".to_owned(),
            _ => format!("often {}", number % 5),
        };
        log.append(&partition(), keyed(&key, number)).await.expect("appended");
        wanted.insert(key, number);
    }
    let segments = || {
        let files = std::fs::read_dir(dir.path().join("topics/topic/0")).expect("listing");
        files
            .filter_map(Result::ok)
            .filter(|file| file.path().extension() == Some("seg".as_ref()))
            .count()
    };
    // One for each of the two rare keys, the active one, and one or two with the frequent keys.
    until("superseded segments go", async || segments() <= 5).await;
    assert_eq!(latest(&log).await, wanted);
    let follower = open_read_only(dir.path()).expect("readable");
    assert_eq!(latest(&*follower).await, wanted);
    assert!(verify(dir.path()).expect("report").damage().is_none());
    log.close().await.expect("closed");
    let log = open(dir.path(), Retention::Compact).await;
    assert_eq!(latest(&log).await, wanted);
    log.append(&partition(), keyed("once", 9999)).await.expect("goes on");
    assert_eq!(latest(&log).await["once"], 9999);
}

/// A start checks what is not known to be good and nothing else, however large the log.
#[tokio::test]
async fn a_start_does_not_read_the_log() {
    let dir = tempfile::tempdir().expect("folder");
    let log = open(dir.path(), Retention::Forever).await;
    let mut batch = Records::new();
    (0..1000).for_each(|_| batch.push(b"key", &[7; 200]));
    let mut waiting = Vec::new();
    for _ in 0..400 {
        waiting.push(log.append(&partition(), batch.clone()));
    }
    for appending in waiting {
        appending.await.expect("appended");
    }
    log.close().await.expect("closed");
    // Damage in the old part would be noticed by whoever read it: a start does not.
    let path = dir.path().join("topics/topic/0/00000000000000000000.seg");
    let mut bytes = std::fs::read(&path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let start = Instant::now();
    let log = open(dir.path(), Retention::Forever).await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(bounds(&log).await.tail, 400_000);
    let mut reader = log.reader(&partition(), 399_999).await.expect("reader");
    assert_eq!(reader.next(100).await.expect("record").len(), 1);
    let error = log.reader(&partition(), 0).await.expect("reader").next(1 << 20).await;
    let LogError::Corrupt { path: named, .. } = error.map(drop).expect_err("damage") else {
        panic!("damage is reported as such");
    };
    assert_eq!(named, path);
    log.close().await.expect("closed");
    let report = verify(dir.path()).expect("report");
    assert!(
        matches!(report.damage(), Some(LogError::Corrupt { path: named, .. }) if *named == path)
    );
}
