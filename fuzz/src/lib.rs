//! What the fuzz targets share.

use std::sync::Arc;

use groundlog_packet::access::{PacketTimes, PacketView};
use groundlog_packet::config::ConfigErrors;
use groundlog_packet::definition::{
    Definitions, Item, Packet, TargetSource, ValueType, is_reserved_item,
};
use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::process::ProcessorStates;
use groundlog_packet::record::{Columns, PacketMeta, RecordView};
use groundlog_packet::value::Value;

mod generator;

pub use generator::{Choices, definition};

/// Reads one file of a target.
pub fn read(language: &str, text: String) -> Result<Definitions, ConfigErrors> {
    let source = TargetSource {
        name: "TGT".into(),
        target_txt: format!("LANGUAGE {language}\n"),
        files: vec![("cmd_tlm/fuzz.txt".into(), text)],
        binary_files: vec![],
    };
    Definitions::builder().add_target(source).build()
}

/// Compares exactly: NaN equals NaN.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => {
            (x.is_nan() && y.is_nan()) || x.to_bits() == y.to_bits()
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|((k, x), (l, y))| k == l && same(x, y))
        }
        _ => a == b,
    }
}

/// Decodes a buffer the fast way and the careful way, which must agree.
pub fn decode(packet: &Arc<Packet>, bytes: &[u8]) {
    let plan = DecodePlan::compile(packet);
    let times = PacketTimes { received: Some(5_000_000_000), packet: None, received_count: 1 };
    let mut processors = ProcessorStates::new(packet);
    processors.run(packet, bytes, times);
    let careful = PacketView::new(packet, bytes, times).with_processors(&processors);
    let time = careful.time();
    let (has_time, packet_time_ns) = (time.is_ok(), time.ok().flatten());
    let meta = PacketMeta { received_time_ns: times.received, packet_time_ns, received_count: 1 };
    if let Some(time) = plan.packet_time(bytes) {
        assert_eq!(Some(time), packet_time_ns);
    }
    let mut limits = LimitsState::new(packet);
    let (mut record, mut transitions) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        record.clear();
        plan.decode_processed(
            bytes,
            meta,
            Some(&mut limits),
            Some(&processors),
            &mut record,
            &mut transitions,
        );
    }
    let view = RecordView::new(&plan, meta, &record).expect("a record that was just written");
    view.read_into(&mut Columns::default());
    // Where the packet's time cannot be read, the record has the envelope's.
    let is_compared = |item: &Item| !item.hidden && (has_time || !is_reserved_item(&item.name));
    for (place, item) in packet.items.iter().enumerate().filter(|(_, item)| is_compared(item)) {
        let read = |value_type| careful.read_item(place, value_type).unwrap_or(Value::Null);
        let _ = careful.read_item(place, ValueType::Formatted);
        let _ = view.formatted(place);
        for (found, expected) in [
            (view.raw(place), read(ValueType::Raw)),
            (view.converted(place), read(ValueType::Converted)),
        ] {
            assert!(same(&found, &expected), "{}: {found:?}, not {expected:?}", item.name);
        }
    }
    let restored = ProcessorStates::restore(packet, &processors.snapshot());
    assert_eq!(restored.map(|states| states.snapshot()), Some(processors.snapshot()));
}
