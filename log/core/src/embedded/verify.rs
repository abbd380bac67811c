use std::{fs, os::unix::fs::MetadataExt, path::Path, sync::Arc};

use groundlog_proto::TopicPartition;

use super::{
    follow,
    format::Damage,
    journal::{self, End, Journal},
    lock_file,
    options::Surroundings,
    partition::Partition,
    recovery::examine,
    scan::walk,
    segment::{self, Segment},
};
use crate::{Bounds, LogError};

/// What a check of a whole folder found.
#[derive(Debug, Clone)]
pub struct VerifyReport {
    /// Every partition of every topic, by name.
    pub partitions: Vec<PartitionReport>,
}

/// What a check of one partition found.
#[derive(Debug, Clone)]
pub struct PartitionReport {
    /// The partition.
    pub partition: TopicPartition,
    /// Its trim point and committed tail.
    pub bounds: Bounds,
    /// Committed records that are whole and good, up to the first damage.
    pub records: u64,
    /// Bytes of the segments checked.
    pub bytes: u64,
    /// The first damage: topic, partition, offset, file and byte.
    pub damage: Option<LogError>,
}

impl VerifyReport {
    /// Returns the first damage of all.
    pub fn damage(&self) -> Option<&LogError> {
        self.partitions.iter().find_map(|partition| partition.damage.as_ref())
    }
}

/// Checks of a folder that is written meanwhile before the last one counts.
const ATTEMPTS: usize = 5;

/// Checks a folder, running or stopped, and changes nothing: every committed batch of every segment,
/// and of a stopped folder everything that decides whether it can be opened for writing. What a start
/// would cut, because it was never acknowledged or was lost as unsynced in a power failure, is no
/// damage.
///
/// # Errors
/// [`LogError::JournalCorrupt`] where the journal or the description of a topic is damaged,
/// [`LogError::Io`] where there is no log or it cannot be read. Damage of a partition is part of the
/// report.
pub fn verify(dir: &Path) -> Result<VerifyReport, LogError> {
    verify_in(dir, &Surroundings::detect())
}

pub(super) fn verify_in(dir: &Path, surroundings: &Surroundings) -> Result<VerifyReport, LogError> {
    for _ in 1..ATTEMPTS {
        let before = Stamp::of(dir)?;
        let result = verify_once(dir, before.is_running, surroundings);
        // A writer that starts or ends meanwhile changes what is checked.
        let is_good = result.as_ref().is_ok_and(|report| report.damage().is_none());
        if is_good || Stamp::of(dir)? == before {
            return result;
        }
    }
    verify_once(dir, lock_file::is_held(dir)?, surroundings)
}

/// What changes when a writer starts or ends.
#[derive(PartialEq, Eq)]
struct Stamp {
    is_running: bool,
    /// Every start begins a new journal, and a running writer does now and then.
    journal: Option<u64>,
}

impl Stamp {
    fn of(dir: &Path) -> Result<Self, LogError> {
        let is_running = lock_file::is_held(dir)?;
        let journal = fs::metadata(Journal::path(dir)).ok().map(|metadata| metadata.ino());
        Ok(Self { is_running, journal: journal.filter(|_| !is_running) })
    }
}

fn verify_once(
    dir: &Path,
    is_running: bool,
    surroundings: &Surroundings,
) -> Result<VerifyReport, LogError> {
    let (topics, refusal) = if is_running {
        (follow::open_whole(dir)?.topics, None)
    } else {
        match examine(dir, surroundings) {
            Ok(Some(examined)) => (examined.into_topics(), None),
            Ok(None) => return Err(follow::nothing(dir)),
            // The other partitions are checked all the same, if that can be.
            Err(error @ LogError::Corrupt { .. }) => match follow::open(dir) {
                Ok(opened) => (opened.topics, Some(error)),
                Err(_) => return Err(error),
            },
            Err(error) => return Err(error),
        }
    };
    let partitions = topics.values().flat_map(|topic| &topic.partitions);
    let mut report =
        VerifyReport { partitions: partitions.map(|one| verify_partition(dir, one)).collect() };
    if let Some(error) = refusal {
        report.add(error);
    }
    Ok(report)
}

