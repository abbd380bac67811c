//! Damage is told where it is: the byte at which the damaged batch begins, its first offset, its
//! file, whoever finds it.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, sync::Arc};

use super::{
    BOOT, Lies, batches, close, crash_image, end_segments, open, partition, segments, small, spec,
};
use crate::{
    Durability, EmbeddedLog, Log, LogError, Records, embedded::verify::verify_in, session::Store,
};

/// Records of one append.
const RECORDS: u64 = 3;

/// Twelve appends in four segments.
async fn image(dir: &Path, crashed: bool) {
    let made = tempfile::tempdir().expect("folder");
    let log = open(made.path(), &BOOT).expect("opens");
    log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
    for number in 0..12_u8 {
        let mut records = Records::new();
        (0..RECORDS).for_each(|_| records.push(b"", &[number + 1; 400]));
        log.append(&partition("raw", 0), records).await.expect("appended");
    }
    if crashed {
        crash_image(made.path(), dir);
        close(log).await;
    } else {
        close(log).await;
        crash_image(made.path(), dir);
    }
    end_segments(dir);
}

/// Reads from an offset on until there is damage.
async fn read(log: &EmbeddedLog, from: u64, max_bytes: usize) -> (u64, LogError) {
    let mut reader = log.reader(&partition("raw", 0), from).await.expect("reader");
    loop {
        match reader.poll(max_bytes).await {
            Ok(batch) => assert!(!batch.is_empty(), "read to the end from {from}"),
            Err(error) => return (reader.position(), error),
        }
    }
}

#[track_caller]
fn check(error: &LogError, path: &Path, byte: u64, offset: u64, context: &str) {
    let LogError::Corrupt { path: file, byte: at, offset: first, partition: name, .. } = error
    else {
        panic!("{context}: {error}");
    };
    let found = (file.as_path(), *at, *first, name);
    assert_eq!(found, (path, byte, offset, &partition("raw", 0)), "{context}: {error}");
}

/// Checks that everyone names the same place.
async fn check_all(dir: &Path, path: &Path, (byte, offset): (u64, u64), context: &str) {
    let report = verify_in(dir, &BOOT).expect("report");
    check(report.damage().expect("damage"), path, byte, offset, &format!("{context}: verify"));
    let reading = EmbeddedLog::open_read_only(dir, &small()).expect("readable");
    for max_bytes in [1, 1000, 3000, 1 << 20] {
        let context = format!("{context}: {max_bytes} bytes at a time");
        let (position, error) = read(&reading, 0, max_bytes).await;
        check(&error, path, byte, offset, &context);
        assert_eq!(position, offset, "{context}: what is in front of it is read");
    }
    match open(dir, &BOOT) {
        Ok(log) => check(&read(&log, 0, 1 << 20).await.1, path, byte, offset, context),
        Err(error) => check(&error, path, byte, offset, &format!("{context}: start")),
    }
}

/// A segment file cut short at any byte, in the middle of the log or at its end.
#[tokio::test]
async fn a_truncated_segment() {
    for crashed in [false, true] {
        let base = tempfile::tempdir().expect("folder");
        let (original, dir) = (base.path().join("image"), base.path().join("copy"));
        image(&original, crashed).await;
        let count = segments(&original, &partition("raw", 0)).len();
        assert!(count >= 4);
        for which in [0, 1, count - 1] {
            let whole = fs::read(&segments(&original, &partition("raw", 0))[which]).expect("file");
            let lies = batches(&whole);
            let cuts = (0..whole.len() as u64).step_by(97);
            let edges = lies.iter().flat_map(|one| [one.start, one.start + 1, one.end - 1]);
            for length in cuts.chain(edges) {
                drop(fs::remove_dir_all(&dir));
                crash_image(&original, &dir);
                let path = &segments(&dir, &partition("raw", 0))[which];
                fs::write(path, &whole[..length as usize]).expect("written");
                let place = match lies.iter().find(|one| one.end > length) {
                    Some(one) if length >= 64 => (one.start, one.base),
                    _ => (0, lies[0].base),
                };
                let context = format!("segment {which} cut at {length}, crashed {crashed}");
                check_all(&dir, path, place, &context).await;
            }
        }
    }
}

/// A bad byte in the body of a batch: also for one who reads from its middle.
#[tokio::test]
async fn a_flipped_byte() {
    let base = tempfile::tempdir().expect("folder");
    let (original, dir) = (base.path().join("image"), base.path().join("copy"));
    image(&original, false).await;
    for which in [0, 2] {
        let whole = fs::read(&segments(&original, &partition("raw", 0))[which]).expect("file");
        for Lies { start, end, base } in batches(&whole) {
            drop(fs::remove_dir_all(&dir));
            crash_image(&original, &dir);
            let path = &segments(&dir, &partition("raw", 0))[which];
            let mut bytes = whole.clone();
            bytes[end as usize - 1] ^= 1;
            fs::write(path, bytes).expect("written");
            let context = format!("segment {which}, batch at {start}");
            check_all(&dir, path, (start, base), &context).await;
            let reading = EmbeddedLog::open_read_only(&dir, &small()).expect("readable");
            let (_, error) = read(&reading, base + RECORDS - 1, 1 << 20).await;
            check(&error, path, start, base, &format!("{context}: from its middle"));
        }
    }
}

/// One who looks for a place behind the damage, and walks over headers only.
#[tokio::test]
async fn a_look_up_behind_the_damage() {
    let base = tempfile::tempdir().expect("folder");
    let (original, dir) = (base.path().join("image"), base.path().join("copy"));
    image(&original, false).await;
    let whole = fs::read(&segments(&original, &partition("raw", 0))[1]).expect("file");
    let lies = batches(&whole);
    for with_index in [true, false] {
        for length in [lies[0].end - 1, lies[0].start + 50, lies[1].start, lies[1].end - 1] {
            drop(fs::remove_dir_all(&dir));
            crash_image(&original, &dir);
            let path = &segments(&dir, &partition("raw", 0))[1];
            fs::write(path, &whole[..length as usize]).expect("written");
            if !with_index {
                fs::remove_file(path.with_extension("idx")).expect("an index");
            }
            let wanted = lies.last().expect("batches");
            let damaged = lies.iter().find(|one| one.end > length).expect("a batch");
            let log = open(&dir, &BOOT).expect("a start does not look there");
            let found = log.folder.partition(&partition("raw", 0)).expect("partition");
            // As known from before it was cut.
            let segment = found.segment_of(wanted.base).expect("segment");
            segment.set_committed(whole.len() as u64);
            let wake = Arc::default();
            let store: Arc<dyn Store> = log.folder.clone();
            let cursor = store.cursor(&partition("raw", 0), wanted.base, &wake);
            let mut cursor = cursor.expect("cursor");
            let error = cursor.poll(1000).map(drop).expect_err("damage");
            let context = format!("cut at {length}, with index {with_index}");
            check(&error, path, damaged.start, damaged.base, &context);
        }
    }
}
