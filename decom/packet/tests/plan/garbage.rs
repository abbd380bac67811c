//! Damaged records and snapshots are refused or read as something, and never end the process.

use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{Columns, PacketMeta, RecordError, RecordView};
use proptest::prelude::*;

use crate::definitions::{bytes, packet, packet_text};

fn read_all(plan: &DecodePlan, record: &[u8]) -> bool {
    let Ok(view) = RecordView::new(plan, PacketMeta::default(), record) else {
        return false;
    };
    for place in 0..plan.packet().items.len() + 2 {
        let _ = (view.raw(place), view.converted(place), view.formatted(place));
        let _ = (view.raw_f64(place), view.raw_i64(place), view.converted_f64(place));
        let _ = (view.limits(place), view.raw_bytes(place), view.state_name(place));
    }
    view.read_into(&mut Columns::default());
    assert!(view.byte_values().all(|(_, bytes)| bytes.len() <= record.len()));
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_records_never_panic(
        text in packet_text(),
        bytes in bytes(),
        noise in proptest::collection::vec(any::<u8>(), 0..200),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let packet = packet(&text);
        let plan = DecodePlan::compile(&packet);
        let mut limits = LimitsState::new(&packet);
        let mut record = Vec::new();
        plan.decode_into(&bytes, PacketMeta::default(), Some(&mut limits), &mut record, &mut Vec::new());
        prop_assert!(read_all(&plan, &record));
        read_all(&plan, &noise);
        for length in 0..record.len() {
            prop_assert!(!read_all(&plan, &record[..length]) || plan_has_open_items(&plan));
        }
        // A good header in front of anything else.
        let mut forged = record[..8].to_vec();
        forged.extend(&noise);
        read_all(&plan, &forged);
        forged[1] |= 1;
        read_all(&plan, &forged);
        forged.resize(record.len().max(8), 0xff);
        read_all(&plan, &forged);
        for (place, byte) in damage {
            let at = place.index(record.len());
            record[at] = byte;
            read_all(&plan, &record);
        }
    }

    #[test]
    fn damaged_snapshots_never_panic(
        text in packet_text(),
        noise in proptest::collection::vec(any::<u8>(), 0..100),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let packet = packet(&text);
        let _ = LimitsState::restore(&packet, &noise);
        let mut snapshot = LimitsState::new(&packet).snapshot();
        for length in 0..snapshot.len() {
            prop_assert!(LimitsState::restore(&packet, &snapshot[..length]).is_err());
        }
        let at = at.index(snapshot.len());
        snapshot[at] = byte;
        let _ = LimitsState::restore(&packet, &snapshot);
    }
}

fn plan_has_open_items(plan: &DecodePlan) -> bool {
    plan.published_items()
        .iter()
        .any(|item| item.array_bit_size < 0 || (item.bit_size == 0 && item.array_bit_size == 0))
        || plan.published_items().iter().any(|item| item.converted == "value")
}

#[test]
fn a_record_of_another_definition_is_refused() {
    let one = packet("TELEMETRY TGT P BIG_ENDIAN\nITEM A 0 8 UINT\n");
    let other = packet("TELEMETRY TGT P BIG_ENDIAN\nITEM B 0 8 UINT\n");
    let mut record = Vec::new();
    DecodePlan::compile(&one).decode_into(
        &[1],
        PacketMeta::default(),
        None,
        &mut record,
        &mut Vec::new(),
    );
    let plan = DecodePlan::compile(&other);
    let error = RecordView::new(&plan, PacketMeta::default(), &record).unwrap_err();
    assert!(matches!(error, RecordError::OtherDefinition { found_items: 1, items: 1, .. }));
    record[0] = 2;
    let error = RecordView::new(&plan, PacketMeta::default(), &record).unwrap_err();
    assert_eq!(error, RecordError::Version(2));
}
