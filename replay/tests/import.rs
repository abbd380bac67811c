//! Imports against a log that is kept in memory: once, resumed, broken off.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use groundlog_proto::{
    Nanos,
    wire::{Origin, OriginKind, RawRecord, raw_record::Body},
};
use groundlog_replay::{
    Appended, Batch, BatchLimits, FileReport, ImportId, ImportOptions, ImportSink, Importer,
    KnownImport, Pace, RecordClock,
};
use prost::Message as _;
use tempfile::TempDir;

/// What the append endpoint does: index by index, once.
#[derive(Default)]
struct Log {
    records: Vec<RawRecord>,
    progress: BTreeMap<String, Progress>,
    /// Batches until the connection is lost.
    batches_left: Option<u32>,
    /// Whether records that were written before are gone.
    trimmed: bool,
    /// Imported by someone else before this many batches more.
    rival: Option<(u32, PathBuf)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    next_index: u64,
    complete: bool,
    content: u64,
}

#[derive(Debug, thiserror::Error)]
#[error("the connection is lost")]
struct Lost;

impl ImportSink for &mut Log {
    type Error = Lost;

    fn imports(&mut self, lead: &ImportId) -> Result<Vec<KnownImport>, Lost> {
        let known = self.progress.iter().filter_map(|(id, progress)| {
            let id = lead.of_lead(id)?;
            let Progress { next_index, complete, content } = *progress;
            Some(KnownImport { id, next_index, complete, content })
        });
        Ok(known.collect())
    }

    fn content(&mut self, id: &ImportId, index: u64) -> Result<Option<u64>, Lost> {
        if self.trimmed {
            return Ok(None);
        }
        Ok(self.of(id.as_str()).get(index as usize).map(|record| origin(record).content))
    }

    fn append(&mut self, batch: &Batch) -> Result<Appended, Lost> {
        if let Some((batches, rival)) = self.rival.take() {
            match batches.checked_sub(1) {
                Some(left) => self.rival = Some((left, rival)),
                None => drop(import(self, &rival).expect("the other one is imported")),
            }
        }
        if let Some(left) = &mut self.batches_left {
            *left = left.checked_sub(1).ok_or(Lost)?;
        }
        let state = self.progress.entry(batch.id.to_string()).or_default();
        let mut appended = 0;
        let next = state.next_index;
        let mut body = batch.body.as_slice();
        for index in batch.first_index..batch.first_index + batch.records {
            let record = RawRecord::decode_length_delimited(&mut body).expect("a record");
            let origin = record.origin.clone().expect("an origin");
            assert_eq!((origin.index, &origin.import_id), (index, &batch.id.to_string()));
            if index + 1 == next && origin.content != state.content {
                return Ok(Appended::Overtaken);
            }
            if index >= next {
                appended += 1;
                state.next_index = index + 1;
                state.content = origin.content;
                self.records.push(record);
            }
        }
        assert!(body.is_empty());
        if batch.first_index + batch.records < next {
            return Ok(Appended::Overtaken);
        }
        state.complete |= batch.complete;
        Ok(Appended::Taken(appended))
    }
}

impl Log {
    /// Returns the records of an import, in their order.
    fn of(&self, id: &str) -> Vec<&RawRecord> {
        self.records.iter().filter(|record| origin(record).import_id == id).collect()
    }
}

