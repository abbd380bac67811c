//! Code that is known by name only: what would come out of it is absent, everywhere.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use groundlog_packet::Value;
use groundlog_packet::access::{AccessError, PacketBuffer, decommutated};
use groundlog_packet::definition::{
    ConversionError, Definitions, OpaqueKind, PacketKind, TargetSource, ValueType,
};
use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{PacketMeta, RecordView};

const TELEMETRY: &str = "TELEMETRY TGT P BIG_ENDIAN
  APPEND_ITEM A 8 UINT
    READ_CONVERSION mine.rb 1 2
    LIMITS DEFAULT 1 ENABLED -80 -70 60 80
    UNITS Volts V
  APPEND_ITEM B 8 UINT
    GENERIC_READ_CONVERSION_START FLOAT 64
      File.read('/etc/passwd')
    GENERIC_READ_CONVERSION_END
    STATE SOMETHING ANY
  APPEND_ARRAY_ITEM C 8 UINT 16
    READ_CONVERSION theirs.py
  ITEM D 0 0 DERIVED
    READ_CONVERSION mine.rb
  APPEND_ITEM E 8 UINT
    LIMITS DEFAULT 1 ENABLED -80 -70 60 80
    LIMITS_RESPONSE respond.rb
";

fn definitions(text: &str) -> Definitions {
    let source = TargetSource {
        name: "TGT".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/test.txt".into(), text.into())],
        binary_files: vec![],
    };
    Definitions::builder().add_target(source).build().unwrap()
}

#[test]
fn each_is_listed_once_with_file_line_and_reason() {
    let definitions = definitions(TELEMETRY);
    let found: Vec<_> = definitions
        .opaque()
        .iter()
        .map(|opaque| {
            (opaque.kind, opaque.name.as_str(), opaque.owner.as_str(), opaque.location.line)
        })
        .collect();
    assert_eq!(
        found,
        [
            (OpaqueKind::ReadConversion, "Mine", "TGT P A", 3),
            (OpaqueKind::ReadConversion, "GenericConversion", "TGT P B", 7),
            (OpaqueKind::ReadConversion, "Theirs", "TGT P C", 12),
            (OpaqueKind::ReadConversion, "Mine", "TGT P D", 14),
            (OpaqueKind::LimitsResponse, "Respond", "TGT P E", 17),
        ]
    );
    let texts: Vec<String> = definitions.opaque().iter().map(ToString::to_string).collect();
    assert_eq!(texts, definitions.unsupported());
    assert!(texts[0].starts_with("cmd_tlm/test.txt:3: read conversion Mine of TGT P A is not run"));
}

#[test]
fn the_raw_value_never_passes_for_the_converted_one() {
    let definitions = definitions(TELEMETRY);
    let packet = definitions.packet(PacketKind::Telemetry, "TGT", "P").unwrap().clone();
    let mut buffer = PacketBuffer::new(packet.clone());
    buffer.set_buffer(vec![200, 2, 3, 4, 5]).unwrap();
    let plan = DecodePlan::compile(&packet);
    let mut limits = LimitsState::new(&packet);
    let (mut record, mut transitions) = (Vec::new(), Vec::new());
    let meta = PacketMeta::default();
    plan.decode_into(buffer.buffer(), meta, Some(&mut limits), &mut record, &mut transitions);
    let view = RecordView::new(&plan, meta, &record).unwrap();
    for (name, raw) in [("A", Value::Int(200)), ("B", Value::Int(2)), ("D", Value::Null)] {
        let place = packet.item_index(name).unwrap();
        assert_eq!(buffer.read(name, ValueType::Raw), Ok(raw.clone()), "{name}");
        assert_eq!(view.raw(place), raw, "{name}");
        for value_type in [ValueType::Converted, ValueType::Formatted] {
            assert_eq!(buffer.read(name, value_type), Ok(Value::Null), "{name}");
        }
        assert_eq!(view.converted(place), Value::Null, "{name}");
        assert_eq!(view.formatted(place), Value::Null, "{name}");
        assert_eq!(view.converted_f64(place), None, "{name}");
        assert_eq!(view.state_name(place), None, "{name}");
    }
    let array = packet.item_index("C").unwrap();
    assert_eq!(view.raw(array), Value::Array(vec![Value::Int(3), Value::Int(4)]));
    assert_eq!(view.converted(array), Value::Null);
    let map = decommutated(&buffer.view(), &|_| None).unwrap();
    assert_eq!(
        (&map["A"], &map["A__C"], &map["A__F"]),
        (&Value::Int(200), &Value::Null, &Value::Null)
    );
    // 200 would be red.
    assert_eq!(limits.state(packet.item_index("A").unwrap()), None);
    assert!(transitions.iter().all(|change| change.item == packet.item_index("E").unwrap()));
}

#[test]
fn an_item_with_a_write_conversion_known_by_name_takes_raw_values_only() {
    let text = "COMMAND TGT C BIG_ENDIAN\n  APPEND_PARAMETER A 8 UINT 0 9 1\n    WRITE_CONVERSION mine.rb\n";
    let definitions = definitions(text);
    let packet = definitions.packet(PacketKind::Command, "TGT", "C").unwrap();
    let mut buffer = PacketBuffer::new(packet.clone());
    let refused = buffer.write("A", &Value::Int(3), ValueType::Converted).unwrap_err();
    assert!(matches!(
        refused,
        AccessError::Conversion { source: ConversionError::Opaque { .. }, .. }
    ));
    assert_eq!(buffer.buffer(), [0]);
    buffer.write("A", &Value::Int(3), ValueType::Raw).unwrap();
    assert_eq!(buffer.buffer(), [3]);
}
