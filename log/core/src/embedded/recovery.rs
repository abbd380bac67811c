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

use self::partition::Found;
use super::{
    disk,
    folder::Opened,
    format::PartitionId,
    journal::{Entry, Journal, Kind, Mirror, Scan, scan},
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

/// Recovers a folder that this process has locked.
pub(super) fn recover(
    dir: &Path,
    options: &EmbeddedOptions,
    surroundings: &Surroundings,
) -> Result<Recovered, LogError> {
    disk::make_dir(&topics_dir(dir))?;
    let files = read_all(dir)?;
    let scan = match scan(dir)? {
        Some(scan) => scan,
        None if files.is_empty() => return fresh(dir, surroundings),
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
            disk::make_dir(&partition_dir)?;
            let one = Found::look(id, name, partition_dir, file, good, claimed)?;
            found.insert(id, one);
        }
    }
    let mut state = settle(&scan, &found, trust)?;
    let mut times = HashMap::new();
    for (id, one) in &mut found {
        let claimed = state.ends.get(id).copied();
        let end = one.decide(claimed, trust)?;
        if let Some(end) = end {
            state.ends.insert(*id, end);
            times.insert(*id, end.time);
        }
    }
    clamp(&mut state);

    // From here on the folder is changed.
    let mut synced = Vec::new();
    for (id, one) in &mut found {
        synced.extend(one.cut(state.ends.get(id), options)?);
    }
    sync_files(&synced, &surroundings.before_sync)?;
    let journal = Journal::create(dir, state.clone(), surroundings)?;
    let topics = topics(files, found, &state);
    let checkpoints = state.checkpoints.into_iter().collect();
    let opened = Opened { topics, checkpoints, journal: Some(journal), follower: None };
    Ok(Recovered { opened, times })
}

fn fresh(dir: &Path, surroundings: &Surroundings) -> Result<Recovered, LogError> {
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
        Some(torn) if trust.same_boot || torn.synced > scan.end => Err(LogError::JournalCorrupt {
            path: Journal::path(dir),
            byte: scan.end,
            what: torn.what.to_owned(),
        }),
        Some(torn) => {
            tracing::warn!(byte = scan.end, what = torn.what, "a torn end of the journal is cut");
            Ok(())
        }
        None => Ok(()),
    }
}

/// Goes through the entries after the known good state and keeps those whose data is there.
fn settle(
    scan: &Scan,
    found: &BTreeMap<PartitionId, Found>,
    trust: Trust,
) -> Result<Mirror, LogError> {
    let mut state = scan.good.clone();
    let mut is_void = false;
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
            if !is_void {
                tracing::warn!(partition = %one.name, "commits lost in a power failure are void");
            }
            is_void = true;
        }
        if !is_void || entry.kind == Kind::Durable {
            apply(&mut state, entry);
        }
    }
    Ok(state)
}

fn apply(state: &mut Mirror, entry: &Entry) {
    state.apply(&entry.state);
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
) -> BTreeMap<groundlog_proto::TopicName, Arc<Topic>> {
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