fn origin(record: &RawRecord) -> &Origin {
    record.origin.as_ref().expect("an origin")
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
fn an_empty_file_is_named_and_never_complete() {
    let folder = TempDir::new().expect("a folder");
    let mut log = Log::default();
    let report = import(&mut log, &file(&folder, &[])).expect("read");
    assert_eq!((report.records, report.appended), (0, 0));
    let faults: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    assert!(faults.len() == 1 && faults[0].contains("is empty"), "{faults:?}");
    assert!(!log.progress.contains_key(report.id.as_str()));
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
    assert!(error.contains("pass.dat, byte 0, record 0: "), "{error}");
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

/// Imports a file of that content, under a name of its own.
fn import_bytes(log: &mut Log, folder: &TempDir, name: &str, content: &[u8]) -> FileReport {
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file can be written");
    import(log, &path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The bytes of the packets of an import, or of the whole log.
fn data<'a>(records: impl IntoIterator<Item = &'a RawRecord>) -> Vec<Vec<u8>> {
    let packet = |record: &RawRecord| match &record.body {
        Some(Body::Packet(packet)) => packet.data.to_vec(),
        _ => panic!("a packet"),
    };
    records.into_iter().map(packet).collect()
}

/// Four packets of eight bytes, all alike but the last: equal times, equal counts.
fn repeated(last: u8) -> Vec<u8> {
    [[0, 11, 0xc0, 0, 0, 1, 5, 5].repeat(3), vec![0, 11, 0xc0, last, 0, 1, 5, 5]].concat()
}

#[test]
fn a_copy_that_lacks_its_end_and_the_whole_file_are_one_import() {
    let folder = TempDir::new().expect("a folder");
    let whole = packets(10);
    // Between packets and inside one.
    for cut in [8, 32, 37, 79] {
        let complete = u64::try_from(cut / 8).unwrap();
        let mut log = Log::default();
        let short = import_bytes(&mut log, &folder, "cut.dat", &whole[..cut]);
        assert_eq!((short.appended, short.faults.len()), (complete, usize::from(cut % 8 > 0)));
        let rest = import_bytes(&mut log, &folder, "whole.dat", &whole);
        assert_eq!((rest.records, rest.appended, rest.skipped), (10, 10 - complete, complete));
        assert_eq!(rest.id, short.id);
        assert_eq!(data(&log.records).concat(), whole, "one copy of each packet, in order");
        for (name, content) in [("cut.dat", &whole[..cut]), ("whole.dat", &whole)] {
            let again = import_bytes(&mut log, &folder, name, content);
            assert_eq!((again.appended, again.skipped), (0, again.records), "{name} at {cut}");
        }

        let mut log = Log::default();
        import_bytes(&mut log, &folder, "whole.dat", &whole);
        let short = import_bytes(&mut log, &folder, "cut.dat", &whole[..cut]);
        assert_eq!((short.records, short.appended, short.skipped), (complete, 0, complete));
        assert_eq!(short.faults.len(), usize::from(cut % 8 > 0), "the cut is still told");
        assert_eq!(log.records.len(), 10);
    }
}

#[test]
fn packets_that_are_alike_are_all_kept() {
    let folder = TempDir::new().expect("a folder");
    let mut log = Log::default();
    let file = repeated(0);
    for cut in [8, 16, 24, 32] {
        assert_eq!(import_bytes(&mut log, &folder, "same.dat", &file[..cut]).appended, 1, "{cut}");
    }
    assert_eq!(data(&log.records).concat(), file);
    assert_eq!(import_bytes(&mut log, &folder, "same.dat", &file[..16]).appended, 0);
}

/// Whether the other file is longer, shorter or as long: what differs is another import.
#[test]
fn files_that_begin_alike_and_go_on_differently_are_both_kept() {
    let folder = TempDir::new().expect("a folder");
    let (first, second) = (repeated(1), repeated(2));
    let longer = [second.clone(), packets(3)].concat();
    let mut log = Log::default();
    import_bytes(&mut log, &folder, "first.dat", &[first.clone(), packets(2)].concat());
    let other = import_bytes(&mut log, &folder, "second.dat", &second);
    assert_eq!((other.appended, other.id.number()), (4, 2));
    assert_eq!(data(log.of(other.id.as_str())).concat(), second);
    // It grows, and a third one appears.
    assert_eq!(import_bytes(&mut log, &folder, "second.dat", &longer).appended, 3);
    assert_eq!(data(log.of(other.id.as_str())).concat(), longer);
    let third = import_bytes(&mut log, &folder, "third.dat", &repeated(3));
    assert_eq!((third.appended, third.id.number()), (4, 3));
    // What all of them begin with is no file of its own.
    assert_eq!(import_bytes(&mut log, &folder, "begin.dat", &first[..24]).appended, 0);
    for content in [&first, &second, &longer, &repeated(3)] {
        assert_eq!(import_bytes(&mut log, &folder, "again.dat", content).appended, 0);
    }
}

#[test]
fn the_time_of_a_records_header_tells_dumps_apart() {
    let folder = TempDir::new().expect("a folder");
    let dump = |seconds: u32| -> Vec<u8> {
        let record = |number: u32| {
            let header = [number, 1, 4, seconds + number, 0].map(u32::to_be_bytes).concat();
            [header, b"idle".to_vec()].concat()
        };
        let records: Vec<u8> = (1..=3).flat_map(record).collect();
        let length = 20 + u32::try_from(records.len()).unwrap();
        [[length, 3, 0, seconds, 0].map(u32::to_be_bytes).concat(), records].concat()
    };
    let mut log = Log::default();
    let mut import_dump = |content: &[u8], unit: &str| {
        let path = folder.path().join("dump.bin");
        fs::write(&path, content).expect("a file can be written");
        let mut options = options();
        options.layout.format = "dump".parse().expect("a format");
        options.layout.subseconds = unit.parse().expect("a unit");
        let clock = RecordClock::new("header".parse().expect("header"), None, Nanos(77));
        let mut importer = Importer::new(options, clock, Pace::new(None), &mut log);
        importer.import(&path, &mut |_, _| {}).expect("imported").appended
    };
    assert_eq!(import_dump(&dump(1_000), "us"), 3);
    assert_eq!(import_dump(&dump(2_000), "us"), 3, "the same packets, recorded later");
    // The unit is how the time is read, not what the file says.
    assert_eq!(import_dump(&dump(1_000), "ms"), 0);
    let grown = dump(1_000);
    assert_eq!(import_dump(&grown[..grown.len() - 24], "us"), 0, "one record less");
}

#[test]
fn what_the_log_no_longer_has_is_not_guessed() {
    let folder = TempDir::new().expect("a folder");
    let whole = packets(6);
    let mut log = Log::default();
    import_bytes(&mut log, &folder, "whole.dat", &whole);
    log.trimmed = true;
    // Whether the whole file is there, and where it goes on, needs no record of the log.
    assert_eq!(import_bytes(&mut log, &folder, "whole.dat", &whole).appended, 0);
    let path = folder.path().join("cut.dat");
    fs::write(&path, &whole[..16]).expect("a file can be written");
    let error = import(&mut log, &path).expect_err("refused");
    for part in ["cut.dat", "record 1", "2 packets", "--again"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(log.records.len(), 6);
}

/// Two imports at the same time under one lead: of another file, of the same one, of the same one
/// further on; the other one comes before the first batch, or in between.
#[test]
fn imports_at_the_same_time_lose_and_double_nothing() {
    let folder = TempDir::new().expect("a folder");
    let mine = repeated(1);
    let rivals = [
        (repeated(2), 8),
        ([repeated(2), packets(20)].concat(), 28),
        (mine.clone(), 4),
        ([mine.clone(), packets(20)].concat(), 24),
        (mine[..16].to_vec(), 4),
    ];
    for ((rival, both), batches) in rivals.iter().flat_map(|it| [(it, 0), (it, 1)]) {
        let path = folder.path().join("rival.dat");
        fs::write(&path, rival).expect("a file can be written");
        let mut log = Log { rival: Some((batches, path)), ..Log::default() };
        let report = import_bytes(&mut log, &folder, "mine.dat", &mine);
        assert_eq!(report.records, 4);
        assert_eq!(log.records.len(), *both, "{rival:?} before batch {batches}");
        let kept = data(log.of(report.id.as_str())).concat();
        assert!(kept.starts_with(&mine), "{rival:?}");
        assert_eq!(import_bytes(&mut log, &folder, "again.dat", rival).appended, 0);
        assert_eq!(import_bytes(&mut log, &folder, "again.dat", &mine).appended, 0);
    }
}

proptest::proptest! {
    /// Whatever files are imported in whatever order, each is there whole, in its order, and a
    /// second time adds nothing; files that are beginnings of one another share their records.
    #[test]
    fn any_files_in_any_order(files in proptest::collection::vec("[ab]{1,9}", 1..8)) {
        let folder = TempDir::new().expect("a folder");
        let content = |file: &str| -> Vec<u8> {
            file.bytes().flat_map(|it| [0, 11, 0xc0, 0, 0, 1, it, it]).collect()
        };
        let mut log = Log::default();
        for file in &files {
            let report = import_bytes(&mut log, &folder, "file.dat", &content(file));
            proptest::prop_assert_eq!(report.appended + report.skipped, file.len() as u64);
            let kept = data(log.of(report.id.as_str())).concat();
            proptest::prop_assert!(kept.starts_with(&content(file)));
        }
        let before = log.records.len();
        for file in &files {
            let again = import_bytes(&mut log, &folder, "file.dat", &content(file));
            proptest::prop_assert_eq!(again.appended, 0, "{}", file);
        }
        proptest::prop_assert_eq!(log.records.len(), before);
        // One line of files, each the beginning of the next: as long as the longest.
        let longest = files.iter().max_by_key(|file| file.len()).expect("a file");
        if files.iter().all(|file| longest.starts_with(file.as_str())) {
            proptest::prop_assert_eq!(before, longest.len());
        }
    }
}

/// An entry of a COSMOS packet log.
fn log_entry(flags: u16, body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let length = u32::try_from(body.len() + 2).expect("short");
    [&length.to_be_bytes()[..], &flags.to_be_bytes(), &body].concat()
}

#[test]
fn a_packet_log_is_imported_under_its_own_names_and_without_its_commands() {
    let times =
        |packet: u64, received: u64| [packet.to_be_bytes(), received.to_be_bytes()].concat();
    let telemetry = |number: u64| {
        log_entry(0x3040, &[&[0, 0], &times(1_000 + number, 2_000 + number), &[number as u8]])
    };
    let command = log_entry(0x3800, &[&[0, 1], &7_u64.to_be_bytes(), b"never again"]);
    let head = [
        b"COSMOS5_".to_vec(),
        log_entry(0x1000, &[b"INST"]),
        log_entry(0x2000, &[&[0, 0], b"HK"]),
        log_entry(0x2800, &[&[0, 0], b"ABORT"]),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("raw.bin");
    let first = [&head.concat()[..], &command, &telemetry(0), &command, &telemetry(1)].concat();
    fs::write(&file, &first).expect("a file");
    let mut log = Log::default();
    let import = |log: &mut Log| {
        let layout = groundlog_replay::FileLayout {
            format: groundlog_replay::Format::Cosmos,
            ..Default::default()
        };
        let options = ImportOptions { layout, target: "OTHER".into(), ..ImportOptions::default() };
        let clock = RecordClock::new("header".parse().expect("header"), None, Nanos(5));
        let mut importer = Importer::new(options, clock, Pace::new(None), log);
        importer.import(&file, &mut |_, _| {}).expect("an import")
    };
    let report = import(&mut log);
    assert_eq!((report.records, report.appended, report.left_out), (2, 2, 2));
    let found: Vec<_> = log
        .records
        .iter()
        .map(|record| {
            let Some(Body::Packet(packet)) = &record.body else { panic!("{record:?}") };
            let times = (record.packet_time_ns, record.received_time_ns);
            (origin(record).index, packet.target.as_str(), packet.name.as_str(), times)
        })
        .collect();
    let expected =
        [(0, "INST", "HK", (Some(1_000), 2_000)), (1, "INST", "HK", (Some(1_001), 2_001))];
    assert_eq!(found, expected);
    // The same file adds nothing, a grown one what is new.
    assert_eq!(import(&mut log).skipped, 2);
    fs::write(&file, [&first[..], &command, &telemetry(2)].concat()).expect("a file");
    let report = import(&mut log);
    assert_eq!((report.appended, report.skipped, report.left_out), (1, 2, 3));
}
