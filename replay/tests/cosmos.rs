//! COSMOS packet logs: the samples of both reference writers, and files broken in every way.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

#[path = "../../tests/src/shared.rs"]
#[allow(unreachable_pub)]
mod shared;

use std::{
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};
use groundlog_packet::{
    Definitions, PacketKind, Value,
    definition::{TargetSource, ValueType},
};
use groundlog_proto::Nanos;
use groundlog_replay::{
    DecodeOptions, FileLayout, Format, ImportRecord, PacketDecoder, ReadError, ReadFault, Records,
    RowFormat, RowWriter,
};
use serde_json::json;
use shared::shared;

/// 2026-01-01T00:00:00.123456789Z, from which the times of the samples derive.
const T0: i64 = 1_767_225_600_123_456_789;
const SECOND: i64 = 1_000_000_000;

/// A sample; `None` (said so) where the folder is absent outside of CI.
fn sample(name: &str) -> Option<PathBuf> {
    shared(&format!("samples/{name}"))
}

fn layout() -> FileLayout {
    FileLayout { format: Format::Cosmos, ..FileLayout::default() }
}

fn split(records: Records) -> (Vec<ImportRecord>, Vec<ReadError>) {
    let (mut packets, mut errors) = (Vec::new(), Vec::new());
    for item in records {
        match item {
            Ok(record) => packets.push(record),
            Err(error) => errors.push(error),
        }
    }
    (packets, errors)
}

fn read(bytes: &[u8]) -> (Vec<ImportRecord>, Vec<ReadError>) {
    split(Records::read_from("log.bin", Cursor::new(bytes.to_vec()), &layout()))
}

/// Reads a sample whose every entry must be good.
fn good(path: &Path) -> Vec<ImportRecord> {
    let (records, errors) = split(Records::open(path, &layout()).expect("it opens"));
    assert!(errors.is_empty(), "{errors:?}");
    records
}

fn names(record: &ImportRecord) -> (&str, &str) {
    let logged = record.logged.as_ref().expect("a log says");
    (&logged.target, &logged.packet)
}

#[test]
fn raw_telemetry_of_the_python_writer() {
    let Some(path) = sample("py_raw_tlm.bin") else { return };
    let records = good(&path);
    let found: Vec<_> = records
        .iter()
        .map(|record| {
            let logged = record.logged.as_ref().expect("a log says");
            let times = (logged.packet_time.0 - T0, record.header_time.expect("a time").0 - T0);
            (names(record), times, logged.stored, record.offset, record.packet.to_vec())
        })
        .collect();
    let health =
        |sequence: u8| vec![8, 1, 0xc0, sequence, 0, 5, 0xde, 0xad, 0xbe, 0xef, 0, sequence];
    let one = ("INST", "HEALTH_STATUS");
    let expected = [
        (one, (0, 1_000_000), false, 0x3f, health(1)),
        (("INST", "ADCS"), (10, 10), true, 0x67, vec![1, 2, 3, 4]),
        (one, (SECOND, SECOND + 1_000_000), false, 0x83, health(2)),
    ];
    assert_eq!(found, expected);
    let packed = sample("py_raw_tlm.bin.gz").expect("beside the other");
    assert_eq!(good(&packed), records);
}

#[test]
fn ids_of_both_writers() {
    let Some(path) = sample("py_raw_tlm_ids.bin") else { return };
    let records = good(&path);
    assert_eq!((records.len(), names(&records[0])), (1, ("INST", "MECH")));
    assert_eq!(&records[0].packet[..], [0xaa, 0x55]);
    let records = good(&sample("rb_raw_tlm_ids.bin").expect("beside the other"));
    assert_eq!(records.iter().map(names).collect::<Vec<_>>(), [("INST", "COLLECT"); 2]);
    assert_eq!(records[1].header_time, Some(Nanos(T0 + SECOND)));
    assert!(records.iter().all(|it| it.packet.starts_with(&[0x13, 0xe7, 0xc0])), "{records:?}");
}

#[test]
fn the_extra_of_commands_whether_or_not_the_flags_call_it_cbor() {
    let Some(path) = sample("py_raw_cmd_extra.bin") else { return };
    let text = |record: &ImportRecord, key: &str| {
        let logged = record.logged.as_ref().expect("a log says");
        assert_eq!(logged.kind, PacketKind::Command);
        let Some(Value::Object(extra)) = &logged.extra else { panic!("{logged:?}") };
        extra[key].to_string()
    };
    let records = good(&path);
    assert_eq!(records.len(), 1);
    assert_eq!(text(&records[0], "cmd_string"), r#"cmd("INST COLLECT with TYPE NORMAL")"#);
    assert_eq!(text(&records[0], "interface_name"), "INST_INT");
    let records = good(&sample("rb_raw_cmd_extra.bin").expect("beside the other"));
    assert_eq!(records.len(), 2);
    for record in &records {
        assert_eq!(
            (text(record, "cmd_string"), text(record, "username")),
            ("INST COLLECT".into(), "operator".into())
        );
        assert_eq!(record.packet.len(), 16);
    }
}

#[test]
fn decommutated_values_in_cbor_and_json_are_the_same() {
    let Some(path) = sample("py_decom_cbor.bin") else { return };
    let values = |path: &Path| -> Vec<_> {
        let records = good(path);
        records.into_iter().map(|it| it.logged.expect("a log says").values).collect()
    };
    let found = values(&path);
    assert_eq!(found, values(&sample("py_decom_json.bin").expect("beside the other")));
    let expected = [
        ("TEMP1", Value::from(2048)),
        ("TEMP1__C", Value::Float(-10.4)),
        ("TEMP1__F", Value::from("-10.400 C")),
        ("TEMP1__L", Value::from("RED_LOW")),
        ("RECEIVED_COUNT", Value::from(2)),
        ("NEWKEY", Value::Bool(true)),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value)).to_vec();
    assert_eq!(found[1].as_ref(), Some(&expected));
}

