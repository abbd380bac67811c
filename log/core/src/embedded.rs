//! The log in segment files of one folder.
//!
//! ```text
//! DIR/lock                          held by the one process that writes
//! DIR/journal                       what is committed; see `journal`
//! DIR/topics/NAME/topic             name, generation, partitions, durability, retention
//! DIR/topics/NAME/0/00…0.seg        batches; see `format`
//! DIR/topics/NAME/0/00…0.idx        sparse index, a hint
//! ```
//!
//! ```text
//!  append()      queue        writer thread          sync thread           journal
//!  records ──► in order ──► write(2), many at ──► fdatasync of all ──► one entry: ends and
//!                           once                  files touched        checkpoints ──► tails
//!                             └── unsynced topics: no sync ──────────►    move, callers
//!                                                                         are answered
//! ```
//!
//! docs/adr/0001-embedded-log.md has every field, the rules of recovery, and the figures.

mod commit;
mod cursor;
mod disk;
mod find;
mod folder;
mod follow;
mod format;
mod index;
mod journal;
mod lane;
mod lock_file;
mod lookup;
mod options;
mod partition;
mod queue;
mod recovery;
mod request;
mod round;
mod scan;
mod segment;
mod sync;
#[cfg(test)]
mod tests;
mod topic_file;
mod topics;
mod upkeep;
mod verify;
mod writer;

use std::{
    collections::HashMap,
    fs::File,
    path::Path,
    sync::{Arc, Mutex, atomic::Ordering},
    thread,
};

use async_trait::async_trait;
use groundlog_proto::{Nanos, Offset, TopicName, TopicPartition};

use self::{
    folder::Folder, format::PartitionId, options::Surroundings, recovery::recover, writer::Writer,
};
pub use self::{
    options::EmbeddedOptions,
    verify::{PartitionReport, VerifyReport, verify},
};
use crate::{
    Appending, Bounds, GroupSpec, Log, LogError, Member, Reader, Records, TopicInfo, TopicSpec,
    Transactor,
    session::{self, Store, TailReader, lock},
};

/// A log in a folder. Dropping the last handle closes it.
pub struct EmbeddedLog {
    folder: Arc<Folder>,
    running: Arc<Mutex<Option<Running>>>,
}

/// What ends when the log is closed.
struct Running {
    writer: thread::JoinHandle<()>,
    syncer: thread::JoinHandle<()>,
    upkeep: thread::JoinHandle<()>,
    /// Unlocks the folder when dropped, after everything else.
    _lock: File,
}

impl EmbeddedLog {
    /// Opens a folder for writing, making it if it is missing.
    ///
    /// # Errors
    /// [`LogError::InUse`] while another process writes it; [`LogError::Corrupt`] and
    /// [`LogError::JournalCorrupt`] where more than the end of an unfinished write is damaged.
    pub fn open(dir: &Path, options: &EmbeddedOptions) -> Result<Self, LogError> {
        Self::open_in(dir, options, Surroundings::detect())
    }

    fn open_in(
        dir: &Path,
        options: &EmbeddedOptions,
        surroundings: Surroundings,
    ) -> Result<Self, LogError> {
        disk::make_dir(dir)?;
        let locked = lock_file::take(dir)?;
        let recovered = recover(dir, options, &surroundings)?;
        let folder = Folder::new(dir.to_owned(), options.clone(), surroundings, recovered.opened);
        let folder = Arc::new(folder);
        let running = start(&folder, recovered.times, locked)?;
        Ok(Self { folder, running: Arc::new(Mutex::new(Some(running))) })
    }

    /// Returns how many group commits have been synced since the log was opened.
    pub fn syncs(&self) -> u64 {
        self.folder.syncs.load(Ordering::Relaxed)
    }

    /// Opens a folder for reading, up to the committed end, while another process may write it.
    ///
    /// # Errors
    /// [`LogError::Io`] where there is no log; [`LogError::JournalCorrupt`].
    pub fn open_read_only(dir: &Path, options: &EmbeddedOptions) -> Result<Self, LogError> {
        let opened = follow::open(dir)?;
        let surroundings = Surroundings::detect();
        let folder = Folder::new(dir.to_owned(), options.clone(), surroundings, opened);
        Ok(Self { folder: Arc::new(folder), running: Arc::default() })
    }
}

