use std::path::Path;

use groundlog_proto::TopicPartition;

use super::{
    follow,
    format::Damage,
    partition::Partition,
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

/// Checks every committed batch of every segment of a folder, running or stopped, and changes
/// nothing.
///
/// # Errors
/// [`LogError::JournalCorrupt`] or [`LogError::Io`] where the folder cannot be read at all. Damage
/// of a partition is part of the report.
pub fn verify(dir: &Path) -> Result<VerifyReport, LogError> {
    let opened = follow::open(dir)?;
    let partitions = opened.topics.values().flat_map(|topic| &topic.partitions);
    Ok(VerifyReport { partitions: partitions.map(|one| verify_partition(dir, one)).collect() })
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
    for segment in partition.segments() {
        let result = verify_segment(partition, &segment, expected, &mut report);
        match result {
            Ok(next) => expected = next,
            // Compaction of a running log may have removed it meanwhile, or retention.
            Err(_) if !segment.path.exists() && partition.may_have_gaps() => {}
            Err(_) if !segment.path.exists() && trim_now(dir, partition) > segment.base => {
                expected = trim_now(dir, partition);
            }
            Err(error) => {
                report.damage = Some(error);
                return report;
            }
        }
    }
    if expected != bounds.tail {
        report.damage = Some(partition.corrupt(Damage {
            path: partition.dir.join(segment::file_name(expected)),
            byte: 0,
            offset: expected,
            what: format!("records up to {} are missing", bounds.tail),
        }));
    }
    report
}

/// Looks up the trim point again.
fn trim_now(dir: &Path, partition: &Partition) -> u64 {
    let now = follow::open(dir).ok();
    now.and_then(|opened| {
        let partitions = opened.topics.values().flat_map(|topic| &topic.partitions);
        partitions.map(|one| (one.id, one.bounds().trim)).find(|(id, _)| *id == partition.id)
    })
    .map_or(0, |(_, trim)| trim)
}

fn verify_segment(
    partition: &Partition,
    segment: &Segment,
    expected: u64,
    report: &mut PartitionReport,
) -> Result<u64, LogError> {
    if segment.base > expected && !partition.may_have_gaps() {
        let what = format!("records from {expected} on are missing before it");
        return Err(partition.corrupt(segment.damage(0, expected, what)));
    }
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
