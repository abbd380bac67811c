//! The commit journal of a folder: what is committed, in the order in which it was.
//!
//! Each entry names, for every partition it touches, the committed end, and carries checkpoints. An
//! entry is whole or not there (CRC), which makes a transaction over several partitions atomic. The
//! file is filled with zeros ahead of its end: the space an entry needs is there before the data
//! it commits is written, and its sync changes no file size.
//!
//! Layout of the file: 0 magic (8), 8 random id (8), 16 CRC-32C of bytes 0–15 (4), 20 zero (4),
//! 24 entries, then zeros.

mod entry;
mod scan;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    hash::{BuildHasher, RandomState},
    io::{self, IoSlice},
    path::{Path, PathBuf},
    sync::Arc,
};

pub(super) use self::{
    entry::bytes_needed,
    entry::{End, Entry, Kind, Mirror},
    scan::{Scan, scan, was_replaced},
};
use super::{
    disk,
    format::{PartitionId, u32_at, u64_at},
    options::Surroundings,
};
use crate::LogError;

const MAGIC: [u8; 8] = *b"GLJRNL01";
const HEADER: usize = 24;
/// Zeros written ahead at a time.
const AHEAD: u64 = 256 << 10;

/// The journal as its writer has it open.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Arc<File>,
    seed: u32,
    seq: u64,
    written: u64,
    reserved: u64,
    allocated: u64,
    synced: u64,
    /// Size right after it was rewritten.
    fresh: u64,
    /// Commits not known to be on stable storage: a rewritten journal holds them one by one, since
    /// each stands or falls by itself.
    pending: Vec<Entry>,
    mirror: Mirror,
    /// The newest state noted as good.
    good: Option<Sample>,
    surroundings: Surroundings,
}

/// What a state is known to be good up to: all of `mirror`, and every entry up to `seq`.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) seq: u64,
    pub(super) mirror: Mirror,
}

impl Journal {
    /// Returns where the journal of a folder lies.
    pub(super) fn path(dir: &Path) -> PathBuf {
        dir.join("journal")
    }

    /// Makes a new journal that starts from a state whose data is on stable storage, and puts it
    /// in place of the old one.
    pub(super) fn create(
        dir: &Path,
        mirror: Mirror,
        surroundings: &Surroundings,
    ) -> Result<Self, LogError> {
        let sample = Sample { seq: 0, mirror: mirror.clone() };
        let path = Self::path(dir);
        let mut journal = Self::write_new(&path, &sample, Vec::new(), 0, surroundings)?;
        journal.put_in_place(path)?;
        Ok(journal)
    }

    /// Writes a new journal beside the old one, with space for what is reserved.
    fn write_new(
        path: &Path,
        sample: &Sample,
        pending: Vec<Entry>,
        reserved: u64,
        surroundings: &Surroundings,
    ) -> Result<Self, LogError> {
        let id = RandomState::new().hash_one(path);
        let temporary = path.with_extension("new");
        let file =
            File::create(&temporary).map_err(|e| disk::error("cannot create", &temporary, e))?;
        let mut journal = Self {
            path: temporary.clone(),
            file: Arc::new(file),
            seed: seed(id),
            // The snapshot gets the number of the last entry it holds.
            seq: sample.seq.saturating_sub(1),
            written: HEADER as u64,
            reserved: 0,
            allocated: 0,
            synced: 0,
            fresh: 0,
            pending: Vec::new(),
            mirror: sample.mirror.clone(),
            good: None,
            surroundings: surroundings.clone(),
        };
        journal.write(0, &header(id))?;
        let mut first = Entry::new(Kind::Snapshot, sample.mirror.clone());
        first.covers = sample.seq;
        first.boot = surroundings.boot.unwrap_or_default();
        let bytes = pending.iter().map(Entry::bytes).sum::<u64>() + first.bytes();
        journal.reserve(bytes)?;
        journal.append(&mut first)?;
        for mut entry in pending {
            journal.seq = entry.seq - 1;
            journal.append(&mut entry)?;
        }
        journal.reserved = 0;
        journal.reserve(reserved)?;
        journal.fresh = journal.written;
        journal.sync()?;
        Ok(journal)
    }

    /// Gives a new journal the name of the old one.
    fn put_in_place(&mut self, path: PathBuf) -> Result<(), LogError> {
        let dir = path.parent().unwrap_or(Path::new(".")).to_owned();
        // Before anything is changed: to have no descriptor left is no failure of the disk.
        let folder = File::open(&dir).map_err(|e| disk::error("cannot open", &dir, e))?;
        std::fs::rename(&self.path, &path)
            .map_err(|e| disk::error("cannot rename to", &path, e))?;
        self.path = path;
        let synced = self.surroundings.before_sync.call(&dir).and_then(|()| folder.sync_all());
        // Which of the two a power failure leaves is unknown: neither may be written.
        synced
            .map_err(|e| disk::error("cannot sync", &dir, e))
            .map_err(|error| LogError::Failed { path: dir, source: Arc::new(error) })
    }

