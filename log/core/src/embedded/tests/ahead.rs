//! Zeros written ahead of small synced appends: what they are for, what a crash leaves of them, and
//! what a power failure may make of writes into them.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    BOOT, NEXT_BOOT, batches, close, crash_image, numbered, numbers, open, partition, segments,
    spec,
};
use crate::{
    Checkpoint, Durability, Log, LogError,
    embedded::{
        options::{BeforeSync, Surroundings},
        verify::verify_in,
    },
    session::lock,
};

/// Returns the last segment of a partition: its path, its bytes, and where its last batch ends.
fn last_segment(dir: &Path, name: &str) -> (PathBuf, Vec<u8>, usize) {
    let path = segments(dir, &partition(name, 0)).pop().expect("a segment");
    let bytes = fs::read(&path).expect("readable");
    let used = batches(&bytes).last().expect("a batch").end as usize;
    (path, bytes, used)
}

/// Small synced appends find the file longer than they need it, others do not; a closed segment and
/// a closed log end where their last batch does.
#[tokio::test]
async fn go_before_small_synced_appends_only() {
    let dir = tempfile::tempdir().expect("folder");
    let log = open(dir.path(), &BOOT).expect("opens");
    for (name, durability) in
        [("raw", Durability::Synced), ("large", Durability::Synced), ("out", Durability::Unsynced)]
    {
        log.ensure(&spec(name, 1, durability)).await.expect("topic");
    }
    for number in 0..30 {
        log.append(&partition("raw", 0), numbered(number, 400)).await.expect("appended");
        log.append(&partition("out", 0), numbered(number, 400)).await.expect("appended");
    }
    log.append(&partition("large", 0), numbered(0, 100_000)).await.expect("appended");
    let (_, bytes, used) = last_segment(dir.path(), "raw");
    assert!(bytes.len() > used + 400 && bytes[used..].iter().all(|byte| *byte == 0));
    for name in ["out", "large"] {
        let (_, bytes, used) = last_segment(dir.path(), name);
        assert_eq!(bytes.len(), used, "{name}");
    }
    let files = segments(dir.path(), &partition("raw", 0));
    for path in &files[..files.len() - 1] {
        let bytes = fs::read(path).expect("readable");
        assert_eq!(batches(&bytes).last().expect("a batch").end, bytes.len() as u64);
    }
    close(log).await;
    let (_, bytes, used) = last_segment(dir.path(), "raw");
    assert_eq!(bytes.len(), used, "given back");
    let log = open(dir.path(), &BOOT).expect("opens");
    assert_eq!(numbers(&log, &partition("raw", 0)).await, (0..30).collect::<Vec<_>>());
}

/// After a crash they are cut, also where something unfinished stands in them; where a valid batch
/// stands behind them they are damage.
#[tokio::test]
async fn are_cut_where_no_valid_batch_follows() {
    let base = tempfile::tempdir().expect("folder");
    let (made, original) = (base.path().join("log"), base.path().join("image"));
    let log = open(&made, &BOOT).expect("opens");
    log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
    for number in 0..5 {
        log.append(&partition("raw", 0), numbered(number, 300)).await.expect("appended");
    }
    crash_image(&made, &original);
    close(log).await;
    let (_, bytes, used) = last_segment(&original, "raw");
    let lies = batches(&bytes);
    assert!(bytes.len() > used + 1000);
    let unfinished = bytes[lies[3].start as usize..lies[3].end as usize - 1].to_vec();
    for (garbage, at) in [(vec![], 0), (vec![1], 0), (vec![7; 700], 100), (unfinished, 0)] {
        for surroundings in [&BOOT, &NEXT_BOOT] {
            let dir = base.path().join("copy");
            drop(fs::remove_dir_all(&dir));
            crash_image(&original, &dir);
            let (path, ..) = last_segment(&dir, "raw");
            let file = File::options().write(true).open(&path).expect("open");
            file.write_all_at(&garbage, (used + at) as u64).expect("written");
            assert!(verify_in(&dir, surroundings).expect("report").damage().is_none());
            let log = open(&dir, surroundings).expect("recovers");
            assert_eq!(numbers(&log, &partition("raw", 0)).await, (0..5).collect::<Vec<_>>());
            assert_eq!(fs::read(&path).expect("readable"), bytes[..used]);
            let ack = log.append(&partition("raw", 0), numbered(5, 10)).await.expect("goes on");
            assert_eq!(ack.base, 5);
        }
    }
    // The fourth of five batches is zeros: acknowledged, and there is the fifth to prove it.
    let dir = base.path().join("copy");
    drop(fs::remove_dir_all(&dir));
    crash_image(&original, &dir);
    let (path, ..) = last_segment(&dir, "raw");
    let file = File::options().write(true).open(&path).expect("open");
    let hole = vec![0; (lies[3].end - lies[3].start) as usize];
    file.write_all_at(&hole, lies[3].start).expect("written");
    for surroundings in [&BOOT, &NEXT_BOOT] {
        let error = open(&dir, surroundings).map(drop).expect_err("refused");
        let named = matches!(
            &error,
            LogError::Corrupt { path: at, byte, offset: 3, .. }
                if *at == path && *byte == lies[3].start
        );
        assert!(named, "{error}");
        assert!(verify_in(&dir, surroundings).expect("report").damage().is_some());
    }
}

/// What a disk holds of its files for certain, and all that may be on it, at a moment in the middle
/// of the work.
#[derive(Default)]
struct Disk {
    synced: HashMap<PathBuf, Vec<u8>>,
    /// Syncs to come before the power fails.
    left: u64,
    failed: Option<Failed>,
}

