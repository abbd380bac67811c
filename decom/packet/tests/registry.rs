//! Code in Rust for the classes that definitions name.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::sync::{Arc, Mutex};

use groundlog_packet::access::{PacketTimes, PacketView};
use groundlog_packet::command::{BuildOptions, BuiltCommand, build};
use groundlog_packet::config::ConfigErrors;
use groundlog_packet::definition::{
    DataType, Definitions, OpaqueKind, Packet, PacketKind, TargetSource, ValueType,
};
use groundlog_packet::limits::LimitsColor;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::process::ProcessorStates;
use groundlog_packet::record::{PacketMeta, RecordView};
use groundlog_packet::registry::{
    CodeError, ConversionCode, LimitsChange, LimitsResponseCode, PacketContext, ProcessorCode,
    Registry, ValidatorCode, Verdict,
};
use groundlog_packet::value::Value;
use indexmap::IndexMap;

/// Adds another item to the value.
struct Plus {
    item: String,
    value_type: ValueType,
}

impl ConversionCode for Plus {
    fn convert(&self, value: &Value, packet: &PacketContext<'_>) -> Result<Value, CodeError> {
        let other = packet.read(&self.item, self.value_type).ok_or("cannot read the other item")?;
        let number = |value: &Value| value.as_int().ok_or(format!("'{value}' is no integer"));
        Ok(Value::Int(number(value)? + number(&other)?))
    }

    fn result(&self) -> Option<(DataType, i64)> {
        Some((DataType::Int, 64))
    }
}

/// Repeats a byte, both given by the caller of the command.
struct Repeat;

impl ConversionCode for Repeat {
    fn convert(&self, _: &Value, packet: &PacketContext<'_>) -> Result<Value, CodeError> {
        let given = |name| packet.given(name).and_then(Value::as_int);
        let byte = u8::try_from(given("BYTE").unwrap_or(0x55)).map_err(|_| "BYTE is no byte")?;
        let length = usize::try_from(given("LENGTH").unwrap_or(0)).map_err(|_| "LENGTH")?;
        Ok(Value::Bytes(vec![byte; length]))
    }
}

/// A list in lists, deeper than a record holds.
struct Tower(u32);

impl ConversionCode for Tower {
    fn convert(&self, _: &Value, _: &PacketContext<'_>) -> Result<Value, CodeError> {
        Ok((0..self.0).fold(Value::Null, |inner, _| Value::Array(vec![inner])))
    }
}

/// Adds up an item.
struct Total(String);

impl ProcessorCode for Total {
    fn process(&self, gathered: &mut IndexMap<String, Value>, packet: &PacketContext<'_>) {
        let Some(Value::Int(more)) = packet.read(&self.0, ValueType::Raw) else {
            return;
        };
        let before = gathered.get("TOTAL").and_then(Value::as_int).unwrap_or(0);
        gathered.insert("TOTAL".into(), Value::Int(before + more));
    }
}

struct Note(Arc<Mutex<Vec<String>>>);

impl LimitsResponseCode for Note {
    fn respond(&self, change: &LimitsChange<'_>) -> Result<(), CodeError> {
        let value = change.packet.read(change.item, ValueType::Converted).unwrap();
        let text = format!("{} {value} {:?} {:?}", change.item, change.old, change.new);
        self.0.lock().unwrap().push(text);
        Ok(())
    }
}

/// Demands that a parameter is even before the command is sent, and below 10 afterwards.
struct Even(String);

impl Even {
    fn value(&self, command: &BuiltCommand) -> i128 {
        command.packet.read(&self.0, ValueType::Raw).unwrap().as_int().unwrap()
    }
}

impl ValidatorCode for Even {
    fn before(&self, command: &BuiltCommand) -> Verdict {
        match self.value(command) {
            odd if odd % 2 != 0 => Verdict::Failed(format!("{odd} is odd")),
            0 => Verdict::Unknown("zero".into()),
            _ => Verdict::Passed,
        }
    }

    fn after(&self, command: &BuiltCommand) -> Verdict {
        if self.value(command) < 10 { Verdict::Passed } else { Verdict::Failed("too many".into()) }
    }
}

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry
        .conversion("PlusConversion", |p| {
            Ok(Plus { item: p.item(0)?, value_type: p.value_type(1)? })
        })
        .conversion("RepeatConversion", |_| Ok(Repeat))
        .conversion("TowerConversion", |p| {
            Ok(Tower(u32::try_from(p.integer(0)?).map_err(|error| error.to_string())?))
        })
        // Built-in classes come first.
        .conversion("PolynomialConversion", |_| Ok(Repeat))
        .processor("TotalProcessor", |p| Ok(Total(p.item(0)?)))
        .validator("EvenValidator", |p| Ok(Even(p.item(0)?)));
    registry
}

