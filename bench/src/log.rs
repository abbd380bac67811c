//! The embedded log against a bare writer and a bare reader of the same bytes.

use std::{
    collections::VecDeque,
    fs::File,
    io::Read,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};

use groundlog_log::{Durability, EmbeddedLog, EmbeddedOptions, Log, Records, Retention, TopicSpec};
use groundlog_proto::{TopicName, TopicPartition};

/// Records of one append.
pub const BATCH_RECORDS: usize = 100;
/// Bytes of one record.
pub const RECORD_BYTES: usize = 200;
/// Bytes read at a time, by the log and by the bare reader.
const READ_BYTES: usize = 1 << 20;

/// What one run of appends took.
#[derive(Debug, Clone, Copy)]
pub struct Appended {
    /// From the first append to the last acknowledgement.
    pub took: Duration,
    /// Syncs that covered them.
    pub syncs: u64,
    /// Bytes of the segment files.
    pub bytes: u64,
}

fn partition() -> TopicPartition {
    TopicPartition::new(TopicName::new("bench"), 0)
}

fn batch() -> Records {
    let mut records = Records::with_capacity(BATCH_RECORDS, BATCH_RECORDS * RECORD_BYTES);
    let value: Vec<u8> = (0..RECORD_BYTES).map(|byte| byte as u8).collect();
    (0..BATCH_RECORDS).for_each(|_| records.push(b"", &value));
    records
}

/// Appends so many batches with up to `in_flight` of them unacknowledged.
pub async fn append(
    dir: &Path,
    durability: Durability,
    batches: usize,
    in_flight: usize,
) -> Appended {
    let log = EmbeddedLog::open(dir, &EmbeddedOptions::default()).expect("the log opens");
    let spec = TopicSpec {
        name: partition().topic,
        partitions: 1,
        durability,
        retention: Retention::Forever,
    };
    log.ensure(&spec).await.expect("topic");
    let (batch, partition) = (batch(), partition());
    let start = Instant::now();
    let mut waiting = VecDeque::with_capacity(in_flight);
    for _ in 0..batches {
        if waiting.len() == in_flight
            && let Some(oldest) = waiting.pop_front()
        {
            acknowledged(oldest).await;
        }
        waiting.push_back(log.append(&partition, batch.clone()));
    }
    for appending in waiting {
        acknowledged(appending).await;
    }
    let took = start.elapsed();
    let syncs = log.syncs();
    log.close().await.expect("closed");
    Appended { took, syncs, bytes: segment_bytes(dir) }
}

async fn acknowledged(appending: groundlog_log::Appending) {
    appending.await.expect("acknowledged");
}

/// Writes as many bytes into one file, in pieces of one batch, with as many syncs at even distances.
/// With `ahead`, fills the file with so many zeros ahead, as the log does for small synced appends.
pub fn write_bare(dir: &Path, bytes: u64, pieces: usize, syncs: u64, ahead: usize) -> Duration {
    let file = File::create(dir.join("bare")).expect("file");
    let piece = vec![7; (bytes / pieces as u64) as usize];
    let start = Instant::now();
    let (mut synced, mut end, mut allocated) = (0, 0, 0);
    for number in 1..=pieces as u64 {
        file.write_all_at(&piece, end).expect("written");
        end += piece.len() as u64;
        if ahead > 0 && end > allocated {
            file.write_all_at(&vec![0; ahead], end).expect("written");
            allocated = end + ahead as u64;
        }
        if number * syncs / pieces as u64 > synced {
            file.sync_data().expect("synced");
            synced += 1;
        }
    }
    start.elapsed()
}

/// Reads the whole log through a reader. Returns the time and the number of records.
pub async fn read(dir: &Path) -> (Duration, u64) {
    let log = EmbeddedLog::open_read_only(dir, &EmbeddedOptions::default()).expect("opens");
    let mut reader = log.reader(&partition(), 0).await.expect("reader");
    let start = Instant::now();
    let (mut records, mut sum) = (0, 0_u64);
    loop {
        let batch = reader.poll(READ_BYTES).await.expect("readable");
        if batch.is_empty() {
            break;
        }
        for record in batch.iter() {
            records += 1;
            sum += u64::from(record.value[7]);
        }
    }
    assert_eq!(sum, records * 7, "every record is looked at");
    (start.elapsed(), records)
}

/// Reads the same files with nothing but `read`.
pub fn read_bare(dir: &Path) -> Duration {
    let start = Instant::now();
    let mut buffer = vec![0; READ_BYTES];
    for path in segment_files(dir) {
        let mut file = File::open(path).expect("segment");
        while file.read(&mut buffer).expect("readable") > 0 {}
    }
    start.elapsed()
}

/// Returns how long opening for writing takes, as after a clean stop.
pub async fn open(dir: &Path) -> Duration {
    let start = Instant::now();
    let log = EmbeddedLog::open(dir, &EmbeddedOptions::default()).expect("the log opens");
    let took = start.elapsed();
    log.close().await.expect("closed");
    took
}

fn segment_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(dir.join("topics/bench/0")).expect("listing");
    let mut files: Vec<_> = files
        .map(|file| file.expect("file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .collect();
    files.sort();
    files
}

fn segment_bytes(dir: &Path) -> u64 {
    segment_files(dir).iter().map(|path| path.metadata().expect("segment").len()).sum()
}
