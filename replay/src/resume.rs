//! Where the import of a file goes on: which import of the log it continues, and from which record.

use std::{collections::BTreeMap, path::Path};

use crate::{
    content::Content,
    error::ReadError,
    format::FileLayout,
    import::ImportError,
    import_id::ImportId,
    importable::Importable,
    sink::{ImportSink, KnownImport},
};

/// Where an import goes on.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: ImportId,
    /// The first record that the log lacks.
    pub(crate) next_index: u64,
    /// Whether the log calls the import complete.
    pub(crate) complete: bool,
    /// All of the file, where nothing of it is missing.
    pub(crate) whole: Option<Whole>,
}

/// A file that was read to its end.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) records: u64,
    pub(crate) left_out: u64,
    pub(crate) faults: Vec<ReadError>,
}

/// Finds the import that a file continues, is part of, or begins. The rule:
///
/// 1. Imports with the same lead are candidates.
/// 2. One whose records are the first of the file is continued: the longest, where several are.
/// 3. Else, one that the file's records are the first of has all of it; the log tells by the
///    content it keeps with every record.
/// 4. Else the file is another one, and imported whole under the next number.
///
/// # Errors
/// [`ImportError::Forgotten`] where the third cannot be told.
pub(crate) fn find<S: ImportSink>(
    sink: &mut S,
    path: &Path,
    layout: &FileLayout,
    again: Option<&str>,
) -> Result<Place, ImportError<S::Error>> {
    let first = Importable::open(path, layout)?.find_map(Result::ok);
    let lead = ImportId::lead(first.as_ref(), again);
    let known = sink.imports(&lead).map_err(ImportError::Sink)?;
    if known.is_empty() {
        return Ok(Place { id: lead, next_index: 0, complete: false, whole: None });
    }
    let read = Beginning::read(path, layout, &known)?;
    let continued = known
        .iter()
        .filter(|it| it.next_index == 0 || read.says(it.next_index) == Some(it.content));
    if let Some(import) = continued.max_by_key(|it| it.next_index) {
        return Ok(read.place(import));
    }
    let mut forgotten = None;
    for import in known.iter().filter(|it| it.next_index > read.records && read.records > 0) {
        match sink.content(&import.id, read.records - 1).map_err(ImportError::Sink)? {
            Some(content) if content == read.content.value() => return Ok(read.place(import)),
            Some(_) => {}
            None => forgotten = Some(import.id.clone()),
        }
    }
    if let Some(id) = forgotten {
        let (file, records) = (path.display().to_string(), read.records);
        return Err(ImportError::Forgotten { file, records, id });
    }
    let last = known.iter().map(|it| it.id.number()).max().unwrap_or(0);
    Ok(Place { id: lead.numbered(last + 1), next_index: 0, complete: false, whole: None })
}

/// A file read as far as some import of the log goes.
struct Beginning {
    content: Content,
    records: u64,
    /// What the file says up to where an import ends.
    marks: BTreeMap<u64, u64>,
    /// Whether the file has no more records.
    ended: bool,
    left_out: u64,
    faults: Vec<ReadError>,
}

impl Beginning {
    fn read(path: &Path, layout: &FileLayout, known: &[KnownImport]) -> Result<Self, ReadError> {
        let mut read = Self {
            content: Content::default(),
            records: 0,
            marks: known.iter().map(|it| (it.next_index, 0)).collect(),
            ended: true,
            left_out: 0,
            faults: Vec::new(),
        };
        let farthest = read.marks.keys().next_back().copied().unwrap_or(0);
        read.mark();
        let mut records = Importable::open(path, layout)?;
        for item in &mut records {
            match item {
                Ok(_) if read.records == farthest => {
                    read.ended = false;
                    break;
                }
                Ok(record) => {
                    read.content.push(&record);
                    read.records += 1;
                    read.mark();
                }
                Err(fault) => read.faults.push(fault),
            }
        }
        read.left_out = records.left_out;
        Ok(read)
    }

    fn mark(&mut self) {
        if let Some(mark) = self.marks.get_mut(&self.records) {
            *mark = self.content.value();
        }
    }

    /// Returns what the file says up to a record; `None` behind its end.
    fn says(&self, records: u64) -> Option<u64> {
        self.marks.get(&records).copied().filter(|_| records <= self.records)
    }

    fn place(self, import: &KnownImport) -> Place {
        let nothing_missing = self.ended && self.records <= import.next_index;
        Place {
            id: import.id.clone(),
            next_index: import.next_index,
            complete: import.complete || self.records < import.next_index,
            whole: nothing_missing.then_some(Whole {
                records: self.records,
                left_out: self.left_out,
                faults: self.faults,
            }),
        }
    }
}
