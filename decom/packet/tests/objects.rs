//! Packets as values: `OBJECT_READ_CONVERSION` and `OBJECT_WRITE_CONVERSION` (cosmos-packets §10).
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

#[path = "support/definitions.rs"]
mod support;

use groundlog_packet::access::{PacketBuffer, PacketTimes, PacketView};
use groundlog_packet::command::{BuildOptions, build};
use groundlog_packet::definition::{Definitions, PacketKind, ValueType};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{PacketMeta, RecordView};
use groundlog_packet::value::Value;
use support::definitions;

const CONFIG: &str = "\
TELEMETRY TGT OUTER BIG_ENDIAN
  APPEND_ID_ITEM ID 8 UINT 1
  APPEND_ITEM BODY 24 BLOCK
    READ_CONVERSION object_read_conversion.rb TLM TGT INNER
  APPEND_ITEM EITHER 24 BLOCK
    READ_CONVERSION openc3/conversions/object_read_conversion.py nil TGT INNER
  ITEM DEEP 8 24 BLOCK
    OVERLAP
    READ_CONVERSION ObjectReadConversion TLM TGT AROUND
TELEMETRY TGT AROUND BIG_ENDIAN
  APPEND_ITEM WHOLE 24 BLOCK
    READ_CONVERSION object_read_conversion.rb TLM TGT INNER
TELEMETRY TGT INNER BIG_ENDIAN
  APPEND_ITEM TEMP 8 UINT
    POLY_READ_CONVERSION 0.5 2
  APPEND_ITEM MODE 8 UINT
    STATE OFF 0
    STATE ON 1
  APPEND_ITEM SECRET 8 UINT
    HIDDEN
COMMAND TGT INNER BIG_ENDIAN
  APPEND_PARAMETER ONE 8 UINT MIN MAX 7
  APPEND_PARAMETER TWO 16 UINT MIN MAX 0x0102
    STATE LOW 3
COMMAND TGT LOAD BIG_ENDIAN
  APPEND_ID_PARAMETER ID 8 UINT MIN MAX 9
  APPEND_PARAMETER BODY 24 BLOCK '000'
    WRITE_CONVERSION object_write_conversion.rb CMD TGT INNER
";

fn object(entries: &[(&str, Value)]) -> Value {
    Value::Object(entries.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
}

/// Reads an item through the view and through a record, which must agree.
fn converted(definitions: &Definitions, packet: &str, bytes: &[u8], item: &str) -> Value {
    let packet = definitions.packet(PacketKind::Telemetry, "TGT", packet).unwrap();
    let view = PacketView::new(packet, bytes, PacketTimes::default());
    let careful = view.read(item, ValueType::Converted).unwrap_or_default();
    let plan = DecodePlan::compile(packet);
    let (mut record, meta) = (Vec::new(), PacketMeta::default());
    plan.decode_into(bytes, meta, None, &mut record, &mut Vec::new());
    let view = RecordView::new(&plan, meta, &record).unwrap();
    assert_eq!(view.converted(packet.item_index(item).unwrap()), careful, "{item}");
    careful
}

#[test]
fn bytes_become_the_converted_values_of_a_packet() {
    let definitions = definitions(CONFIG);
    assert!(definitions.opaque().is_empty());
    let bytes = [1, 10, 1, 99, 0x20, 0x00, 0x05];
    let inner = object(&[("TEMP", Value::Float(20.5)), ("MODE", Value::from("ON"))]);
    assert_eq!(converted(&definitions, "OUTER", &bytes, "BODY"), inner);
    // Without a kind a command goes before telemetry.
    let command = object(&[("ONE", Value::Int(0x20)), ("TWO", Value::Int(5))]);
    assert_eq!(converted(&definitions, "OUTER", &bytes, "EITHER"), command);
    assert_eq!(converted(&definitions, "OUTER", &bytes, "DEEP"), object(&[("WHOLE", inner)]));
    assert_eq!(converted(&definitions, "OUTER", &[1], "BODY"), Value::Null);
}

#[test]
fn a_map_becomes_the_bytes_of_a_packet() {
    let definitions = definitions(CONFIG);
    let packet = definitions.packet(PacketKind::Command, "TGT", "LOAD").unwrap();
    let mut buffer = PacketBuffer::new(packet.clone());
    let map = object(&[("two", Value::from("low"))]);
    buffer.write("BODY", &map, ValueType::Converted).unwrap();
    // What is not given keeps its default.
    assert_eq!(buffer.buffer(), [0, 7, 0, 3]);
    let map = object(&[("TWO", Value::Int(1)), ("ONE", Value::Int(2))]);
    buffer.write("BODY", &map, ValueType::Converted).unwrap();
    assert_eq!(buffer.buffer(), [0, 2, 0, 1]);
    for (wrong, why) in [
        (object(&[("THREE", Value::Int(1))]), "Item 'TGT INNER THREE' does not exist"),
        (object(&[("ONE", Value::Int(256))]), "256"),
        (Value::Int(5), "is no map"),
    ] {
        let error = buffer.write("BODY", &wrong, ValueType::Converted).unwrap_err().to_string();
        assert!(error.starts_with("BODY: ObjectWriteConversion: "), "{error}");
        assert!(error.contains(why), "{error}");
    }
    let given = [("BODY".to_owned(), object(&[("ONE", Value::Int(1))]))];
    let built = build(&definitions, "TGT", "LOAD", &given, BuildOptions::default());
    // The default of the parameter is no map; it is not written, because the parameter is given.
    assert_eq!(built.unwrap().packet.buffer(), [9, 1, 1, 2]);
}

#[test]
fn packets_that_do_not_exist_or_hold_themselves_have_no_value() {
    let definitions = definitions(
        "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n  APPEND_ITEM A 8 BLOCK\n    \
         READ_CONVERSION object_read_conversion.rb CMD OTHER NONE\n  APPEND_ITEM B 0 BLOCK\n    \
         READ_CONVERSION object_read_conversion.rb TLM TGT P\n",
    );
    let warnings = definitions.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0], "TGT P A: there is no command packet OTHER NONE");
    assert_eq!(converted(&definitions, "P", &[1, 2, 3], "A"), Value::Null);
    assert_eq!(converted(&definitions, "P", &[1, 2, 3], "B"), Value::Null);
}

#[test]
fn arguments_are_checked() {
    for arguments in ["", "TLM TGT", "BOTH TGT P"] {
        let text = format!(
            "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ITEM A 8 BLOCK\n    \
             READ_CONVERSION object_read_conversion.rb {arguments}\n"
        );
        let errors = support::try_definitions(&text).unwrap_err();
        assert_eq!(errors.errors.len(), 1);
        assert!(errors.errors[0].message.starts_with("ObjectReadConversion"), "{errors}");
        assert_eq!(errors.errors[0].line, 3);
    }
}
