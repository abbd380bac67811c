//! A folder opened for reading while another process may be writing it.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use groundlog_proto::TopicName;

use super::{
    disk,
    folder::{Folder, Opened},
    format::PartitionId,
    journal::{End, Kind, Mirror, Scan, scan, was_replaced},
    partition::Partition,
    segment::{self, Segment},
    topic_file::TopicFile,
    topics::{Topic, read_all},
};
use crate::{LogError, session::lock};

/// Reads the journal as it grows.
pub(super) struct Follower {
    dir: PathBuf,
    scan: Scan,
    /// Ends of topics that were not known yet when they were read.
    ends: BTreeMap<PartitionId, End>,
}

/// Opens a folder for reading, as far as its journal says it is committed.
pub(super) fn open(dir: &Path) -> Result<Opened, LogError> {
    open_scanned(dir, scan_existing(dir)?)
}

/// The same for a folder that is being written, whose journal must be whole.
pub(super) fn open_whole(dir: &Path) -> Result<Opened, LogError> {
    let mut scan = scan_existing(dir)?;
    // What is written while the file is read looks torn, too; the next look finds it whole.
    while let Some(torn) = &scan.torn {
        let again = scan_existing(dir)?;
        if again.torn.is_some() && again.end == scan.end && again.seed == scan.seed {
            return Err(again.corrupt(dir, torn));
        }
        scan = again;
    }
    open_scanned(dir, scan)
}

fn open_scanned(dir: &Path, scan: Scan) -> Result<Opened, LogError> {
    let state = scan.latest();
    let follower = Follower { dir: dir.to_owned(), scan, ends: state.ends.clone() };
    let mut topics = BTreeMap::new();
    for file in read_all(dir)? {
        let topic = follower.topic(&file)?;
        topics.insert(file.name, topic);
    }
    let checkpoints: HashMap<_, _> = state.checkpoints.into_iter().collect();
    Ok(Opened { topics, checkpoints, journal: None, follower: Some(follower) })
}

fn scan_existing(dir: &Path) -> Result<Scan, LogError> {
    scan(dir)?.ok_or_else(|| nothing(dir))
}

/// Says that there is no log in a folder.
pub(super) fn nothing(dir: &Path) -> LogError {
    let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no log");
    disk::error("cannot open the log in", dir, source)
}

impl Follower {
    fn topic(&self, file: &TopicFile) -> Result<Arc<Topic>, LogError> {
        let settings = file.settings();
        let mut partitions = Vec::new();
        for number in 0..file.partitions {
            let (id, name, dir) = file.partition(&self.dir, number);
            let end = self.ends.get(&id).copied().unwrap_or_default();
            let segments = list_segments(id, &dir, &end, &[])?;
            let partition = Partition::new(id, name, dir, settings.clone(), &end, segments);
            partitions.push(Arc::new(partition));
        }
        Ok(Arc::new(Topic { info: file.info(), settings, partitions }))
    }

    /// Takes over what was committed since the last look.
    pub(super) fn refresh(&mut self, folder: &Folder) -> Result<(), LogError> {
        let failed = |e| disk::error("cannot read the journal of", &self.dir, e);
        let mut changes = Mirror::default();
        for entry in self.scan.follow().map_err(failed)? {
            if matches!(entry.kind, Kind::Commit | Kind::Durable) {
                changes.apply(&entry.state);
            }
        }
        if was_replaced(&self.dir, &self.scan.file) {
            // The old file is complete: whatever it does not hold is in the new one.
            self.scan = scan_existing(&self.dir)?;
            changes = self.scan.latest();
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.ends.extend(changes.ends.iter().map(|(id, end)| (*id, *end)));
        self.apply(folder, changes)
    }

    fn apply(&self, folder: &Folder, changes: Mirror) -> Result<(), LogError> {
        let mut partitions: HashMap<PartitionId, Arc<Partition>> =
            folder.partitions().into_iter().map(|one| (one.id, one)).collect();
        if changes.ends.keys().any(|id| !partitions.contains_key(id)) {
            self.add_topics(folder)?;
            partitions = folder.partitions().into_iter().map(|one| (one.id, one)).collect();
        }
        let mut moved = Vec::new();
        for (id, end) in changes.ends {
            if let Some(partition) = partitions.get(&id) {
                if partition.segments().last().is_none_or(|last| last.base < end.segment) {
                    relist(partition, &end)?;
                }
                moved.push((partition, end));
            }
        }
        folder.publish(|| {
            for (partition, end) in &moved {
                if let Some(segment) = partition.segment_of(end.segment) {
                    segment.set_committed(end.bytes);
                }
                partition.set_tail(end.next);
                partition.set_trim(end.trim);
            }
            lock(&folder.checkpoints).extend(changes.checkpoints);
        });
        moved.iter().for_each(|(partition, _)| partition.watchers.wake());
        Ok(())
    }

    fn add_topics(&self, folder: &Folder) -> Result<(), LogError> {
        for file in read_all(&self.dir)? {
            let known = |name: &TopicName| {
                let topics = folder.topics.read().unwrap_or_else(PoisonError::into_inner);
                topics.contains_key(name)
            };
            if !known(&file.name) {
                let topic = self.topic(&file)?;
                let mut topics = folder.topics.write().unwrap_or_else(PoisonError::into_inner);
                topics.insert(file.name.clone(), topic);
            }
        }
        Ok(())
    }
}

/// Looks again which segments there are. Those that are known stay the same objects: cursors hold
/// on to them.
fn relist(partition: &Partition, end: &End) -> Result<(), LogError> {
    let known = partition.segments();
    let segments = list_segments(partition.id, &partition.dir, end, &known)?;
    partition.update_segments(|list| *list = segments);
    Ok(())
}

fn list_segments(
    id: PartitionId,
    dir: &Path,
    end: &End,
    known: &[Arc<Segment>],
) -> Result<Vec<Arc<Segment>>, LogError> {
    let mut segments = Vec::new();
    if end.bytes == 0 {
        return Ok(segments);
    }
    for base in segment::list(dir)?.into_iter().filter(|base| *base <= end.segment) {
        let segment = match known.iter().find(|one| one.base == base) {
            Some(known) => known.clone(),
            None => Arc::new(Segment::new(id, dir, base, 0)),
        };
        if base == end.segment {
            segment.set_committed(end.bytes);
        } else {
            match std::fs::metadata(&segment.path) {
                Ok(metadata) => segment.set_committed(metadata.len()),
                // Retention was quicker.
                Err(_) => continue,
            }
        }
        segments.push(segment);
    }
    Ok(segments)
}
