use std::{
    path::Path,
    time::{Duration, Instant},
};

use thiserror::Error;

use crate::{
    batch::{Batch, BatchLimits, BatchWriter},
    error::ReadError,
    format::FileLayout,
    import_id::ImportId,
    pace::Pace,
    record::{ImportRecord, Records},
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

/// How far an import has come, as the log knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportState {
    /// The first record not yet in the log.
    pub next_index: u64,
    /// Whether the whole file has been imported.
    pub complete: bool,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Appended {
    /// Records now in the log by this batch.
    pub appended: u64,
    /// Records that were there before.
    pub skipped: u64,
}

/// Where imported records go: the append endpoint of a running system, or a stand-in for it.
pub trait ImportSink {
    /// What can go wrong there.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Asks how far an import has come; `None` for one never begun.
    ///
    /// # Errors
    /// The sink's own.
    fn state(&mut self, id: &ImportId) -> Result<Option<ImportState>, Self::Error>;

    /// Appends a batch; records of an index already in the log are skipped.
    ///
    /// # Errors
    /// The sink's own; nothing of the batch counts as imported then, and it may be sent again.
    fn append(&mut self, batch: &Batch) -> Result<Appended, Self::Error>;
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
    #[error(
        "{file}, byte {byte}: none of the first {packets} packets from here on has a time at \
         --time {source_text}; nothing is imported. Say where the time lies, or --time none for \
         packets without one"
    )]
    NoTime {
        /// The file.
        file: String,
        /// Offset of the first packet.
        byte: u64,
        /// How many packets were looked at.
        packets: u64,
        /// Where the time was said to be.
        source_text: String,
    },
    /// The log did not take the records.
    #[error(transparent)]
    Sink(E),
}

/// Told now and then how far a file is: packets done and the offset in the file.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// How many packets at the beginning of a file may lack the time asked for before the file is
/// refused.
const PACKETS_WITHOUT_TIME: usize = 1_000;

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

    /// Imports one file, going on where an earlier run stopped.
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
        let id = self.identify(path)?;
        let state = self.sink.state(&id).map_err(ImportError::Sink)?.unwrap_or_default();
        let mut report = FileReport::new(id);
        if state.complete {
            report.records = state.next_index;
            report.skipped = state.next_index;
            return Ok(report);
        }
        self.check_times(path)?;
        let mut writer = self.batch_writer(path, &report.id);
        let mut last_told = Instant::now();
        for item in Records::open(path, &self.options.layout)? {
            let record = match item {
                Ok(record) => record,
                Err(error) => {
                    report.faults.push(error);
                    continue;
                }
            };
            report.records += 1;
            if record.index < state.next_index {
                report.skipped += 1;
            } else if let Some(batch) = self.pack(&record, &mut writer, &mut report) {
                self.send(&batch, &mut report)?;
            }
            if last_told.elapsed() >= PROGRESS_PERIOD {
                progress(report.records, record.offset);
                last_told = Instant::now();
            }
        }
        // An empty last batch still says that the import is complete.
        let next_index = report.records.max(state.next_index);
        if let Some(batch) = writer.finish(next_index, report.faults.is_empty()) {
            self.send(&batch, &mut report)?;
        }
        Ok(report)
    }

    fn identify(&self, path: &Path) -> Result<ImportId, ReadError> {
        ImportId::of_file(path, self.options.again.as_deref()).map_err(|error| {
            let file = path.display().to_string().into();
            ReadError { file, byte: 0, fault: error.into() }
        })
    }

    /// Looks for a time in the first packets: a log keeps wrong times for ever.
    fn check_times(&mut self, path: &Path) -> Result<(), ImportError<S::Error>> {
        if !self.clock.expects_time() {
            return Ok(());
        }
        let (mut packets, mut byte) = (0, 0);
        let records = Records::open(path, &self.options.layout)?;
        // What is wrong with the file is told when it is imported.
        for record in records.filter_map(Result::ok).take(PACKETS_WITHOUT_TIME) {
            if self.clock.times(&record).packet.is_some() {
                return Ok(());
            }
            if packets == 0 {
                byte = record.offset;
            }
            packets += 1;
        }
        if packets == 0 {
            return Ok(());
        }
        let file = path.display().to_string();
        let source_text = self.clock.source().to_string();
        Err(ImportError::NoTime { file, byte, packets, source_text })
    }

    fn batch_writer(&self, path: &Path, id: &ImportId) -> BatchWriter {
        let object = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let ImportOptions { target, scope, limits, .. } = &self.options;
        BatchWriter::new(id, &object, target, scope, self.pace.limit(*limits))
    }

    fn pack(
        &mut self,
        record: &ImportRecord,
        writer: &mut BatchWriter,
        report: &mut FileReport,
    ) -> Option<Batch> {
        let times = self.clock.times(record);
        report.without_time += u64::from(self.clock.expects_time() && times.packet.is_none());
        writer.push(record, times)
    }

    fn send(
        &mut self,
        batch: &Batch,
        report: &mut FileReport,
    ) -> Result<(), ImportError<S::Error>> {
        let answer = self.sink.append(batch).map_err(ImportError::Sink)?;
        report.appended += answer.appended;
        report.skipped += answer.skipped;
        self.pace.sent(answer.appended);
        Ok(())
    }
}

impl FileReport {
    fn new(id: ImportId) -> Self {
        Self { id, records: 0, appended: 0, skipped: 0, without_time: 0, faults: Vec::new() }
    }
}