const DEFINITIONS: &str = r#"
TELEMETRY INST HEALTH_STATUS BIG_ENDIAN
  ITEM TEMP1 48 16 UINT
    POLY_READ_CONVERSION 0 0.5
TELEMETRY INST COLLECT BIG_ENDIAN
  APPEND_ITEM OTHER 8 UINT
COMMAND INST COLLECT BIG_ENDIAN
  PARAMETER TYPE 48 16 UINT MIN MAX 0
    STATE SPECIAL 1
"#;

fn decode(name: &str, options: DecodeOptions) -> Option<String> {
    let path = sample(name)?;
    let source = TargetSource {
        name: "INST".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/inst.txt".into(), DEFINITIONS.into())],
        binary_files: vec![],
    };
    let definitions = Definitions::builder().add_target(source).build().expect("good definitions");
    let decoder = PacketDecoder::new(Arc::new(definitions), options).expect("good options");
    let mut output = Vec::new();
    let mut writer = RowWriter::new(decoder, &mut output);
    for record in good(&path) {
        writer.write(&record).expect("memory takes everything");
    }
    writer.finish().expect("memory takes everything");
    Some(String::from_utf8(output).expect("UTF-8"))
}

#[test]
fn logs_are_decoded_by_the_names_in_them() {
    let time = "header".parse().expect("header");
    let options = DecodeOptions { time, ..DecodeOptions::default() };
    let lines = |name: &str| -> Option<Vec<serde_json::Value>> {
        let text = decode(name, options.clone())?;
        Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
    };
    let Some(rows) = lines("py_raw_tlm.bin") else { return };
    let expected = json!({"target": "INST", "packet": "HEALTH_STATUS", "offset": 63,
        "time": "2026-01-01T00:00:00.123456789Z", "received_time": "2026-01-01T00:00:00.124456789Z",
        "command": false, "stored": false, "values": {"TEMP1": f64::from(0xdead) / 2.0}});
    assert_eq!(rows[0], expected);
    assert_eq!((&rows[1]["packet"], &rows[1]["data"]), (&json!("ADCS"), &json!("01020304")));
    // A command is not the telemetry packet of the same name.
    let rows = lines("rb_raw_cmd_extra.bin").expect("beside the other");
    assert_eq!(
        (&rows[0]["command"], &rows[0]["values"]),
        (&json!(true), &json!({"TYPE": "SPECIAL"}))
    );
    assert_eq!(rows[0]["extra"], json!({"cmd_string": "INST COLLECT", "username": "operator"}));
}

