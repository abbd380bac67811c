//! Packets of files as tables, by definitions written down here.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{io::Cursor, sync::Arc};

use groundlog_packet::{
    Definitions,
    definition::{TargetSource, ValueType},
};
use groundlog_proto::Nanos;
use groundlog_replay::{
    Counts, DecodeOptions, DefinedTimes, FileLayout, Format, ImportRecord, ItemTimes as _,
    PacketDecoder, Records, RowFormat, RowWriter,
};
use serde_json::{Value, json};

const TELEMETRY: &str = r#"
TELEMETRY SAT HEALTH BIG_ENDIAN "health"
  APPEND_ID_ITEM KIND 8 UINT 1
  APPEND_ITEM BIG 64 UINT
  APPEND_ITEM SMALL 64 INT
  APPEND_ITEM TEMP 16 INT
    POLY_READ_CONVERSION -10.0 0.5
    UNITS Celsius C
    FORMAT_STRING "%0.2f"
  APPEND_ITEM MODE 8 UINT
    STATE SAFE 0
    STATE "FULL POWER" 1
  APPEND_ITEM NAME 32 STRING
  APPEND_ITEM DUMP 32 BLOCK
  APPEND_ITEM SECRET 8 UINT
  HIDDEN
  APPEND_ARRAY_ITEM LIST 8 UINT 16
TELEMETRY SAT CLOCK BIG_ENDIAN "clock"
  APPEND_ID_ITEM KIND 8 UINT 2
  APPEND_ITEM TIMESEC 32 UINT
  APPEND_ITEM TIMEUS 32 UINT
TELEMETRY SAT LEVEL BIG_ENDIAN "level"
  APPEND_ID_ITEM LEVEL_KIND 8 UINT 3
  APPEND_ITEM LEVEL 8 UINT
  ITEM HIGHEST 0 0 DERIVED
    READ_CONVERSION processor_conversion.rb W HIGH_WATER
  APPEND_ITEM CODED 8 UINT
    READ_CONVERSION not_here.rb
  PROCESSOR W watermark_processor.rb LEVEL
"#;

fn definitions() -> Arc<Definitions> {
    let source = TargetSource {
        name: "SAT".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/tlm.txt".into(), TELEMETRY.into())],
        binary_files: vec![],
    };
    Arc::new(Definitions::builder().add_target(source).build().expect("good definitions"))
}

fn health() -> Vec<u8> {
    let mut packet = vec![1];
    packet.extend(u64::MAX.to_be_bytes());
    packet.extend(i64::MIN.to_be_bytes());
    packet.extend(41_i16.to_be_bytes());
    packet.push(1);
    packet.extend(b"A,\"\0");
    packet.extend(b"text");
    packet.push(9);
    packet.extend([7, 8]);
    packet
}

fn clock(seconds: u32, microseconds: u32) -> Vec<u8> {
    let mut packet = vec![2];
    packet.extend(seconds.to_be_bytes());
    packet.extend(microseconds.to_be_bytes());
    packet
}

/// A dump, because its packets may have any length.
fn dump(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut records = Vec::new();
    for (index, packet) in packets.iter().enumerate() {
        for word in [index as u32 + 1, 1, packet.len() as u32, 1_000, 5] {
            records.extend(word.to_be_bytes());
        }
        records.extend(packet);
    }
    let mut file = Vec::new();
    for word in [20 + records.len() as u32, packets.len() as u32, 1, 1_000, 0] {
        file.extend(word.to_be_bytes());
    }
    file.extend(records);
    file
}

fn decode(packets: &[Vec<u8>], options: DecodeOptions) -> (String, Counts) {
    let layout = FileLayout { format: Format::Dump, ..FileLayout::default() };
    let decoder = PacketDecoder::new(definitions(), options).expect("good options");
    let mut output = Vec::new();
    let mut writer = RowWriter::new(decoder, &mut output);
    for record in Records::read_from("f", Cursor::new(dump(packets)), &layout) {
        writer.write(&record.expect("a record")).expect("memory takes everything");
    }
    let counts = writer.finish().expect("memory takes everything");
    (String::from_utf8(output).expect("UTF-8"), counts)
}