struct Failed {
    synced: HashMap<PathBuf, Vec<u8>>,
    acknowledged: u64,
    /// A copy of the folder with every write in it.
    image: tempfile::TempDir,
}

impl Disk {
    fn before_sync(&mut self, dir: &Path, path: &Path, acknowledged: &AtomicU64) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 && self.failed.is_none() {
            let acknowledged = acknowledged.load(Ordering::SeqCst);
            let image = tempfile::tempdir().expect("folder");
            crash_image(dir, &image.path().join("log"));
            self.failed = Some(Failed { synced: self.synced.clone(), acknowledged, image });
        }
        if let Ok(content) = fs::read(path) {
            // A new journal is synced under another name.
            let path =
                if path.ends_with("journal.new") { dir.join("journal") } else { path.into() };
            self.synced.insert(path, content);
        }
    }
}

/// Of everything not synced, the disk keeps any sectors and forgets the others.
fn tear(dir: &Path, failed: &Failed, mut random: impl FnMut(u64) -> u64) -> PathBuf {
    let image = failed.image.path().join("log");
    let mut paths = segments(&image, &partition("raw", 0));
    paths.extend(segments(&image, &partition("cmd", 0)));
    for path in paths {
        let written = fs::read(&path).expect("readable");
        let original = dir.join(path.strip_prefix(&image).expect("inside"));
        let Some(synced) = failed.synced.get(&original) else {
            if random(2) == 0 {
                fs::remove_file(&path).expect("removed");
                continue;
            }
            fs::write(&path, mix(&[], &written, &mut random)).expect("written");
            continue;
        };
        fs::write(&path, mix(synced, &written, &mut random)).expect("written");
    }
    if random(2) == 0 {
        fs::write(image.join("journal"), &failed.synced[&dir.join("journal")]).expect("written");
    }
    image
}

fn mix(synced: &[u8], written: &[u8], random: &mut impl FnMut(u64) -> u64) -> Vec<u8> {
    let length = if random(2) == 0 { synced.len() } else { written.len() };
    let mut mixed = vec![0; length];
    for start in (0..length).step_by(512) {
        let from = if random(2) == 0 { synced } else { written };
        let end = length.min(start + 512).min(from.len());
        if start < end {
            mixed[start..end].copy_from_slice(&from[start..end]);
        }
    }
    mixed
}

/// Whatever a power failure makes of the writes on their way, all that was acknowledged is there
/// after it, in order, and the log goes on.
#[tokio::test]
async fn are_safe_to_be_torn_by_a_power_failure() {
    let seed = RandomState::new().hash_one(0);
    let mut state = seed;
    let mut random = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut kept = 0;
    for round in 0..80 {
        let base = tempfile::tempdir().expect("folder");
        let dir = base.path().join("log");
        let disk = Arc::new(Mutex::new(Disk { left: 4 + random(60), ..Disk::default() }));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let (seen, known, at) = (disk.clone(), acknowledged.clone(), dir.clone());
        let before_sync = BeforeSync::new(move |path| {
            lock(&seen).before_sync(&at, path, &known);
            Ok(())
        });
        let log = open(&dir, &Surroundings { before_sync, ..BOOT }).expect("opens");
        for name in ["raw", "cmd"] {
            log.ensure(&spec(name, 1, Durability::Synced)).await.expect("topic");
        }
        let (raw, cmd) = (partition("raw", 0), partition("cmd", 0));
        let mut transactor = log.transactor("t").await.expect("transactor");
        let mut waiting = VecDeque::new();
        for number in 0..100 {
            let size = 8 + random(700) as usize;
            waiting.push_back(log.append(&raw, numbered(number, size)));
            if number % 8 == 0 {
                let mut txn = transactor.begin().await.expect("begin");
                txn.append(&cmd, numbered(number / 8, size)).await.expect("append");
                let checkpoint = Checkpoint { partition: cmd.clone(), next: number / 8 };
                txn.commit(vec![checkpoint]).await.expect("commit");
            }
            while waiting.len() > random(5) as usize {
                waiting.pop_front().expect("not empty").await.expect("appended");
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        }
        close(log).await;
        let context = format!("round {round}, seed {seed}");
        let failed = lock(&disk).failed.take().expect("the power failed");
        let image = tear(&dir, &failed, &mut random);
        let report = verify_in(&image, &NEXT_BOOT).expect(&context);
        assert!(report.damage().is_none(), "{context}: {:?}", report.damage());
        let log = open(&image, &NEXT_BOOT).expect(&context);
        let left = numbers(&log, &raw).await;
        assert_eq!(left, (0..left.len() as u64).collect::<Vec<_>>(), "{context}");
        assert!(left.len() as u64 >= failed.acknowledged, "{context}: {}", left.len());
        kept += failed.acknowledged;
        let commands = numbers(&log, &cmd).await;
        assert_eq!(commands, (0..commands.len() as u64).collect::<Vec<_>>(), "{context}");
        assert!(commands.len() as u64 >= failed.acknowledged.div_ceil(8).saturating_sub(1));
        let ack = log.append(&raw, numbered(left.len() as u64, 10)).await.expect("goes on");
        assert_eq!(ack.base, left.len() as u64, "{context}");
        close(log).await;
        let log = open(&image, &NEXT_BOOT).expect(&context);
        assert_eq!(numbers(&log, &raw).await.len(), left.len() + 1, "{context}");
    }
    assert!(kept > 500, "{kept}");
}
