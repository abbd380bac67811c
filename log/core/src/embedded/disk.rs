//! File operations whose errors name the file.

use std::{
    fs::{self, File},
    io::{self, IoSlice, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use super::options::{BeforeSync, Space};
use crate::LogError;

/// Turns a system error into a log error; a full disk gets its own.
pub(super) fn error(context: &'static str, path: &Path, source: io::Error) -> LogError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            LogError::DiskFull { path: path.to_owned() }
        }
        _ => LogError::Io { context, path: path.to_owned(), source: Arc::new(source) },
    }
}

/// Writes everything at a place of a file, many pieces with few system calls.
pub(super) fn write_at(
    file: &File,
    start: u64,
    pieces: &mut [IoSlice<'_>],
    space: &Space,
) -> io::Result<()> {
    let mut file = file;
    file.seek(SeekFrom::Start(start))?;
    let mut rest = pieces;
    while !rest.is_empty() {
        let wanted = rest.iter().map(|piece| piece.len()).sum();
        let granted = space.take(wanted)?;
        if granted < wanted {
            return write_short(file, rest, granted);
        }
        match file.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Leaves a half-written tail behind, as a disk does that fills up.
fn write_short(mut file: &File, pieces: &[IoSlice<'_>], granted: usize) -> io::Result<()> {
    let whole: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
    file.write_all(&whole[..granted])?;
    Err(io::ErrorKind::StorageFull.into())
}

/// Reads exactly as many bytes as fit, or `None` where the file ends before.
pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<Option<()>> {
    let read = read_upto(file, buffer, at)?;
    Ok((read == buffer.len()).then_some(()))
}

#[cfg(test)]
thread_local! {
    /// Reads of this thread, for tests of what a look-up costs.
    pub(super) static READS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Reads as many bytes as fit and are there.
pub(super) fn read_upto(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    #[cfg(test)]
    READS.set(READS.get() + 1);
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(&mut buffer[read..], at + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Brings the bytes of a file to stable storage.
pub(super) fn sync(file: &File, path: &Path, before: &BeforeSync) -> Result<(), LogError> {
    before.call(path).and_then(|()| file.sync_data()).map_err(|e| error("cannot sync", path, e))
}

/// Makes names in a folder survive a power failure.
pub(super) fn sync_dir(path: &Path) -> Result<(), LogError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(|e| error("cannot sync", path, e))
}

/// Makes a folder and its parents.
pub(super) fn make_dir(path: &Path) -> Result<(), LogError> {
    fs::create_dir_all(path).map_err(|e| error("cannot create", path, e))
}

/// Puts a whole small file in place at once, durably: the old content or the new, never a mix.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), LogError> {
    let temporary = path.with_extension("new");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(|e| error("cannot write", &temporary, e))?;
    fs::rename(&temporary, path).map_err(|e| error("cannot rename to", path, e))?;
    path.parent().map_or(Ok(()), sync_dir)
}
