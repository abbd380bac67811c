use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    disk,
    format::{Damage, PartitionId, SEGMENT_HEADER, SegmentHeader, seed},
    index::{self, IndexEntry},
    options::BeforeSync,
};
use crate::{LogError, session::lock};

/// One segment file of a partition. The bytes up to [`Segment::committed`] never change.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) base: u64,
    pub(super) path: PathBuf,
    pub(super) seed: u32,
    /// Bytes that readers may read.
    committed: AtomicU64,
    /// The folder, as long as it does not durably name this file. Opened with it: a sync must not
    /// fail for want of a descriptor, because after one that failed nothing may be written.
    unnamed_in: Mutex<Option<File>>,
    /// Where the file ends for its writer, zeros written ahead included.
    pub(super) allocated: AtomicU64,
    first_time: OnceLock<i64>,
    /// Index of a segment still written to; the index of others lies in a file, and here only where
    /// that is missing or has gaps.
    pub(super) index: Mutex<Vec<IndexEntry>>,
    /// Size of the index file as last written, in entries.
    pub(super) indexed: AtomicU64,
}

impl Segment {
    pub(super) fn new(id: PartitionId, dir: &Path, base: u64, committed: u64) -> Self {
        Self {
            base,
            path: dir.join(file_name(base)),
            seed: seed(id, base),
            committed: AtomicU64::new(committed),
            unnamed_in: Mutex::new(None),
            allocated: AtomicU64::new(0),
            first_time: OnceLock::new(),
            index: Mutex::new(Vec::new()),
            indexed: AtomicU64::new(0),
        }
    }

    /// Makes the file of a new segment.
    pub(super) fn create(&self, header: &SegmentHeader) -> io::Result<File> {
        let file =
            File::options().read(true).write(true).create(true).truncate(true).open(&self.path)?;
        self.is_new()?;
        self.first_time.get_or_init(|| header.first_time);
        Ok(file)
    }

    /// Notes that the folder may not durably name the file yet.
    pub(super) fn is_new(&self) -> io::Result<()> {
        let dir = self.path.parent().map(File::open).transpose()?;
        *lock(&self.unnamed_in) = dir;
        Ok(())
    }

