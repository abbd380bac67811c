//! What a look-up costs, in reads.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::fs;

use groundlog_proto::Nanos;

use super::{BOOT, close, numbered, partition, segments, small, spec};
use crate::{
    Durability, EmbeddedLog, EmbeddedOptions, Log,
    embedded::{disk::READS, index},
    session::lock,
};

/// Segments of about 4000 small batches.
fn options() -> EmbeddedOptions {
    EmbeddedOptions { segment_bytes: 600 << 10, index_bytes: 64 << 10, ..small() }
}

fn open(dir: &std::path::Path) -> EmbeddedLog {
    EmbeddedLog::open_in(dir, &options(), BOOT).expect("opens")
}

/// Appends so many records in one round, or two where the writer has taken some already.
async fn append_at_once(log: &EmbeddedLog, numbers: std::ops::Range<u64>) {
    let journal = log.folder.journal().expect("journal");
    let held = lock(journal);
    let waiting: Vec<_> =
        numbers.map(|number| log.append(&partition("raw", 0), numbered(number, 100))).collect();
    drop(held);
    for appending in waiting {
        appending.await.expect("appended");
    }
}

/// Returns the number found at an offset, and how many reads that took.
async fn look_up(log: &EmbeddedLog, offset: u64) -> (u64, u64) {
    let before = READS.get();
    let mut reader = log.reader(&partition("raw", 0), offset).await.expect("reader");
    let batch = reader.poll(100).await.expect("readable");
    let value = batch.iter().next().expect("a record").value;
    let number = u64::from_le_bytes(value[..8].try_into().expect("eight bytes"));
    (number, READS.get() - before)
}

async fn find(log: &EmbeddedLog, at: Nanos) -> (u64, u64) {
    let before = READS.get();
    let found = log.find(&partition("raw", 0), at).await.expect("found");
    (found, READS.get() - before)
}

async fn time_of(log: &EmbeddedLog, offset: u64) -> Nanos {
    let mut reader = log.reader(&partition("raw", 0), offset).await.expect("reader");
    let batch = reader.poll(100).await.expect("readable");
    batch.iter().next().expect("a record").append_time
}

/// Offsets all over the log.
fn everywhere() -> impl Iterator<Item = u64> {
    (0..20_000).step_by(997)
}

/// The header of the segment, the window at the hint and the next one, the batch itself.
const READS_MAX: u64 = 4;

/// A segment that one round has begun, filled and closed has its index like any other, at once and
/// after a start.
#[tokio::test]
async fn in_segments_closed_within_a_round_are_bounded() {
    let dir = tempfile::tempdir().expect("folder");
    let mut log = open(dir.path());
    log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
    // The second round goes on in a segment that the first one has half filled.
    append_at_once(&log, 0..2000).await;
    append_at_once(&log, 2000..20_000).await;
    let files = segments(dir.path(), &partition("raw", 0));
    assert!(files.len() >= 5, "{}", files.len());
    let (_, closed) = files.split_last().expect("segments");
    for path in closed {
        let length = fs::metadata(path).expect("segment").len();
        let entries = index::read(path);
        let last = entries.last().expect("entries").byte;
        assert!(entries.len() >= 8 && last + (66 << 10) > length, "{last} of {length}");
    }
    for restarted in [false, true] {
        for offset in everywhere() {
            let (number, reads) = look_up(&log, offset).await;
            assert_eq!(number, offset);
            assert!(reads <= READS_MAX, "{reads} reads for {offset}, restarted {restarted}");
        }
        let second = time_of(&log, 2000).await;
        let (found, reads) = find(&log, second).await;
        assert!(found <= 2000 && time_of(&log, found).await == second, "{found}");
        assert!(reads <= READS_MAX, "{reads} reads, restarted {restarted}");
        close(log).await;
        log = open(dir.path());
    }
}

/// Without its index, a segment is walked once, in large steps.
#[tokio::test]
async fn without_an_index_are_bounded() {
    let dir = tempfile::tempdir().expect("folder");
    let log = open(dir.path());
    log.ensure(&spec("raw", 1, Durability::Synced)).await.expect("topic");
    append_at_once(&log, 0..20_000).await;
    close(log).await;
    let files = segments(dir.path(), &partition("raw", 0));
    let indexes: Vec<_> = files.iter().map(|path| (path, index::read(path))).collect();
    for damaged in [false, true] {
        for (path, entries) in &indexes {
            // An index that is whole and wrong: each of its entries names another's place.
            let wrong: Vec<_> = entries
                .windows(2)
                .map(|pair| index::IndexEntry { offset: pair[0].offset, ..pair[1] })
                .collect();
            match damaged {
                true => index::write(path, &wrong).expect("written"),
                false => fs::remove_file(index::path(path)).expect("removed"),
            }
        }
        let log = open(dir.path());
        let stride = options().segment_bytes / (64 << 10) + 1;
        for offset in everywhere() {
            let (number, reads) = look_up(&log, offset).await;
            assert_eq!(number, offset);
            assert!(reads <= READS_MAX + stride, "{reads} reads for {offset}");
        }
        // Once each segment has been walked to its end, no more is walked.
        for (path, _) in &indexes {
            let base: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
            look_up(&log, base.saturating_sub(1)).await;
        }
        look_up(&log, 19_999).await;
        for offset in everywhere() {
            let (number, reads) = look_up(&log, offset).await;
            assert_eq!(number, offset);
            assert!(reads <= READS_MAX, "{reads} reads for {offset}, damaged {damaged}");
        }
        close(log).await;
    }
}
