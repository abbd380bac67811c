#![allow(clippy::unwrap_used)]
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

use groundlog_proto::TopicPartition;

use super::{
    BOOT, NEXT_BOOT, close, crash_image, end_segments, numbered, numbers, open, partition,
    segments, small, spec,
};
use crate::{Checkpoint, Durability, EmbeddedLog, Log, LogError, embedded::verify};

/// A folder as a crash leaves it: `raw` (synced) with 30 appends, and 20 unsynced transactions over
/// both partitions of `out` with a checkpoint on `raw`.
async fn crashed(image: &Path) {
    let dir = tempfile::tempdir().expect("folder");
    let log = open(dir.path(), &BOOT).expect("opens");
    log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
    log.ensure(&spec("out", 2, Durability::Unsynced)).await.expect("topic");
    let raw = partition("raw", 0);
    let mut transactor = log.transactor("t").await.expect("transactor");
    for number in 0..30 {
        log.append(&raw, numbered(number, 250)).await.expect("appended");
        if number < 20 {
            let mut txn = transactor.begin().await.expect("begin");
            for out in [0, 1] {
                let size = 100 + 200 * out as usize;
                txn.append(&partition("out", out), numbered(number, size)).await.expect("append");
            }
            let next = number + 1;
            txn.commit(vec![Checkpoint { partition: raw.clone(), next }]).await.expect("commit");
        }
    }
    crash_image(dir.path(), image);
    // What is written ahead has tests of its own.
    end_segments(image);
    close(log).await;
}

/// Cuts a partition to so many bytes of all its segments together.
fn lose(dir: &Path, name: &TopicPartition, keep: u64) {
    let mut left = keep;
    for path in segments(dir, name) {
        let length = fs::metadata(&path).expect("segment").len();
        if left == 0 {
            fs::remove_file(&path).expect("removed");
        } else if left < length {
            File::options().write(true).open(&path).expect("open").set_len(left).expect("cut");
        }
        left = left.saturating_sub(length);
    }
}

fn total(dir: &Path, name: &TopicPartition) -> u64 {
    let lengths =
        segments(dir, name).into_iter().map(|path| fs::metadata(path).expect("file").len());
    lengths.sum()
}

fn flip(path: &Path, byte: u64) {
    let file = File::options().read(true).write(true).open(path).expect("open");
    let mut one = [0];
    file.read_exact_at(&mut one, byte).expect("read");
    file.write_all_at(&[one[0] ^ 0x10], byte).expect("write");
}

/// Whatever a power failure takes of unsynced partitions, their transactions stay whole, the
/// checkpoint never runs ahead of the records, and synced records are all there.
#[tokio::test]
async fn a_power_failure_voids_unsynced_transactions_as_a_whole() {
    let base = tempfile::tempdir().expect("folder");
    let original = base.path().join("original");
    crashed(&original).await;
    let (zero, one, raw) = (partition("out", 0), partition("out", 1), partition("raw", 0));
    for round in 0..40_u64 {
        let dir = base.path().join(format!("round-{round}"));
        crash_image(&original, &dir);
        lose(&dir, &zero, total(&dir, &zero) * (round * 7 % 40) / 39);
        lose(&dir, &one, total(&dir, &one) * (round * 11 % 40) / 39);
        let log = open(&dir, &NEXT_BOOT).expect("recovers");
        let left = numbers(&log, &zero).await;
        assert_eq!(left, (0..left.len() as u64).collect::<Vec<_>>());
        assert_eq!(numbers(&log, &one).await, left, "round {round}");
        let checkpoint = log.checkpoint("t", &raw).await.expect("checkpoint");
        assert_eq!(checkpoint.unwrap_or(0), left.len() as u64);
        assert_eq!(numbers(&log, &raw).await, (0..30).collect::<Vec<_>>());
        let ack = log.append(&zero, numbered(99, 10)).await.expect("goes on");
        assert_eq!(ack.base, left.len() as u64);
    }
}

