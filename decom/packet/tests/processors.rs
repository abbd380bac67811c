//! Processors, what is read of them, and what a restart leaves of them.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use groundlog_packet::Value;
use groundlog_packet::access::{AccessError, PacketBuffer};
use groundlog_packet::definition::{Definitions, Packet, PacketKind, TargetSource, ValueType};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::process::ProcessorStates;
use groundlog_packet::record::{PacketMeta, RecordView};

const TEXT: &str = "TELEMETRY TGT P BIG_ENDIAN
  APPEND_ITEM A 32 FLOAT
    POLY_READ_CONVERSION 0 10
  ITEM HI 0 0 DERIVED
    READ_CONVERSION processor_conversion.rb W HIGH_WATER
    LIMITS DEFAULT 1 ENABLED -80 -70 60 80
  ITEM LO 0 0 DERIVED
    READ_CONVERSION processor_conversion.rb W LOW_WATER
  ITEM MEAN 0 0 DERIVED
    READ_CONVERSION processor_conversion.rb S MEAN FLOAT 64
  ITEM SD 0 0 DERIVED
    READ_CONVERSION processor_conversion.rb S STDDEV
  ITEM WHAT 0 0 DERIVED
    READ_CONVERSION processor_conversion.rb S MEDIAN
  ITEM NONE 0 0 DERIVED
    READ_CONVERSION processor_conversion.rb NOBODY MEAN
  ITEM MINE 0 0 DERIVED
    READ_CONVERSION processor_conversion.rb M MEAN
  PROCESSOR W watermark_processor.rb A
  PROCESSOR S statistics_processor.rb A 3 RAW
  PROCESSOR M my_processor.rb A
";

fn definitions(text: &str) -> Result<Definitions, String> {
    let source = TargetSource {
        name: "TGT".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/test.txt".into(), text.into())],
        binary_files: vec![],
    };
    Definitions::builder().add_target(source).build().map_err(|errors| errors.to_string())
}

fn packet(text: &str) -> Arc<Packet> {
    let definitions = definitions(text).unwrap();
    definitions.packet(PacketKind::Telemetry, "TGT", "P").unwrap().clone()
}

/// Reads an item by way of a record.
fn decoded(plan: &DecodePlan, states: &ProcessorStates, bytes: &[u8], item: &str) -> Value {
    let (mut record, mut transitions) = (Vec::new(), Vec::new());
    let meta = PacketMeta::default();
    plan.decode_processed(bytes, meta, None, Some(states), &mut record, &mut transitions);
    let view = RecordView::new(plan, meta, &record).unwrap();
    view.converted(plan.packet().item_index(item).unwrap())
}

#[test]
fn results_are_the_same_in_plan_and_buffer() {
    let packet = packet(TEXT);
    let plan = DecodePlan::compile(&packet);
    let mut states = ProcessorStates::new(&packet);
    let mut buffer = PacketBuffer::new(packet.clone());
    let samples = [5.0, f32::NAN, 9.0, f32::INFINITY, 1.0, 2.0];
    for item in ["HI", "LO", "MEAN", "SD"] {
        assert_eq!(buffer.read(item, ValueType::Converted), Ok(Value::Int(0)), "{item}");
        assert_eq!(decoded(&plan, &states, &[0; 4], item), Value::Int(0), "{item}");
    }
    for sample in samples {
        let bytes = sample.to_be_bytes();
        buffer.set_buffer(bytes.to_vec()).unwrap();
        buffer.process();
        plan.process(&bytes, PacketMeta::default(), &mut states);
        for item in ["HI", "LO", "MEAN", "SD", "WHAT", "MINE"] {
            let read = buffer.read(item, ValueType::Converted).unwrap();
            assert_eq!(decoded(&plan, &states, &bytes, item), read, "{item}");
        }
        let unknown = buffer.read("NONE", ValueType::Converted);
        assert!(matches!(unknown, Err(AccessError::UnknownProcessor { .. })));
        assert_eq!(decoded(&plan, &states, &bytes, "NONE"), Value::Null);
    }
    let read = |item| decoded(&plan, &states, &[0; 4], item);
    // The watermark saw ten times the raw values, the infinite one included.
    assert_eq!(read("HI"), Value::Float(f64::INFINITY));
    assert_eq!(read("LO"), Value::Float(10.0));
    assert_eq!(read("MEAN"), Value::Float(4.0));
    assert_eq!(read("SD"), Value::Float(4.358898943540674));
    assert_eq!(read("WHAT"), Value::Int(0));
    assert_eq!(read("MINE"), Value::Null);
}

#[test]
fn a_snapshot_goes_on_where_it_was_taken() {
    let packet = packet(TEXT);
    let plan = DecodePlan::compile(&packet);
    let mut through = ProcessorStates::new(&packet);
    for cut in 0_u8..6 {
        let mut restored = ProcessorStates::restore(&packet, &through.snapshot()).unwrap();
        assert_eq!(restored, through);
        let bytes = (f32::from(cut) * 1.5 - 2.0).to_be_bytes();
        plan.process(&bytes, PacketMeta::default(), &mut restored);
        plan.process(&bytes, PacketMeta::default(), &mut through);
        assert_eq!(restored.snapshot(), through.snapshot());
    }
    let damaged = through.snapshot();
    for end in 1..damaged.len() {
        // Whatever is left of it: no panic, and no half a state.
        if let Some(states) = ProcessorStates::restore(&packet, &damaged[..end]) {
            assert_eq!(states, ProcessorStates::restore(&packet, &damaged[..end]).unwrap());
        }
    }
}

#[test]
fn arguments_are_checked_where_they_are_defined() {
    let head = "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ITEM A 8 UINT\n";
    for line in [
        "PROCESSOR S statistics_processor.rb A",
        "PROCESSOR S statistics_processor.rb A 0",
        "PROCESSOR S statistics_processor.rb A 1000000000",
        "PROCESSOR W watermark_processor.rb",
        "PROCESSOR W watermark_processor.rb A COOKED",
    ] {
        let errors = definitions(&format!("{head}  {line}\n")).unwrap_err();
        assert!(errors.contains("test.txt:3:"), "{line}: {errors}");
    }
}
