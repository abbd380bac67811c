//! Tests that put something else in the machine's place: a disk that fills up, a power failure.

mod ahead;
mod failure;
mod lookups;
mod model;
mod places;
mod power;
mod retention;
mod space;
mod verdicts;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use groundlog_proto::{TopicName, TopicPartition};

use super::{EmbeddedLog, EmbeddedOptions, options::Surroundings};
use crate::{Durability, Log, LogError, Records, Retention, TopicSpec, session::lock};

pub(super) const BOOT: Surroundings = surroundings(1);
pub(super) const NEXT_BOOT: Surroundings = surroundings(2);

const fn surroundings(boot: u8) -> Surroundings {
    Surroundings {
        boot: Some([boot; 16]),
        space: super::options::Space::UNLIMITED,
        before_sync: super::options::BeforeSync::NOTHING,
    }
}

/// Small limits, and no upkeep but by volume: tests know what is synced.
pub(super) fn small() -> EmbeddedOptions {
    EmbeddedOptions {
        segment_bytes: 4 << 10,
        index_bytes: 512,
        known_good_bytes: u64::MAX,
        upkeep_interval: Duration::from_secs(3600),
        ..EmbeddedOptions::default()
    }
}

pub(super) fn spec(name: &str, partitions: u32, durability: Durability) -> TopicSpec {
    TopicSpec { name: TopicName::new(name), partitions, durability, retention: Retention::Forever }
}

pub(super) fn partition(name: &str, number: u32) -> TopicPartition {
    TopicPartition::new(TopicName::new(name), number)
}

pub(super) fn numbered(number: u64, size: usize) -> Records {
    let mut records = Records::new();
    let mut value = number.to_le_bytes().to_vec();
    value.resize(size.max(8), number as u8);
    records.push(b"", &value);
    records
}

/// Reads the numbers of all records from the trim point on.
pub(super) async fn numbers(log: &EmbeddedLog, name: &TopicPartition) -> Vec<u64> {
    let trim = log.bounds(name).await.expect("bounds").trim;
    let mut reader = log.reader(name, trim).await.expect("reader");
    let mut numbers = Vec::new();
    loop {
        let batch = reader.poll(10_000).await.expect("readable");
        if batch.is_empty() {
            return numbers;
        }
        for record in batch.iter() {
            let number = u64::from_le_bytes(record.value[..8].try_into().expect("eight bytes"));
            assert!(record.value[8..].iter().all(|byte| *byte == number as u8));
            numbers.push(number);
        }
    }
}

/// Copies a folder as a crash would leave it.
pub(super) fn crash_image(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder");
    for entry in fs::read_dir(from).expect("listing") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            crash_image(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy");
        }
    }
}

/// Removes the zeros written ahead behind the last batch of each segment of a folder.
pub(super) fn end_segments(dir: &Path) {
    for entry in fs::read_dir(dir).expect("listing") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            end_segments(&path);
        } else if path.extension() == Some("seg".as_ref()) {
            let bytes = fs::read(&path).expect("readable");
            let used = bytes.iter().rposition(|byte| *byte != 0).expect("a header") + 1;
            fs::write(&path, &bytes[..used]).expect("written");
        }
    }
}

/// Where a batch lies in a segment file, and its first offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lies {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) base: u64,
}

/// Lists the batches of a segment file.
pub(super) fn batches(bytes: &[u8]) -> Vec<Lies> {
    let mut found = Vec::new();
    let mut at = super::format::SEGMENT_HEADER;
    while bytes.get(at..).is_some_and(|rest| rest.starts_with(&super::format::BATCH_MAGIC)) {
        let total = super::format::BATCH_HEADER + super::format::u32_at(bytes, at + 8) as usize;
        let base = super::format::u64_at(bytes, at + 16);
        found.push(Lies { start: at as u64, end: (at + total) as u64, base });
        at += total;
    }
    found
}

/// Returns the segment files of a partition in order.
pub(super) fn segments(dir: &Path, name: &TopicPartition) -> Vec<PathBuf> {
    let dir = super::topics::topic_dir(dir, &name.topic).join(name.partition.to_string());
    let bases = super::segment::list(&dir).expect("listing");
    bases.into_iter().map(|base| dir.join(super::segment::file_name(base))).collect()
}

pub(super) fn open(dir: &Path, surroundings: &Surroundings) -> Result<EmbeddedLog, LogError> {
    EmbeddedLog::open_in(dir, &small(), surroundings.clone())
}

pub(super) async fn close(log: EmbeddedLog) {
    let log: Arc<dyn Log> = Arc::new(log);
    log.close().await.expect("closed");
}

/// Holds threads up at a place of their work.
#[derive(Default)]
pub(super) struct Gate {
    /// Whether it is closed, and how many stand before it.
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    /// Closes it until the guard is dropped.
    pub(super) fn close(&self) -> Closed<'_> {
        lock(&self.state).0 = true;
        Closed(self)
    }

    /// Passes when it is open.
    pub(super) fn pass(&self) {
        let mut state = lock(&self.state);
        state.1 += 1;
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |state| state.0).expect("no panic");
        state.1 -= 1;
    }

    /// Waits until a thread stands before it.
    pub(super) fn wait_for_one(&self) {
        let state = lock(&self.state);
        let patience = Duration::from_secs(30);
        let waited = self.changed.wait_timeout_while(state, patience, |state| state.1 == 0);
        assert!(!waited.expect("no panic").1.timed_out(), "nobody came to the gate");
    }
}

/// A closed gate.
pub(super) struct Closed<'a>(&'a Gate);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).0 = false;
        self.0.changed.notify_all();
    }
}
