//! A disk that fails to sync.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use groundlog_proto::{Fault, FaultClass};

use super::{BOOT, NEXT_BOOT, numbered, numbers, open, partition, spec};
use crate::{
    Durability, EmbeddedLog, Log, LogError,
    embedded::{
        options::{BeforeSync, Surroundings},
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
