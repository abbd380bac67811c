use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use groundlog_proto::{Offset, TopicName, TopicPartition};
use tokio::sync::{Notify, oneshot};

use super::{
    cursor::PartitionCursor,
    disk,
    follow::Follower,
    format::{Body, PartitionId},
    journal::Journal,
    options::{EmbeddedOptions, Surroundings},
    partition::Partition,
    queue::{Kick, Queue},
    request::{Ack, Part, Request},
    segment::Segment,
    sync::Job,
    topics::Topic,
};
use crate::{
    AppendAck, Appending, Bounds, LogError, Records,
    limits::{APPEND_BYTES_MAX, TXN_BYTES_MAX, check_sizes},
    session::{Commit, Cursor, Groups, Store, Submit, Transactors, lock},
};

/// An open log folder: what callers, readers and the three threads share.
pub(super) struct Folder {
    pub(super) dir: PathBuf,
    pub(super) options: EmbeddedOptions,
    pub(super) surroundings: Surroundings,
    pub(super) topics: RwLock<BTreeMap<TopicName, Arc<Topic>>>,
    /// What is to be written, in the order of the calls.
    pub(super) requests: Queue<Request>,
    /// What is written and waits for its sync.
    pub(super) jobs: Queue<Job>,
    pub(super) upkeep: Kick,
    /// `None` in a folder opened for reading.
    pub(super) journal: Option<Mutex<Journal>>,
    /// Held for writing while several tails move together.
    publication: RwLock<()>,
    pub(super) checkpoints: Mutex<HashMap<(String, PartitionId), Offset>>,
    /// Files of unsynced topics with bytes that may not be on stable storage.
    pub(super) unsynced: Mutex<HashMap<PartitionId, Vec<Dirty>>>,
    /// Held by the thread that syncs them.
    pub(super) syncing: Mutex<()>,
    /// Bytes written since the last time everything was known to be good.
    pub(super) since_good: AtomicU64,
    follower: Option<Mutex<Follower>>,
    jobs_done: AtomicU64,
    pub(super) syncs: AtomicU64,
    closed: AtomicBool,
    failure: OnceLock<LogError>,
    groups: Groups,
    transactors: Transactors,
}

/// A file with bytes that may not be on stable storage.
#[derive(Debug, Clone)]
pub(super) struct Dirty {
    pub(super) partition: Arc<Partition>,
    pub(super) segment: Arc<Segment>,
    pub(super) file: Arc<std::fs::File>,
}

/// What the opening of a folder yields.
pub(super) struct Opened {
    pub(super) topics: BTreeMap<TopicName, Arc<Topic>>,
    pub(super) checkpoints: HashMap<(String, PartitionId), Offset>,
    pub(super) journal: Option<Journal>,
    pub(super) follower: Option<Follower>,
}

impl Folder {
    pub(super) fn new(
        dir: PathBuf,
        options: EmbeddedOptions,
        surroundings: Surroundings,
        opened: Opened,
    ) -> Self {
        Self {
            dir,
            options,
            surroundings,
            topics: RwLock::new(opened.topics),
            requests: Queue::default(),
            jobs: Queue::default(),
            upkeep: Kick::default(),
            journal: opened.journal.map(Mutex::new),
            publication: RwLock::new(()),
            checkpoints: Mutex::new(opened.checkpoints),
            unsynced: Mutex::default(),
            syncing: Mutex::default(),
            since_good: AtomicU64::new(0),
            follower: opened.follower.map(Mutex::new),
            jobs_done: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            failure: OnceLock::new(),
            groups: Groups::default(),
            transactors: Transactors::default(),
        }
    }

    /// Returns the journal of a folder that is open for writing.
    pub(super) fn journal(&self) -> Result<&Mutex<Journal>, LogError> {
        self.journal.as_ref().ok_or_else(|| LogError::ReadOnly { path: self.dir.clone() })
    }

    pub(super) fn topic(&self, name: &TopicName) -> Result<Arc<Topic>, LogError> {
        self.check_open()?;
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(name).cloned().ok_or_else(|| LogError::UnknownTopic {
            topic: name.clone(),
            place: self.dir.display().to_string(),
        })
    }

    pub(super) fn partition(&self, name: &TopicPartition) -> Result<Arc<Partition>, LogError> {
        let topic = self.topic(&name.topic)?;
        topic.partitions.get(name.partition as usize).cloned().ok_or_else(|| {
            LogError::UnknownPartition {
                partition: name.clone(),
                partitions: topic.info.partitions,
            }
        })
    }

    pub(super) fn partitions(&self) -> Vec<Arc<Partition>> {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        topics.values().flat_map(|topic| topic.partitions.iter().cloned()).collect()
    }

    /// Reads trim point and tail, with what was committed together seen together.
    pub(super) fn bounds(&self, partition: &Partition) -> Bounds {
        let _seen = self.publication.read().unwrap_or_else(PoisonError::into_inner);
        partition.bounds()
    }

    /// Lets `publish` move several tails at once.
    pub(super) fn publish<T>(&self, publish: impl FnOnce() -> T) -> T {
        let _alone = self.publication.write().unwrap_or_else(PoisonError::into_inner);
        publish()
    }

    /// Looks for what another process has committed since.
    pub(super) fn refresh(&self) -> Result<(), LogError> {
        match &self.follower {
            Some(follower) => lock(follower).refresh(self),
            None => Ok(()),
        }
    }