    /// Makes sure that the folder durably names the file; others that sync it wait for that.
    pub(super) fn sync_name(&self, before: &BeforeSync) -> Result<(), LogError> {
        let mut unnamed_in = lock(&self.unnamed_in);
        if let (Some(dir), Some(path)) = (&*unnamed_in, self.path.parent()) {
            let synced = before.call(path).and_then(|()| dir.sync_all());
            synced.map_err(|e| disk::error("cannot sync", path, e))?;
            *unnamed_in = None;
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn is_named(&self) -> bool {
        self.unnamed_in.try_lock().is_ok_and(|unnamed_in| unnamed_in.is_none())
    }

    pub(super) fn open(&self) -> Result<File, LogError> {
        File::open(&self.path).map_err(|e| disk::error("cannot open", &self.path, e))
    }

    pub(super) fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    pub(super) fn set_committed(&self, bytes: u64) {
        self.committed.store(bytes, Ordering::Release);
    }

    /// Returns the append time of the first batch.
    pub(super) fn first_time(&self) -> Result<i64, LogError> {
        if let Some(time) = self.first_time.get() {
            return Ok(*time);
        }
        let read = |e| disk::error("cannot read", &self.path, e);
        let mut bytes = [0; SEGMENT_HEADER];
        let header = match disk::read_at(&self.open()?, &mut bytes, 0).map_err(read)? {
            Some(()) => SegmentHeader::decode(&bytes).ok(),
            None => None,
        };
        // A damaged header is reported by whoever reads records; times before all others make a
        // search begin here.
        Ok(*self.first_time.get_or_init(|| header.map_or(i64::MIN, |header| header.first_time)))
    }

    /// Checks the header of the file.
    pub(super) fn check_header(&self, id: PartitionId, file: &File) -> Result<(), Damage> {
        let mut bytes = [0; SEGMENT_HEADER];
        let what = match disk::read_at(file, &mut bytes, 0) {
            Ok(Some(())) => match SegmentHeader::decode(&bytes) {
                Ok(header) if header.id == id && header.base == self.base => return Ok(()),
                Ok(_) => "the segment belongs to another topic, partition or offset".to_owned(),
                Err(what) => what.to_owned(),
            },
            Ok(None) => "the segment header is cut short".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(self.damage(0, self.base, what))
    }

    pub(super) fn damage(&self, byte: u64, offset: u64, what: String) -> Damage {
        Damage { path: self.path.clone(), byte, offset, what }
    }

    /// Describes that a segment ends before the next one begins.
    pub(super) fn gap(&self, end: u64, next: u64, base: u64) -> Damage {
        let what = format!("the segment ends at offset {next}, and the next one begins at {base}");
        self.damage(end, next, what)
    }

    /// Notes where a batch lies, if it is far enough from the last one noted.
    pub(super) fn note(&self, entry: IndexEntry, index_bytes: u64) {
        let mut index = lock(&self.index);
        if index.last().is_none_or(|last| entry.byte >= last.byte + index_bytes) {
            index.push(entry);
        }
    }

    /// Forgets index entries at or behind a byte that was cut off.
    pub(super) fn forget_index(&self, from: u64) {
        lock(&self.index).retain(|entry| entry.byte < from);
    }

    /// Removes what was written ahead behind the last batch, for good: nothing follows. Returns
    /// whether there was something.
    pub(super) fn end_at(&self, file: &File, bytes: u64) -> Result<bool, LogError> {
        let allocated = self.allocated.swap(u64::MAX, Ordering::Relaxed);
        let has_more = allocated != u64::MAX && allocated > bytes;
        if has_more {
            file.set_len(bytes).map_err(|e| disk::error("cannot cut", &self.path, e))?;
        }
        Ok(has_more)
    }

    /// Takes over entries of the index file of a segment that goes on being written.
    pub(super) fn adopt_index(&self, mut entries: Vec<IndexEntry>, upto: u64) {
        entries.retain(|entry| entry.byte < upto);
        self.indexed.store(entries.len() as u64, Ordering::Relaxed);
        *lock(&self.index) = entries;
    }

    /// Writes the index file if it has grown. It is only a hint: never synced, checked when used.
    pub(super) fn save_index(&self) -> Result<(), LogError> {
        let entries = lock(&self.index).clone();
        if entries.len() as u64 != self.indexed.swap(entries.len() as u64, Ordering::Relaxed) {
            index::write(&self.path, &entries)?;
        }
        Ok(())
    }

    /// Forgets the index in memory once it lies in a file and nothing is added any more.
    pub(super) fn seal(&self) -> Result<(), LogError> {
        self.save_index()?;
        lock(&self.index).clear();
        Ok(())
    }
}

/// Returns the file name of a segment: its base offset.
pub(super) fn file_name(base: u64) -> String {
    format!("{base:020}.seg")
}

/// Lists the base offsets of a partition's segments in order.
pub(super) fn list(dir: &Path) -> Result<Vec<u64>, LogError> {
    let failed = |e| disk::error("cannot list", dir, e);
    let mut bases = Vec::new();
    for file in std::fs::read_dir(dir).map_err(failed)? {
        let name = file.map_err(failed)?.file_name();
        let base = name.to_str().and_then(|name| name.strip_suffix(".seg"));
        bases.extend(base.and_then(|base| base.parse::<u64>().ok()));
    }
    bases.sort_unstable();
    Ok(bases)
}

/// Removes a segment and its index.
pub(super) fn remove(segment: &Arc<Segment>) -> Result<(), LogError> {
    drop(std::fs::remove_file(index::path(&segment.path)));
    match std::fs::remove_file(&segment.path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(disk::error("cannot remove", &segment.path, e))
        }
        _ => Ok(()),
    }
}
