//! `verify` and a start judge alike: of any single damage, both say that it is one, at the same
//! place, or neither does.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tempfile::TempDir;

use super::{BOOT, NEXT_BOOT, close, crash_image, numbered, partition, small, spec};
use crate::{
    Checkpoint, Durability, EmbeddedLog, EmbeddedOptions, Log, LogError, Retention, TopicSpec,
    embedded::{options::Surroundings, verify::verify_in},
};

/// Segments of three or four batches.
fn tiny() -> EmbeddedOptions {
    EmbeddedOptions { segment_bytes: 300, index_bytes: 100, ..small() }
}

fn open(dir: &Path, surroundings: &Surroundings) -> Result<EmbeddedLog, LogError> {
    EmbeddedLog::open_in(dir, &tiny(), surroundings.clone())
}

/// A folder in memory where there is some: thousands of starts sync a lot.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).expect("folder")
}

async fn ensure(log: &EmbeddedLog) {
    log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
    log.ensure(&spec("out", 2, Durability::Unsynced)).await.expect("topic");
    let kept = spec("kept", 1, Durability::Synced);
    log.ensure(&TopicSpec { retention: Retention::Compact, ..kept }).await.expect("topic");
}

/// Appends to every topic, alone and in transactions.
async fn fill(log: &EmbeddedLog, numbers: std::ops::Range<u64>) {
    let raw = partition("raw", 0);
    let mut transactor = log.transactor("t").await.expect("transactor");
    for number in numbers {
        log.append(&raw, numbered(number, 20)).await.expect("appended");
        log.append(&partition("kept", 0), numbered(number, 9)).await.expect("appended");
        let mut txn = transactor.begin().await.expect("begin");
        for out in [0, 1] {
            txn.append(&partition("out", out), numbered(number, 12)).await.expect("append");
        }
        let checkpoint = Checkpoint { partition: raw.clone(), next: number + 1 };
        txn.commit(vec![checkpoint]).await.expect("commit");
    }
}