/// Voiding commits does not bring back what retention has deleted.
#[tokio::test]
async fn a_trim_outlives_a_power_failure() {
    let base = tempfile::tempdir().expect("folder");
    let original = base.path().join("original");
    crashed(&original).await;
    let (zero, one) = (partition("out", 0), partition("out", 1));
    let log = open(&original, &BOOT).expect("recovers");
    let mut transactor = log.transactor("t").await.expect("transactor");
    for number in 20..60 {
        let mut txn = transactor.begin().await.expect("begin");
        txn.append(&zero, numbered(number, 300)).await.expect("append");
        txn.append(&one, numbered(number, 300)).await.expect("append");
        txn.commit(Vec::new()).await.expect("commit");
    }
    log.trim(&zero, 55).await.expect("trimmed");
    let trim = log.bounds(&zero).await.expect("bounds").trim;
    assert!(trim > 20);
    let image = base.path().join("image");
    crash_image(&original, &image);
    // All that the transactions wrote since the start is lost in the other partition.
    let kept = total(&image, &one) - 40 * 356;
    lose(&image, &one, kept.saturating_sub(4 * 64));
    let log = open(&image, &NEXT_BOOT).expect("recovers");
    let bounds = log.bounds(&zero).await.expect("bounds");
    assert_eq!((bounds.trim, bounds.tail), (trim, trim));
    let ack = log.append(&zero, numbered(7, 10)).await.expect("goes on");
    assert_eq!(ack.base, trim);
    assert_eq!(numbers(&log, &zero).await, [7]);
    close(log).await;
    let log = open(&image, &NEXT_BOOT).expect("opens");
    assert_eq!(numbers(&log, &zero).await, [7]);
}

/// Without a power failure nothing can be missing: what is, was taken by someone.
#[tokio::test]
async fn missing_data_is_refused_when_power_never_failed() {
    let base = tempfile::tempdir().expect("folder");
    crashed(base.path()).await;
    let one = partition("out", 1);
    lose(base.path(), &one, total(base.path(), &one) / 2);
    let refused = open(base.path(), &BOOT).map(drop);
    let named = matches!(&refused, Err(LogError::Corrupt { partition, .. }) if *partition == one);
    assert!(named, "{refused:?}");
}

/// Synced records that the journal says are there are not given up, even after a power failure.
#[tokio::test]
async fn missing_synced_data_is_refused() {
    let base = tempfile::tempdir().expect("folder");
    crashed(base.path()).await;
    let raw = partition("raw", 0);
    lose(base.path(), &raw, total(base.path(), &raw) - 10);
    for surroundings in [&BOOT, &NEXT_BOOT] {
        let refused = open(base.path(), surroundings).map(drop);
        let named = matches!(&refused, Err(LogError::Corrupt { offset: 29, .. }));
        assert!(named, "{refused:?}");
    }
}

/// A bad byte with valid batches behind it is damage: refused with file, byte and offset, and
/// nothing is changed.
#[tokio::test]
async fn damage_in_the_middle_is_refused() {
    let base = tempfile::tempdir().expect("folder");
    let original = base.path().join("original");
    crashed(&original).await;
    let raw = partition("raw", 0);
    for round in 0..30_u64 {
        let dir = base.path().join(format!("round-{round}"));
        crash_image(&original, &dir);
        let files = segments(&dir, &raw);
        let path = &files[round as usize % (files.len() - 1)];
        let length = fs::metadata(path).expect("segment").len();
        let byte = length * (round + 1) / 32;
        flip(path, byte);
        let before = fs::read(path).expect("readable");
        for surroundings in [&BOOT, &NEXT_BOOT] {
            let error = open(&dir, surroundings).map(drop).expect_err("refused");
            let LogError::Corrupt { path: named, byte: place, partition, .. } = &error else {
                panic!("{error}");
            };
            assert_eq!((named, partition), (path, &raw));
            assert!(*place <= byte && byte < *place + 400, "{byte}: {error}");
        }
        assert_eq!(fs::read(path).expect("readable"), before);
        let report = verify(&dir).expect("report");
        assert!(
            matches!(report.damage(), Some(LogError::Corrupt { path: named, .. }) if named == path)
        );
    }
}

/// A bad end, with nothing valid behind it, is what an unfinished write leaves: it is cut.
#[tokio::test]
async fn a_bad_end_is_cut() {
    let base = tempfile::tempdir().expect("folder");
    let original = base.path().join("original");
    crashed(&original).await;
    let raw = partition("raw", 0);
    for (round, garbage) in [1, 4, 47, 48, 49, 300, 5000].into_iter().enumerate() {
        for kind in 0..3 {
            let dir = base.path().join(format!("round-{round}-{kind}"));
            crash_image(&original, &dir);
            let path = segments(&dir, &raw).pop().expect("a segment");
            let whole = fs::read(&path).expect("readable");
            let tail: Vec<u8> = match kind {
                0 => vec![0; garbage],
                1 => (0..garbage).map(|byte| byte as u8).collect(),
                // The beginning of a batch that was written before: looks right at first.
                _ => whole[64..].iter().copied().cycle().take(garbage).collect(),
            };
            fs::write(&path, [whole.as_slice(), &tail].concat()).expect("written");
            let log = open(&dir, &BOOT).expect("recovers");
            assert_eq!(numbers(&log, &raw).await, (0..30).collect::<Vec<_>>());
            assert_eq!(fs::read(&path).expect("readable"), whole);
            log.append(&raw, numbered(30, 20)).await.expect("goes on");
            assert_eq!(numbers(&log, &raw).await, (0..31).collect::<Vec<_>>());
        }
    }
}

