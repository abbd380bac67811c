use std::{
    collections::BTreeMap,
    fs::File,
    sync::{Arc, atomic::Ordering},
    thread,
};

use super::{
    commit, disk,
    folder::{Dirty, Folder},
    format::PartitionId,
    options::BeforeSync,
    request::Written,
    segment::Segment,
};
use crate::{LogError, session::lock};

/// A segment with its file open for writing.
pub(super) type SegmentFile = (Arc<Segment>, Arc<File>);

/// Written requests that wait for a sync.
#[derive(Default)]
pub(super) struct Job {
    pub(super) ticket: u64,
    pub(super) written: Vec<Written>,
    /// A transaction among them must survive a power failure.
    pub(super) syncs_journal: bool,
}

impl Job {
    pub(super) fn reject(self, error: LogError) {
        self.written.into_iter().for_each(|one| one.ack.reject(error.clone()));
    }
}

/// Runs the thread that syncs: everything that was written while the last sync was on its way is
/// covered by the next one. There is no timer.
pub(super) fn run(folder: &Folder) {
    let _guard = Guard(folder);
    while let Some(jobs) = folder.jobs.take() {
        let ticket = jobs.last().map_or(0, |job| job.ticket);
        let syncs_journal = jobs.iter().any(|job| job.syncs_journal);
        let written: Vec<Written> = jobs.into_iter().flat_map(|job| job.written).collect();
        let synced = folder.check_failure().and_then(|()| sync(folder, &written, syncs_journal));
        match synced {
            Ok(()) => commit::commit(folder, written, syncs_journal),
            Err(error) => {
                let failure = folder.fail(error);
                written.into_iter().for_each(|one| one.ack.reject(failure.clone()));
            }
        }
        folder.set_jobs_done(ticket);
    }
}

/// Answers whoever still waits when the thread ends, also by a panic.
struct Guard<'a>(&'a Folder);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.fail_on_panic();
        self.0.jobs.close();
        while let Some(jobs) = self.0.jobs.take() {
            jobs.into_iter().for_each(|job| job.reject(LogError::Closed));
        }
    }
}

fn sync(folder: &Folder, written: &[Written], with_unsynced: bool) -> Result<(), LogError> {
    let mut files: BTreeMap<(PartitionId, u64), SegmentFile> = BTreeMap::new();
    for placed in written.iter().flat_map(|one| &one.placed) {
        for touched in &placed.files {
            let key = (placed.partition.id, touched.segment.base);
            files.insert(key, (touched.segment.clone(), touched.file.clone()));
        }
    }
    let dirty = if with_unsynced { take_unsynced(folder) } else { Vec::new() };
    for one in dirty {
        let key = (one.partition.id, one.segment.base);
        files.insert(key, (one.segment, one.file));
    }
    let files: Vec<_> = files.into_values().collect();
    sync_files(&files, &folder.surroundings.before_sync)?;
    folder.syncs.fetch_add(1, Ordering::Relaxed);
    for placed in written.iter().flat_map(|one| &one.placed) {
        // Of an unsynced topic, an earlier segment may still wait for its sync.
        if placed.partition.topic.is_synced() {
            placed.partition.set_synced(placed.end.next);
        }
    }
    Ok(())
}

/// Takes the files of unsynced topics. A durable transaction syncs them all: it may stand behind
/// unsynced ones in the same files, and those reach into other files.
pub(super) fn take_unsynced(folder: &Folder) -> Vec<Dirty> {
    lock(&folder.unsynced).drain().flat_map(|(_, files)| files).collect()
}

/// Syncs files side by side: the disk takes them together.
pub(super) fn sync_files(files: &[SegmentFile], before: &BeforeSync) -> Result<(), LogError> {
    match files {
        [] => Ok(()),
        [(segment, file)] => sync_file(segment, file, before),
        [first, others @ ..] => thread::scope(|scope| {
            let running: Vec<_> = others
                .iter()
                .map(|(segment, file)| scope.spawn(|| sync_file(segment, file, before)))
                .collect();
            let first = sync_file(&first.0, &first.1, before);
            running
                .into_iter()
                .fold(first, |result, one| result.and(one.join().unwrap_or(Err(LogError::Closed))))
        }),
    }
}

fn sync_file(segment: &Segment, file: &File, before: &BeforeSync) -> Result<(), LogError> {
    disk::sync(file, &segment.path, before)?;
    if segment.fresh.swap(false, Ordering::AcqRel)
        && let Some(dir) = segment.path.parent()
    {
        disk::sync_dir(dir)?;
    }
    Ok(())
}
