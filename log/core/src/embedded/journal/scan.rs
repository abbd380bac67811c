use std::{fs, fs::File, path::Path};

use super::{
    HEADER, Journal,
    entry::{Entry, Kind, MAGIC, Mirror},
    read_header,
};
use crate::{LogError, embedded::disk};

/// What a journal file says.
#[derive(Debug)]
pub(in crate::embedded) struct Scan {
    /// State known to be on stable storage.
    pub(in crate::embedded) good: Mirror,
    /// Entries committed after that, in order.
    pub(in crate::embedded) commits: Vec<Entry>,
    /// The kernel that ran when the journal was begun.
    pub(in crate::embedded) boot: [u8; 16],
    /// Where the readable part ends.
    pub(in crate::embedded) end: u64,
    /// Where valid entries follow something unreadable, with what the newest of them says was
    /// synced: damage, or an unsynced write torn by a power failure.
    pub(in crate::embedded) torn: Option<Torn>,
    pub(in crate::embedded) file: File,
    pub(in crate::embedded) seed: u32,
}

/// Something unreadable in a journal with valid entries behind it.
#[derive(Debug)]
pub(in crate::embedded) struct Torn {
    pub(in crate::embedded) what: &'static str,
    pub(in crate::embedded) synced: u64,
}

impl Scan {
    /// Returns the state after all entries.
    pub(in crate::embedded) fn latest(&self) -> Mirror {
        let mut state = self.good.clone();
        self.commits.iter().for_each(|entry| state.apply(&entry.state));
        state
    }

    /// Describes what is torn.
    pub(in crate::embedded) fn corrupt(&self, dir: &Path, torn: &Torn) -> LogError {
        LogError::JournalCorrupt {
            path: Journal::path(dir),
            byte: self.end,
            what: torn.what.to_owned(),
        }
    }

    /// Returns entries that were added since the scan or the last call, for one who follows a
    /// running folder.
    pub(in crate::embedded) fn follow(&mut self) -> std::io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut chunk = vec![0; 64 << 10];
        loop {
            let read = std::os::unix::fs::FileExt::read_at(&self.file, &mut chunk, self.end)?;
            let mut at = 0;
            while let Ok((entry, length)) = Entry::decode(&chunk[at..read], self.seed) {
                at += length;
                entries.push(entry);
            }
            self.end += at as u64;
            if at > 0 {
                continue;
            }
            // An entry larger than the chunk, or the end.
            match chunk.get(..12).filter(|_| read == chunk.len()) {
                Some(front) if front[..4] == MAGIC => {
                    let length = super::u32_at(front, 8) as usize;
                    if length <= chunk.len() || length > 64 << 20 {
                        return Ok(entries);
                    }
                    chunk.resize(length, 0);
                }
                _ => return Ok(entries),
            }
        }
    }
}

/// Reads the journal of a folder; `None` where there is none.
pub(in crate::embedded) fn scan(dir: &Path) -> Result<Option<Scan>, LogError> {
    let path = Journal::path(dir);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(disk::error("cannot open", &path, e)),
    };
    let read = |e| disk::error("cannot read", &path, e);
    let damaged = |byte: usize, what: &str| LogError::JournalCorrupt {
        path: path.clone(),
        byte: byte as u64,
        what: what.to_owned(),
    };
    let seed = read_header(&file).map_err(read)?.ok_or_else(|| damaged(0, "not a journal"))?;
    // The file that is open, not the one that may have taken its name since.
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut &file, &mut bytes).map_err(read)?;

    let (first, length) =
        Entry::decode(&bytes[HEADER.min(bytes.len())..], seed).map_err(|e| damaged(HEADER, e))?;
    if first.kind != Kind::Snapshot {
        return Err(damaged(HEADER, "the journal does not begin with a whole state"));
    }
    let boot = first.boot;
    let mut good = first.state;
    let mut commits: Vec<Entry> = Vec::new();
    let mut at = HEADER + length;
    let what = loop {
        match Entry::decode(&bytes[at..], seed) {
            Ok((entry, length)) => {
                at += length;
                match entry.kind {
                    Kind::Commit | Kind::Durable => commits.push(entry),
                    Kind::Snapshot | Kind::Good => {
                        let covered = commits.partition_point(|commit| commit.seq <= entry.covers);
                        commits.drain(..covered).for_each(|commit| good.apply(&commit.state));
                    }
                }
            }
            Err(what) => break what,
        }
    };
    let torn = later_entry(&bytes[at..], seed).map(|synced| Torn { what, synced });
    Ok(Some(Scan { good, commits, boot, end: at as u64, torn, file, seed }))
}

/// Looks for a valid entry anywhere behind something unreadable. Returns what the newest says was
/// synced.
fn later_entry(bytes: &[u8], seed: u32) -> Option<u64> {
    let mut found = None;
    for at in 1..bytes.len().saturating_sub(MAGIC.len()) {
        if bytes[at..at + 4] == MAGIC
            && let Ok((entry, _)) = Entry::decode(&bytes[at..], seed)
        {
            found = found.max(Some(entry.synced));
        }
    }
    found
}

/// Returns whether another file has taken the place of the one that was read.
pub(in crate::embedded) fn was_replaced(dir: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::metadata(Journal::path(dir)), file.metadata()) {
        (Ok(now), Ok(then)) => now.ino() != then.ino(),
        _ => false,
    }
}