fn read(config: &str, registry: Registry) -> Result<Definitions, ConfigErrors> {
    let source = TargetSource {
        name: "TGT".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/test.txt".into(), config.into())],
        binary_files: vec![],
    };
    Definitions::builder().with_registry(registry).add_target(source).build()
}

fn telemetry(definitions: &Definitions, name: &str) -> Arc<Packet> {
    definitions.packet(PacketKind::Telemetry, "TGT", name).unwrap().clone()
}

/// Reads converted values through the view and through a record, which must agree.
fn converted(packet: &Arc<Packet>, bytes: &[u8], item: &str) -> Value {
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
fn read_conversions() {
    let config = "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n    STATE ONE 1\n  \
        APPEND_ITEM A 8 UINT\n    READ_CONVERSION plus_conversion.rb id RAW\n    UNITS Volts V\n  \
        APPEND_ARRAY_ITEM L 8 UINT 16\n    READ_CONVERSION plus_conversion.py A\n  \
        ITEM F 0 0 DERIVED\n    READ_CONVERSION plus_conversion.rb ID FORMATTED\n  \
        ITEM SELF 0 0 DERIVED\n    READ_CONVERSION plus_conversion.rb SELF\n  \
        ITEM POLY 0 8 UINT\n    OVERLAP\n    READ_CONVERSION polynomial_conversion.rb 1\n  \
        ITEM OTHER 0 8 UINT\n    OVERLAP\n    READ_CONVERSION other_conversion.rb\n";
    let definitions = read(config, registry()).unwrap();
    let opaque: Vec<_> = definitions.opaque().iter().map(|it| (it.kind, &*it.name)).collect();
    assert_eq!(opaque, [(OpaqueKind::ReadConversion, "OtherConversion")]);
    let packet = telemetry(&definitions, "P");
    let bytes = [1, 40, 5, 6];
    assert_eq!(converted(&packet, &bytes, "A"), Value::Int(41));
    let list = Value::Array(vec![Value::Int(46), Value::Int(47)]);
    assert_eq!(converted(&packet, &bytes, "L"), list);
    assert_eq!(converted(&packet, &bytes, "POLY"), Value::Float(1.0));
    // Null is no integer; ONE is none; an item that reads itself has no end.
    for item in ["F", "SELF", "OTHER"] {
        assert_eq!(converted(&packet, &bytes, item), Value::Null, "{item}");
    }
    assert_eq!(converted(&packet, &[1], "A"), Value::Null);
    let view = PacketView::new(&packet, &bytes, PacketTimes::default());
    assert_eq!(view.read("A", ValueType::Formatted).unwrap(), Value::from("41 V"));
    let shape = packet.item("A").unwrap().read_conversion.as_ref().unwrap();
    assert_eq!((shape.converted_type, shape.converted_bit_size), (Some(DataType::Int), Some(64)));
}

#[test]
fn values_that_a_record_cannot_hold_are_absent() {
    for (height, holds) in [(32, true), (33, false)] {
        let config = format!(
            "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n    \
             READ_CONVERSION tower_conversion.rb {height}\n"
        );
        let definitions = read(&config, registry()).unwrap();
        let plan = DecodePlan::compile(&telemetry(&definitions, "P"));
        let (mut record, meta) = (Vec::new(), PacketMeta::default());
        plan.decode_into(&[1], meta, None, &mut record, &mut Vec::new());
        let view = RecordView::new(&plan, meta, &record).unwrap();
        let place = plan.packet().item_index("ID").unwrap();
        assert_eq!(!view.converted(place).is_null(), holds, "{height}");
    }
}

#[test]
fn arguments_that_code_refuses_are_errors_of_the_definition() {
    let config = "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n    \
        READ_CONVERSION tower_conversion.rb high\n  PROCESSOR T total_processor.rb\n";
    let errors = read(config, registry()).unwrap_err().errors;
    let found: Vec<_> = errors.iter().map(|error| (error.line, &*error.message)).collect();
    let expected = [
        (3, "TowerConversion: argument number 1 must be an integer, not 'high'"),
        (4, "TotalProcessor needs an argument number 1"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn write_conversions_see_what_the_caller_gave() {
    let config = "COMMAND TGT BLOCK BIG_ENDIAN\n  APPEND_ID_PARAMETER ID 8 UINT MIN MAX 1\n  \
        APPEND_PARAMETER BYTE 8 UINT MIN MAX 0x55\n  APPEND_PARAMETER LENGTH 8 UINT MIN MAX 0\n  \
        APPEND_PARAMETER DATA 0 BLOCK ''\n    HIDDEN\n    WRITE_CONVERSION repeat_conversion.rb\n";
    let definitions = read(config, registry()).unwrap();
    let bytes = |given: &[(&str, i64)]| {
        let given: Vec<_> = given.iter().map(|(n, v)| ((*n).to_owned(), Value::from(*v))).collect();
        let built = build(&definitions, "TGT", "BLOCK", &given, BuildOptions::default());
        built.unwrap().packet.into_buffer()
    };
    assert_eq!(bytes(&[]), [1, 0x55, 0]);
    assert_eq!(bytes(&[("length", 3)]), [1, 0x55, 3, 0x55, 0x55, 0x55]);
    assert_eq!(bytes(&[("LENGTH", 2), ("BYTE", 7)]), [1, 7, 2, 7, 7]);
}

#[test]
fn processors_gather_and_survive_a_snapshot() {
    let config = "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ID_ITEM A 8 UINT 1\n  PROCESSOR T total_processor.rb A\n  \
        ITEM SUM 0 0 DERIVED\n    READ_CONVERSION processor_conversion.rb T total\n";
    let definitions = read(config, registry()).unwrap();
    assert!(definitions.opaque().is_empty());
    let packet = telemetry(&definitions, "P");
    let mut states = ProcessorStates::new(&packet);
    assert_eq!(states.result("T", "TOTAL"), Some(Value::Int(0)));
    for byte in [5, 6] {
        states.run(&packet, &[byte], PacketTimes::default());
    }
    let mut restored = ProcessorStates::restore(&packet, &states.snapshot()).unwrap();
    restored.run(&packet, &[7], PacketTimes::default());
    assert_eq!(restored.result("T", "TOTAL"), Some(Value::Int(18)));
    let bytes = [7];
    let view = PacketView::new(&packet, &bytes, PacketTimes::default()).with_processors(&restored);
    assert_eq!(view.read("SUM", ValueType::Converted).unwrap(), Value::Int(18));
}

#[test]
fn limits_responses_are_kept_to_be_called() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let mut registry = Registry::default();
    let shared = notes.clone();
    registry.limits_response("NoteLimitsResponse", move |_| Ok(Note(shared.clone())));
    let config = "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ID_ITEM A 8 UINT 1\n    \
        LIMITS DEFAULT 1 ENABLED 1 2 8 9\n    LIMITS_RESPONSE note_limits_response.rb\n";
    let definitions = read(config, registry).unwrap();
    assert!(definitions.opaque().is_empty());
    let packet = telemetry(&definitions, "P");
    let response = packet.item("A").unwrap().limits.response.as_ref().unwrap();
    let bytes = [9];
    let view = PacketView::new(&packet, &bytes, PacketTimes::default());
    let (old, new) = (Some(LimitsColor::Green), Some(LimitsColor::RedHigh));
    let change = LimitsChange { packet: &view, item: "A", old, new };
    response.code.as_ref().unwrap().respond(&change).unwrap();
    assert_eq!(*notes.lock().unwrap(), ["A 9 Some(Green) Some(RedHigh)"]);
}

#[test]
fn validators_stop_commands() {
    let config = "COMMAND TGT C BIG_ENDIAN\n  APPEND_ID_PARAMETER ID 8 UINT MIN MAX 1\n  \
        APPEND_PARAMETER N 8 UINT MIN MAX 0\n  VALIDATOR even_validator.rb N\n";
    let definitions = read(config, registry()).unwrap();
    assert!(definitions.opaque().is_empty());
    let command = |number: i64| {
        let given = [("N".to_owned(), Value::from(number))];
        build(&definitions, "TGT", "C", &given, BuildOptions::default()).unwrap()
    };
    assert_eq!(command(0).validate(), Ok(()));
    assert_eq!(command(4).validate(), Ok(()));
    let stopped = command(5).validate().unwrap_err();
    assert_eq!(stopped.to_string(), "Command 'TGT C' was stopped by its validator: 5 is odd");
    assert!(!stopped.is_range_failure());
    assert_eq!(command(4).validate_sent(), Ok(()));
    assert!(command(12).validate_sent().is_err());
}

#[test]
fn the_registry_of_the_process_is_filled_once() {
    registry().install().unwrap();
    assert!(Registry::default().install().is_err());
    let source = TargetSource {
        name: "TGT".into(),
        target_txt: String::new(),
        files: vec![(
            "cmd_tlm/test.txt".into(),
            "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n    \
             READ_CONVERSION plus_conversion.rb ID RAW\n"
                .into(),
        )],
        binary_files: vec![],
    };
    let definitions = Definitions::builder().add_target(source).build().unwrap();
    assert_eq!(converted(&telemetry(&definitions, "P"), &[3], "ID"), Value::Int(6));
}
