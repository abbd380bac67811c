//! What is done beside the log's work: syncing what need not be synced at once, index files,
//! retention, and keeping the journal short.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use groundlog_proto::Nanos;

use super::{
    disk,
    folder::Folder,
    journal::{End, Entry, Kind, Mirror, Sample},
    lane::nanos,
    partition::Partition,
    scan::{Step, walk},
    segment::{self, Segment},
    sync::Unsynced,
};
use crate::{LogError, Retention, session::lock};

/// Runs the upkeep thread until the log is closed.
pub(super) fn run(folder: &Folder) {
    let _guard = Guard(folder);
    let mut last_seq = 0;
    while folder.upkeep.wait(folder.options.upkeep_interval) {
        if folder.check_failure().is_err() {
            continue;
        }
        if let Err(error) = round(folder, &mut last_seq) {
            // A full disk passes; nothing here is needed for what has been acknowledged.
            folder.upkeep.pause(Duration::from_secs(1).min(folder.options.upkeep_interval));
            tracing::warn!(dir = %folder.dir.display(), %error, "upkeep of the log is put off");
        }
    }
}

/// Whatever a panic here leaves undone (files taken for a sync, a journal that only grows) must not
/// go on unnoticed.
struct Guard<'a>(&'a Folder);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.fail_on_panic();
    }
}

fn round(folder: &Folder, last_seq: &mut u64) -> Result<(), LogError> {
    for partition in folder.partitions() {
        retain(folder, &partition)?;
    }
    let journal = folder.journal()?;
    let sample = lock(journal).sample();
    if sample.seq == *last_seq {
        return Ok(());
    }
    sync_sample(folder, &sample)?;
    let mut journal = lock(journal);
    let idle = journal.seq() == sample.seq;
    if journal.is_long(folder.options.journal_bytes) {
        let rewritten = journal.compact(&sample);
        if let Err(error @ LogError::Failed { .. }) = &rewritten {
            folder.fail(error.clone());
        }
        rewritten?;
    } else {
        journal.known_good(&sample)?;
    }
    *last_seq = if idle { journal.seq() } else { sample.seq };
    Ok(())
}

/// Brings everything committed so far to stable storage and notes it.
pub(super) fn make_good(folder: &Folder) -> Result<(), LogError> {
    let journal = folder.journal()?;
    let sample = lock(journal).sample();
    sync_sample(folder, &sample)?;
    lock(journal).known_good(&sample)
}

/// The same when the log closes, so that the next start has nothing to check.
pub(super) fn finish(folder: &Folder) -> Result<(), LogError> {
    let journal = folder.journal()?;
    for partition in folder.partitions() {
        if let Some(last) = partition.segments().last() {
            end_segment(last)?;
        }
    }
    let sample = lock(journal).sample();
    sync_sample(folder, &sample)?;
    lock(journal).compact(&sample)
}

/// Removes what was written ahead and is not needed any more.
fn end_segment(segment: &Segment) -> Result<(), LogError> {
    if segment.allocated.load(Ordering::Relaxed) <= segment.committed() {
        return Ok(());
    }
    let file = File::options()
        .write(true)
        .open(&segment.path)
        .map_err(|e| disk::error("cannot open", &segment.path, e))?;
    segment.end_at(&file, segment.committed()).map(drop)
}

fn sync_sample(folder: &Folder, sample: &Sample) -> Result<(), LogError> {
    folder.since_good.store(0, Ordering::Relaxed);
    Unsynced::take(folder)?.sync()?;
    for partition in folder.partitions() {
        if let Some(end) = sample.mirror.ends.get(&partition.id) {
            partition.set_synced(end.next);
        }
        if let Some(active) = partition.segments().last() {
            active.save_index()?;
        }
    }
    Ok(())
}

/// Deletes whole segments that retention no longer keeps.
pub(super) fn retain(folder: &Folder, partition: &Arc<Partition>) -> Result<(), LogError> {
    match partition.topic.retention() {
        Retention::Forever => Ok(()),
        Retention::Age(age) => {
            let oldest = Nanos::now().0.saturating_sub(nanos(age));
            // The newest record of a segment is older than the first of the next one.
            let keep = first_kept(partition, |_, next| Ok(next.first_time()? > oldest))?;
            trim_to(folder, partition, keep)
        }
        Retention::Bytes(limit) => {
            let mut total: u64 = partition.segments().iter().map(|one| one.committed()).sum();
            let keep = first_kept(partition, |oldest, _| {
                total -= oldest.committed();
                Ok(total < limit)
            })?;
            trim_to(folder, partition, keep)
        }
        Retention::Compact => compact(folder, partition),
    }
}