    /// Makes sure that entries of so many bytes can be written whatever happens to the disk.
    pub(super) fn reserve(&mut self, bytes: u64) -> Result<(), LogError> {
        let wanted = self.written + self.reserved + bytes;
        if wanted > self.allocated {
            let target = wanted.next_multiple_of(AHEAD);
            let zeros = vec![0; (target - self.allocated.max(self.written)) as usize];
            self.write(self.allocated.max(self.written), &zeros)?;
            self.allocated = target;
        }
        self.reserved += bytes;
        Ok(())
    }

    /// Gives back what was reserved and is not needed.
    pub(super) fn release(&mut self, bytes: u64) {
        self.reserved = self.reserved.saturating_sub(bytes);
    }

    /// Writes an entry into reserved space. Its state counts as committed from here on.
    pub(super) fn append(&mut self, entry: &mut Entry) -> Result<(), LogError> {
        self.seq += 1;
        entry.seq = self.seq;
        entry.synced = self.synced;
        let bytes = entry.encode(self.seed);
        // The space was taken when it was reserved: a budget does not apply.
        disk::write_at(&self.file, self.written, &mut [IoSlice::new(&bytes)], &Default::default())
            .map_err(|e| disk::error("cannot write", &self.path, e))?;
        self.written += bytes.len() as u64;
        self.mirror.apply(&entry.state);
        if matches!(entry.kind, Kind::Commit | Kind::Durable) {
            self.pending.push(entry.clone());
        }
        Ok(())
    }

    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), LogError> {
        disk::write_at(&self.file, at, &mut [IoSlice::new(bytes)], &self.surroundings.space)
            .map_err(|e| disk::error("cannot write", &self.path, e))
    }

    fn sync(&mut self) -> Result<(), LogError> {
        let before = &self.surroundings.before_sync;
        let synced = before.call(&self.path).and_then(|()| self.file.sync_all());
        synced.map_err(|e| disk::error("cannot sync", &self.path, e))?;
        self.synced = self.written;
        Ok(())
    }

    /// Returns what to sync without holding the journal up, and what to tell [`Journal::synced`].
    pub(super) fn to_sync(&self) -> (Arc<File>, PathBuf, u64) {
        (self.file.clone(), self.path.clone(), self.written)
    }

    /// Notes that a file was synced up to a place.
    pub(super) fn synced(&mut self, file: &Arc<File>, upto: u64) {
        if Arc::ptr_eq(file, &self.file) {
            self.synced = self.synced.max(upto);
        }
    }

    /// Returns the number of the last entry.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the trim point of a partition.
    pub(super) fn trim_of(&self, id: PartitionId) -> u64 {
        self.mirror.ends.get(&id).map_or(0, |end| end.trim)
    }

    /// Returns the committed end of a partition; `None` before its first commit.
    pub(super) fn end_of(&self, id: PartitionId) -> Option<End> {
        self.mirror.ends.get(&id).copied()
    }

    /// Returns whether it is time to rewrite it.
    pub(super) fn is_long(&self, limit: u64) -> bool {
        self.written > limit.max(4 * self.fresh)
    }

    /// Returns the committed state as of now.
    pub(super) fn sample(&self) -> Sample {
        Sample { seq: self.seq, mirror: self.mirror.clone() }
    }

    /// Notes that everything of a sample is on stable storage.
    pub(super) fn known_good(&mut self, sample: &Sample) -> Result<(), LogError> {
        let mut entry = Entry::new(Kind::Good, Mirror::default());
        entry.covers = sample.seq;
        let bytes = entry.bytes();
        self.reserve(bytes)?;
        let appended = self.append(&mut entry);
        self.release(bytes);
        appended?;
        self.pending.retain(|entry| entry.seq > sample.seq);
        if self.good.as_ref().is_none_or(|good| good.seq < sample.seq) {
            self.good = Some(sample.clone());
        }
        Ok(())
    }

    /// Rewrites the journal as a state known to be good and what was committed since. After
    /// [`LogError::Failed`] it must not be written any more; after another error it is as before.
    pub(super) fn compact(&mut self, sample: &Sample) -> Result<(), LogError> {
        // Another thread may have noted a newer one: what that covers is pending no more.
        let sample = self.good.as_ref().filter(|good| good.seq > sample.seq).unwrap_or(sample);
        let mut pending = self.pending.clone();
        pending.retain(|entry| entry.seq > sample.seq);
        let path = self.path.clone();
        let mut fresh = Self::write_new(&path, sample, pending, self.reserved, &self.surroundings)?;
        fresh.seq = fresh.seq.max(self.seq);
        fresh.put_in_place(path)?;
        *self = fresh;
        Ok(())
    }
}

fn seed(id: u64) -> u32 {
    crc32c::crc32c(&id.to_le_bytes())
}

fn header(id: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..16].copy_from_slice(&id.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..16]);
    bytes[16..20].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads the header of a journal file: the seed of its checksums.
fn read_header(file: &File) -> io::Result<Option<u32>> {
    let mut bytes = [0; HEADER];
    if disk::read_at(file, &mut bytes, 0)?.is_none()
        || bytes[..8] != MAGIC
        || crc32c::crc32c(&bytes[..16]) != u32_at(&bytes, 16)
    {
        return Ok(None);
    }
    Ok(Some(seed(u64_at(&bytes, 8))))
}
