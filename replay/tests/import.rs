//! Imports against a log that is kept in memory: once, resumed, broken off.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use groundlog_proto::{
    Nanos,
    wire::{OriginKind, RawRecord, raw_record::Body},
};
use groundlog_replay::{
    Appended, Batch, BatchLimits, FileReport, ImportId, ImportOptions, ImportSink, ImportState,
    Importer, Pace, RecordClock,
};
use prost::Message as _;
use tempfile::TempDir;

/// What the append endpoint does: index by index, once.
#[derive(Default)]
struct Log {
    records: Vec<RawRecord>,
    progress: BTreeMap<String, ImportState>,
    /// Batches until the connection is lost.
    batches_left: Option<u32>,
}

#[derive(Debug, thiserror::Error)]
#[error("the connection is lost")]
struct Lost;

impl ImportSink for &mut Log {
    type Error = Lost;

    fn state(&mut self, id: &ImportId) -> Result<Option<ImportState>, Lost> {
        Ok(self.progress.get(id.as_str()).copied())
    }

    fn append(&mut self, batch: &Batch) -> Result<Appended, Lost> {
        if let Some(left) = &mut self.batches_left {
            *left = left.checked_sub(1).ok_or(Lost)?;
        }
        let state = self.progress.entry(batch.id.to_string()).or_default();
        let mut answer = Appended::default();
        let mut body = batch.body.as_slice();
        for index in batch.first_index..batch.first_index + batch.records {
            let record = RawRecord::decode_length_delimited(&mut body).expect("a record");
            let origin = record.origin.as_ref().expect("an origin");
            assert_eq!((origin.index, &origin.import_id), (index, &batch.id.to_string()));
            if index < state.next_index {
                answer.skipped += 1;
            } else {
                answer.appended += 1;
                state.next_index = index + 1;
                self.records.push(record);
            }
        }
        assert!(body.is_empty());
        state.complete |= batch.complete;
        Ok(answer)
    }
}

fn packets(count: u8) -> Vec<u8> {
    (0..count).flat_map(|n| [0, 11, 0xc0, n, 0, 1, n, n]).collect()
}

fn file(folder: &TempDir, content: &[u8]) -> PathBuf {
    let path = folder.path().join("pass.dat");
    fs::write(&path, content).expect("a file can be written");
    path
}

fn options() -> ImportOptions {
    ImportOptions {
        target: "SAT".into(),
        scope: "DEFAULT".into(),
        limits: BatchLimits { records: 3, bytes: usize::MAX },
        ..ImportOptions::default()
    }
}

fn import(log: &mut Log, path: &std::path::Path) -> Result<FileReport, String> {
    let clock = RecordClock::new("none".parse().expect("none"), None, Nanos(77));
    let mut importer = Importer::new(options(), clock, Pace::new(None), log);
    importer.import(path, &mut |_, _| {}).map_err(|error| error.to_string())
}

#[test]
fn the_same_file_again_adds_nothing() {
    let folder = TempDir::new().expect("a folder");
    let path = file(&folder, &packets(7));
    let mut log = Log::default();
    let first = import(&mut log, &path).expect("imported");
    assert_eq!((first.records, first.appended, first.skipped), (7, 7, 0));
    let again = import(&mut log, &path).expect("imported");
    assert_eq!((again.records, again.appended, again.skipped), (7, 0, 7));
    assert_eq!(log.records.len(), 7);
    // The name of a file is not its identity.
    let moved = folder.path().join("moved.dat");
    fs::rename(&path, &moved).expect("renamed");
    assert_eq!(import(&mut log, &moved).expect("imported").appended, 0);
}

#[test]
fn records_are_stored_and_say_where_they_come_from() {
    let folder = TempDir::new().expect("a folder");
    let mut log = Log::default();
    import(&mut log, &file(&folder, &packets(2))).expect("imported");
    let record = &log.records[1];
    assert!(record.stored);
    assert_eq!((record.scope.as_str(), record.received_time_ns), ("DEFAULT", 77));
    assert_eq!(record.packet_time_ns, None);
    let origin = record.origin.as_ref().expect("an origin");
    assert_eq!((origin.object.as_str(), origin.kind()), ("pass.dat", OriginKind::Import));
    let Some(Body::Packet(packet)) = &record.body else { panic!("a packet") };
    assert_eq!((packet.target.as_str(), packet.name.as_str()), ("SAT", ""));
    assert_eq!(packet.data, [0, 11, 0xc0, 1, 0, 1, 1, 1].as_slice());
}