#[test]
fn decommutated_logs_give_the_form_asked_for() {
    for name in ["py_decom_cbor.bin", "py_decom_json.bin"] {
        for (values, temp) in [
            (ValueType::Raw, json!(2047)),
            (ValueType::Converted, json!(-10.5)),
            (ValueType::Formatted, json!("-10.500 C")),
        ] {
            let options = DecodeOptions { values: Some(values), ..DecodeOptions::default() };
            let Some(text) = decode(name, options) else { return };
            let first: serde_json::Value =
                serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
            assert_eq!(first["values"], json!({"TEMP1": temp}), "reserved items are left out");
            assert!(text.contains(r#""NEWKEY":"#), "{text}");
        }
        let options = DecodeOptions {
            items: vec!["TEMP1".into()],
            format: RowFormat::Csv,
            ..DecodeOptions::default()
        };
        let text = decode(name, options).expect("the same file");
        let values: Vec<_> = text.lines().filter_map(|line| line.rsplit(',').next()).collect();
        assert_eq!(values, ["TEMP1", "-10.5", "-10.4"]);
    }
}

/// An entry: length, flags, body.
fn entry(flags: u16, body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let length = u32::try_from(body.len() + 2).expect("short");
    [&length.to_be_bytes()[..], &flags.to_be_bytes(), &body].concat()
}

fn log(entries: &[Vec<u8>]) -> Vec<u8> {
    [b"COSMOS5_".to_vec(), entries.concat()].concat()
}

fn declarations() -> Vec<u8> {
    [entry(0x1000, &[b"INST"]), entry(0x2000, &[&[0, 0], b"HK"])].concat()
}

#[test]
fn entries_that_say_nothing_are_told_and_the_rest_is_read() {
    let time = T0.to_be_bytes();
    let packet = entry(0x3000, &[&[0, 0], &time, b"abc"]);
    let bad = [
        entry(0x7000, &[b"what"]),
        entry(0x3000, &[&[0, 9], &time, b"abc"]),
        entry(0x3000, &[&[0, 0], &time[..3]]),
        entry(0x3000, &[&[0, 0], &[0xff; 8], b"abc"]),
        entry(0x3800, &[&[0, 0], &time, b"abc"]),
        entry(0x3080, &[&[0, 0], &time, &[0, 0, 1, 0], b"{}"]),
        entry(0x4000, &[&[0, 0], &time, b"{\"0\""]),
        entry(0x4100, &[&[0, 0], &time, b"\xa1\x61"]),
        entry(0x2000, &[&[0, 7], b"LOST"]),
        entry(0x2200, &[&[0, 0], b"SHORT"]),
    ];
    for bad in &bad {
        let (records, errors) =
            read(&log(&[declarations(), packet.clone(), bad.clone(), packet.clone()]));
        assert_eq!(records.len(), 2, "{bad:02x?}");
        let [error] = errors.as_slice() else { panic!("one error, not {errors:?}") };
        assert!(matches!(error.fault, ReadFault::Entry { .. }), "{error}");
        let at = 8 + declarations().len() + packet.len() + 4;
        assert!(
            error.to_string().starts_with(&format!("log.bin, byte {at}, record 1: entry of")),
            "{error}"
        );
        assert!(error.to_string().ends_with("; it is left out"), "{error}");
    }
    // An extra block that is neither CBOR nor JSON stays as it is.
    let odd = entry(0x3080, &[&[0, 0], &time, &[0, 0, 0, 2], b"\xff\xfe", b"abc"]);
    let (records, errors) = read(&log(&[declarations(), odd]));
    assert!(errors.is_empty(), "{errors:?}");
    let logged = records[0].logged.as_ref().expect("a log says");
    assert_eq!(logged.extra, Some(Value::Bytes(vec![0xff, 0xfe])));
}

#[test]
fn lost_framing_and_other_files_end_the_reading() {
    let packet = entry(0x3000, &[&[0, 0], &T0.to_be_bytes(), b"abc"]);
    let whole = log(&[declarations(), packet]);
    for cut in 1..19 {
        let (records, errors) = read(&whole[..whole.len() - cut]);
        assert!(records.is_empty());
        assert!(
            matches!(errors[..], [ReadError { fault: ReadFault::Truncated { .. }, .. }]),
            "{errors:?}"
        );
    }
    for (bytes, word) in [
        (&b"COSMOS4_more"[..], "convert it"),
        (b"COSMOS2_", "convert it"),
        (b"garbage at the beginning", "begins with garbage"),
        (b"\x08\x0b\xc0", "begins with 080bc0"),
        (b"", "is empty"),
        (b"\0", "no COSMOS packet log"),
        (b"COSMOS5_\0\0\0\x01\0", "2 at least"),
        (b"COSMOS5_\xff\xff\xff\xff\0", "4294967295 bytes"),
    ] {
        let (records, errors) = read(bytes);
        let [error] = errors.as_slice() else { panic!("one error, not {errors:?}") };
        assert!(records.is_empty() && error.to_string().contains(word), "{error}");
    }
    let ccsds = Records::read_from("x", Cursor::new(whole), &FileLayout::default());
    let (_, errors) = split(ccsds);
    assert!(errors[0].to_string().contains("--format cosmos"), "{errors:?}");
}

#[test]
fn a_target_that_is_not_declared_is_that_of_the_files_name() {
    let file = log(&[
        entry(0x2000, &[&[0, 3], b"HK"]),
        entry(0x3000, &[&[0, 0], &T0.to_be_bytes(), b"a"]),
    ]);
    let name = "/logs/20260101__20260102__DEFAULT__OLDSAT__ALL__rt__raw.bin";
    let (records, errors) = split(Records::read_from(name, Cursor::new(file), &layout()));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(names(&records[0]), ("OLDSAT", "HK"));
}

#[test]
fn any_file_may_be_compressed_and_a_broken_one_is_told() {
    let packet = [8, 11, 0xc0, 0, 0, 1, 7, 7];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&packet.repeat(100)).expect("memory takes everything");
    let packed = encoder.finish().expect("memory takes everything");
    let ccsds = |bytes: Vec<u8>| {
        split(Records::read_from("p.gz", Cursor::new(bytes), &FileLayout::default()))
    };
    // Two members, one after the other.
    let (records, errors) = ccsds([packed.clone(), packed.clone()].concat());
    assert_eq!((records.len(), errors.len()), (200, 0));
    assert_eq!(records[199].offset, 199 * 8);
    let (_, errors) = ccsds(packed[..packed.len() / 2].to_vec());
    assert!(matches!(errors[..], [ReadError { fault: ReadFault::Io(_), .. }]), "{errors:?}");
}
