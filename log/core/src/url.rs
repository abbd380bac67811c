use std::{path::Path, sync::Arc};

use crate::{EmbeddedLog, EmbeddedOptions, Log, LogError, MemoryLog};

/// Opens a log by URL: `memory:` makes a new one in this process, `embedded:DIR` opens a folder for
/// writing. `options` apply to the embedded log.
///
/// # Errors
/// [`LogError::BadUrl`]; otherwise see [`EmbeddedLog::open`].
pub fn open(url: &str, options: &EmbeddedOptions) -> Result<Arc<dyn Log>, LogError> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryLog::new()));
    }
    match url.strip_prefix("embedded:") {
        Some(dir) if !dir.is_empty() => Ok(Arc::new(EmbeddedLog::open(Path::new(dir), options)?)),
        _ => Err(LogError::BadUrl { url: url.to_owned() }),
    }
}

/// Opens a folder for reading, up to the committed end, while another process may write it.
///
/// # Errors
/// See [`EmbeddedLog::open_read_only`].
pub fn open_read_only(dir: &Path) -> Result<Arc<dyn Log>, LogError> {
    Ok(Arc::new(EmbeddedLog::open_read_only(dir, &EmbeddedOptions::default())?))
}
