//! Every value of a record equals what the careful reader finds in the packet.

use std::sync::Arc;

use groundlog_packet::access::{PacketTimes, PacketView};
use groundlog_packet::definition::{Packet, ValueType};
use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{Columns, PacketMeta, RecordView};
use groundlog_packet::value::Value;
use proptest::prelude::*;

use crate::definitions::{bytes, packet, packet_text};

/// Compares exactly: NaN equals NaN, −0.0 differs from 0.0.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => {
            (x.is_nan() && y.is_nan()) || x.to_bits() == y.to_bits()
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        _ => a == b,
    }
}

/// Compares what is read at once with what is read item by item.
fn compare_columns(view: &RecordView<'_>, columns: &mut Columns) {
    let number = |number: Option<f64>| Value::Float(number.unwrap_or(f64::NAN));
    view.read_into(columns);
    for (row, item) in view.items().enumerate() {
        let (raw, converted) = (columns.raw()[row], columns.converted()[row]);
        let context = || format!("{:?}", item.definition());
        assert!(same(&Value::Float(raw), &number(item.raw_f64())), "{raw}: {}", context());
        assert!(
            same(&Value::Float(converted), &number(item.converted_f64())),
            "{converted}: {}",
            context()
        );
        assert_eq!(columns.state(row), item.state_index(), "{}", context());
        assert_eq!(columns.limits_color(row), item.limits(), "{}", context());
    }
    let bytes: Vec<_> = view.byte_values().collect();
    let items = view.items().enumerate();
    let expected: Vec<_> = items.filter_map(|(row, item)| Some((row, item.raw_bytes()?))).collect();
    assert_eq!(bytes, expected);
    assert_eq!(columns.raw().len(), view.items().len());
}

