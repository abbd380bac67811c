//! Opens a folder for writing and puts right what a crash left behind.
//!
//! The journal names what is known to be on stable storage; only what was written after that is
//! checked, batch by batch. Then, entry by entry: a commit whose data is all there stands. One
//! whose data is missing can only be the unsynced work of before a power failure; it and the
//! commits after it are void (durable ones stand: their data was synced first). Behind the
//! committed end, batches that need no journal are kept up to the first one that does, or that is
//! not whole.
//!
//! Nothing is changed before everything has been checked.

mod cut;
mod partition;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use groundlog_proto::{TopicName, TopicPartition};

use self::partition::Found;
use super::{
    disk,
    folder::Opened,
    format::PartitionId,
    journal::{Journal, Kind, Mirror, Scan, scan},
    options::{EmbeddedOptions, Surroundings},
    partition::Partition,
    sync::sync_files,
    topic_file::TopicFile,
    topics::{Topic, read_all, topics_dir},
};
use crate::LogError;

/// What a recovered folder starts from.
pub(super) struct Recovered {
    pub(super) opened: Opened,
    /// Append time of the newest batch of each partition.
    pub(super) times: HashMap<PartitionId, i64>,
}

/// How far to trust what cannot be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trust {
    /// The machine has run without break since the journal was begun: nothing written was lost.
    pub(super) same_boot: bool,
}

/// What a start makes of a folder, before it changes anything.
pub(super) struct Examined {
    files: Vec<TopicFile>,
    found: BTreeMap<PartitionId, Found>,
    /// Where every partition ends, and the checkpoints.
    state: Mirror,
    scan: Scan,
    /// A partition whose commits a power failure has taken.
    void: Option<TopicPartition>,
}

/// Checks a folder that nobody is writing, as far as a start depends on it. `None` where there is
/// no log yet.
pub(super) fn examine(
    dir: &Path,
    surroundings: &Surroundings,
) -> Result<Option<Examined>, LogError> {
    let files = read_all(dir)?;
    let scan = match scan(dir)? {
        Some(scan) => scan,
        None if files.is_empty() => return Ok(None),
        None => {
            return Err(LogError::JournalCorrupt {
                path: Journal::path(dir),
                byte: 0,
                what: "the file is missing, but there are topics".to_owned(),
            });
        }
    };
    let trust = Trust { same_boot: surroundings.boot == Some(scan.boot) };
    check_torn(dir, &scan, trust)?;
    let claimed = scan.latest();

    let mut found = BTreeMap::new();
    for file in &files {
        for number in 0..file.partitions {
            let (id, name, partition_dir) = file.partition(dir, number);
            let good = scan.good.ends.get(&id).copied();
            let claimed = claimed.ends.get(&id).copied();
            let one = Found::look(id, name, partition_dir, file, good, claimed)?;
            found.insert(id, one);
        }
    }
    let (mut state, void) = settle(&scan, &found, trust)?;
    for (id, one) in &found {
        let claimed = state.ends.get(id).copied();
        if let Some(end) = one.decide(claimed, trust)? {
            state.ends.insert(*id, end);
        }
    }
    Ok(Some(Examined { files, found, state, scan, void }))
}

impl Examined {
    /// Returns the topics as they are for a start, which leaves out what it would cut.
    pub(super) fn into_topics(mut self) -> BTreeMap<TopicName, Arc<Topic>> {
        for (id, one) in &mut self.found {
            drop(one.split(self.state.ends.get(id)));
        }
        topics(self.files, self.found, &self.state)
    }

    fn warn(&self) {
        if let Some(torn) = &self.scan.torn {
            let (byte, what) = (self.scan.end, torn.what);
            tracing::warn!(byte, what, "a torn end of the journal is cut");
        }
        if let Some(partition) = &self.void {
            tracing::warn!(%partition, "commits lost in a power failure are void");
        }
    }
}