impl VerifyReport {
    /// Adds damage for which a start would be refused, unless there is some before it.
    fn add(&mut self, error: LogError) {
        let LogError::Corrupt { partition, offset, .. } = &error else {
            return;
        };
        let Some(one) = self.partitions.iter_mut().find(|one| one.partition == *partition) else {
            return;
        };
        let is_earlier =
            |known: &LogError| matches!(known, LogError::Corrupt { offset: at, .. } if at < offset);
        if !one.damage.as_ref().is_some_and(is_earlier) {
            one.damage = Some(error);
        }
    }
}

fn verify_partition(dir: &Path, partition: &Partition) -> PartitionReport {
    let bounds = partition.bounds();
    let mut report = PartitionReport {
        partition: partition.name.clone(),
        bounds,
        records: 0,
        bytes: 0,
        damage: None,
    };
    let mut expected = bounds.trim;
    // Retention of a running log may be quicker than the look at its files.
    let trimmed = |upto: u64| end_now(dir, partition).trim.min(upto);
    let mut previous: Option<Arc<Segment>> = None;
    for segment in partition.segments() {
        if segment.base > expected && !partition.may_have_gaps() {
            expected = expected.max(trimmed(segment.base));
        }
        let joins = segment.base <= expected || partition.may_have_gaps();
        let result = if joins {
            verify_segment(partition, &segment, &mut report)
        } else {
            Err(missing(partition, previous.as_deref(), expected, segment.base))
        };
        match result {
            Ok(next) => expected = next,
            // So may compaction.
            Err(_) if !segment.path.exists() && partition.may_have_gaps() => {
                let next = partition.segment_after(segment.base);
                expected = next.map_or(bounds.tail, |next| next.base);
            }
            Err(_) if !segment.path.exists() && trimmed(u64::MAX) > segment.base => {
                expected = trimmed(bounds.tail);
            }
            Err(error) => {
                report.damage = Some(error);
                return report;
            }
        }
        previous = Some(segment);
    }
    if expected < bounds.tail {
        expected = expected.max(trimmed(bounds.tail));
    }
    // What was being written is closed by now, and compaction may have removed it.
    let is_compacted =
        || partition.may_have_gaps() && end_now(dir, partition).segment >= bounds.tail;
    if expected != bounds.tail && !is_compacted() {
        report.damage = Some(missing(partition, previous.as_deref(), expected, bounds.tail));
    }
    report
}

/// Describes that records are missing before an offset: behind a segment, or from the beginning.
fn missing(
    partition: &Partition,
    previous: Option<&Segment>,
    expected: u64,
    next: u64,
) -> LogError {
    partition.corrupt(match previous {
        Some(previous) => previous.gap(previous.committed(), expected, next),
        None => Damage {
            path: partition.dir.join(segment::file_name(expected)),
            byte: 0,
            offset: expected,
            what: "the segment file is missing".to_owned(),
        },
    })
}

/// Looks up the committed end again.
fn end_now(dir: &Path, partition: &Partition) -> End {
    let scan = journal::scan(dir).ok().flatten();
    scan.and_then(|scan| scan.latest().ends.get(&partition.id).copied()).unwrap_or_default()
}

fn verify_segment(
    partition: &Partition,
    segment: &Segment,
    report: &mut PartitionReport,
) -> Result<u64, LogError> {
    let file = segment.open()?;
    let corrupt = |damage| partition.corrupt(damage);
    segment.check_header(partition.id, &file).map_err(corrupt)?;
    let mut records = 0;
    let walked = walk(segment, &file, segment.committed(), |step| {
        records += u64::from(step.header.records);
    });
    report.records += records;
    report.bytes += segment.committed();
    walked.map(|reached| reached.next).map_err(corrupt)
}
