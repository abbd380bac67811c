use std::{
    path::Path,
    time::{Duration, Instant},
};

use thiserror::Error;

use crate::{
    batch::{Batch, BatchLimits, BatchWriter},
    content::Content,
    error::ReadError,
    first_times::{NoTime, read_first_times},
    format::FileLayout,
    import_id::ImportId,
    importable::Importable,
    pace::Pace,
    record::ImportRecord,
    resume::{self, Place, Whole},
    sink::{Appended, ImportSink},
    time::RecordClock,
};

/// What to import, and how.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// How packets stand in the files.
    pub layout: FileLayout,
    /// Upper-cased target whose packets they are; empty: identified among all.
    pub target: String,
    /// Scope of the records.
    pub scope: String,
    /// Size of what is sent at once.
    pub limits: BatchLimits,
    /// Name of an import beside earlier ones of the same file; `None` for the first.
    pub again: Option<String>,
}

/// What became of one file.
#[derive(Debug)]
pub struct FileReport {
    /// The import.
    pub id: ImportId,
    /// Packets read from the file.
    pub records: u64,
    /// Records that this run added to the log.
    pub appended: u64,
    /// Records that were in the log before.
    pub skipped: u64,
    /// Packets in which no time was found though one was asked for.
    pub without_time: u64,
    /// Commands and decommutated values of a packet log, which no import takes.
    pub left_out: u64,
    /// What is wrong with the file; empty for a good one.
    pub faults: Vec<ReadError>,
}

/// Why an import stopped before its file did.
#[derive(Debug, Error)]
pub enum ImportError<E: std::error::Error> {
    /// The file cannot be opened or read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No packet at the beginning has a time where one was said to be; nothing was imported.
    #[error(transparent)]
    NoTime(#[from] NoTime),
    /// The file may be the beginning of one whose records the log has let go; nothing was
    /// imported, lest packets be there twice.
    #[error(
        "{file}: import {id} began like this file and went on, but the log no longer has its \
         record {last}, so whether the file's {records} packets are among it cannot be told; \
         nothing is imported. --again NAME imports the file beside it",
        last = records - 1
    )]
    Forgotten {
        /// The file.
        file: String,
        /// Packets of the file.
        records: u64,
        /// The import.
        id: ImportId,
    },
    /// Others import files that begin like this one, again and again.
    #[error(
        "{file}: other imports of files that begin like this one are under way; import it again \
         when they are done. What is in the log stays, and is not imported twice"
    )]
    Overtaken {
        /// The file.
        file: String,
    },
    /// The log did not take the records.
    #[error(transparent)]
    Sink(E),
}

/// Told now and then how far a file is: packets done and the offset in the file.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// How often the place of a file is looked for while others import files that begin like it.
const OVERTAKEN_MAX: u32 = 16;

/// How often progress is told.
const PROGRESS_PERIOD: Duration = Duration::from_millis(100);

/// Imports files, one after the other.
pub struct Importer<S> {
    options: ImportOptions,
    clock: RecordClock,
    pace: Pace,
    sink: S,
}

impl<S: ImportSink> Importer<S> {
    /// Takes what an import needs.
    pub fn new(options: ImportOptions, clock: RecordClock, pace: Pace, sink: S) -> Self {
        Self { options, clock, pace, sink }
    }

    /// Imports one file, going on where an earlier run stopped, be it of this file, of a copy that
    /// lacks its end, or of the file before it grew.
    ///
    /// A file that is broken somewhere is imported up to there; the report names file and byte. It
    /// is marked complete only when all of it was readable.
    ///
    /// # Errors
    /// [`ImportError`] when the file cannot be opened, its packets have no time where the options
    /// say, or the sink refuses; what was sent before stays, and the same import goes on from there.
    pub fn import(
        &mut self,
        path: &Path,
        progress: Progress<'_>,
    ) -> Result<FileReport, ImportError<S::Error>> {
        let mut appended = 0;
        for _ in 0..OVERTAKEN_MAX {
            let again = self.options.again.as_deref();
            let mut place = resume::find(&mut self.sink, path, &self.options.layout, again)?;
            let mut report = FileReport::new(place.id.clone());
            let done = match place.whole.take() {
                Some(whole) => self.conclude(path, &place, whole, &mut report)?,
                None => self.go_on(path, &place, &mut report, progress)?,
            };
            appended += report.appended;
            if done {
                report.appended = appended;
                // An import that was overtaken has appended records that are the other file's now.
                report.skipped = report.records.saturating_sub(appended);
                return Ok(report);
            }
        }
        Err(ImportError::Overtaken { file: path.display().to_string() })
    }