/// What is damaged: as a clean stop leaves it, or, `crashed`, with more after that which is not
/// known to be good.
async fn image(dir: &Path, crashed: bool) {
    let made = folder();
    let log = open(made.path(), &BOOT).expect("opens");
    ensure(&log).await;
    fill(&log, 0..4).await;
    log.trim(&partition("raw", 0), 4).await.expect("trimmed");
    if crashed {
        close(log).await;
        let log = open(made.path(), &BOOT).expect("opens");
        fill(&log, 4..6).await;
        crash_image(made.path(), dir);
    } else {
        close(log).await;
        crash_image(made.path(), dir);
    }
    // Of the zeros that files are filled with ahead, some are enough.
    for path in files(dir) {
        let bytes = fs::read(&path).expect("readable");
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        fs::write(&path, &bytes[..bytes.len().min(used + 10)]).expect("written");
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("listing") {
        let path = entry.expect("entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Where something is damaged: file, byte, and offset in a partition.
type Place = (PathBuf, u64, Option<u64>);

fn place(error: &LogError) -> Place {
    let text = error.to_string();
    assert!(text.contains("Restore the file from a copy"), "says what to do: {text}");
    match error {
        LogError::Corrupt { path, byte, offset, .. } => (path.clone(), *byte, Some(*offset)),
        LogError::JournalCorrupt { path, byte, .. } => (path.clone(), *byte, None),
        error => panic!("{error}"),
    }
}

fn verdict(dir: &Path, surroundings: &Surroundings) -> Result<(), Place> {
    let report = verify_in(dir, surroundings).map_err(|error| place(&error))?;
    report.damage().map_or(Ok(()), |error| Err(place(error)))
}

/// Opens a folder and reads everything: a start does not read what is known to be good. Says too
/// whether the start was refused, which leaves the folder as it was.
async fn opens(dir: &Path, surroundings: &Surroundings) -> (Result<(), Place>, bool) {
    match open(dir, surroundings) {
        Ok(log) => (read_all(&log).await.map_err(|error| place(&error)), false),
        Err(error) => (Err(place(&error)), true),
    }
}

async fn read_all(log: &EmbeddedLog) -> Result<(), LogError> {
    for topic in log.topics().await.expect("topics") {
        for number in 0..topic.partitions {
            let name = partition(topic.name.as_str(), number);
            let bounds = log.bounds(&name).await.expect("bounds");
            let mut reader = log.reader(&name, bounds.trim).await.expect("reader");
            while !reader.poll(1000).await?.is_empty() {}
            assert_eq!(reader.position(), bounds.tail, "{name}");
        }
    }
    Ok(())
}

/// Damages one file after the other at one byte after the other, and compares.
async fn compare_all(crashed: bool, surroundings: &Surroundings) {
    let base = folder();
    let (original, dir) = (base.path().join("image"), base.path().join("copy"));
    image(&original, crashed).await;
    assert_eq!(verdict(&original, surroundings), Ok(()));
    let (mut refused, mut accepted) = (0, 0);
    for path in files(&original) {
        let file = path.strip_prefix(&original).expect("inside");
        let whole = fs::read(&path).expect("readable");
        // Of a hint, not every byte need be tried.
        let step = if file.extension() == Some("idx".as_ref()) { 11 } else { 1 };
        for byte in (0..whole.len()).step_by(step) {
            let mut flipped = whole.clone();
            flipped[byte] ^= 1 << (byte % 8);
            for (damaged, what) in [(&flipped[..], "flipped"), (&whole[..byte], "cut")] {
                if !dir.exists() {
                    crash_image(&original, &dir);
                }
                fs::write(dir.join(file), damaged).expect("written");
                let verified = verdict(&dir, surroundings);
                let (opened, is_unchanged) = opens(&dir, surroundings).await;
                let context = format!("{} {what} at {byte} of {}", file.display(), whole.len());
                assert_eq!(verified, opened, "verify, then start: {context}");
                *(if verified.is_err() { &mut refused } else { &mut accepted }) += 1;
                if is_unchanged {
                    fs::write(dir.join(file), &whole).expect("written");
                } else {
                    fs::remove_dir_all(&dir).expect("removed");
                }
            }
        }
    }
    println!("{refused} damages refused, {accepted} accepted");
    assert!(refused > 2000 && accepted > 40, "{refused} refused, {accepted} accepted");
}

#[tokio::test]
async fn of_a_stopped_folder() {
    compare_all(false, &BOOT).await;
}

#[tokio::test]
async fn of_a_crashed_folder() {
    compare_all(true, &BOOT).await;
}

#[tokio::test]
async fn of_a_folder_after_a_power_failure() {
    compare_all(true, &NEXT_BOOT).await;
}

/// Files that are gone.
#[tokio::test]
async fn of_a_folder_that_lacks_a_file() {
    let base = folder();
    let (original, dir) = (base.path().join("image"), base.path().join("copy"));
    image(&original, true).await;
    for path in files(&original) {
        for surroundings in [&BOOT, &NEXT_BOOT] {
            drop(fs::remove_dir_all(&dir));
            crash_image(&original, &dir);
            let file = path.strip_prefix(&original).expect("inside");
            fs::remove_file(dir.join(file)).expect("removed");
            let verified = verdict(&dir, surroundings);
            let (opened, _) = opens(&dir, surroundings).await;
            assert_eq!(verified, opened, "{}", file.display());
            let is_hint = file.extension() == Some("idx".as_ref()) || file == Path::new("lock");
            let name = file.display().to_string();
            // Offsets of a compacted topic have gaps; unsynced records may be lost with the power.
            let may_go = name.contains("kept/0") || name.contains("out/");
            assert!(verified.is_err() != is_hint || may_go, "{name}: {verified:?}");
        }
    }
}

/// A partition's folder that is gone with all that was in it.
#[tokio::test]
async fn of_a_folder_that_lacks_a_partition() {
    let base = folder();
    let (original, dir) = (base.path().join("image"), base.path().join("copy"));
    image(&original, true).await;
    for name in ["raw/0", "out/1", "kept/0"] {
        drop(fs::remove_dir_all(&dir));
        crash_image(&original, &dir);
        fs::remove_dir_all(dir.join("topics").join(name)).expect("removed");
        let verified = verdict(&dir, &BOOT);
        assert!(verified.is_err() && !dir.join("topics").join(name).exists(), "{name}");
        assert_eq!(opens(&dir, &BOOT).await, (verified, true), "{name}");
    }
}

/// A journal torn in its middle: refused by a start, and by `verify` with file, byte and remedy,
/// while it runs as well.
#[tokio::test]
async fn a_torn_journal_is_reported() {
    let dir = folder();
    let log = open(dir.path(), &BOOT).expect("opens");
    ensure(&log).await;
    fill(&log, 0..3).await;
    let journal = dir.path().join("journal");
    let mut bytes = fs::read(&journal).expect("journal");
    // The snapshot that a journal begins with is 24 + 64 bytes; the first entry follows.
    bytes[24 + 64 + 70] ^= 1;
    fs::write(&journal, &bytes).expect("written");
    let wanted = (journal.clone(), 24 + 64, None);
    assert_eq!(verdict(dir.path(), &BOOT), Err(wanted.clone()), "running");
    let copy = folder();
    let copy = copy.path().join("copy");
    crash_image(dir.path(), &copy);
    let wanted = (copy.join("journal"), 24 + 64, None);
    assert_eq!(verdict(&copy, &BOOT), Err(wanted.clone()), "stopped");
    assert_eq!(opens(&copy, &BOOT).await, (Err(wanted), true));
    let text = verify_in(&copy, &BOOT).expect_err("refused").to_string();
    assert!(text.contains("journal is damaged at byte 88"), "{text}");
}

/// A folder that is written all the time, with new segments and new journals, raises no false alarm.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_running_folder_there_is_no_false_alarm() {
    let dir = folder();
    let options = EmbeddedOptions { journal_bytes: 2000, ..tiny() };
    let log = EmbeddedLog::open_in(dir.path(), &options, BOOT).expect("opens");
    ensure(&log).await;
    let log = Arc::new(log);
    let enough = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (log, enough) = (log.clone(), enough.clone());
        async move {
            let mut number = 0;
            while !enough.load(Ordering::SeqCst) {
                fill(&log, number..number + 10).await;
                for name in [partition("raw", 0), partition("out", 0), partition("out", 1)] {
                    log.trim(&name, number.saturating_sub(50)).await.expect("trimmed");
                }
                log.folder.upkeep.kick();
                number += 10;
            }
        }
    });
    let mut tails = BTreeSet::new();
    while tails.len() < 20 && !writing.is_finished() {
        let dir = dir.path().to_owned();
        let verified = tokio::task::spawn_blocking(move || verify_in(&dir, &BOOT));
        let report = verified.await.expect("no panic").expect("a report");
        assert!(report.damage().is_none(), "{:?}", report.damage());
        let raw = report.partitions.iter().find(|one| one.partition == partition("raw", 0));
        tails.extend(raw.map(|raw| raw.bounds.tail));
    }
    enough.store(true, Ordering::SeqCst);
    writing.await.expect("appended");
}
