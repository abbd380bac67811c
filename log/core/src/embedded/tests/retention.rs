//! Retention and power failures.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use super::{
    BOOT, Gate, NEXT_BOOT, crash_image, numbered, numbers, open, partition, segments, spec,
};
use crate::{
    Durability, EmbeddedLog, Log, Records, Retention, TopicSpec,
    embedded::{
        options::{BeforeSync, Surroundings},
        segment::file_name,
        upkeep,
    },
    session::lock,
};

/// A disk that keeps of its files what was synced and nothing else, and every removal.
#[derive(Default)]
struct Disk {
    journal: Vec<u8>,
    segments: HashMap<PathBuf, Vec<u8>>,
}

impl Disk {
    fn new() -> (Arc<Mutex<Self>>, Surroundings) {
        let disk = Arc::<Mutex<Self>>::default();
        let seen = disk.clone();
        let before_sync = BeforeSync::new(move |path| {
            match path.extension().and_then(OsStr::to_str) {
                Some("seg") => {
                    let content = fs::read(path)?;
                    lock(&seen).segments.insert(path.to_owned(), content);
                }
                // The journal, or the one that takes its place.
                None | Some("new") if path.is_file() => lock(&seen).journal = fs::read(path)?,
                _ => {}
            }
            Ok(())
        });
        (disk, Surroundings { before_sync, ..BOOT })
    }

    /// Copies a folder as a power failure leaves it.
    fn fail(&self, dir: &Path, image: &Path) {
        crash_image(dir, image);
        fs::write(image.join("journal"), &self.journal).expect("written");
        for name in [partition("raw", 0), partition("out", 0)] {
            for (original, copy) in segments(dir, &name).into_iter().zip(segments(image, &name)) {
                match self.segments.get(&original) {
                    Some(content) => fs::write(&copy, content).expect("written"),
                    None => fs::remove_file(&copy).expect("removed"),
                }
            }
        }
    }
}

async fn make_topics(log: &EmbeddedLog, retention: Retention) {
    for (name, durability) in [("raw", Durability::Synced), ("out", Durability::Unsynced)] {
        let spec = TopicSpec { retention, ..spec(name, 1, durability) };
        log.ensure(&spec).await.expect("topic");
    }
}

/// What retention has deleted is known to be deleted, whatever else a power failure takes.
#[tokio::test]
async fn a_trim_is_on_stable_storage_before_anything_is_removed() {
    for before in [5, 17, 39, 40] {
        let base = tempfile::tempdir().expect("folder");
        let (dir, image) = (base.path().join("log"), base.path().join("image"));
        let (disk, surroundings) = Disk::new();
        let log = open(&dir, &surroundings).expect("opens");
        make_topics(&log, Retention::Forever).await;
        let (raw, out) = (partition("raw", 0), partition("out", 0));
        for number in 0..40 {
            log.append(&raw, numbered(number, 400)).await.expect("appended");
            log.append(&out, numbered(number, 400)).await.expect("appended");
        }
        let mut trims = Vec::new();
        for name in [&raw, &out] {
            log.trim(name, before).await.expect("trimmed");
            let trim = log.bounds(name).await.expect("bounds").trim;
            assert!(trim <= before && (trim > 0 || before < 10), "{trim} of {before}");
            trims.push(trim);
        }
        lock(&disk).fail(&dir, &image);
        let log = open(&image, &NEXT_BOOT).expect("a start accepts what the disk kept");
        assert_eq!(numbers(&log, &raw).await, (trims[0]..40).collect::<Vec<_>>());
        let left = numbers(&log, &out).await;
        assert_eq!(log.bounds(&out).await.expect("bounds").trim, trims[1]);
        assert_eq!(left, (trims[1]..trims[1] + left.len() as u64).collect::<Vec<_>>());
        log.append(&out, numbered(7, 10)).await.expect("goes on");
    }
}

/// Of a compacted topic, a segment goes only when the later records of its keys are on stable
/// storage.
#[tokio::test]
async fn compaction_loses_no_key_to_a_power_failure() {
    let base = tempfile::tempdir().expect("folder");
    let (dir, image) = (base.path().join("log"), base.path().join("image"));
    let (disk, surroundings) = Disk::new();
    let log = open(&dir, &surroundings).expect("opens");
    make_topics(&log, Retention::Compact).await;
    let out = partition("out", 0);
    let mut transactor = log.transactor("t").await.expect("transactor");
    for number in 0..60_u8 {
        let mut records = Records::new();
        records.push(&[number % 5], &[number; 400]);
        // Only the journal makes these visible.
        let mut txn = transactor.begin().await.expect("begin");
        txn.append(&out, records).await.expect("append");
        txn.commit(Vec::new()).await.expect("commit");
    }
    let before = segments(&dir, &out).len();
    let found = log.folder.partition(&out).expect("partition");
    upkeep::retain(&log.folder, &found).expect("compacted");
    let after = segments(&dir, &out).len();
    assert!(after + 3 < before, "{before} segments, then {after}");
    lock(&disk).fail(&dir, &image);
    let log = open(&image, &NEXT_BOOT).expect("a start accepts what the disk kept");
    let from = log.bounds(&out).await.expect("bounds").trim;
    let mut reader = log.reader(&out, from).await.expect("reader");
    let mut keys = BTreeSet::new();
    loop {
        let batch = reader.poll(1 << 16).await.expect("readable");
        if batch.is_empty() {
            break;
        }
        keys.extend(batch.iter().map(|record| record.key.to_vec()));
    }
    assert_eq!(keys.len(), 5, "{keys:?}");
}

/// A segment that a batch has begun which is not committed yet may go again: nothing in front of
/// it is removed on its account.
#[tokio::test]
async fn a_segment_that_is_only_begun_moves_no_trim_point() {
    let dir = tempfile::tempdir().expect("folder");
    let gate = Arc::new(Gate::default());
    let at = gate.clone();
    let before_sync = BeforeSync::new(move |path| {
        if path.ends_with(file_name(1)) {
            at.pass();
        }
        Ok(())
    });
    let log = open(dir.path(), &Surroundings { before_sync, ..BOOT }).expect("opens");
    make_topics(&log, Retention::Forever).await;
    let raw = partition("raw", 0);
    log.append(&raw, numbered(0, 3500)).await.expect("appended");
    let closed = gate.close();
    let appending = log.append(&raw, numbered(1, 3500));
    gate.wait_for_one();
    log.trim(&raw, 1).await.expect("nothing to trim yet");
    assert_eq!(log.bounds(&raw).await.expect("bounds").trim, 0);
    assert_eq!(numbers(&log, &raw).await, [0]);
    drop(closed);
    appending.await.expect("appended");
    log.trim(&raw, 1).await.expect("trimmed");
    assert_eq!(log.bounds(&raw).await.expect("bounds").trim, 1);
    assert_eq!(numbers(&log, &raw).await, [1]);
}
