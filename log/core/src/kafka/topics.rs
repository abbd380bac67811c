use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_proto::{Generation, Offset, TopicName, TopicPartition};
use rdkafka::{
    Offset as Place, TopicPartitionList,
    admin::{AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication},
    error::KafkaError,
    types::RDKafkaErrorCode as Code,
};
use tokio::time::sleep;

use super::{
    broker::{Broker, Found, REQUEST_TIMEOUT, list},
    errors, generation,
    options::BATCH_BYTES_MAX,
};
use crate::{Durability, LogError, Retention, TopicInfo, TopicSpec};

/// Largest batch that a topic takes: more than any producer here sends.
const TOPIC_BATCH_BYTES: usize = 2 << 20;

/// How long a topic that was just made may take to be known to every broker.
const CREATION_TIMEOUT: Duration = Duration::from_secs(30);
const CREATION_INTERVAL: Duration = Duration::from_millis(20);

type Settings = BTreeMap<String, String>;

/// Creates the topic if it is missing, else checks that it is as specified.
pub(super) async fn ensure(broker: &Arc<Broker>, spec: &TopicSpec) -> Result<TopicInfo, LogError> {
    broker.check_open()?;
    let found = look_up(broker, &spec.name).await?;
    if found.partitions.is_none() {
        create(broker, spec, found.brokers).await?;
    }
    let deadline = Instant::now() + CREATION_TIMEOUT;
    loop {
        if let Some(partitions) = look_up(broker, &spec.name).await?.partitions
            && let Some(settings) = settings(broker, &[&spec.name]).await?.pop()
        {
            return check(broker, spec, partitions, &settings.1);
        }
        if Instant::now() > deadline {
            let what = format!("waiting for the new topic '{}'", spec.name);
            return Err(errors::transient(&broker.servers, what, "no broker knows it yet"));
        }
        sleep(CREATION_INTERVAL).await;
    }
}

/// Describes one topic, as the broker has it now.
pub(super) async fn describe(
    broker: &Arc<Broker>,
    name: &TopicName,
) -> Result<TopicInfo, LogError> {
    broker.check_open()?;
    broker.forget(name);
    let unknown = || broker.unknown(name);
    let partitions = look_up(broker, name).await?.partitions.ok_or_else(unknown)?;
    let (_, settings) = settings(broker, &[name]).await?.pop().ok_or_else(unknown)?;
    let generation = generation::read(|key| settings.get(key).map(String::as_str));
    let generation = generation.ok_or_else(|| foreign(broker, name, None, &settings))?;
    Ok(TopicInfo { name: name.clone(), generation, partitions })
}

/// Lists the topics that were made by groundlog, by name.
pub(super) async fn all(broker: &Arc<Broker>) -> Result<Vec<TopicInfo>, LogError> {
    let counts = broker.ask(|broker| {
        let metadata = broker.metadata_client().fetch_metadata(None, REQUEST_TIMEOUT);
        let metadata =
            metadata.map_err(|error| errors::kafka(&broker.servers, "listing topics", &error))?;
        let topics = metadata.topics().iter();
        Ok(topics
            .filter(|topic| topic.error().is_none() && !topic.name().starts_with("__"))
            .map(|topic| (TopicName::new(topic.name()), topic.partitions().len() as u32))
            .collect::<BTreeMap<_, _>>())
    });
    let counts = counts.await?;
    let names: Vec<&TopicName> = counts.keys().collect();
    let settings: BTreeMap<_, _> = settings(broker, &names).await?.into_iter().collect();
    let described = counts.into_iter().filter_map(|(name, partitions)| {
        let settings = settings.get(&name)?;
        let generation = generation::read(|key| settings.get(key).map(String::as_str))?;
        Some(TopicInfo { name, generation, partitions })
    });
    Ok(described.collect())
}

/// Removes records below an offset.
pub(super) async fn trim(
    broker: &Arc<Broker>,
    partition: &TopicPartition,
    before: Offset,
) -> Result<(), LogError> {
    let named = partition.clone();
    let bounds = broker.ask(move |broker| {
        broker.check_partition(&named)?;
        broker.bounds(&named)
    });
    let bounds = bounds.await?;
    if before <= bounds.trim {
        return Ok(());
    }
    let upto = Place::Offset(before.min(bounds.tail) as i64);
    let failed = |error: &KafkaError| {
        let what = format!("trimming {partition} to offset {before}");
        errors::kafka(&broker.servers, what, error)
    };
    let list: TopicPartitionList = list(&[partition], upto).map_err(|error| failed(&error))?;
    let trimmed = broker.admin.delete_records(&list, &options());
    let trimmed = trimmed.await.map_err(|error| failed(&error))?;
    for one in trimmed.elements() {
        one.error().map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST_TIMEOUT))
        .operation_timeout(Some(REQUEST_TIMEOUT))
}

async fn look_up(broker: &Arc<Broker>, name: &TopicName) -> Result<Found, LogError> {
    let name = name.clone();
    broker.ask(move |broker| broker.look_up(&name)).await
}