/// Decodes bytes and compares every item in all three forms, the fast accessors included.
fn compare(plan: &DecodePlan, packet: &Packet, bytes: &[u8], length: usize, columns: &mut Columns) {
    let bytes = &bytes[..length.min(bytes.len())];
    let times = PacketTimes { received: Some(5_000_000_000), packet: None, received_count: 9 };
    let careful = PacketView::new(packet, bytes, times);
    let meta = PacketMeta {
        received_time_ns: times.received,
        packet_time_ns: careful.time().ok().flatten(),
        received_count: 9,
    };
    let mut limits = LimitsState::new(packet);
    let (mut record, mut transitions) = (vec![0xee; 3], Vec::new());
    plan.decode_into(bytes, meta, Some(&mut limits), &mut record, &mut transitions);
    let view = RecordView::new(plan, meta, &record[3..]).unwrap();
    compare_columns(&view, columns);
    for (place, item) in packet.items.iter().enumerate() {
        let read = |value_type| careful.read_item(place, value_type).unwrap_or(Value::Null);
        let context = || format!("{} of {}: {item:?}", item.name, bytes.len());
        if item.hidden {
            assert_eq!(view.raw(place), Value::Null);
            continue;
        }
        let (raw, converted) = (read(ValueType::Raw), read(ValueType::Converted));
        assert!(
            same(&view.raw(place), &raw),
            "raw {:?}, not {raw:?}: {}",
            view.raw(place),
            context()
        );
        let found = view.converted(place);
        assert!(same(&found, &converted), "converted {found:?}, not {converted:?}: {}", context());
        let found = view.formatted(place);
        let formatted = read(ValueType::Formatted);
        assert!(same(&found, &formatted), "formatted {found:?}, not {formatted:?}: {}", context());
        if !item.is_derived() {
            assert_eq!(view.raw_i64(place), raw.as_int().and_then(|i| i64::try_from(i).ok()));
            match (view.raw_f64(place), raw.as_f64()) {
                (Some(a), Some(b)) => assert!(same(&Value::Float(a), &Value::Float(b))),
                (a, b) => assert_eq!(a, b),
            }
        }
        if let (Some(number), Value::Float(expected)) = (view.converted_f64(place), &converted) {
            assert!(same(&Value::Float(number), &Value::Float(*expected)), "{}", context());
        }
        if let Some(name) = view.state_name(place) {
            assert_eq!(Value::from(name), converted);
        }
        if packet.limits_items.contains(&place) {
            assert_eq!(view.limits(place), limits.state(place), "{}", context());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_hold_what_the_careful_reader_finds(
        text in packet_text(),
        bytes in bytes(),
        trim in 0_usize..3,
    ) {
        let packet = packet(&text);
        let plan = DecodePlan::compile(&packet);
        let defined = packet.defined_length();
        // Columns that held another record before, of this packet or of another one.
        let mut columns = other_columns();
        compare(&plan, &packet, &bytes, bytes.len(), &mut columns);
        compare(&plan, &packet, &bytes, defined, &mut columns);
        compare(&plan, &packet, &bytes, defined.saturating_sub(trim), &mut columns);
        let mut long = bytes.clone();
        long.resize(defined, 0x5a);
        compare(&plan, &packet, &long, defined, &mut columns);
    }

    #[test]
    fn records_do_not_depend_on_what_was_decoded_before(
        text in packet_text(),
        bytes in bytes(),
    ) {
        let packet = packet(&text);
        let plan = DecodePlan::compile(&packet);
        let (mut first, mut second) = (Vec::new(), vec![0xff; 4096]);
        plan.decode_into(&bytes, PacketMeta::default(), None, &mut first, &mut Vec::new());
        second.truncate(100);
        plan.decode_into(&bytes, PacketMeta::default(), None, &mut second, &mut Vec::new());
        prop_assert_eq!(&first[..], &second[100..]);
        let mut over = vec![0xff; 2048];
        plan.decode_over(&bytes, PacketMeta::default(), None, &mut over, &mut Vec::new());
        prop_assert_eq!(&first, &over);
        over.fill(0xff);
        over.push(0xff);
        let mut limits = LimitsState::new(&packet);
        plan.decode_over(&bytes, PacketMeta::default(), Some(&mut limits), &mut over, &mut Vec::new());
        first.clear();
        let mut limits = LimitsState::new(&packet);
        plan.decode_into(&bytes, PacketMeta::default(), Some(&mut limits), &mut first, &mut Vec::new());
        prop_assert_eq!(first, over);
    }
}

/// Returns columns that were used for another packet.
fn other_columns() -> Columns {
    let packet = packet(
        "TELEMETRY TGT P BIG_ENDIAN\nAPPEND_ITEM A 8 UINT\nPOLY_READ_CONVERSION 1 2\n\
         APPEND_ITEM B 8 UINT\nSTATE ON 2\nAPPEND_ITEM C 8 UINT\nAPPEND_ITEM D 16 STRING\n",
    );
    let (plan, record) = record(&packet, b"\x01\x02\x03Hi");
    let view = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    let mut columns = Columns::default();
    view.read_into(&mut columns);
    assert_eq!(columns.raw()[..3], [1.0, 2.0, 3.0]);
    assert_eq!(columns.converted()[0], 3.0);
    assert_eq!(columns.states(), [0xffff, 0, 0xffff, 0xffff]);
    assert_eq!(columns.limits(), [0; 4]);
    columns
}

/// Returns the record of bytes.
fn record(packet: &Arc<Packet>, bytes: &[u8]) -> (DecodePlan, Vec<u8>) {
    let plan = DecodePlan::compile(packet);
    let mut record = Vec::new();
    plan.decode_into(bytes, PacketMeta::default(), None, &mut record, &mut Vec::new());
    (plan, record)
}

#[test]
fn every_small_packet_is_decoded() {
    for length in 1..=9 {
        for offset in 0..length * 8 {
            for size in 1..=(length * 8 - offset) {
                let text = format!("TELEMETRY TGT P BIG_ENDIAN\nITEM A {offset} {size} INT\n");
                let packet = packet(&text);
                let bytes: Vec<u8> = (0..length).map(|i| (i * 83 + 0x9d) as u8).collect();
                let (plan, record) = record(&packet, &bytes);
                let view = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
                let careful = PacketView::new(&packet, &bytes, PacketTimes::default());
                let place = packet.item_index("A").unwrap();
                assert_eq!(view.raw(place), careful.read("A", ValueType::Raw).unwrap(), "{text}");
            }
        }
    }
}

#[test]
fn strings_keep_the_bytes_of_their_field() {
    let packet = packet("TELEMETRY TGT P BIG_ENDIAN\nITEM A 8 32 STRING\nITEM B 40 0 BLOCK\n");
    let (plan, record) = record(&packet, b"xAB\0C12");
    let view = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    let (a, b) = (packet.item_index("A").unwrap(), packet.item_index("B").unwrap());
    assert_eq!(view.raw_bytes(a), Some(&b"AB\0C"[..]));
    assert_eq!(view.raw(a), Value::from("AB"));
    assert_eq!(view.raw_bytes(b), Some(&b"12"[..]));
}
