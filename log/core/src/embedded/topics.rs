use std::{
    collections::BTreeMap,
    fs,
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, atomic::AtomicBool, atomic::Ordering},
};

use groundlog_proto::{Generation, TopicName, TopicPartition};

use super::{
    disk,
    folder::Folder,
    format::PartitionId,
    journal::End,
    partition::{Partition, TopicSettings},
    segment,
    topic_file::{TopicFile, folder_name},
    upkeep,
};
use crate::{Durability, LogError, TopicInfo, TopicSpec};

/// A topic of an open folder.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) info: TopicInfo,
    pub(super) settings: Arc<TopicSettings>,
    pub(super) partitions: Vec<Arc<Partition>>,
}

/// Returns the folder that holds the topics.
pub(super) fn topics_dir(dir: &Path) -> PathBuf {
    dir.join("topics")
}

/// Returns the folder of one topic.
pub(super) fn topic_dir(dir: &Path, name: &TopicName) -> PathBuf {
    topics_dir(dir).join(folder_name(name))
}

impl TopicFile {
    pub(super) fn info(&self) -> TopicInfo {
        TopicInfo {
            name: self.name.clone(),
            generation: self.generation,
            partitions: self.partitions,
        }
    }

    pub(super) fn settings(&self) -> Arc<TopicSettings> {
        Arc::new(TopicSettings {
            is_synced: AtomicBool::new(self.durability == Durability::Synced),
            retention: RwLock::new(self.retention),
        })
    }

    /// Names one partition: its id, its name, its folder.
    pub(super) fn partition(
        &self,
        dir: &Path,
        number: u32,
    ) -> (PartitionId, TopicPartition, PathBuf) {
        (
            PartitionId { generation: self.generation.0, partition: number },
            TopicPartition::new(self.name.clone(), number),
            topic_dir(dir, &self.name).join(number.to_string()),
        )
    }
}

/// Reads the descriptions of all topics of a folder.
pub(super) fn read_all(dir: &Path) -> Result<Vec<TopicFile>, LogError> {
    let topics = topics_dir(dir);
    let failed = |e| disk::error("cannot list", &topics, e);
    let mut found = Vec::new();
    let entries = match fs::read_dir(&topics) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(e) => return Err(failed(e)),
    };
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        match TopicFile::read(&path)? {
            Some(file) => found.push(file),
            // The topic was never finished: nothing is in it.
            None => check_empty(&path)?,
        }
    }
    Ok(found)
}

/// Refuses a topic's folder that has records but no description: it was lost, and a new topic of
/// that name would write over them.
fn check_empty(topic: &Path) -> Result<(), LogError> {
    let failed = |e| disk::error("cannot list", topic, e);
    for entry in fs::read_dir(topic).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() && !segment::list(&path)?.is_empty() {
            return Err(LogError::JournalCorrupt {
                path: TopicFile::path(topic),
                byte: 0,
                what: "the topic's description is missing, but there are segments".to_owned(),
            });
        }
    }
    Ok(())
}

/// Makes a topic, or checks that the one there is as specified. Durability and retention may
/// change; they are taken over.
pub(super) fn ensure(folder: &Folder, spec: &TopicSpec) -> Result<TopicInfo, LogError> {
    folder.writable()?;
    let mut topics = folder.topics.write().unwrap_or_else(PoisonError::into_inner);
    let Some(topic) = topics.get(&spec.name) else {
        let topic = create(&folder.dir, spec)?;
        let info = topic.info.clone();
        topics.insert(spec.name.clone(), Arc::new(topic));
        return Ok(info);
    };
    if topic.info.partitions != spec.partitions {
        return Err(LogError::TopicMismatch {
            topic: spec.name.clone(),
            found: topic.info.partitions,
            wanted: spec.partitions,
        });
    }
    let topic = topic.clone();
    // Nothing below holds the list of topics up.
    drop(topics);
    adopt(folder, &topic, spec)?;
    Ok(topic.info.clone())
}

fn adopt(folder: &Folder, topic: &Topic, spec: &TopicSpec) -> Result<(), LogError> {
    let synced = spec.durability == Durability::Synced;
    let settings = &topic.settings;
    if settings.is_synced() == synced && settings.retention() == spec.retention {
        return Ok(());
    }
    if synced {
        // From here on acknowledged means durable. What was written before is made so too, before
        // the description says that nothing may be missing.
        settings.is_synced.store(true, Ordering::Relaxed);
        upkeep::make_good(folder)?;
    }
    let file = describe(spec, topic.info.generation);
    file.write(&topic_dir(&folder.dir, &spec.name))?;
    settings.is_synced.store(synced, Ordering::Relaxed);
    *settings.retention.write().unwrap_or_else(PoisonError::into_inner) = spec.retention;
    Ok(())
}

fn describe(spec: &TopicSpec, generation: Generation) -> TopicFile {
    TopicFile {
        name: spec.name.clone(),
        generation,
        partitions: spec.partitions,
        durability: spec.durability,
        retention: spec.retention,
    }
}

fn create(dir: &Path, spec: &TopicSpec) -> Result<Topic, LogError> {
    let generation = Generation(RandomState::new().hash_one(&spec.name));
    let file = describe(spec, generation);
    let topic_dir = topic_dir(dir, &spec.name);
    for number in 0..spec.partitions {
        disk::make_dir(&topic_dir.join(number.to_string()))?;
    }
    // The description makes the topic exist: it comes last.
    file.write(&topic_dir)?;
    disk::sync_dir(&topics_dir(dir))?;
    let settings = file.settings();
    let partitions = (0..spec.partitions)
        .map(|number| {
            let (id, name, dir) = file.partition(dir, number);
            let end = End::default();
            Arc::new(Partition::new(id, name, dir, settings.clone(), &end, Vec::new()))
        })
        .collect();
    Ok(Topic { info: file.info(), settings, partitions })
}

/// Lists the topics of an open folder by name.
pub(super) fn list(folder: &Folder) -> Vec<TopicInfo> {
    let topics: &RwLock<BTreeMap<_, _>> = &folder.topics;
    let topics = topics.read().unwrap_or_else(PoisonError::into_inner);
    topics.values().map(|topic| topic.info.clone()).collect()
}
