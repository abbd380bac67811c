//! The packet time that a packet's own items give.

use groundlog_packet::access::{PacketTimes, PacketView};
use groundlog_packet::definition::ValueType;
use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{PacketMeta, RecordView};
use groundlog_packet::value::Value;

use crate::definitions::packet;

const CLOCK: &str = "TELEMETRY TGT P BIG_ENDIAN\nITEM SEC 0 32 UINT\nITEM US 32 32 UINT\n\
    ITEM PACKET_TIME 0 0 DERIVED\nREAD_CONVERSION unix_time_conversion.rb SEC US\n\
    ITEM T2 0 0 DERIVED\nREAD_CONVERSION unix_time_formatted_conversion.rb SEC US\n\
    ITEM T3 0 0 DERIVED\nREAD_CONVERSION unix_time_seconds_conversion.rb SEC\n";

const BYTES: [u8; 8] = [0x3b, 0x9a, 0xca, 0, 0, 0x07, 0xa1, 0x21];

#[test]
fn packet_time_is_exact() {
    let packet = packet(CLOCK);
    let plan = DecodePlan::compile(&packet);
    assert!(plan.has_packet_time());
    assert_eq!(plan.packet_time(&BYTES), Some(1_000_000_000_500_001_000));
    assert_eq!(plan.packet_time(&BYTES[..6]), None);
    assert_eq!(plan.packet_time(&[]), None);
    assert_eq!(plan.packet_time(&[0xff; 8]), Some(4_294_967_295_000_000_000 + 4_294_967_295_000));
}

#[test]
fn times_and_counts_come_from_the_envelope() {
    let packet = packet(CLOCK);
    let plan = DecodePlan::compile(&packet);
    let mut limits = LimitsState::new(&packet);
    let mut record = Vec::new();
    plan.decode_into(
        &BYTES,
        PacketMeta::default(),
        Some(&mut limits),
        &mut record,
        &mut Vec::new(),
    );
    let meta = PacketMeta {
        received_time_ns: Some(1_700_000_000_500_000_000),
        packet_time_ns: plan.packet_time(&BYTES),
        received_count: 7,
    };
    let view = RecordView::new(&plan, meta, &record).unwrap();
    let converted = |name: &str| view.converted(packet.item_index(name).unwrap());
    let formatted = |name: &str| view.formatted(packet.item_index(name).unwrap());
    assert_eq!(converted("PACKET_TIME"), Value::Time(1_000_000_000_500_001_000));
    assert_eq!(converted("T2"), Value::from("2001/09/09 01:46:40.500"));
    assert_eq!(converted("T3"), Value::Float(1_000_000_000.0));
    assert_eq!(converted("PACKET_TIMESECONDS"), Value::Float(1_000_000_000.500001));
    assert_eq!(formatted("RECEIVED_TIMESECONDS"), Value::from("1700000000.500000"));
    assert_eq!(converted("RECEIVED_TIMEFORMATTED"), Value::from("2023/11/14 22:13:20.500"));
    assert_eq!(converted("RECEIVED_COUNT"), Value::Int(7));
    let view = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    let converted = |name: &str| view.converted(packet.item_index(name).unwrap());
    assert_eq!(converted("PACKET_TIMESECONDS"), Value::Float(0.0));
    assert_eq!(converted("PACKET_TIMEFORMATTED"), Value::from("No Packet Time"));
    assert_eq!(converted("RECEIVED_TIMEFORMATTED"), Value::from("No Packet Received Time"));
}

#[test]
fn arrays_are_converted_once_per_element() {
    let packet = packet(
        "TELEMETRY TGT P BIG_ENDIAN\nITEM SEC 0 32 UINT\nPROCESSOR W watermark_processor.rb SEC\n\
         ARRAY_ITEM A 0 8 UINT 16\nREAD_CONVERSION unix_time_conversion.rb SEC\n\
         ARRAY_ITEM B 0 8 UINT 16\nREAD_CONVERSION unix_time_formatted_conversion.rb SEC\n\
         ARRAY_ITEM C 0 8 UINT 16\nREAD_CONVERSION unix_time_seconds_conversion.rb SEC\n\
         ARRAY_ITEM D 0 8 UINT 16\nREAD_CONVERSION processor_conversion.rb W HIGH_WATER\n",
    );
    let plan = DecodePlan::compile(&packet);
    let (mut record, meta) = (Vec::new(), PacketMeta::default());
    plan.decode_into(&BYTES, meta, None, &mut record, &mut Vec::new());
    let view = RecordView::new(&plan, meta, &record).unwrap();
    let careful = PacketView::new(&packet, &BYTES, PacketTimes::default());
    for (name, one) in [
        ("A", Value::Time(1_000_000_000_000_000_000)),
        ("B", Value::from("2001/09/09 01:46:40.000")),
        ("C", Value::Float(1e9)),
        ("D", Value::Int(0)),
    ] {
        let expected = Value::Array(vec![one.clone(), one]);
        assert_eq!(careful.read(name, ValueType::Converted).unwrap(), expected, "{name}");
        assert_eq!(view.converted(packet.item_index(name).unwrap()), expected, "{name}");
    }
}
