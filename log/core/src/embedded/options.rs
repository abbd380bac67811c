use std::{
    fmt, fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How an embedded log keeps its files. The defaults serve; tests make everything small.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// A segment is closed before it exceeds this many bytes (one larger append gets its own).
    /// At most 4 GiB. Default 128 MiB: retention is fine enough, and a segment without its index
    /// is walked in a fraction of a second.
    pub segment_bytes: u64,
    /// Bytes between two index entries. Default 64 KiB.
    pub index_bytes: u64,
    /// After this many bytes written, what has been written is synced and noted as good: the most
    /// that a start has to checksum. Default 256 MiB.
    pub known_good_bytes: u64,
    /// Time between two rounds of upkeep: retention, sync of unsynced topics, index files.
    /// Default 5 s.
    pub upkeep_interval: Duration,
    /// The journal is rewritten when it exceeds this many bytes. Default 4 MiB.
    pub journal_bytes: u64,
    /// How often a reader of another process's folder looks for growth. Default 20 ms.
    pub poll_interval: Duration,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 128 << 20,
            index_bytes: 64 << 10,
            known_good_bytes: 256 << 20,
            upkeep_interval: Duration::from_secs(5),
            journal_bytes: 4 << 20,
            poll_interval: Duration::from_millis(20),
        }
    }
}

/// What the log takes from the machine; tests put something else in its place.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// Identifies the running kernel. While it stays the same, nothing written was lost to a power
    /// failure; `None` where it cannot be known.
    pub(crate) boot: Option<[u8; 16]>,
    /// Bytes that may still be written.
    pub(crate) space: Space,
    pub(crate) before_sync: BeforeSync,
}

impl Surroundings {
    pub(crate) fn detect() -> Self {
        Self {
            boot: boot_id(Path::new("/proc/sys/kernel/random/boot_id")),
            space: Space::default(),
            before_sync: BeforeSync::default(),
        }
    }
}

fn boot_id(path: &Path) -> Option<[u8; 16]> {
    let text = fs::read_to_string(path).ok()?;
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

/// A budget of bytes: unlimited, unless a test simulates a disk that fills up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Space(Option<Arc<AtomicU64>>);

impl Space {
    #[cfg(test)]
    pub(crate) const UNLIMITED: Self = Self(None);

    #[cfg(test)]
    pub(crate) fn limited(left: &Arc<AtomicU64>) -> Self {
        Self(Some(left.clone()))
    }

    /// Takes up to `wanted` bytes from the budget. Fails like a full disk when nothing is left.
    pub(crate) fn take(&self, wanted: usize) -> io::Result<usize> {
        let Some(left) = &self.0 else {
            return Ok(wanted);
        };
        let granted = left.load(Ordering::SeqCst).min(wanted as u64);
        if granted == 0 && wanted > 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        left.fetch_sub(granted, Ordering::SeqCst);
        Ok(granted as usize)
    }
}

type Look = dyn Fn(&Path) -> io::Result<()> + Send + Sync;

/// What happens before a file is brought to stable storage: nothing, unless a test looks on or
/// simulates a disk that fails.
#[derive(Clone, Default)]
pub(crate) struct BeforeSync(Option<Arc<Look>>);

impl BeforeSync {
    #[cfg(test)]
    pub(crate) const NOTHING: Self = Self(None);

    #[cfg(test)]
    pub(crate) fn new(look: impl Fn(&Path) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(look)))
    }

    pub(crate) fn call(&self, path: &Path) -> io::Result<()> {
        self.0.as_ref().map_or(Ok(()), |look| look(path))
    }
}

impl fmt::Debug for BeforeSync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "BeforeSync(a test)" } else { "BeforeSync" })
    }
}