    /// Queues an append; the caller's thread has done all work but the writing.
    pub(super) fn append(&self, name: &TopicPartition, records: Records) -> Appending {
        let (sender, appending) = Appending::channel();
        let ready = check_sizes(name, &records, APPEND_BYTES_MAX)
            .and_then(|()| self.writable())
            .and_then(|()| self.partition(name));
        match ready {
            Ok(partition) => {
                let chain = records.chain().cloned();
                let bodies = vec![Body::new(records)];
                let part = Part { partition, bodies };
                self.push(Request::new(vec![part], Ack::Append(sender, chain)));
            }
            Err(error) => Ack::Append(sender, records.chain().cloned()).reject(error),
        }
        appending
    }

    fn push(&self, request: Request) {
        if let Err(request) = self.requests.push(request) {
            request.ack.reject(LogError::Closed);
        }
    }

    fn ready(&self, commit: Commit, ack: Ack) -> Result<Request, (Ack, LogError)> {
        let prepare = || {
            self.writable()?;
            let mut parts = Vec::with_capacity(commit.parts.len());
            for (name, chunks) in commit.parts {
                let bodies = chunks.into_iter().map(Body::new).collect();
                parts.push(Part { partition: self.partition(&name)?, bodies });
            }
            let mut checkpoints = Vec::with_capacity(commit.checkpoints.len());
            for checkpoint in commit.checkpoints {
                let id = self.partition(&checkpoint.partition)?.id;
                checkpoints.push(((commit.group.clone(), id), checkpoint.next));
            }
            Ok((parts, checkpoints))
        };
        match prepare() {
            Ok((parts, checkpoints)) => {
                Ok(Request { parts, checkpoints, is_transaction: true, ack })
            }
            Err(error) => Err((ack, error)),
        }
    }

    /// Fails where nothing can be written: opened for reading, closed, or after a failed sync.
    pub(super) fn writable(&self) -> Result<(), LogError> {
        self.journal()?;
        self.check_open()?;
        self.check_failure()
    }

    /// Fails after a failed sync.
    pub(super) fn check_failure(&self) -> Result<(), LogError> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Ends all writing: after a failed sync nobody knows what the disk holds. Returns what everyone
    /// is told from now on.
    pub(super) fn fail(&self, error: LogError) -> LogError {
        let failure = self.failure.get_or_init(|| {
            tracing::error!(dir = %self.dir.display(), %error, "the log has stopped writing");
            match error {
                LogError::Failed { .. } => error,
                error => LogError::Failed { path: self.dir.clone(), source: Arc::new(error) },
            }
        });
        failure.clone()
    }

    /// Ends all writing if the calling thread, one of those that write, is dying of a panic.
    pub(super) fn fail_on_panic(&self) {
        if thread::panicking() {
            let source = io::Error::other("a thread of the log panicked");
            self.fail(disk::error("cannot go on writing in", &self.dir, source));
        }
    }

    /// Returns the last sync job that is finished.
    pub(super) fn jobs_done(&self) -> u64 {
        self.jobs_done.load(Ordering::Acquire)
    }

    pub(super) fn set_jobs_done(&self, ticket: u64) {
        self.jobs_done.store(ticket, Ordering::Release);
    }

    /// Refuses everything new from here on and wakes whoever waits.
    pub(super) fn set_closed(&self) {
        self.closed.store(true, Ordering::Release);
        for partition in self.partitions() {
            partition.watchers.wake();
        }
        self.groups.wake_all();
    }
}

impl Store for Folder {
    fn check_open(&self) -> Result<(), LogError> {
        if self.closed.load(Ordering::Acquire) { Err(LogError::Closed) } else { Ok(()) }
    }

    fn partition_count(&self, topic: &TopicName) -> Result<u32, LogError> {
        self.topic(topic).map(|topic| topic.info.partitions)
    }

    fn admit(&self, partition: &TopicPartition, records: &Records) -> Result<(), LogError> {
        check_sizes(partition, records, APPEND_BYTES_MAX)?;
        self.writable()?;
        self.partition(partition).map(drop)
    }

    fn cursor(
        self: Arc<Self>,
        partition: &TopicPartition,
        from: Offset,
        wake: &Arc<Notify>,
    ) -> Result<Box<dyn Cursor>, LogError> {
        let partition = self.partition(partition)?;
        partition.watchers.add(wake);
        Ok(Box::new(PartitionCursor::new(self, partition, from)))
    }

    fn prepare(self: Arc<Self>, commit: Commit) -> Submit {
        let (sender, receiver) = oneshot::channel::<Result<Vec<AppendAck>, LogError>>();
        if self.journal.is_none() && commit.is_empty() {
            // Nothing is ever queued here: there is nothing to wait for.
            drop(sender.send(Ok(Vec::new())));
            return Box::new(move || receiver);
        }
        let ready = self.ready(commit, Ack::Commit(sender));
        Box::new(move || {
            match ready {
                Ok(request) => self.push(request),
                Err((ack, error)) => ack.reject(error),
            }
            receiver
        })
    }

    fn stored_checkpoint(&self, group: &str, partition: &TopicPartition) -> Option<Offset> {
        let id = self.partition(partition).ok()?.id;
        lock(&self.checkpoints).get(&(group.to_owned(), id)).copied()
    }

    fn txn_bytes_max(&self) -> usize {
        TXN_BYTES_MAX
    }

    fn poll_interval(&self) -> Option<Duration> {
        self.follower.as_ref().map(|_| self.options.poll_interval)
    }

    fn groups(&self) -> &Groups {
        &self.groups
    }

    fn transactors(&self) -> &Transactors {
        &self.transactors
    }
}
