//! Real spacecraft data: attitude and ephemeris of NOAA-20 against values that another decoder
//! found in the same file.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

#[path = "../../tests/src/shared.rs"]
#[allow(unreachable_pub)]
mod shared;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use groundlog_packet::{
    Definitions,
    definition::{TargetSource, ValueType},
    xtce::{Options, export},
};
use groundlog_proto::Nanos;
use groundlog_replay::{
    Counts, DecodeOptions, FileLayout, PacketDecoder, RecordClock, Records, RowFormat, RowWriter,
};
use shared::shared;

const PACKETS: usize = 7200;

/// The folder with the recording; `None` (said so) where it is absent outside of CI.
fn data() -> Option<PathBuf> {
    shared("data/jpss")
}

fn recording(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).expect("the data folder can be read");
    files
        .find_map(|file| {
            let path = file.expect("an entry").path();
            (path.extension()? == "DAT1").then_some(path)
        })
        .expect("a .DAT1 file")
}

fn definitions() -> Arc<Definitions> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/plugins/JPSS/targets/JPSS");
    let read = |path: &str| fs::read_to_string(target.join(path)).expect(path);
    let source = TargetSource {
        name: "JPSS".into(),
        target_txt: read("target.txt"),
        files: vec![("cmd_tlm/geolocation.txt".into(), read("cmd_tlm/geolocation.txt"))],
        binary_files: vec![],
    };
    let definitions = Definitions::builder().add_target(source).build().expect("good definitions");
    assert!(definitions.warnings().is_empty(), "{:?}", definitions.warnings());
    assert!(definitions.unsupported().is_empty(), "{:?}", definitions.unsupported());
    Arc::new(definitions)
}

/// The definitions that came with the recording, an XTCE document.
fn xtce_definitions(folder: &Path) -> Arc<Definitions> {
    let path = folder.join("jpss1_geolocation_xtce_v1.xml");
    let document = fs::read(&path).expect("the document can be read");
    let builder = Definitions::builder();
    let builder = builder.add_xtce(&path.display().to_string(), document, Options::default());
    let definitions = builder.build().expect("good definitions");
    assert!(definitions.warnings().is_empty(), "{:?}", definitions.warnings());
    Arc::new(definitions)
}

fn decode(recording: &Path, format: RowFormat, values: ValueType) -> String {
    decode_by(definitions(), recording, format, values)
}

fn decode_by(
    definitions: Arc<Definitions>,
    recording: &Path,
    format: RowFormat,
    values: ValueType,
) -> String {
    let options = DecodeOptions {
        values: Some(values),
        time: "cds:6".parse().expect("cds"),
        format,
        ..DecodeOptions::default()
    };
    let decoder = PacketDecoder::new(definitions, options).expect("good options");
    let mut output = Vec::new();
    let mut writer = RowWriter::new(decoder, &mut output);
    for record in Records::open(recording, &FileLayout::default()).expect("the file opens") {
        writer.write(&record.expect("an intact file")).expect("memory takes everything");
    }
    let counts = writer.finish().expect("memory takes everything");
    assert_eq!(counts, Counts { written: PACKETS as u64, ..Counts::default() });
    String::from_utf8(output).expect("UTF-8")
}

#[test]
fn every_value_of_every_packet_is_the_expected_one() {
    let Some(folder) = data() else { return };
    let expected = fs::read_to_string(folder.join("expected_raw.csv")).expect("expected values");
    let file = recording(&folder);
    // The values that nothing converts are the same in both forms.
    let forms = [ValueType::Raw, ValueType::Converted];
    let by_plugin = forms.map(|values| decode(&file, RowFormat::Csv, values));
    let by_xtce =
        forms.map(|values| decode_by(xtce_definitions(&folder), &file, RowFormat::Csv, values));
    // The plug-in out as XTCE, and in again.
    let exported = export(&definitions(), "JPSS").expect("a target");
    assert!(exported.left_out.is_empty(), "{:?}", exported.left_out);
    let builder = Definitions::builder();
    let builder = builder.add_xtce("exported", exported.document.into_bytes(), Options::default());
    let again = Arc::new(builder.build().expect("good definitions"));
    let by_export = forms.map(|values| decode_by(again.clone(), &file, RowFormat::Csv, values));
    for csv in by_plugin.into_iter().chain(by_xtce).chain(by_export) {
        let mut lines = csv.lines();
        let mut expected = expected.lines().map(str::trim_end);
        let header = lines.next().and_then(|line| line.strip_prefix("packet,offset,time,"));
        assert_eq!(header, expected.next());
        let mut compared = 0;
        for (row, (line, expected)) in lines.zip(expected).enumerate() {
            let offset = (row * 71).to_string();
            let mut fields = line.splitn(4, ',');
            assert_eq!(fields.next(), Some("JPSS_ATT_EPHEM"));
            assert_eq!(fields.next(), Some(offset.as_str()));
            assert_eq!(fields.nth(1), Some(expected), "values of packet {row}");
            compared += expected.split(',').count();
        }
        assert_eq!(compared, PACKETS * 27);
    }
}

#[test]
fn json_lines_hold_the_same_values() {
    let Some(folder) = data() else { return };
    let expected = fs::read_to_string(folder.join("expected_raw.csv")).expect("expected values");
    let text = decode(&recording(&folder), RowFormat::JsonLines, ValueType::Raw);
    let mut expected = expected.lines().map(str::trim_end);
    let names: Vec<&str> = expected.next().expect("a header").split(',').collect();
    let mut rows = 0;
    for (line, expected) in text.lines().zip(expected) {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let values = row["values"].as_object().expect("an object");
        assert_eq!(values.keys().collect::<Vec<_>>(), names, "definition order");
        let found: Vec<String> = values.values().map(ToString::to_string).collect();
        assert_eq!(found.join(","), expected);
        rows += 1;
    }
    assert_eq!(rows, PACKETS);
}

#[test]
fn packet_times_cover_the_two_hours_of_the_recording() {
    let Some(folder) = data() else { return };
    let source = "cds:6".parse().expect("cds");
    let mut clock = RecordClock::new(source, None, Nanos(0));
    let mut last = None;
    let mut count = 0;
    let records = Records::open(&recording(&folder), &FileLayout::default());
    for record in records.expect("the file opens") {
        let times = clock.times(&record.expect("an intact file"));
        let time = times.packet.expect("a packet time");
        assert_eq!(times.received, time, "the file records no other time");
        // 2021-04-09T00:00:00.007137Z, the first packet.
        const FIRST: i64 = 1_617_926_400_007_137_000;
        match last {
            None => assert_eq!(time, Nanos(FIRST)),
            Some(last) => {
                let step = time.0 - last;
                assert!((900_000_000..1_100_000_000).contains(&step), "a step of {step} ns");
            }
        }
        last = Some(time.0);
        count += 1;
    }
    assert_eq!(count, PACKETS);
    let text = decode(&recording(&folder), RowFormat::JsonLines, ValueType::Formatted);
    let first = text.lines().next().expect("a line");
    assert!(first.contains(r#""time":"2021-04-09T00:00:00.007137000Z""#), "{first}");
    assert!(first.contains(r#""MSEC":"7 ms""#), "{first}");
}
