use crate::{batch::Batch, import_id::ImportId};

/// How far an import has come, as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownImport {
    /// The import.
    pub id: ImportId,
    /// The first record not yet in the log.
    pub next_index: u64,
    /// Whether a whole file has been imported under it.
    pub complete: bool,
    /// [`crate::Content`] of its records: what it says up to `next_index`.
    pub content: u64,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is in the log: so many records by this batch, the others were there before.
    Taken(u64),
    /// Something else was imported under this id meanwhile, at the same time: where the file
    /// belongs is to be found out anew.
    Overtaken,
}

/// Where imported records go: the append endpoint of a running system, or a stand-in for it.
pub trait ImportSink {
    /// What can go wrong there.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Lists the imports with this lead.
    ///
    /// # Errors
    /// The sink's own.
    fn imports(&mut self, lead: &ImportId) -> Result<Vec<KnownImport>, Self::Error>;

    /// Asks for the [`crate::Content`] of an import up to and including a record; `None` when the log no
    /// longer has the record.
    ///
    /// # Errors
    /// The sink's own.
    fn content(&mut self, id: &ImportId, index: u64) -> Result<Option<u64>, Self::Error>;

    /// Appends a batch; records of an index already in the log are skipped.
    ///
    /// # Errors
    /// The sink's own; nothing of the batch counts as imported then, and it may be sent again.
    fn append(&mut self, batch: &Batch) -> Result<Appended, Self::Error>;
}
