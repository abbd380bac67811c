use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use groundlog_proto::{Generation, Nanos, Offset, TopicName, TopicPartition};
use tokio::sync::{Notify, oneshot};

use super::partition::Partition;
use crate::{
    AppendAck, Batch, Chain, LogError, Records, TopicInfo, TopicSpec,
    limits::{APPEND_BYTES_MAX, TXN_BYTES_MAX, check_sizes},
    session::{Commit, Cursor, Groups, Store, Submit, Transactors, lock},
};

/// All of a memory log. One lock: it serves tests, not throughput.
#[derive(Debug, Default)]
pub(super) struct MemoryStore {
    state: Arc<Mutex<State>>,
    closed: Arc<AtomicBool>,
    groups: Groups,
    transactors: Transactors,
}

#[derive(Debug, Default)]
struct State {
    topics: BTreeMap<TopicName, Topic>,
    checkpoints: HashMap<(String, TopicPartition), Offset>,
}

#[derive(Debug)]
struct Topic {
    info: TopicInfo,
    partitions: Vec<Partition>,
}

impl State {
    fn topic(&self, name: &TopicName) -> Result<&Topic, LogError> {
        self.topics.get(name).ok_or_else(|| unknown(name))
    }

    fn partition(&mut self, name: &TopicPartition) -> Result<&mut Partition, LogError> {
        let topic = self.topics.get_mut(&name.topic).ok_or_else(|| unknown(&name.topic))?;
        let partitions = topic.info.partitions;
        topic
            .partitions
            .get_mut(name.partition as usize)
            .ok_or_else(|| LogError::UnknownPartition { partition: name.clone(), partitions })
    }
}

fn unknown(topic: &TopicName) -> LogError {
    LogError::UnknownTopic { topic: topic.clone(), place: "this memory log".to_owned() }
}

impl MemoryStore {
    pub(super) fn ensure(&self, spec: &TopicSpec) -> Result<TopicInfo, LogError> {
        self.check_open()?;
        let mut state = lock(&self.state);
        let topic = state.topics.entry(spec.name.clone()).or_insert_with(|| Topic {
            info: TopicInfo {
                name: spec.name.clone(),
                generation: Generation(RandomState::new().hash_one(&spec.name)),
                partitions: spec.partitions,
            },
            partitions: (0..spec.partitions)
                .map(|number| TopicPartition::new(spec.name.clone(), number))
                .map(|name| Partition::new(name, spec.retention))
                .collect(),
        });
        if topic.info.partitions == spec.partitions {
            return Ok(topic.info.clone());
        }
        Err(LogError::TopicMismatch {
            topic: spec.name.clone(),
            found: topic.info.partitions,
            wanted: spec.partitions,
        })
    }

    pub(super) fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        self.check_open()?;
        Ok(lock(&self.state).topics.values().map(|topic| topic.info.clone()).collect())
    }

    pub(super) fn topic(&self, name: &TopicName) -> Result<TopicInfo, LogError> {
        self.check_open()?;
        lock(&self.state).topic(name).map(|topic| topic.info.clone())
    }

    pub(super) fn with_partition<T>(
        &self,
        name: &TopicPartition,
        work: impl FnOnce(&mut Partition) -> T,
    ) -> Result<T, LogError> {
        self.check_open()?;
        lock(&self.state).partition(name).map(work)
    }

    pub(super) fn append(
        &self,
        name: &TopicPartition,
        records: Records,
    ) -> Result<AppendAck, LogError> {
        let chain = records.chain().cloned();
        if let Some(error) = chain.as_ref().and_then(Chain::broken_by) {
            return Err(error.clone());
        }
        let appended = self.append_unchained(name, records);
        if let (Some(chain), Err(error)) = (&chain, &appended) {
            chain.break_with(error);
        }
        appended
    }

    fn append_unchained(
        &self,
        name: &TopicPartition,
        records: Records,
    ) -> Result<AppendAck, LogError> {
        self.check_open()?;
        check_sizes(name, &records, APPEND_BYTES_MAX)?;
        let mut state = lock(&self.state);
        let partition = state.partition(name)?;
        let ack = partition.append(records, Nanos::now());
        partition.watchers.wake();
        Ok(ack)
    }

    fn commit(&self, commit: Commit) -> Result<Vec<AppendAck>, LogError> {
        self.check_open()?;
        let mut state = lock(&self.state);
        for (name, _) in &commit.parts {
            state.partition(name)?;
        }
        let now = Nanos::now();
        let mut acks = Vec::with_capacity(commit.parts.len());
        for (name, chunks) in commit.parts {
            let partition = state.partition(&name)?;
            let mut whole = partition.append(Records::new(), now);
            for records in chunks {
                let ack = partition.append(records, now);
                whole.next = ack.next;
                whole.append_time = ack.append_time;
            }
            partition.watchers.wake();
            acks.push(whole);
        }
        for checkpoint in commit.checkpoints {
            state.checkpoints.insert((commit.group.clone(), checkpoint.partition), checkpoint.next);
        }
        Ok(acks)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for partition in lock(&self.state).topics.values().flat_map(|topic| &topic.partitions) {
            partition.watchers.wake();
        }
        self.groups.wake_all();
    }
}

impl Store for MemoryStore {
    fn check_open(&self) -> Result<(), LogError> {
        if self.closed.load(Ordering::Acquire) { Err(LogError::Closed) } else { Ok(()) }
    }

    fn partition_count(&self, topic: &TopicName) -> Result<u32, LogError> {
        self.topic(topic).map(|info| info.partitions)
    }

    fn admit(&self, partition: &TopicPartition, records: &Records) -> Result<(), LogError> {
        check_sizes(partition, records, APPEND_BYTES_MAX)?;
        self.with_partition(partition, |_| ())
    }

    fn cursor(
        self: Arc<Self>,
        partition: &TopicPartition,
        from: Offset,
        wake: &Arc<Notify>,
    ) -> Result<Box<dyn Cursor>, LogError> {
        self.with_partition(partition, |found| found.watchers.add(wake))?;
        Ok(Box::new(MemoryCursor {
            state: self.state.clone(),
            closed: self.closed.clone(),
            partition: partition.clone(),
            position: from,
        }))
    }

    fn prepare(self: Arc<Self>, commit: Commit) -> Submit {
        Box::new(move || {
            let (sender, receiver) = oneshot::channel();
            // A caller that went away does not undo its commit.
            drop(sender.send(self.commit(commit)));
            receiver
        })
    }

    fn stored_checkpoint(&self, group: &str, partition: &TopicPartition) -> Option<Offset> {
        lock(&self.state).checkpoints.get(&(group.to_owned(), partition.clone())).copied()
    }

    fn txn_bytes_max(&self) -> usize {
        TXN_BYTES_MAX
    }

    fn groups(&self) -> &Groups {
        &self.groups
    }

    fn transactors(&self) -> &Transactors {
        &self.transactors
    }
}

struct MemoryCursor {
    state: Arc<Mutex<State>>,
    closed: Arc<AtomicBool>,
    partition: TopicPartition,
    position: Offset,
}

impl Cursor for MemoryCursor {
    fn poll(&mut self, max_bytes: usize) -> Result<Batch, LogError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(LogError::Closed);
        }
        let batch = lock(&self.state).partition(&self.partition)?.read(self.position, max_bytes)?;
        self.position = batch.next();
        Ok(batch)
    }

    fn position(&self) -> Offset {
        self.position
    }

    fn seek(&mut self, offset: Offset) {
        self.position = offset;
    }
}
