use std::path::Path;

use crate::{
    error::ReadError,
    format::FileLayout,
    record::{ImportRecord, Records},
};

/// The records of a file that an import takes, numbered without the others: packets that came down.
///
/// Commands of a packet log were sent once and are never sent, or counted, again; decommutated
/// values have lost their packet.
pub(crate) struct Importable {
    records: Records,
    taken: u64,
    /// Records left out so far.
    pub(crate) left_out: u64,
}

impl Importable {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ReadError`] when it cannot be opened.
    pub(crate) fn open(path: &Path, layout: &FileLayout) -> Result<Self, ReadError> {
        Ok(Self { records: Records::open(path, layout)?, taken: 0, left_out: 0 })
    }
}

impl Iterator for Importable {
    type Item = Result<ImportRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.records.next()? {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            if record.logged.as_ref().is_none_or(|logged| logged.is_telemetry_packet()) {
                let index = self.taken;
                self.taken += 1;
                return Some(Ok(ImportRecord { index, ..record }));
            }
            self.left_out += 1;
        }
    }
}