#[test]
fn an_interrupted_import_goes_on_where_it_stopped() {
    let folder = TempDir::new().expect("a folder");
    let path = file(&folder, &packets(20));
    let mut log = Log { batches_left: Some(2), ..Log::default() };
    let error = import(&mut log, &path).expect_err("the connection is lost");
    assert_eq!(error, "the connection is lost");
    assert_eq!(log.records.len(), 6);
    log.batches_left = None;
    let report = import(&mut log, &path).expect("imported");
    assert_eq!((report.records, report.appended, report.skipped), (20, 14, 6));
    let order: Vec<u64> =
        log.records.iter().filter_map(|r| Some(r.origin.as_ref()?.index)).collect();
    assert_eq!(order, (0..20).collect::<Vec<_>>());
    assert!(log.progress[report.id.as_str()].complete);
}

#[test]
fn a_broken_file_is_imported_up_to_its_fault_and_never_complete() {
    let folder = TempDir::new().expect("a folder");
    let path = file(&folder, &[packets(4), b"garbage".to_vec()].concat());
    let mut log = Log::default();
    let report = import(&mut log, &path).expect("imported");
    assert_eq!((report.records, report.appended), (4, 4));
    assert_eq!(report.faults.len(), 1);
    assert_eq!(report.faults[0].byte, 32);
    assert!(report.faults[0].to_string().contains("pass.dat"));
    assert!(!log.progress[report.id.as_str()].complete);
    let again = import(&mut log, &path).expect("imported");
    assert_eq!((again.appended, again.skipped, again.faults.len()), (0, 4, 1));
}

#[test]
fn an_empty_file_is_complete_at_once() {
    let folder = TempDir::new().expect("a folder");
    let mut log = Log::default();
    let report = import(&mut log, &file(&folder, &[])).expect("imported");
    assert_eq!((report.records, report.appended), (0, 0));
    assert!(log.progress[report.id.as_str()].complete);
}

#[test]
fn a_missing_file_is_named() {
    let mut log = Log::default();
    let error = import(&mut log, std::path::Path::new("/nowhere/pass.dat")).expect_err("missing");
    assert!(error.contains("/nowhere/pass.dat"), "{error}");
}

/// Imports with a place of the time and perhaps a name.
fn import_with(
    log: &mut Log,
    path: &std::path::Path,
    time: &str,
    again: Option<&str>,
) -> Result<FileReport, String> {
    let clock = RecordClock::new(time.parse().expect("a time"), None, Nanos(77));
    let options = ImportOptions { again: again.map(str::to_owned), ..options() };
    let mut importer = Importer::new(options, clock, Pace::new(Some(1e6)), log);
    importer.import(path, &mut |_, _| {}).map_err(|error| error.to_string())
}

/// A packet with CCSDS day segmented time at byte 6.
const TIMED: [u8; 14] = [8, 11, 0, 0, 0, 7, 0x5a, 0x45, 0, 0, 0, 7, 0, 0x89];

#[test]
fn packets_without_the_time_asked_for_are_counted() {
    let folder = TempDir::new().expect("a folder");
    let path = file(&folder, &[packets(3), TIMED.to_vec()].concat());
    let mut log = Log::default();
    let report = import_with(&mut log, &path, "cds:6", None).expect("imported");
    assert_eq!((report.appended, report.without_time), (4, 3));
    assert_eq!(log.records[0].received_time_ns, 77);
}

#[test]
fn a_file_without_any_time_where_it_should_be_is_refused_whole() {
    let folder = TempDir::new().expect("a folder");
    let path = file(&folder, &packets(9));
    let mut log = Log::default();
    let error = import_with(&mut log, &path, "cds:600", None).expect_err("refused");
    assert!(error.contains("pass.dat, byte 0: "), "{error}");
    assert!(error.contains("first 9 packets") && error.contains("cds:600"), "{error}");
    assert!(error.contains("--time none"), "{error}");
    assert!(log.records.is_empty() && log.progress.is_empty());
    // A time that comes too late does not help.
    let late = [packets(250).repeat(4), TIMED.to_vec()].concat();
    let error = import_with(&mut log, &file(&folder, &late), "cds:6", None).expect_err("refused");
    assert!(error.contains("first 1000 packets"), "{error}");
    assert!(log.records.is_empty());
}

#[test]
fn other_options_are_no_other_import_but_another_name_is() {
    let folder = TempDir::new().expect("a folder");
    let path = file(&folder, &TIMED.repeat(5));
    let mut log = Log::default();
    let first = import_with(&mut log, &path, "none", None).expect("imported");
    assert_eq!(first.appended, 5);
    // What is there is told before the time is looked for.
    for time in ["cds:6", "cds:600", "none"] {
        let again = import_with(&mut log, &path, time, None).expect("there already");
        assert_eq!((again.appended, again.skipped, &again.id), (0, 5, &first.id), "{time}");
    }
    let named = import_with(&mut log, &path, "cds:6", Some("timed")).expect("imported");
    assert_eq!((named.appended, named.without_time), (5, 0));
    let once = import_with(&mut log, &path, "cds:6", Some("timed")).expect("there already");
    assert_eq!((once.appended, once.skipped), (0, 5));
    assert_eq!(log.records.len(), 10);
}
