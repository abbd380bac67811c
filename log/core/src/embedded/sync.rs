use std::{
    collections::BTreeMap,
    fs::File,
    sync::{Arc, MutexGuard, atomic::Ordering},
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

fn sync(folder: &Folder, written: &[Written], is_durable: bool) -> Result<(), LogError> {
    let placed = || written.iter().flat_map(|one| &one.placed);
    // A durable transaction syncs the files of all unsynced topics: it may stand behind unsynced
    // ones in the same files, and those reach into other files. Records of a topic that was
    // unsynced until lately stand behind such ones too.
    let reaches_back =
        placed().any(|one| one.partition.topic.is_synced() && one.partition.is_behind());
    let unsynced = if is_durable || reaches_back { Some(Unsynced::take(folder)?) } else { None };
    let mut files: BTreeMap<(PartitionId, u64), SegmentFile> = BTreeMap::new();
    for one in placed() {
        for touched in &one.files {
            let key = (one.partition.id, touched.segment.base);
            files.insert(key, (touched.segment.clone(), touched.file.clone()));
        }
    }
    for one in unsynced.iter().flat_map(|unsynced| &unsynced.files) {
        let key = (one.partition.id, one.segment.base);
        files.insert(key, (one.segment.clone(), one.file.clone()));
    }
    let files: Vec<_> = files.into_values().collect();
    // Told while the turn is held: nobody after it may think that all went well.
    sync_files(&files, &folder.surroundings.before_sync).map_err(|error| folder.fail(error))?;
    if let Some(unsynced) = unsynced {
        unsynced.done();
    }
    folder.syncs.fetch_add(1, Ordering::Relaxed);
    // Of an unsynced topic, an earlier segment may still wait for its sync.
    for one in placed().filter(|one| one.partition.topic.is_synced()) {
        one.partition.set_synced(one.end.next);
    }
    Ok(())
}

/// The files of unsynced topics, taken to be synced. One thread at a time holds them: who finds
/// nothing to take may rely on it that what was noted before is synced.
pub(super) struct Unsynced<'a> {
    folder: &'a Folder,
    pub(super) files: Vec<Dirty>,
    _turn: MutexGuard<'a, ()>,
}

impl<'a> Unsynced<'a> {
    /// Waits for the turn and takes all that is noted.
    pub(super) fn take(folder: &'a Folder) -> Result<Self, LogError> {
        let turn = lock(&folder.syncing);
        // What the last one took may have been lost.
        folder.check_failure()?;
        let files = lock(&folder.unsynced).drain().flat_map(|(_, files)| files).collect();
        Ok(Self { folder, files, _turn: turn })
    }

    /// The same for the files of one partition.
    pub(super) fn take_of(folder: &'a Folder, id: PartitionId) -> Result<Self, LogError> {
        let turn = lock(&folder.syncing);
        folder.check_failure()?;
        let files = lock(&folder.unsynced).remove(&id).unwrap_or_default();
        Ok(Self { folder, files, _turn: turn })
    }

    /// Syncs what was taken. A failure ends all writing.
    pub(super) fn sync(self) -> Result<(), LogError> {
        let files: Vec<_> =
            self.files.iter().map(|one| (one.segment.clone(), one.file.clone())).collect();
        sync_files(&files, &self.folder.surroundings.before_sync)
            .map_err(|error| self.folder.fail(error))?;
        self.done();
        Ok(())
    }

    /// Notes that what was taken is on stable storage.
    fn done(self) {
        let noted = lock(&self.folder.unsynced);
        for one in self.files.iter().filter(|one| !noted.contains_key(&one.partition.id)) {
            one.partition.set_behind(false);
        }
    }
}

/// Syncs files side by side: the disk takes them together. Where the system gives no more threads,
/// one after the other.
pub(super) fn sync_files(files: &[SegmentFile], before: &BeforeSync) -> Result<(), LogError> {
    let [first, others @ ..] = files else {
        return Ok(());
    };
    thread::scope(|scope| {
        let running: Vec<_> = others
            .iter()
            .map(|one| {
                let beside = thread::Builder::new();
                beside.spawn_scoped(scope, || sync_file(one, before)).map_err(|_| one)
            })
            .collect();
        running.into_iter().fold(sync_file(first, before), |result, one| {
            let synced = match one {
                Ok(thread) => thread.join().unwrap_or(Err(LogError::Closed)),
                Err(not_started) => sync_file(not_started, before),
            };
            result.and(synced)
        })
    })
}

fn sync_file((segment, file): &SegmentFile, before: &BeforeSync) -> Result<(), LogError> {
    disk::sync(file, &segment.path, before)?;
    segment.sync_name(before)
}