/// Recovers a folder that this process has locked.
pub(super) fn recover(
    dir: &Path,
    options: &EmbeddedOptions,
    surroundings: &Surroundings,
) -> Result<Recovered, LogError> {
    let Some(examined) = examine(dir, surroundings)? else {
        return fresh(dir, surroundings);
    };
    // From here on the folder is changed.
    examined.warn();
    let Examined { files, mut found, mut state, .. } = examined;
    clamp(&mut state);
    let mut synced = Vec::new();
    let mut times = HashMap::new();
    for (id, one) in &mut found {
        let end = state.ends.get(id);
        times.extend(end.map(|end| (*id, end.time)));
        synced.extend(one.cut(end, options)?);
    }
    sync_files(&synced, &surroundings.before_sync)?;
    let journal = Journal::create(dir, state.clone(), surroundings)?;
    let topics = topics(files, found, &state);
    let checkpoints = state.checkpoints.into_iter().collect();
    let opened = Opened { topics, checkpoints, journal: Some(journal), follower: None };
    Ok(Recovered { opened, times })
}

fn fresh(dir: &Path, surroundings: &Surroundings) -> Result<Recovered, LogError> {
    disk::make_dir(&topics_dir(dir))?;
    let journal = Journal::create(dir, Mirror::default(), surroundings)?;
    // The folder itself may be new.
    if let Some(parent) = dir.canonicalize().ok().as_deref().and_then(Path::parent) {
        disk::sync_dir(parent)?;
    }
    let opened = Opened {
        topics: BTreeMap::new(),
        checkpoints: HashMap::new(),
        journal: Some(journal),
        follower: None,
    };
    Ok(Recovered { opened, times: HashMap::new() })
}

/// Refuses a journal that is damaged where it had been synced, or at all if power never failed.
fn check_torn(dir: &Path, scan: &Scan, trust: Trust) -> Result<(), LogError> {
    match &scan.torn {
        Some(torn) if trust.same_boot || torn.synced > scan.end => Err(scan.corrupt(dir, torn)),
        _ => Ok(()),
    }
}

/// Goes through the entries after the known good state and keeps those whose data is there. Names
/// a partition where some are void.
fn settle(
    scan: &Scan,
    found: &BTreeMap<PartitionId, Found>,
    trust: Trust,
) -> Result<(Mirror, Option<TopicPartition>), LogError> {
    let mut state = scan.good.clone();
    let mut void = None;
    for entry in &scan.commits {
        let missing = entry
            .state
            .ends
            .iter()
            .find_map(|(id, end)| found.get(id).filter(|one| one.reached().next < end.next));
        if let Some(one) = missing {
            if trust.same_boot || entry.kind == Kind::Durable || one.is_synced {
                return Err(one.missing());
            }
            void = void.or_else(|| Some(one.name.clone()));
        }
        if void.is_none() || entry.kind == Kind::Durable {
            state.apply(&entry.state);
        }
    }
    Ok((state, void))
}

/// Takes checkpoints back to the tail where the records before them were lost.
fn clamp(state: &mut Mirror) {
    let Mirror { ends, checkpoints } = state;
    for ((group, id), next) in checkpoints {
        let tail = ends.get(id).map_or(0, |end| end.next);
        if *next > tail {
            tracing::warn!(group, checkpoint = *next, tail, "a checkpoint is taken back");
            *next = tail;
        }
    }
}

fn topics(
    files: Vec<TopicFile>,
    mut found: BTreeMap<PartitionId, Found>,
    state: &Mirror,
) -> BTreeMap<TopicName, Arc<Topic>> {
    let mut topics = BTreeMap::new();
    for file in files {
        let settings = file.settings();
        let generation = file.generation.0;
        let partitions = (0..file.partitions)
            .map(|partition| PartitionId { generation, partition })
            .filter_map(|id| found.remove(&id))
            .map(|one| {
                let end = state.ends.get(&one.id).copied().unwrap_or_default();
                let Found { id, name, dir, segments, .. } = one;
                Arc::new(Partition::new(id, name, dir, settings.clone(), &end, segments))
            })
            .collect();
        let topic = Topic { info: file.info(), settings, partitions };
        topics.insert(file.name, Arc::new(topic));
    }
    topics
}