fn lines(packets: &[Vec<u8>], options: DecodeOptions) -> Vec<Value> {
    let (text, _) = decode(packets, options);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn options(values: ValueType) -> DecodeOptions {
    DecodeOptions { values: Some(values), ..DecodeOptions::default() }
}

#[test]
fn raw_values_in_definition_order_and_exact() {
    let (text, counts) = decode(&[health()], options(ValueType::Raw));
    let expected = concat!(
        r#"{"target":"SAT","packet":"HEALTH","offset":40,"time":null,"values":{"KIND":1,"#,
        r#""BIG":18446744073709551615,"SMALL":-9223372036854775808,"TEMP":41,"MODE":1,"#,
        r#""NAME":"A,\"","DUMP":"74657874","LIST":[7,8]}}"#,
        "\n"
    );
    assert_eq!(text, expected);
    assert_eq!(counts, Counts { written: 1, ..Counts::default() });
}

#[test]
fn converted_and_formatted_values() {
    let rows = lines(&[health()], options(ValueType::Converted));
    let values = &rows[0]["values"];
    assert_eq!((&values["TEMP"], &values["MODE"]), (&json!(10.5), &json!("FULL POWER")));
    assert_eq!(values["DUMP"], "74657874");
    let rows = lines(&[health()], options(ValueType::Formatted));
    let values = &rows[0]["values"];
    assert_eq!(
        (&values["TEMP"], &values["BIG"]),
        (&json!("10.50 C"), &json!("18446744073709551615"))
    );
    assert_eq!(values["LIST"], json!(["7", "8"]));
}

#[test]
fn processors_see_every_packet_once() {
    let packets = [5, 3, 9, 1].map(|level| vec![3, level, 7]);
    let rows = lines(&packets, options(ValueType::Converted));
    let highest: Vec<_> = rows.iter().map(|row| row["values"]["HIGHEST"].clone()).collect();
    assert_eq!(highest, [json!(5), json!(5), json!(9), json!(9)]);
}

#[test]
fn a_conversion_that_is_not_run_gives_no_value() {
    let packet = [vec![3, 5, 7]];
    let value = |values| lines(&packet, options(values))[0]["values"]["CODED"].clone();
    assert_eq!(value(ValueType::Raw), json!(7));
    assert_eq!(value(ValueType::Converted), Value::Null);
    assert_eq!(value(ValueType::Formatted), Value::Null);
    let packet_name = Some("LEVEL".into());
    let csv = DecodeOptions {
        packet: packet_name,
        format: RowFormat::Csv,
        ..options(ValueType::Converted)
    };
    let (text, _) = decode(&packet, csv);
    assert!(text.trim_end().ends_with(",5,"), "{text}");
}

#[test]
fn times_of_headers_items_and_neither() {
    let packets = [health(), clock(1_700_000_000, 250_000)];
    let time = |source: &str| -> Vec<Value> {
        let time = source.parse().expect(source);
        let rows = lines(&packets, DecodeOptions { time, ..options(ValueType::Raw) });
        rows.into_iter().map(|row| row["time"].clone()).collect()
    };
    assert_eq!(time("header"), vec![json!("1970-01-01T00:16:40.000005000Z"); 2]);
    assert_eq!(time("none"), [Value::Null, Value::Null]);
    let expected = [Value::Null, json!("2023-11-14T22:13:20.250000000Z")];
    assert_eq!(time("unix:TIMESEC,TIMEUS"), expected);
    let time = "unix:timesec".parse().expect("unix");
    let (_, counts) = decode(&packets, DecodeOptions { time, ..options(ValueType::Raw) });
    assert_eq!((counts.written, counts.without_time), (2, 1));
}

#[test]
fn imports_find_the_time_in_items_too() {
    let source = "unix:TIMESEC,TIMEUS".parse().expect("unix");
    let mut times = DefinedTimes::new(definitions(), "SAT", &source).expect("items exist");
    let mut time = |packet: Vec<u8>| times.packet_time(&ImportRecord::new(0, 0, packet.into()));
    assert_eq!(time(clock(5, 7)), Some(Nanos(5_000_007_000)));
    assert_eq!(time(health()), None);
    assert_eq!(time(clock(5, 7)[..6].to_vec()), None, "cut inside the microseconds");
    assert_eq!(time(vec![99]), None);
    let missing = "unix:NOWHERE".parse().expect("unix");
    let error = DefinedTimes::new(definitions(), "", &missing).err().expect("no such item");
    assert!(error.to_string().contains("NOWHERE"), "{error}");
}

#[test]
fn csv_is_one_packet_with_a_header() {
    let csv = DecodeOptions {
        packet: Some("health".into()),
        format: RowFormat::Csv,
        ..options(ValueType::Converted)
    };
    let (text, counts) = decode(&[health(), clock(1, 2), vec![77]], csv);
    assert_eq!(
        text,
        "packet,offset,time,KIND,BIG,SMALL,TEMP,MODE,NAME,DUMP,LIST\n\
         HEALTH,40,,1,18446744073709551615,-9223372036854775808,10.5,FULL POWER,\"A,\"\"\",\
         74657874,\"[7,8]\"\n"
    );
    assert_eq!(counts, Counts { written: 1, other: 1, unknown: 1, without_time: 0 });
}

#[test]
fn items_asked_for_make_a_table_of_several_packets() {
    let items = ["temp", "CLOCK KIND", "SAT HEALTH KIND", "TEMP"].map(String::from).to_vec();
    let csv =
        DecodeOptions { items: items.clone(), format: RowFormat::Csv, ..options(ValueType::Raw) };
    let (text, counts) = decode(&[health(), clock(1, 2), vec![77]], csv);
    assert_eq!(
        text,
        "packet,offset,time,TEMP,HEALTH KIND,CLOCK KIND\nHEALTH,40,,41,1,\nCLOCK,91,,,,2\n"
    );
    assert_eq!(counts, Counts { written: 2, other: 0, unknown: 1, without_time: 0 });
    let rows = lines(&[health(), clock(1, 2)], DecodeOptions { items, ..options(ValueType::Raw) });
    assert_eq!(rows[0]["values"], json!({"TEMP": 41, "KIND": 1}));
    assert_eq!(rows[1]["values"], json!({"KIND": 2}));
    let one = DecodeOptions { items: vec!["TIMEUS".into()], ..options(ValueType::Raw) };
    let (text, counts) = decode(&[health(), clock(1, 2)], one);
    assert_eq!((text.lines().count(), counts.other), (1, 1));
}

#[test]
fn unknown_packets_keep_their_bytes() {
    let rows = lines(&[vec![77, 0xab]], options(ValueType::Raw));
    let expected = json!({"target": "UNKNOWN", "packet": "UNKNOWN", "offset": 40, "time": null,
        "values": {}, "data": "4dab"});
    assert_eq!(rows, [expected]);
}

#[test]
fn short_packets_have_nulls_where_they_end() {
    let rows = lines(&[health()[..10].to_vec()], options(ValueType::Converted));
    let values = &rows[0]["values"];
    assert_eq!(
        (&values["BIG"], &values["SMALL"], &values["MODE"]),
        (&json!(u64::MAX), &Value::Null, &Value::Null)
    );
    assert_eq!((&values["DUMP"], &values["LIST"]), (&Value::Null, &Value::Null));
}

#[test]
fn names_that_do_not_exist_are_refused_with_those_that_do() {
    let refused = |options: DecodeOptions| {
        PacketDecoder::new(definitions(), options).err().expect("refused").to_string()
    };
    let text = refused(DecodeOptions { target: Some("MOON".into()), ..DecodeOptions::default() });
    assert!(text.contains("MOON") && text.contains("SAT"), "{text}");
    let text = refused(DecodeOptions { packet: Some("NOPE".into()), ..DecodeOptions::default() });
    assert!(text.contains("NOPE") && text.contains("SAT HEALTH, SAT CLOCK, SAT LEVEL"), "{text}");
    let item = |name: &str| {
        refused(DecodeOptions { items: vec![name.into()], ..DecodeOptions::default() })
    };
    assert_eq!(item("kind"), "kind may be SAT HEALTH KIND, SAT CLOCK KIND; write which");
    assert_eq!(
        item("a b c d"),
        "'a b c d' names no item: write ITEM, PACKET ITEM or TARGET PACKET ITEM"
    );
    let text = item("HEALTH TIMESEC");
    assert!(text.starts_with("there is no item HEALTH TIMESEC in SAT HEALTH;"), "{text}");
    let text = item("SECRET");
    assert!(
        text.starts_with("there is no item SECRET in SAT HEALTH, SAT CLOCK, SAT LEVEL;"),
        "{text}"
    );
}
