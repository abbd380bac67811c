use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use groundlog_proto::{Offset, TopicPartition};
use rdkafka::{
    Offset as Place, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata, base_consumer::PartitionQueue},
    error::{KafkaError, KafkaResult},
};
use tokio::sync::Notify;

use super::{
    broker::{Broker, creation},
    context::{self, Change, Context},
    errors,
    options::HEARTBEAT,
};
use crate::{
    Checkpoint, GroupSpec, LogError,
    session::{lock, next_number},
};

/// How often the group's events are looked at, should a wake-up be missed.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How long a member may not ask for events before its group is left to think that it is gone.
const ABSENCE_MAX: Duration = Duration::from_secs(240);

/// How long a member that leaves waits for its partitions to be let go, or one that seeks for its
/// partition to be taken up.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(5);

/// Partitions a member owns, and since when: work begun under an earlier tenure is void.
pub(super) type Tenures = Arc<HashMap<TopicPartition, u64>>;

/// A member's place in its group; its transactions outlive the borrow of the member.
///
/// A thread of its own serves the group's events, so that a rebalance of others does not wait for a
/// member that is busy. Records go to a queue per partition, which only the member polls.
pub(super) struct Seat {
    pub(super) broker: Arc<Broker>,
    pub(super) spec: GroupSpec,
    pub(super) consumer: Arc<BaseConsumer<Context>>,
    tenures: Mutex<Tenures>,
    /// Held while events are served, or a partition's place is changed.
    gate: Mutex<()>,
    /// When the member asked for events.
    asked: Mutex<Instant>,
}

impl Seat {
    /// Takes a place in the group; the group decides what it gets.
    pub(super) fn take(broker: &Arc<Broker>, spec: &GroupSpec) -> Result<Arc<Self>, LogError> {
        for topic in &spec.topics {
            broker.partition_count(topic)?;
        }
        let group = broker.group_name(&spec.group);
        let config = broker.options.member(&broker.servers, &group, &spec.member)?;
        let mut consumer: BaseConsumer<Context> =
            config.create_with_context(Context::default()).map_err(|error| creation(&error))?;
        let (waker, waiting) = std::sync::mpsc::sync_channel(1);
        consumer.set_nonempty_callback(move || {
            // Full means woken already; without a receiver there is nobody to wake.
            let _ = waker.try_send(());
        });
        let seat = Arc::new(Self {
            broker: broker.clone(),
            spec: spec.clone(),
            consumer: Arc::new(consumer),
            tenures: Mutex::default(),
            gate: Mutex::new(()),
            asked: Mutex::new(Instant::now()),
        });
        let serving = Arc::downgrade(&seat);
        let named = thread::Builder::new().name("kafka-group".to_owned());
        let served = named.spawn(move || {
            while let Some(seat) = serving.upgrade() {
                seat.serve();
                drop(seat);
                // Either outcome means: look again.
                let _ = waiting.recv_timeout(LOOK_AGAIN);
            }
        });
        served.map_err(|error| LogError::Io {
            context: "cannot start a thread for",
            path: "Kafka".into(),
            source: Arc::new(error),
        })?;
        let topics: Vec<&str> = spec.topics.iter().map(|topic| topic.as_str()).collect();
        seat.consumer.subscribe(&topics).map_err(|error| seat.failed("joining", &error))?;
        Ok(seat)
    }

    /// Serves the group's events, as long as the member lives.
    fn serve(&self) {
        if lock(&self.asked).elapsed() > ABSENCE_MAX {
            return;
        }
        let _gate = lock(&self.gate);
        self.poll_all();
    }

    fn poll_all(&self) {
        let context = self.consumer.context();
        loop {
            let served = context.served();
            match self.consumer.poll(Duration::ZERO) {
                None if context.served() == served => return,
                // Records here were fetched before it was said where to start.
                None | Some(Ok(_)) => {}
                Some(Err(error)) => {
                    tracing::debug!(group = self.spec.group, %error, "from the group's consumer");
                }
            }
        }
    }

    /// Notes that the member lives.
    pub(super) fn asks(&self) {
        *lock(&self.asked) = Instant::now();
    }

    /// Is notified when the assignment changes.
    pub(super) fn changed(&self) -> &Arc<Notify> {
        &self.consumer.context().changed
    }

    /// Returns the name of its transactional writer.
    pub(super) fn writer_id(spec: &GroupSpec) -> String {
        format!("{}/{}", spec.group, spec.member)
    }

    pub(super) fn fenced(&self) -> LogError {
        LogError::Fenced { id: Self::writer_id(&self.spec) }
    }

    /// Fails once another process has taken the place. The library learns it with a heartbeat.
    pub(super) fn check_alive(&self) -> Result<(), LogError> {
        self.broker.check_open()?;
        match self.consumer.client().fatal_error() {
            None => Ok(()),
            Some((code, _)) if errors::is_fence(code) => Err(self.fenced()),
            Some((_, reason)) => {
                let what = format!("group '{}', member '{}'", self.spec.group, self.spec.member);
                Err(errors::fatal(&self.broker.servers, what, &reason))
            }
        }
    }

    /// Waits long enough to know whether another process has taken the place.
    pub(super) fn is_replaced(&self) -> bool {
        let deadline = Instant::now() + 2 * HEARTBEAT + HEARTBEAT / 2;
        while self.check_alive().is_ok() {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(HEARTBEAT / 30);
        }
        true
    }

