#![allow(clippy::unwrap_used)]
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{BOOT, close, numbered, numbers, open, partition, spec};
use crate::{
    Chain, Durability, Log, LogError,
    embedded::options::{Space, Surroundings},
};

fn limited(left: &Arc<AtomicU64>) -> Surroundings {
    Surroundings { space: Space::limited(left), ..BOOT }
}

/// A disk that is full at any byte: the append fails, the half-written tail goes, everything
/// earlier stays, and appending goes on when there is space again.
#[tokio::test]
async fn a_full_disk_is_reported_and_survived() {
    for budget in (0..9000).step_by(97) {
        let dir = tempfile::tempdir().expect("folder");
        let left = Arc::new(AtomicU64::new(u64::MAX / 2));
        let log = open(dir.path(), &limited(&left)).expect("opens");
        let raw = partition("raw", 0);
        log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
        log.append(&raw, numbered(0, 100)).await.expect("first");
        left.store(budget, Ordering::SeqCst);
        let mut next = 1;
        let error = loop {
            match log.append(&raw, numbered(next, 400)).await {
                Ok(_) => next += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, LogError::DiskFull { .. }), "{error}");
        log.health().expect("a full disk passes");
        assert_eq!(numbers(&log, &raw).await, (0..next).collect::<Vec<_>>());
        left.store(u64::MAX / 2, Ordering::SeqCst);
        for number in next..next + 30 {
            log.append(&raw, numbered(number, 300)).await.expect("there is space again");
        }
        close(log).await;
        let log = open(dir.path(), &BOOT).expect("opens again");
        assert_eq!(numbers(&log, &raw).await, (0..next + 30).collect::<Vec<_>>());
    }
}

/// Appends queued behind one of their chain that finds the disk full fail as well, even where a
/// smaller one would fit: their order would be lost.
#[tokio::test]
async fn what_is_queued_behind_a_failed_append_fails_too() {
    for budget in (0..3000).step_by(211) {
        let dir = tempfile::tempdir().expect("folder");
        let left = Arc::new(AtomicU64::new(u64::MAX / 2));
        let log = open(dir.path(), &limited(&left)).expect("opens");
        let raw = partition("raw", 0);
        log.ensure(&spec("raw", 2, Durability::Synced)).await.expect("topic");
        log.append(&raw, numbered(0, 100)).await.expect("first");
        left.store(budget, Ordering::SeqCst);
        let chain = Chain::new();
        let waiting: Vec<_> =
            (1..20).map(|number| log.append(&raw, numbered(number, 200).chained(&chain))).collect();
        let mut kept = 1;
        let mut failed = false;
        for appending in waiting {
            match appending.await {
                Ok(_) if !failed => kept += 1,
                Ok(_) => panic!("written behind a failed append"),
                Err(error) => {
                    assert!(matches!(error, LogError::DiskFull { .. }), "{error}");
                    failed = true;
                }
            }
        }
        assert_eq!(numbers(&log, &raw).await, (0..kept).collect::<Vec<_>>());
    }
}

/// A transaction that does not fit leaves nothing in any partition.
#[tokio::test]
async fn a_transaction_on_a_full_disk_leaves_nothing() {
    for durability in [Durability::Synced, Durability::Unsynced] {
        for budget in (0..6000).step_by(173) {
            let dir = tempfile::tempdir().expect("folder");
            let left = Arc::new(AtomicU64::new(u64::MAX / 2));
            let log = open(dir.path(), &limited(&left)).expect("opens");
            log.ensure(&spec("out", 3, durability)).await.expect("topic");
            let outs = [0, 1, 2].map(|number| partition("out", number));
            let mut transactor = log.transactor("t").await.expect("transactor");
            let mut done = 0;
            left.store(budget, Ordering::SeqCst);
            loop {
                let mut txn = transactor.begin().await.expect("begin");
                for out in &outs {
                    txn.append(out, numbered(done, 350)).await.expect("append");
                }
                match txn.commit(Vec::new()).await {
                    Ok(_) => done += 1,
                    Err(error) => {
                        assert!(matches!(error, LogError::DiskFull { .. }), "{error}");
                        break;
                    }
                }
            }
            left.store(u64::MAX / 2, Ordering::SeqCst);
            let mut txn = transactor.begin().await.expect("begin");
            for out in &outs {
                txn.append(out, numbered(done, 350)).await.expect("append");
            }
            txn.commit(Vec::new()).await.expect("there is space again");
            drop(log);
            let log = open(dir.path(), &BOOT).expect("opens again");
            for out in &outs {
                assert_eq!(numbers(&log, out).await, (0..=done).collect::<Vec<_>>());
            }
        }
    }
}
