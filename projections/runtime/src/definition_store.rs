use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use groundlog_log::{Log, Records};
use groundlog_proto::{
    DefinitionHash, Nanos, Offset, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{ActiveDefinitions, DefinitionChunk, DefinitionSet, Setting, setting::Kind},
};

use crate::{DefinitionError, LoadedDefinitions, SettingsStore};

/// The largest piece of a set in one record: below the 1 MiB that a broker takes.
const CHUNK_BYTES: usize = 900 * 1024;

/// Bytes read from the topic at a time.
const READ_BYTES: usize = 4 << 20;

/// Records read back from the tail in the first step of a search; each further step goes eight
/// times as far.
const FIRST_STEP: u64 = 8;

/// Records from the tail back among which a set is looked for before it is published again: a set
/// that was last published longer ago is cheaper to write than to look for.
const PUBLISH_SEARCH: u64 = 64;

/// Where the chunks of the sets on the topic start, as far as it was read: a range that grows
/// forward with the topic and backward with every search for an older set.
#[derive(Default)]
struct Index {
    starts: HashMap<DefinitionHash, Offset>,
    /// What was read; nothing yet when empty.
    read: Range<Offset>,
}

impl Index {
    /// Notes a range that adjoins what was read before.
    fn extend(&mut self, read: Range<Offset>) {
        self.read = if self.read.is_empty() {
            read
        } else {
            self.read.start.min(read.start)..self.read.end.max(read.end)
        };
    }
}

struct Inner {
    log: Arc<dyn Log>,
    partition: TopicPartition,
    settings: SettingsStore,
    index: tokio::sync::Mutex<Index>,
    loaded: Mutex<HashMap<DefinitionHash, Arc<LoadedDefinitions>>>,
}

/// Definition sets by content hash: published for ever, and read, parsed and compiled once per
/// process. Cheap to clone.
#[derive(Clone)]
pub struct DefinitionStore(Arc<Inner>);

impl DefinitionStore {
    /// Opens the sets of a namespace.
    pub fn new(log: Arc<dyn Log>, names: &TopicNames, settings: SettingsStore) -> Self {
        Self(Arc::new(Inner {
            log,
            partition: TopicPartition::new(names.topic(TopicKind::Definitions), 0),
            settings,
            index: tokio::sync::Mutex::default(),
            loaded: Mutex::default(),
        }))
    }

    /// Returns the hash of a set: of its canonical encoding, which is its protobuf encoding with
    /// fields in order (a set has no maps, so there is only one).
    pub fn hash(set: &DefinitionSet) -> DefinitionHash {
        DefinitionHash::of(&set.encode_to_vec())
    }

    /// Appends a set unless it is among the newest on the log already. It is parsed first: what
    /// cannot be read is not published.
    pub async fn publish(
        &self,
        set: &DefinitionSet,
    ) -> Result<Arc<LoadedDefinitions>, DefinitionError> {
        let bytes = set.encode_to_vec();
        let hash = DefinitionHash::of(&bytes);
        let loaded = read(hash, set)?;
        let mut index = self.0.index.lock().await;
        let chunks = chunks(hash, &bytes);
        let newest = PUBLISH_SEARCH + chunks.len() as u64;
        if self.find(&mut index, hash, newest).await?.is_none() {
            self.0.log.append(&self.0.partition, chunks).await?;
        }
        drop(index);
        Ok(self.lock().entry(hash).or_insert(loaded).clone())
    }

    /// Publishes a set and makes it the active one: new records are to name it.
    pub async fn activate(
        &self,
        set: &DefinitionSet,
        user: &str,
    ) -> Result<Arc<LoadedDefinitions>, DefinitionError> {
        let loaded = self.publish(set).await?;
        if self.active() != Some(loaded.hash()) {
            let active = ActiveDefinitions {
                hash: loaded.hash().as_bytes().to_vec().into(),
                plugin: set.plugin.clone(),
            };
            let setting = Setting {
                time_ns: Nanos::now().0,
                user: user.to_owned(),
                kind: Some(Kind::Definitions(active)),
            };
            self.0.settings.append(&setting).await?;
        }
        Ok(loaded)
    }

    /// Returns the hash of the active set.
    pub fn active(&self) -> Option<DefinitionHash> {
        self.0.settings.current().definitions.as_ref().map(|(hash, _)| *hash)
    }

    /// Returns a set that was loaded before, without waiting.
    pub fn cached(&self, hash: DefinitionHash) -> Option<Arc<LoadedDefinitions>> {
        self.lock().get(&hash).cloned()
    }