fn start(
    folder: &Arc<Folder>,
    times: HashMap<PartitionId, i64>,
    locked: File,
) -> Result<Running, LogError> {
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(|e| disk::error("cannot start a thread for", &folder.dir, e))
    };
    let writer = Writer::new(folder.clone(), times);
    let (syncing, keeping) = (folder.clone(), folder.clone());
    Ok(Running {
        writer: spawn("log-writer", Box::new(move || writer.run()))?,
        syncer: spawn("log-sync", Box::new(move || sync::run(&syncing)))?,
        upkeep: spawn("log-upkeep", Box::new(move || upkeep::run(&keeping)))?,
        _lock: locked,
    })
}

/// Writes, syncs and commits what is queued, then lets the folder go.
fn stop(folder: &Folder, running: &Mutex<Option<Running>>) -> Result<(), LogError> {
    let taken = lock(running).take();
    folder.requests.close();
    let mut result = Ok(());
    if let Some(running) = taken {
        // A thread that panicked has dropped what it held; its callers have been told.
        drop(running.writer.join());
        folder.jobs.close();
        drop(running.syncer.join());
        folder.upkeep.stop();
        drop(running.upkeep.join());
        result = folder.check_failure().and_then(|()| upkeep::finish(folder));
    }
    folder.set_closed();
    result
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        if let Err(error) = stop(&self.folder, &self.running) {
            tracing::warn!(dir = %self.folder.dir.display(), %error, "the log was not closed well");
        }
    }
}

#[async_trait]
impl Log for EmbeddedLog {
    async fn ensure(&self, spec: &TopicSpec) -> Result<TopicInfo, LogError> {
        topics::ensure(&self.folder, spec)
    }

    async fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        self.folder.check_open()?;
        self.folder.refresh()?;
        Ok(topics::list(&self.folder))
    }

    async fn topic(&self, name: &TopicName) -> Result<TopicInfo, LogError> {
        self.folder.refresh()?;
        self.folder.topic(name).map(|topic| topic.info.clone())
    }

    async fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, LogError> {
        self.folder.refresh()?;
        let partition = self.folder.partition(partition)?;
        Ok(self.folder.bounds(&partition))
    }

    async fn find(&self, partition: &TopicPartition, at: Nanos) -> Result<Offset, LogError> {
        self.folder.refresh()?;
        let partition = self.folder.partition(partition)?;
        find::find(&self.folder, &partition, at)
    }

    async fn reader(
        &self,
        partition: &TopicPartition,
        from: Offset,
    ) -> Result<Box<dyn Reader>, LogError> {
        TailReader::open(self.folder.clone(), partition, from)
    }

    fn append(&self, partition: &TopicPartition, records: Records) -> Appending {
        self.folder.append(partition, records)
    }

    async fn trim(&self, partition: &TopicPartition, before: Offset) -> Result<(), LogError> {
        let partition = self.folder.partition(partition)?;
        upkeep::trim(&self.folder, &partition, before)
    }

    async fn join(&self, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError> {
        self.folder.check_open()?;
        session::join(self.folder.clone(), spec)
    }

    async fn transactor(&self, id: &str) -> Result<Box<dyn Transactor>, LogError> {
        self.folder.writable()?;
        Ok(session::transactor(self.folder.clone(), id))
    }

    async fn checkpoint(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Offset>, LogError> {
        self.folder.refresh()?;
        self.folder.partition(partition)?;
        Ok(self.folder.stored_checkpoint(group, partition))
    }

    fn health(&self) -> Result<(), LogError> {
        self.folder.check_open()?;
        self.folder.check_failure()
    }

    async fn close(&self) -> Result<(), LogError> {
        let (folder, running) = (self.folder.clone(), self.running.clone());
        // The last sync may take a while: it must not hold other tasks up.
        let stopped = tokio::task::spawn_blocking(move || stop(&folder, &running)).await;
        stopped.unwrap_or(Err(LogError::Closed))
    }
}