/// Returns the base of the oldest segment to keep: the first one for which `keep(it, next)` says
/// so, or the one being written.
fn first_kept(
    partition: &Partition,
    mut keep: impl FnMut(&Segment, &Segment) -> Result<bool, LogError>,
) -> Result<u64, LogError> {
    let segments = partition.segments();
    for pair in segments.windows(2) {
        if keep(&pair[0], &pair[1])? {
            return Ok(pair[0].base);
        }
    }
    Ok(segments.last().map_or(0, |segment| segment.base))
}

/// Removes whole segments below an offset.
pub(super) fn trim(
    folder: &Folder,
    partition: &Arc<Partition>,
    before: u64,
) -> Result<(), LogError> {
    folder.writable()?;
    let before = before.min(folder.bounds(partition).tail);
    let keep = first_kept(partition, |_, next| Ok(next.base > before))?;
    trim_to(folder, partition, keep)
}

fn trim_to(folder: &Folder, partition: &Arc<Partition>, keep: u64) -> Result<(), LogError> {
    // A segment begun by a batch that is not committed yet does not count: it may go again.
    if keep <= partition.bounds().trim || keep >= folder.bounds(partition).tail {
        return Ok(());
    }
    // What stays must be on stable storage before what lies in front of it goes.
    Unsynced::take_of(folder, partition.id)?.sync()?;
    // First the journal, then the files: a start after a crash in between finishes the job. On
    // stable storage, since a disk may remember the removal and forget the entry.
    let mut journal = lock(folder.journal()?);
    // Another thread may have trimmed further.
    let end = journal.end_of(partition.id).filter(|end| end.trim < keep && keep < end.next);
    let Some(end) = end else {
        return Ok(());
    };
    let ends = BTreeMap::from([(partition.id, End { trim: keep, ..end })]);
    let mut entry = Entry::new(Kind::Commit, Mirror { ends, ..Mirror::default() });
    let bytes = entry.bytes();
    journal.reserve(bytes)?;
    let appended = journal.append(&mut entry);
    journal.release(bytes);
    drop(journal);
    appended?;
    sync_journal(folder)?;
    partition.set_trim(keep);
    let dropped: Vec<Arc<Segment>> = partition.update_segments(|segments| {
        let count = segments.partition_point(|segment| segment.base < keep);
        segments.drain(..count).collect()
    });
    tracing::info!(partition = %partition.name, segments = dropped.len(), trim = keep, "trimmed");
    dropped.iter().try_for_each(segment::remove)
}

/// Brings the journal to stable storage. A failure ends all writing.
fn sync_journal(folder: &Folder) -> Result<(), LogError> {
    let journal = folder.journal()?;
    let (file, path, upto) = lock(journal).to_sync();
    disk::sync(&file, &path, &folder.surroundings.before_sync)
        .map_err(|error| folder.fail(error))?;
    lock(journal).synced(&file, upto);
    Ok(())
}

/// Deletes segments of a compacted topic whose keys all occur again later. What remains is bounded
/// by one segment for every live key and the one being written.
fn compact(folder: &Folder, partition: &Arc<Partition>) -> Result<(), LogError> {
    let segments = partition.segments();
    let Some((active, closed)) = segments.split_last() else {
        return Ok(());
    };
    // The newest closed segment has been looked at already unless there is a new one.
    if closed.is_empty() || partition.compacted.swap(active.base, Ordering::Relaxed) == active.base
    {
        return Ok(());
    }
    let mut later = HashSet::new();
    keys(partition, active, &mut later)?;
    let mut superseded = Vec::new();
    for segment in closed.iter().rev() {
        let mut own = HashSet::new();
        keys(partition, segment, &mut own)?;
        if own.is_subset(&later) {
            superseded.push(segment.clone());
        }
        later.extend(own);
    }
    if superseded.is_empty() {
        return Ok(());
    }
    // The later records of their keys must be on stable storage before they go, with all that the
    // transactions they came in have written elsewhere.
    Unsynced::take(folder)?.sync()?;
    sync_journal(folder)?;
    // Oldest first; those at the front move the trim point.
    let kept = segments.iter().find(|one| !superseded.iter().any(|gone| gone.base == one.base));
    if let Some(kept) = kept {
        trim_to(folder, partition, kept.base)?;
    }
    for segment in superseded.iter().rev() {
        if segment.base > partition.bounds().trim {
            partition.forget_segment(segment.base);
            segment::remove(segment)?;
        }
    }
    disk::sync_dir(&partition.dir)
}

/// Adds the keys of a segment's committed records.
fn keys(
    partition: &Partition,
    segment: &Arc<Segment>,
    keys: &mut HashSet<Vec<u8>>,
) -> Result<(), LogError> {
    let file = segment.open()?;
    walk(segment, &file, segment.committed(), |step: Step<'_>| {
        step.records(|key, _| {
            if !keys.contains(key) {
                keys.insert(key.to_vec());
            }
        });
    })
    .map_err(|damage| partition.corrupt(damage))
    .map(drop)
}
