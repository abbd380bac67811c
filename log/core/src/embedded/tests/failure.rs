//! A disk that fails to sync.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use groundlog_proto::{Fault, FaultClass};
use tokio::time::timeout;

use super::{BOOT, Gate, NEXT_BOOT, numbered, numbers, open, partition, small, spec};
use crate::{
    Durability, EmbeddedLog, EmbeddedOptions, Log, LogError,
    embedded::{
        format::{PartitionId, SegmentHeader},
        options::{BeforeSync, Surroundings},
        segment::{Segment, file_name},
        sync::sync_files,
        upkeep,
    },
};

/// Surroundings in which syncs of the files that `concerns` picks fail once `fails` is set.
fn failing(fails: &Arc<AtomicBool>, concerns: fn(&Path) -> bool) -> Surroundings {
    let fails = fails.clone();
    let before_sync = BeforeSync::new(move |path| {
        if fails.load(Ordering::SeqCst) && concerns(path) {
            Err(io::Error::other("the disk is broken"))
        } else {
            Ok(())
        }
    });
    Surroundings { before_sync, ..BOOT }
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}

fn is_journal(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "journal")
}

/// Checks that everyone is told of a fatal fault, with folder, cause and remedy.
fn check_failed<T>(dir: &Path, result: Result<T, LogError>) {
    let error = result.map(drop).expect_err("the log has stopped");
    assert!(matches!(&error, LogError::Failed { path, .. } if path == dir), "{error:?}");
    assert_eq!(error.class(), FaultClass::Fatal);
    let text = error.to_string();
    for part in ["cannot sync", "the disk is broken", "restart groundlog"] {
        assert!(text.contains(part), "{text}");
    }
}

async fn make_topics(log: &EmbeddedLog) {
    log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
    log.ensure(&spec("out", 1, Durability::Unsynced)).await.expect("topic");
}

/// A failed sync ends all writing, says so to whoever appends, checks or closes, and a start after
/// it has everything that was acknowledged.
#[tokio::test]
async fn a_failed_sync_is_fatal_and_unhealthy() {
    let dir = tempfile::tempdir().expect("folder");
    let fails = Arc::new(AtomicBool::new(false));
    let log = open(dir.path(), &failing(&fails, is_segment)).expect("opens");
    make_topics(&log).await;
    let (raw, out) = (partition("raw", 0), partition("out", 0));
    log.append(&raw, numbered(0, 100)).await.expect("appended");
    log.health().expect("healthy");
    fails.store(true, Ordering::SeqCst);
    check_failed(dir.path(), log.append(&raw, numbered(1, 100)).await);
    // The disk may answer again: what it holds is still unknown.
    fails.store(false, Ordering::SeqCst);
    check_failed(dir.path(), log.health());
    check_failed(dir.path(), log.append(&raw, numbered(2, 100)).await);
    check_failed(dir.path(), log.append(&out, numbered(3, 100)).await);
    check_failed(dir.path(), log.ensure(&spec("more", 1, Durability::Synced)).await);
    check_failed(dir.path(), log.transactor("t").await);
    assert_eq!(numbers(&log, &raw).await, [0], "reading goes on");
    check_failed(dir.path(), log.close().await);
    drop(log);
    let log = open(dir.path(), &NEXT_BOOT).expect("opens again");
    log.health().expect("healthy again");
    assert_eq!(numbers(&log, &raw).await[0], 0);
    log.append(&raw, numbered(4, 100)).await.expect("goes on");
}

/// The same where the journal cannot be synced: a transaction that must be durable.
#[tokio::test]
async fn a_failed_sync_of_the_journal_is_fatal() {
    let dir = tempfile::tempdir().expect("folder");
    let fails = Arc::new(AtomicBool::new(false));
    let log = open(dir.path(), &failing(&fails, is_journal)).expect("opens");
    make_topics(&log).await;
    let raw = partition("raw", 0);
    let mut transactor = log.transactor("t").await.expect("transactor");
    let mut txn = transactor.begin().await.expect("begin");
    txn.append(&raw, numbered(0, 100)).await.expect("append");
    fails.store(true, Ordering::SeqCst);
    check_failed(dir.path(), txn.commit(Vec::new()).await);
    check_failed(dir.path(), log.health());
    assert!(numbers(&log, &raw).await.is_empty(), "never visible");
}

/// The same where upkeep finds it, when nothing synced is appended.
#[tokio::test]
async fn a_failed_sync_in_upkeep_is_fatal() {
    let dir = tempfile::tempdir().expect("folder");
    let fails = Arc::new(AtomicBool::new(false));
    let log = open(dir.path(), &failing(&fails, is_segment)).expect("opens");
    make_topics(&log).await;
    let out = partition("out", 0);
    fails.store(true, Ordering::SeqCst);
    log.append(&out, numbered(0, 100)).await.expect("not synced at once");
    check_failed(dir.path(), upkeep::make_good(&log.folder));
    check_failed(dir.path(), log.health());
    check_failed(dir.path(), log.append(&out, numbered(1, 100)).await);
}