    /// Returns a set, parsed and compiled; reads it from the log the first time.
    ///
    /// # Errors
    /// [`DefinitionError::Missing`] when it was never published; never another set instead.
    pub async fn get(
        &self,
        hash: DefinitionHash,
    ) -> Result<Arc<LoadedDefinitions>, DefinitionError> {
        if let Some(found) = self.cached(hash) {
            return Ok(found);
        }
        // Under the lock, so that a set is parsed once however many ask for it.
        let mut index = self.0.index.lock().await;
        if let Some(found) = self.cached(hash) {
            return Ok(found);
        }
        let start = self.find(&mut index, hash, u64::MAX).await?;
        let start = start.ok_or(DefinitionError::Missing { hash })?;
        let bytes = self.assemble(hash, start).await?;
        let damaged = |what: String| DefinitionError::Damaged { hash, what };
        if DefinitionHash::of(&bytes) != hash {
            return Err(damaged("their hash differs from their name".to_owned()));
        }
        let set = DefinitionSet::decode(bytes.as_slice()).map_err(|e| damaged(e.to_string()))?;
        let loaded = read(hash, &set)?;
        Ok(self.lock().entry(hash).or_insert(loaded).clone())
    }

    /// Finds where a set starts, among so many records from the tail back: what is in use is
    /// mostly what was published last, so that finding it takes the same time at any size of the
    /// topic.
    async fn find(
        &self,
        index: &mut Index,
        hash: DefinitionHash,
        records: u64,
    ) -> Result<Option<Offset>, DefinitionError> {
        if let Some(start) = index.starts.get(&hash) {
            return Ok(Some(*start));
        }
        let bounds = self.0.log.bounds(&self.0.partition).await?;
        if index.read.is_empty() {
            index.read = bounds.tail..bounds.tail;
        }
        // What came since the last time.
        self.index(index, index.read.end.max(bounds.trim)..bounds.tail).await?;
        let oldest = bounds.tail.saturating_sub(records).max(bounds.trim);
        let mut step = FIRST_STEP;
        while !index.starts.contains_key(&hash) && index.read.start > oldest {
            let start = index.read.start.saturating_sub(step).max(oldest);
            self.index(index, start..index.read.start).await?;
            step = step.saturating_mul(8);
        }
        Ok(index.starts.get(&hash).copied())
    }

    /// Takes a range in that adjoins what was read before.
    async fn index(&self, index: &mut Index, range: Range<Offset>) -> Result<(), DefinitionError> {
        if range.is_empty() {
            return Ok(());
        }
        let mut reader = self.0.log.reader(&self.0.partition, range.start).await?;
        while reader.position() < range.end {
            let before = reader.position();
            let batch = reader.poll(READ_BYTES).await?;
            if batch.is_empty() && reader.position() == before {
                break;
            }
            for record in batch.iter().take_while(|record| record.offset < range.end) {
                let Ok(chunk) = DefinitionChunk::decode(record.value) else {
                    continue;
                };
                if let (Some(hash), 0) = (DefinitionHash::from_wire(&chunk.hash), chunk.index) {
                    index.starts.insert(hash, record.offset);
                }
            }
        }
        index.extend(range);
        Ok(())
    }

    async fn assemble(
        &self,
        hash: DefinitionHash,
        start: Offset,
    ) -> Result<Vec<u8>, DefinitionError> {
        let damaged = |what: &str| DefinitionError::Damaged { hash, what: what.to_owned() };
        let mut reader = self.0.log.reader(&self.0.partition, start).await?;
        let (mut bytes, mut expected) = (Vec::new(), 0);
        loop {
            let batch = reader.poll(READ_BYTES).await?;
            if batch.is_empty() {
                return Err(damaged("a chunk is missing"));
            }
            for record in batch.iter() {
                let chunk = DefinitionChunk::decode(record.value);
                let chunk = chunk.map_err(|_| damaged("a chunk does not parse"))?;
                if chunk.hash.as_ref() != hash.as_bytes() || chunk.index != expected {
                    continue;
                }
                bytes.extend_from_slice(&chunk.data);
                expected += 1;
                if expected == chunk.count {
                    return Ok(bytes);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DefinitionHash, Arc<LoadedDefinitions>>> {
        self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(
    hash: DefinitionHash,
    set: &DefinitionSet,
) -> Result<Arc<LoadedDefinitions>, DefinitionError> {
    let loaded = LoadedDefinitions::read(hash, set);
    loaded.map(Arc::new).map_err(|reason| DefinitionError::Unreadable { hash, reason })
}

fn chunks(hash: DefinitionHash, bytes: &[u8]) -> Records {
    let count = bytes.len().div_ceil(CHUNK_BYTES).max(1) as u32;
    let mut records = Records::with_capacity(count as usize, bytes.len() + count as usize * 64);
    for index in 0..count {
        let start = index as usize * CHUNK_BYTES;
        let data = &bytes[start..bytes.len().min(start + CHUNK_BYTES)];
        let chunk = DefinitionChunk {
            hash: hash.as_bytes().to_vec().into(),
            index,
            count,
            data: data.to_vec().into(),
        };
        records.push(hash.to_string().as_bytes(), &chunk.encode_to_vec());
    }
    records
}
