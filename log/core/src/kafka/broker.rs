use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use groundlog_proto::{Nanos, Offset, TopicName, TopicPartition};
use rdkafka::{
    Offset as Place, TopicPartitionList,
    admin::AdminClient,
    client::Client,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    types::{RDKafkaErrorCode as Code, RDKafkaRespErr},
};
use tokio::{sync::watch, task::spawn_blocking};

use super::{KafkaOptions, context::Context, errors, fetcher::Fetcher};
use crate::{Bounds, LogError, session::lock};

/// How long a broker may take to answer a request.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the first broker may take to answer at a start.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Clients that are kept to read the checkpoints of other groups.
const GROUPS_MAX: usize = 16;

/// Consumers that are kept for the next readers.
const IDLE_FETCHERS_MAX: usize = 8;

/// What everything that talks to one Kafka shares. Its calls block: they are made on threads of
/// their own, by [`Broker::ask`].
pub(super) struct Broker {
    /// As named in the log's URL.
    pub(super) servers: Arc<str>,
    pub(super) options: KafkaOptions,
    pub(super) admin: AdminClient<Context>,
    /// Asks for metadata and offsets; reads nothing.
    query: BaseConsumer<Context>,
    /// Partitions by topic: fixed for the life of a topic.
    counts: Mutex<HashMap<TopicName, u32>>,
    /// Clients of other groups, the one used last at the end.
    groups: Mutex<Vec<(String, Arc<BaseConsumer<Context>>)>>,
    idle: Mutex<Vec<Fetcher>>,
    closed: watch::Sender<bool>,
}

/// What the cluster knows of a topic.
pub(super) struct Found {
    /// None where there is no such topic.
    pub(super) partitions: Option<u32>,
    /// How many brokers there are.
    pub(super) brokers: usize,
}

impl Broker {
    /// Connects.
    ///
    /// # Errors
    /// [`LogError::Setting`]; [`LogError::Unreachable`] after ten seconds without an answer.
    pub(super) fn connect(servers: &str, options: &KafkaOptions) -> Result<Self, LogError> {
        let created = |error: KafkaError| creation(&error);
        let mut admin = options.client(servers)?;
        // Nobody serves what it has to say; the other clients say it as well.
        admin.set_log_level(RDKafkaLogLevel::Emerg);
        let admin: AdminClient<Context> =
            admin.create_with_context(Context::default()).map_err(created)?;
        let query = options.consumer(servers)?;
        let query = query.create_with_context(Context::default()).map_err(created)?;
        let broker = Self {
            servers: servers.into(),
            options: options.clone(),
            admin,
            query,
            counts: Mutex::default(),
            groups: Mutex::default(),
            idle: Mutex::default(),
            closed: watch::Sender::new(false),
        };
        broker.wait_for_answer()?;
        Ok(broker)
    }