/// Whatever upkeep has taken to sync is not on stable storage yet: a durable transaction waits for
/// it, and fails with it.
#[tokio::test]
async fn a_durable_transaction_waits_for_the_sync_that_upkeep_has_begun() {
    let dir = tempfile::tempdir().expect("folder");
    let gate = Arc::new(Gate::default());
    let at = gate.clone();
    // The one file that upkeep syncs.
    let before_sync = BeforeSync::new(move |path| {
        if is_segment(path) && path.parent().is_some_and(|dir| dir.ends_with("out/0")) {
            at.pass();
            return Err(io::Error::other("the disk is broken"));
        }
        Ok(())
    });
    let log = open(dir.path(), &Surroundings { before_sync, ..BOOT }).expect("opens");
    make_topics(&log).await;
    let (raw, out) = (partition("raw", 0), partition("out", 0));
    log.append(&out, numbered(0, 100)).await.expect("not synced at once");
    let closed = gate.close();
    log.folder.upkeep.kick();
    gate.wait_for_one();
    let mut transactor = log.transactor("t").await.expect("transactor");
    let mut txn = transactor.begin().await.expect("begin");
    txn.append(&raw, numbered(1, 100)).await.expect("append");
    let mut commit = txn.commit(Vec::new());
    let early = timeout(Duration::from_millis(300), &mut commit).await;
    assert!(
        early.is_err(),
        "the sync of what the transaction stands behind is not done: {early:?}"
    );
    drop(closed);
    check_failed(dir.path(), commit.await);
    assert!(numbers(&log, &raw).await.is_empty());
}

/// A topic that was unsynced until lately: what is appended to it as synced stands behind records
/// that upkeep may still be syncing.
#[tokio::test]
async fn the_first_synced_appends_of_a_topic_wait_for_its_unsynced_ones() {
    let dir = tempfile::tempdir().expect("folder");
    let gate = Arc::new(Gate::default());
    let at = gate.clone();
    let before_sync = BeforeSync::new(move |path| {
        if path.ends_with(file_name(0)) {
            at.pass();
        }
        Ok(())
    });
    let log = open(dir.path(), &Surroundings { before_sync, ..BOOT }).expect("opens");
    make_topics(&log).await;
    let out = partition("out", 0);
    log.append(&out, numbered(0, 3500)).await.expect("not synced at once");
    let closed = gate.close();
    log.folder.upkeep.kick();
    gate.wait_for_one();
    let found = log.folder.partition(&out).expect("partition");
    found.topic.is_synced.store(true, Ordering::Relaxed);
    let mut appending = log.append(&out, numbered(1, 3500));
    assert!(timeout(Duration::from_millis(300), &mut appending).await.is_err());
    assert_eq!(found.synced.load(Ordering::Acquire), 0, "nothing is on stable storage");
    drop(closed);
    appending.await.expect("appended");
    assert_eq!(found.synced.load(Ordering::Acquire), 2);
}

/// Names in a folder count as synced only once they are: another thread that syncs the same file
/// relies on it.
#[test]
fn a_new_file_is_unnamed_until_its_folder_is_synced() {
    let dir = tempfile::tempdir().expect("folder");
    let id = PartitionId { generation: 1, partition: 0 };
    let segment = Arc::new(Segment::new(id, dir.path(), 0, 0));
    let file = segment.create(&SegmentHeader { id, base: 0, first_time: 0 }).expect("created");
    let files = [(segment.clone(), Arc::new(file))];
    let looked = segment.clone();
    let fails = BeforeSync::new(move |path| {
        assert!(!looked.is_named(), "{}", path.display());
        if is_segment(path) { Ok(()) } else { Err(io::Error::other("the disk is broken")) }
    });
    assert!(sync_files(&files, &fails).is_err());
    assert!(!segment.is_named());
    sync_files(&files, &BeforeSync::NOTHING).expect("synced");
    assert!(segment.is_named());
}

/// A rewritten journal whose name may not survive a power failure: neither it nor the old one may
/// be written any more.
#[tokio::test]
async fn a_journal_whose_name_cannot_be_synced_is_fatal() {
    let dir = tempfile::tempdir().expect("folder");
    let fails = Arc::new(AtomicBool::new(false));
    let surroundings = failing(&fails, |path| path.join("journal").exists());
    let options = EmbeddedOptions { journal_bytes: 1, ..small() };
    let log = EmbeddedLog::open_in(dir.path(), &options, surroundings).expect("opens");
    make_topics(&log).await;
    let raw = partition("raw", 0);
    fails.store(true, Ordering::SeqCst);
    // Upkeep rewrites the journal once it is long.
    let mut number = 0;
    while log.health().is_ok() {
        assert!(number < 100_000, "the journal is never rewritten");
        drop(log.append(&raw, numbered(number, 100)).await);
        number += 1;
    }
    check_failed(dir.path(), log.health());
    check_failed(dir.path(), log.append(&raw, numbered(number, 100)).await);
}