/// The last write, torn by a power failure so that its end is on disk and its beginning is not, was
/// never acknowledged: it is cut, while the same damage without a power failure is refused.
#[tokio::test]
async fn a_torn_last_write_is_cut_after_a_power_failure() {
    let dir = tempfile::tempdir().expect("folder");
    let image = tempfile::tempdir().expect("folder");
    let raw = partition("raw", 0);
    let log = open(dir.path(), &BOOT).expect("opens");
    log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
    for number in 0..3 {
        log.append(&raw, numbered(number, 100)).await.expect("appended");
    }
    // The journal of before the last write, the segment of after it.
    let journal = fs::read(dir.path().join("journal")).expect("journal");
    let waiting: Vec<_> = (3..6).map(|number| log.append(&raw, numbered(number, 100))).collect();
    let synced_at = log.append(&raw, numbered(6, 100));
    for appending in waiting {
        appending.await.expect("appended");
    }
    synced_at.await.expect("appended");
    crash_image(dir.path(), image.path());
    close(log).await;
    fs::write(image.path().join("journal"), journal).expect("written");
    let path = segments(image.path(), &raw).pop().expect("a segment");
    // The fourth batch: header 48, one pair of lengths 8, value 100.
    flip(&path, 64 + 3 * 156 + 60);
    let refused = open(image.path(), &BOOT).map(drop);
    assert!(matches!(refused, Err(LogError::Corrupt { offset: 3, .. })), "{refused:?}");
    match open(image.path(), &NEXT_BOOT) {
        Ok(log) => assert_eq!(numbers(&log, &raw).await, [0, 1, 2]),
        // The writes happened to fall into several syncs: a later one proves the damage.
        Err(LogError::Corrupt { offset: 3, .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Every single bad byte of the journal is either refused, or costs no more than its last entry.
#[tokio::test]
async fn a_damaged_journal_is_refused_or_loses_its_end_only() {
    let base = tempfile::tempdir().expect("folder");
    let original = base.path().join("original");
    crashed(&original).await;
    let journal = fs::read(original.join("journal")).expect("journal");
    let used = journal.iter().rposition(|byte| *byte != 0).expect("entries") as u64;
    let dir = base.path().join("copy");
    let mut refused = 0;
    for byte in (0..used).step_by(41) {
        drop(fs::remove_dir_all(&dir));
        crash_image(&original, &dir);
        flip(&dir.join("journal"), byte);
        match open(&dir, &BOOT) {
            Err(LogError::JournalCorrupt { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
            Ok(log) => {
                assert!(byte + 200 > used, "byte {byte} of {used} was ignored");
                assert_eq!(numbers(&log, &partition("raw", 0)).await.len(), 30);
            }
        }
    }
    assert!(refused > 20);
    fs::remove_file(original.join("journal")).expect("removed");
    assert!(matches!(open(&original, &BOOT).map(drop), Err(LogError::JournalCorrupt { .. })));
}

/// A segment file that is gone is missed, wherever it was.
#[tokio::test]
async fn a_missing_segment_is_noticed() {
    let base = tempfile::tempdir().expect("folder");
    let original = base.path().join("original");
    crashed(&original).await;
    let raw = partition("raw", 0);
    let count = segments(&original, &raw).len();
    assert!(count >= 3);
    for which in 0..count {
        let dir = base.path().join(format!("without-{which}"));
        crash_image(&original, &dir);
        fs::remove_file(&segments(&dir, &raw)[which]).expect("removed");
        let refused = open(&dir, &BOOT).map(drop);
        assert!(matches!(refused, Err(LogError::Corrupt { .. })), "{which}: {refused:?}");
        assert!(verify(&dir).expect("report").damage().is_some());
    }
    // The same after a clean stop, when a start checks nothing.
    drop(open(&original, &BOOT).expect("recovers"));
    for which in 0..count {
        let dir = base.path().join(format!("clean-without-{which}"));
        crash_image(&original, &dir);
        fs::remove_file(&segments(&dir, &raw)[which]).expect("removed");
        let found = match EmbeddedLog::open_in(&dir, &small(), BOOT) {
            Err(error) => error,
            Ok(log) => {
                let mut reader = log.reader(&raw, 0).await.expect("reader");
                loop {
                    match reader.poll(1000).await {
                        Ok(batch) => assert!(!batch.is_empty(), "{which}: not noticed"),
                        Err(error) => break error,
                    }
                }
            }
        };
        assert!(matches!(found, LogError::Corrupt { .. }), "{which}: {found}");
    }
}