    fn wait_for_answer(&self) -> Result<(), LogError> {
        let client = self.metadata_client();
        let start = Instant::now();
        // In short steps, to notice early what waiting does not mend.
        while client.fetch_cluster_id(Duration::from_millis(200)).is_none() {
            self.serve();
            let trouble = client.context().trouble();
            match trouble {
                Some((code @ (Code::Authentication | Code::SSL), reason)) => {
                    let error =
                        errors::refused(&self.servers, format!("logging in ({reason})"), code);
                    return Err(error);
                }
                trouble if start.elapsed() >= OPEN_TIMEOUT => {
                    let reason = trouble.map_or("no connection".to_owned(), |(_, text)| text);
                    let seconds = start.elapsed().as_secs();
                    return Err(LogError::Unreachable {
                        server: self.servers.clone(),
                        seconds,
                        reason: reason.into(),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Runs what blocks on a thread of its own.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Self>) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        self.check_open()?;
        let broker = self.clone();
        spawn_blocking(move || work(&broker)).await.unwrap_or(Err(LogError::Closed))
    }

    pub(super) fn check_open(&self) -> Result<(), LogError> {
        if *self.closed.borrow() { Err(LogError::Closed) } else { Ok(()) }
    }

    /// Tells when the log is closed.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }

    /// Refuses everything from now on.
    pub(super) fn tell_closed(&self) {
        self.closed.send_replace(true);
    }

    /// Refuses everything from now on and lets clients go, which takes a while.
    pub(super) fn close(&self) {
        self.tell_closed();
        lock(&self.groups).clear();
        lock(&self.idle).clear();
    }

    pub(super) fn metadata_client(&self) -> &Client<Context> {
        self.query.client()
    }

    /// Returns how many partitions a topic has.
    pub(super) fn partition_count(&self, topic: &TopicName) -> Result<u32, LogError> {
        if let Some(count) = lock(&self.counts).get(topic) {
            return Ok(*count);
        }
        let count = self.look_up(topic)?.partitions.ok_or_else(|| self.unknown(topic))?;
        lock(&self.counts).insert(topic.clone(), count);
        Ok(count)
    }

    pub(super) fn unknown(&self, topic: &TopicName) -> LogError {
        LogError::UnknownTopic { topic: topic.clone(), place: format!("Kafka at {}", self.servers) }
    }

    /// Forgets what is known of a topic.
    pub(super) fn forget(&self, topic: &TopicName) {
        lock(&self.counts).remove(topic);
    }

    /// Asks what the cluster knows of a topic.
    pub(super) fn look_up(&self, topic: &TopicName) -> Result<Found, LogError> {
        let client = self.metadata_client();
        let what = || format!("looking for topic '{topic}'");
        let metadata = client
            .fetch_metadata(Some(topic.as_str()), REQUEST_TIMEOUT)
            .map_err(|error| errors::kafka(&self.servers, what(), &error))?;
        let found = metadata.topics().iter().find(|one| one.name() == topic.as_str());
        let partitions = match found.map(|found| (found, found.error())) {
            None | Some((_, Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART))) => None,
            Some((found, None)) => Some(found.partitions().len() as u32),
            Some((_, Some(error))) => {
                return Err(errors::refused(&self.servers, what(), error.into()));
            }
        };
        Ok(Found { partitions, brokers: metadata.brokers().len() })
    }

    /// Checks that a partition exists.
    pub(super) fn check_partition(&self, partition: &TopicPartition) -> Result<(), LogError> {
        let partitions = self.partition_count(&partition.topic)?;
        if partition.partition >= partitions {
            return Err(LogError::UnknownPartition { partition: partition.clone(), partitions });
        }
        Ok(())
    }

    /// Returns the oldest offset and the first one that is not committed yet.
    pub(super) fn bounds(&self, partition: &TopicPartition) -> Result<Bounds, LogError> {
        let (topic, number) = (partition.topic.as_str(), partition.partition as i32);
        let found = self.query.fetch_watermarks(topic, number, REQUEST_TIMEOUT);
        self.serve();
        let (low, high) = found.map_err(|error| {
            let what = format!("asking for the bounds of {partition}");
            match errors::code(&error) {
                // That there is one was asked before: a broker that has just started learns it again.
                Some(Code::UnknownPartition | Code::UnknownTopicOrPartition) => {
                    errors::transient(&self.servers, what, &error.to_string())
                }
                _ => errors::kafka(&self.servers, what, &error),
            }
        })?;
        Ok(Bounds { trim: low.max(0) as u64, tail: high.max(0) as u64 })
    }

    /// Returns the first offset appended at a time or later, if there is one.
    pub(super) fn find(
        &self,
        partition: &TopicPartition,
        at: Nanos,
    ) -> Result<Option<Offset>, LogError> {
        // Kafka's times are milliseconds: the first that is not before. Negative ones have meanings
        // of their own.
        let millis = (at.0.max(0) as u64).div_ceil(1_000_000) as i64;
        let found = self.list_offsets(&[partition], Place::Offset(millis))?;
        Ok(found.into_iter().next().flatten())
    }

    /// Returns the first offsets that are not committed yet.
    pub(super) fn tails(
        &self,
        partitions: &[&TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        self.list_offsets(partitions, Place::End)
    }

    /// Asks for offsets by time, all partitions at once.
    fn list_offsets(
        &self,
        partitions: &[&TopicPartition],
        at: Place,
    ) -> Result<Vec<Option<Offset>>, LogError> {
        let what = || format!("asking for offsets of {}", names(partitions));
        let failed = |error: &KafkaError| errors::kafka(&self.servers, what(), error);
        let list = list(partitions, at).map_err(|error| failed(&error))?;
        let found = self.query.offsets_for_times(list, REQUEST_TIMEOUT);
        self.serve();
        offsets(&found.map_err(|error| failed(&error))?, partitions).map_err(|error| failed(&error))
    }

    /// Serves the query client's events: nobody else does.
    fn serve(&self) {
        while self.query.poll(Duration::ZERO).is_some() {}
    }

    /// Returns the checkpoints of a group.
    pub(super) fn committed(
        &self,
        group: &str,
        partitions: &[&TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        self.committed_to(&*self.group(group)?, group, partitions)
    }

    /// Returns the checkpoints of the group that a consumer belongs to. Waits for transactions that
    /// are about to end.
    pub(super) fn committed_to(
        &self,
        consumer: &BaseConsumer<Context>,
        group: &str,
        partitions: &[&TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        let what = || format!("reading checkpoints of group '{group}' on {}", names(partitions));
        let failed = |error: &KafkaError| errors::kafka(&self.servers, what(), error);
        let list = list(partitions, Place::Invalid).map_err(|error| failed(&error))?;
        let found =
            consumer.committed_offsets(list, REQUEST_TIMEOUT).map_err(|error| failed(&error))?;
        offsets(&found, partitions).map_err(|error| failed(&error))
    }

    /// Returns the name that a group of this log has at the broker.
    pub(super) fn group_name(&self, group: &str) -> String {
        format!("{}{group}", self.options.prefix)
    }

    /// Returns a client of a group that is no member of it.
    pub(super) fn group(&self, group: &str) -> Result<Arc<BaseConsumer<Context>>, LogError> {
        let mut groups = lock(&self.groups);
        if let Some(index) = groups.iter().position(|(name, _)| name == group) {
            let known = groups.remove(index);
            let client = known.1.clone();
            groups.push(known);
            // Nobody else serves its events.
            while client.poll(Duration::ZERO).is_some() {}
            return Ok(client);
        }
        let mut config = self.options.consumer(&self.servers)?;
        config.set("group.id", self.group_name(group));
        let client: BaseConsumer<Context> =
            config.create_with_context(Context::default()).map_err(|error| creation(&error))?;
        let client = Arc::new(client);
        groups.push((group.to_owned(), client.clone()));
        if groups.len() > GROUPS_MAX {
            let oldest = groups.remove(0);
            let_go(oldest);
        }
        Ok(client)
    }

    /// Returns a consumer that is assigned nothing.
    pub(super) fn fetcher(&self) -> Result<Fetcher, LogError> {
        self.check_open()?;
        if let Some(fetcher) = lock(&self.idle).pop() {
            return Ok(fetcher);
        }
        let mut config = self.options.consumer(&self.servers)?;
        // Reading needs a name, but nobody joins or commits under it.
        config.set("group.id", self.group_name("reader"));
        Fetcher::create(&config)
    }

    /// Takes a consumer back.
    pub(super) fn put_back(&self, fetcher: Fetcher) {
        if fetcher.clear().is_ok() && self.check_open().is_ok() {
            let mut idle = lock(&self.idle);
            if idle.len() < IDLE_FETCHERS_MAX {
                idle.push(fetcher);
            }
        }
    }
}

/// Destroys what takes its time to end, elsewhere.
pub(super) fn let_go<T: Send + 'static>(thing: T) {
    let named = thread::Builder::new().name("kafka-close".to_owned());
    // Without a thread it ends here: the closure that holds it is dropped.
    drop(named.spawn(move || drop(thing)));
}

/// Says why the client library refused to make a client.
pub(super) fn creation(error: &KafkaError) -> LogError {
    match error {
        KafkaError::ClientConfig(_, reason, name, _) => LogError::Setting {
            setting: format!("kafka.properties.\"{name}\"").into(),
            reason: reason.as_str().into(),
        },
        other => LogError::Setting { setting: "kafka".into(), reason: other.to_string().into() },
    }
}

/// Makes the client library's list of partitions, all at the same place.
pub(super) fn list(
    partitions: &[&TopicPartition],
    at: Place,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for one in partitions {
        list.add_partition_offset(one.topic.as_str(), one.partition as i32, at)?;
    }
    Ok(list)
}

/// Reads offsets out of such a list, in the order asked for; an error of one is an error of all.
fn offsets(
    list: &TopicPartitionList,
    partitions: &[&TopicPartition],
) -> Result<Vec<Option<Offset>>, KafkaError> {
    let mut found = Vec::with_capacity(partitions.len());
    for one in partitions {
        let element = list.find_partition(one.topic.as_str(), one.partition as i32);
        let Some(element) = element else {
            found.push(None);
            continue;
        };
        element.error()?;
        found.push(match element.offset() {
            Place::Offset(offset) => Some(offset as u64),
            _ => None,
        });
    }
    Ok(found)
}

fn names(partitions: &[&TopicPartition]) -> String {
    let names: Vec<String> = partitions.iter().map(|one| one.to_string()).collect();
    names.join(", ")
}