    pub(super) fn tenures(&self) -> Tenures {
        lock(&self.tenures).clone()
    }

    /// Begins tenures of new partitions.
    pub(super) fn own(&self, partitions: &[TopicPartition]) {
        self.change(|tenures| {
            tenures.extend(partitions.iter().map(|partition| (partition.clone(), next_number())));
        });
    }

    fn disown(&self, partitions: &[TopicPartition]) {
        self.change(|tenures| tenures.retain(|partition, _| !partitions.contains(partition)));
    }

    /// Ends all tenures.
    pub(super) fn disown_all(&self) {
        self.change(HashMap::clear);
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<TopicPartition, u64>)) {
        let mut tenures = lock(&self.tenures);
        let mut changed = HashMap::clone(&tenures);
        change(&mut changed);
        *tenures = Arc::new(changed);
    }

    /// Checks that checkpoints are of partitions owned since the given tenures began.
    pub(super) fn check(
        &self,
        since: &Tenures,
        checkpoints: &[Checkpoint],
    ) -> Result<(), LogError> {
        self.check_alive()?;
        let now = self.tenures();
        let is_owned = |checkpoint: &Checkpoint| {
            let (began, is) = (since.get(&checkpoint.partition), now.get(&checkpoint.partition));
            is.is_some() && is == began
        };
        if checkpoints.iter().all(is_owned) { Ok(()) } else { Err(self.fenced()) }
    }

    /// Returns what proves to the broker that the member may commit; `None` where it may not.
    pub(super) fn metadata(&self) -> Option<ConsumerGroupMetadata> {
        let metadata = self.consumer.group_metadata();
        // Asked in this order: once a membership is lost, its identity is gone, and what is made
        // then would be taken for that of nobody in particular.
        metadata.filter(|_| !self.consumer.assignment_lost())
    }

    /// Reads the group's checkpoints.
    pub(super) fn checkpoints(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        let partitions: Vec<&TopicPartition> = partitions.iter().collect();
        self.broker.committed_to(&self.consumer, &self.spec.group, &partitions)
    }

    /// Lets partitions go that are to be revoked: from here on their commits are refused.
    pub(super) fn let_go(&self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.disown(partitions);
        let result = list(partitions, Place::Invalid)
            .and_then(|list| context::unassign(&self.consumer, &list));
        result.map_err(|error| self.failed("letting partitions go", &error))
    }

    /// Reads a partition from an offset on, or again. What was queued before is dropped.
    pub(super) fn seek(
        &self,
        partition: &TopicPartition,
        offset: Offset,
    ) -> Result<PartitionQueue<Context>, LogError> {
        let what = || format!("seeking offset {offset} of {partition}");
        self.place(partition, offset).map_err(|error| self.failed(&what(), &error))
    }

    fn place(
        &self,
        partition: &TopicPartition,
        offset: Offset,
    ) -> KafkaResult<PartitionQueue<Context>> {
        // Nothing of it may be taken for an event meanwhile.
        let _gate = lock(&self.gate);
        let (topic, number) = (partition.topic.as_str(), partition.partition as i32);
        let one = list(std::slice::from_ref(partition), Place::Offset(offset as i64))?;
        let seek =
            || self.consumer.seek(topic, number, Place::Offset(offset as i64), CHANGE_TIMEOUT);
        // A partition whose offset was lost has stopped, and one that was just assigned may not
        // have started yet.
        let deadline = Instant::now() + CHANGE_TIMEOUT;
        let mut is_restarted = false;
        while let Err(error) = seek() {
            if Instant::now() > deadline {
                return Err(error);
            }
            if !is_restarted && Instant::now() + CHANGE_TIMEOUT * 9 / 10 > deadline {
                context::unassign(&self.consumer, &one)?;
                self.consumer.incremental_assign(&one)?;
                is_restarted = true;
            }
            thread::sleep(Duration::from_millis(2));
        }
        let queue = self.consumer.split_partition_queue(topic, number);
        let queue = queue.ok_or_else(|| KafkaError::Seek("no such partition".to_owned()))?;
        // What came to the group's own queue until now is void with that.
        seek()?;
        self.consumer.resume(&one)?;
        Ok(queue)
    }

    fn failed(&self, what: &str, error: &KafkaError) -> LogError {
        errors::kafka(&self.broker.servers, format!("group '{}', {what}", self.spec.group), error)
    }

    /// Leaves the group, so that others get the partitions at once; a member with a stable name
    /// would else be expected back until its session has timed out.
    pub(super) fn leave(&self) {
        self.disown_all();
        let context = self.consumer.context();
        context.close();
        let _gate = lock(&self.gate);
        if self.check_alive().is_err() {
            return;
        }
        // What was to be given up anyway.
        while let Some(change) = context.change() {
            if let Change::Revoked(partitions) = change {
                // It is left in any case.
                drop(self.let_go(&partitions));
            }
            context.told();
        }
        self.consumer.unsubscribe();
        let deadline = Instant::now() + CHANGE_TIMEOUT;
        let is_assigned = || self.consumer.assignment().is_ok_and(|list| list.count() > 0);
        while is_assigned() && Instant::now() < deadline {
            self.poll_all();
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn list(partitions: &[TopicPartition], at: Place) -> KafkaResult<TopicPartitionList> {
    let partitions: Vec<&TopicPartition> = partitions.iter().collect();
    super::broker::list(&partitions, at)
}
