//! The file that the one process which writes a folder keeps locked.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
    thread,
    time::Duration,
};

use super::disk;
use crate::LogError;

/// A check of the folder looks at the lock for a moment: that is not another writer.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(5);

/// Locks a folder for writing, until the file is dropped.
pub(super) fn take(dir: &Path) -> Result<File, LogError> {
    let path = dir.join("lock");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|e| disk::error("cannot open", &path, e))?;
    for attempt in 1.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(LogError::InUse { path: dir.to_owned() });
            }
            Err(TryLockError::Error(e)) => return Err(disk::error("cannot lock", &path, e)),
        }
    }
    Ok(file)
}

/// Returns whether a process has a folder open for writing.
pub(super) fn is_held(dir: &Path) -> Result<bool, LogError> {
    let path = dir.join("lock");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(disk::error("cannot open", &path, e)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(disk::error("cannot look at the lock", &path, e)),
    }
}