/// Makes a topic; that another process was faster is no error.
async fn create(broker: &Arc<Broker>, spec: &TopicSpec, brokers: usize) -> Result<(), LogError> {
    let is_single =
        broker.options.replication_factor.map_or(brokers == 1, |replicas| replicas == 1);
    let wanted = wanted(spec, generation::random()?, is_single);
    let replicas = broker.options.replication_factor.map_or(-1, i32::from);
    let replication = TopicReplication::Fixed(replicas);
    let mut topic = NewTopic::new(spec.name.as_str(), spec.partitions as i32, replication);
    for (name, value) in &wanted {
        topic = topic.set(name, value);
    }
    let made = broker.admin.create_topics([&topic], &options());
    let what = || format!("creating topic '{}'", spec.name);
    let made = made.await.map_err(|error| errors::kafka(&broker.servers, what(), &error))?;
    match made.into_iter().next() {
        Some(Err((_, code))) if code != Code::TopicAlreadyExists => {
            Err(errors::refused(&broker.servers, what(), code))
        }
        _ => Ok(()),
    }
}

/// Returns the settings that a topic is made with.
fn wanted(
    spec: &TopicSpec,
    generation: Generation,
    is_single: bool,
) -> Vec<(&'static str, String)> {
    let (policy, age, bytes) = match spec.retention {
        Retention::Forever => ("delete", Some(-1), None),
        Retention::Age(age) => ("delete", Some(age.as_millis() as i64), None),
        Retention::Bytes(bytes) => ("delete", None, Some(bytes)),
        Retention::Compact => ("compact", None, None),
    };
    let mut settings = vec![
        ("cleanup.policy", policy.to_owned()),
        // Packet times may be anything; a broker refuses or expires records by their times.
        ("message.timestamp.type", "LogAppendTime".to_owned()),
        ("max.message.bytes", TOPIC_BATCH_BYTES.to_string()),
        (generation::carrier(spec.retention), generation.0.to_string()),
    ];
    settings.extend(age.map(|age| ("retention.ms", age.to_string())));
    settings.extend(bytes.map(|bytes| ("retention.bytes", bytes.to_string())));
    if spec.retention == Retention::Compact {
        // What is being written is not compacted: keep it small.
        settings.push(("segment.bytes", (64 << 20).to_string()));
    }
    if spec.durability == Durability::Synced && is_single {
        // No replica holds the records when this broker's power goes.
        settings.push(("flush.messages", "1".to_owned()));
    }
    settings
}

/// Reads the settings of topics; those that are not there are left out.
async fn settings(
    broker: &Arc<Broker>,
    names: &[&TopicName],
) -> Result<Vec<(TopicName, Settings)>, LogError> {
    let resources: Vec<_> =
        names.iter().map(|name| ResourceSpecifier::Topic(name.as_str())).collect();
    if resources.is_empty() {
        return Ok(Vec::new());
    }
    let described = broker.admin.describe_configs(&resources, &options());
    let described = described.await.map_err(|error| {
        errors::kafka(&broker.servers, "reading the settings of topics", &error)
    })?;
    let mut found = Vec::with_capacity(names.len());
    for one in described {
        match one {
            Ok(resource) => {
                let OwnedResourceSpecifier::Topic(name) = &resource.specifier else { continue };
                let entries = resource.entries.iter();
                let settings = entries
                    .filter_map(|entry| Some((entry.name.clone(), entry.value.clone()?)))
                    .collect();
                found.push((TopicName::new(name), settings));
            }
            Err(Code::UnknownTopicOrPartition | Code::UnknownTopic) => {}
            Err(code) => {
                let what = "reading the settings of topics";
                return Err(errors::refused(&broker.servers, what, code));
            }
        }
    }
    Ok(found)
}

/// Checks that a topic is what its specification says.
fn check(
    broker: &Broker,
    spec: &TopicSpec,
    partitions: u32,
    settings: &Settings,
) -> Result<TopicInfo, LogError> {
    if partitions != spec.partitions {
        return Err(LogError::TopicMismatch {
            topic: spec.name.clone(),
            found: partitions,
            wanted: spec.partitions,
        });
    }
    let generation = generation::read(|key| settings.get(key).map(String::as_str));
    let Some(generation) = generation else {
        return Err(foreign(broker, &spec.name, Some(spec), settings));
    };
    for (name, value) in wanted(spec, generation, false) {
        let found = settings.get(name).map_or("unknown", String::as_str);
        let is_right = match name {
            "max.message.bytes" => found.parse().is_ok_and(|bytes: usize| bytes > BATCH_BYTES_MAX),
            // How it is kept, not what.
            "segment.bytes" => true,
            "cleanup.policy" => found == value || found == format!("[{value}]"),
            _ => found == value,
        };
        if !is_right {
            return Err(LogError::TopicSetting {
                topic: spec.name.clone(),
                server: broker.servers.clone(),
                setting: name,
                found: found.into(),
                wanted: value.into(),
            });
        }
    }
    Ok(TopicInfo { name: spec.name.clone(), generation, partitions })
}

/// Says that a topic was not made by groundlog, or that its retention was changed.
fn foreign(
    broker: &Broker,
    name: &TopicName,
    spec: Option<&TopicSpec>,
    settings: &Settings,
) -> LogError {
    let carrier = spec.map_or("retention.bytes", |spec| generation::carrier(spec.retention));
    let found = settings.get(carrier).map_or("unknown", String::as_str);
    LogError::ForeignTopic {
        topic: name.clone(),
        server: broker.servers.clone(),
        setting: carrier,
        found: found.into(),
    }
}