    /// Reports a file of which nothing is missing; true unless it was overtaken.
    fn conclude(
        &mut self,
        path: &Path,
        place: &Place,
        whole: Whole,
        report: &mut FileReport,
    ) -> Result<bool, ImportError<S::Error>> {
        report.records = whole.records;
        report.left_out = whole.left_out;
        report.faults = whole.faults;
        if place.complete || !report.faults.is_empty() {
            return Ok(true);
        }
        // An earlier run ended between the last record and the word that it was the last.
        let writer = self.batch_writer(path, &place.id);
        let last = writer.finish(place.next_index, true);
        last.map_or(Ok(true), |batch| self.send(&batch, report))
    }

    /// Imports the records from a place on; true unless it was overtaken.
    fn go_on(
        &mut self,
        path: &Path,
        place: &Place,
        report: &mut FileReport,
        progress: Progress<'_>,
    ) -> Result<bool, ImportError<S::Error>> {
        let mut records = Importable::open(path, &self.options.layout)?;
        let (file, source) = (path.display().to_string(), self.clock.source().clone());
        let time = |record: &ImportRecord| self.clock.times(record).packet;
        let ahead = read_first_times(&file, &source, &mut records, time)?;
        let mut writer = self.batch_writer(path, &place.id);
        let mut content = Content::default();
        let mut last_told = Instant::now();
        for item in ahead.into_iter().chain(&mut records) {
            let record = match item {
                Ok(record) => record,
                Err(error) => {
                    report.faults.push(error);
                    continue;
                }
            };
            report.records += 1;
            content.push(&record);
            if record.index >= place.next_index
                && let Some(batch) = self.pack(&record, &content, &mut writer, report)
                && !self.send(&batch, report)?
            {
                return Ok(false);
            }
            if last_told.elapsed() >= PROGRESS_PERIOD {
                progress(report.records, record.offset);
                last_told = Instant::now();
            }
        }
        report.left_out = records.left_out;
        // An empty last batch still says that the import is complete.
        let next_index = report.records.max(place.next_index);
        let last = writer.finish(next_index, report.faults.is_empty());
        last.map_or(Ok(true), |batch| self.send(&batch, report))
    }

    fn batch_writer(&self, path: &Path, id: &ImportId) -> BatchWriter {
        let object = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let ImportOptions { target, scope, limits, .. } = &self.options;
        BatchWriter::new(id, &object, target, scope, self.pace.limit(*limits))
    }

    fn pack(
        &mut self,
        record: &ImportRecord,
        content: &Content,
        writer: &mut BatchWriter,
        report: &mut FileReport,
    ) -> Option<Batch> {
        let times = self.clock.times(record);
        report.without_time += u64::from(self.clock.expects_time() && times.packet.is_none());
        writer.push(record, content.value(), times)
    }

    /// Sends a batch; false when the file's place in the log is taken by something else.
    fn send(
        &mut self,
        batch: &Batch,
        report: &mut FileReport,
    ) -> Result<bool, ImportError<S::Error>> {
        match self.sink.append(batch).map_err(ImportError::Sink)? {
            Appended::Overtaken => Ok(false),
            Appended::Taken(appended) => {
                report.appended += appended;
                self.pace.sent(appended);
                Ok(true)
            }
        }
    }
}

impl FileReport {
    fn new(id: ImportId) -> Self {
        Self {
            id,
            records: 0,
            appended: 0,
            skipped: 0,
            without_time: 0,
            left_out: 0,
            faults: Vec::new(),
        }
    }
}
