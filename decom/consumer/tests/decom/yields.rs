//! What each kind of raw record yields (D2).

use groundlog_decom::{FLAG_INVALID, FLAG_STORED, Fold, FoldOutputs, Irregularity};
use groundlog_packet::{
    Value,
    record::{PacketMeta, RecordView},
};
use groundlog_proto::wire::{
    RawPacket, RawRecord, RawValues, decom_record::Body, marker::Kind, raw_record,
};

use crate::support::{
    adcs, decoded, events, fold_all, health, loaded, marker, packet, raw, set_of, set_tlm, source,
};

#[test]
fn a_packet_yields_its_values_times_and_count() {
    let definitions = loaded(&set_of(""));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let mut second = packet(&definitions, adcs(1.5));
    second.packet_time_ns = Some(5);
    second.extra.insert("vcid".into(), "3".into());
    let records =
        [packet(&definitions, health(1_000, 240, 1)), second, packet(&definitions, adcs(2.5))];
    let refused = fold_all(&mut fold, std::slice::from_ref(&definitions), 40, &records, &mut out);
    assert!(refused.is_empty(), "{refused:?}");
    let found = decoded(&out.decom);
    let names: Vec<_> = found.iter().map(|it| (it.packet.as_str(), it.received_count)).collect();
    assert_eq!(names, [("HEALTH", 1), ("ADCS", 1), ("ADCS", 2)]);
    let times: Vec<_> = found.iter().map(|it| it.packet_time_ns).collect();
    // Of the item PACKET_TIME; beside the bytes; of reception.
    assert_eq!(times, [1_000_250_000_000, 5, 1_700_000_000_000_000_000]);
    assert_eq!(found[1].extra.get("vcid").map(String::as_str), Some("3"));
    assert_eq!(found[1].flags, 0);
    let position = found[1].source.as_ref().expect("source");
    assert_eq!((position.generation, position.topic.as_str()), (7, "raw"));
    assert_eq!((position.partition, position.offset), (1, 41));
    let keys: Vec<_> = out.decom.iter().map(|(key, _)| key.to_vec()).collect();
    assert_eq!(keys, [b"INST HEALTH".to_vec(), b"INST ADCS".to_vec(), b"INST ADCS".to_vec()]);

    let Some(Body::Values(values)) = &found[0].body else { panic!("no values") };
    let id = definitions.telemetry("INST", "HEALTH").expect("known");
    let plan = definitions.plan(id);
    let view = RecordView::new(plan, PacketMeta::default(), values).expect("opens");
    let place = |name| plan.packet().item_index(name).expect("item");
    assert_eq!(view.converted(place("TEMP")), Value::Float(20.0));
    assert_eq!(view.converted(place("MODE")), Value::from("ON"));
}

#[test]
fn an_unknown_packet_is_kept_without_values() {
    let definitions = loaded(&set_of(""));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let records = [packet(&definitions, vec![99, 1, 2]), packet(&definitions, vec![])];
    assert!(fold_all(&mut fold, &[definitions], 0, &records, &mut out).is_empty());
    let found = decoded(&out.decom);
    assert_eq!(found.len(), 2);
    assert_eq!((found[1].target.as_str(), found[1].packet.as_str()), ("UNKNOWN", "UNKNOWN"));
    assert_eq!((found[1].received_count, &found[1].body), (2, &None));
}

/// Kept, decoded as far as they go, and counted by interface and packet.
#[test]
fn packets_of_wrong_length_and_unknown_ones_are_counted() {
    let definitions = loaded(&set_of(
        "TELEMETRY INST TEXT BIG_ENDIAN \"Text\"\n  APPEND_ID_ITEM ID 8 UINT 3 \"Id\"\n  \
         APPEND_ITEM TEXT 0 STRING \"Text\"\n\
         TELEMETRY INST SHORT BIG_ENDIAN \"May be short\"\n  ALLOW_SHORT\n  \
         APPEND_ID_ITEM ID 8 UINT 4 \"Id\"\n  APPEND_ITEM X 32 UINT \"X\"\n",
    ));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let mut records: Vec<RawRecord> = [
        adcs(1.0),
        adcs(1.0)[..3].to_vec(),
        adcs(1.0)[..4].to_vec(),
        [adcs(1.0), vec![0]].concat(),
        vec![3],
        b"\x03any length".to_vec(),
        vec![4, 1],
        vec![99],
    ]
    .map(|data| packet(&definitions, data))
    .into();
    let mut other = packet(&definitions, vec![99]);
    other.interface = "OTHER_INT".into();
    records.push(other);
    // What a protocol dropped is counted by the interface, in bytes.
    let (target, name) = ("UNKNOWN".into(), "UNKNOWN".into());
    let dropped = RawPacket { data: vec![1, 2].into(), target, name };
    records.push(raw(&definitions, raw_record::Body::Packet(dropped)));
    assert!(fold_all(&mut fold, &[definitions], 0, &records, &mut out).is_empty());
    assert_eq!(out.decom.len(), records.len(), "all are kept");
    let counts: Vec<_> = out.irregular.counts().iter().collect();
    let found: Vec<_> = counts
        .iter()
        .map(|it| (it.what, it.interface.as_str(), it.packet.as_str(), it.stored, it.count))
        .collect();
    let expected = [
        (Irregularity::Short, "INST_INT", "ADCS", false, 2),
        (Irregularity::Long, "INST_INT", "ADCS", false, 1),
        (Irregularity::Unknown, "INST_INT", "UNKNOWN", false, 1),
        (Irregularity::Unknown, "OTHER_INT", "UNKNOWN", false, 1),
    ];
    assert_eq!(found, expected);
    let flags: Vec<_> = decoded(&out.decom).iter().map(|it| it.flags & FLAG_INVALID != 0).collect();
    assert_eq!(flags.iter().filter(|invalid| **invalid).count(), 2);
}

#[test]
fn names_that_come_with_a_packet_win_if_they_exist() {
    let definitions = loaded(&set_of(""));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let named = |target: &str, name: &str| {
        let (target, name) = (target.into(), name.into());
        let packet = RawPacket { data: adcs(1.0).into(), target, name };
        raw(&definitions, raw_record::Body::Packet(packet))
    };
    let records =
        [named("INST", "HEALTH"), named("INST", "NOPE"), named("INST", ""), named("NO", "")];
    assert!(
        fold_all(&mut fold, std::slice::from_ref(&definitions), 0, &records, &mut out).is_empty()
    );
    let found = decoded(&out.decom);
    let names: Vec<_> = found.iter().map(|it| (it.packet.as_str(), it.flags)).collect();
    // Five bytes are too few for HEALTH.
    assert_eq!(names, [("HEALTH", FLAG_INVALID), ("ADCS", 0), ("ADCS", 0), ("UNKNOWN", 0)]);
}

#[test]
fn stored_packets_count_apart_and_raise_no_limits_events() {
    let definitions = loaded(&set_of(""));
    let known = [definitions.clone()];
    let red = packet(&definitions, health(1, 1_000, 1));
    let records = vec![red; 3];
    let mut out = FoldOutputs::default();
    fold_all(&mut Fold::new(source(true)), &known, 0, &records, &mut out);
    assert!(out.decom.is_empty() && out.limits.is_empty());
    let found = decoded(&out.stored);
    assert_eq!(found.iter().map(|it| it.received_count).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(found.iter().all(|it| it.flags == FLAG_STORED));

    // A stored record among live ones goes the same way, and leaves the live count alone.
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let live = packet(&definitions, health(1, 1_000, 1));
    let stored = RawRecord { stored: true, ..live.clone() };
    fold_all(&mut fold, &known, 0, &[live.clone(), stored.clone(), stored, live], &mut out);
    let counts = |records| decoded(records).iter().map(|it| it.received_count).collect::<Vec<_>>();
    assert_eq!((counts(&out.decom), counts(&out.stored)), (vec![1, 2], vec![1, 2]));
    assert_eq!(events(&out.limits).len(), 2, "MODE at once, TEMP at the second live packet");
}

#[test]
fn sets_and_barriers_pass_through_and_other_markers_yield_nothing() {
    let definitions = loaded(&set_of(""));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let records = [
        set_tlm(&definitions),
        marker(&definitions, Kind::TickNs(3)),
        marker(&definitions, Kind::WriterEpoch(4)),
        marker(&definitions, Kind::Barrier("rebuild/1".into())),
    ];
    assert!(fold_all(&mut fold, &[definitions], 0, &records, &mut out).is_empty());
    let found = decoded(&out.decom);
    assert_eq!(found.len(), 2);
    assert!(matches!(&found[0].body, Some(Body::Set(set)) if set.name == "ADCS"));
    assert_eq!(found[1].body, Some(Body::Barrier("rebuild/1".into())));
    let keys: Vec<_> = out.decom.iter().map(|(key, _)| key.to_vec()).collect();
    assert_eq!(keys, [b"INST ADCS".to_vec(), vec![]]);
}

#[test]
fn what_cannot_be_decoded_is_refused_with_the_reason() {
    let definitions = loaded(&set_of(""));
    let other =
        loaded(&set_of("TELEMETRY INST MORE BIG_ENDIAN \"\"\n APPEND_ID_ITEM ID 8 UINT 3\n"));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let no_definitions =
        RawRecord { definitions: Default::default(), ..packet(&definitions, adcs(1.0)) };
    let values = raw(&definitions, raw_record::Body::Values(RawValues::default()));
    let empty = RawRecord { body: None, ..packet(&definitions, adcs(1.0)) };
    let records =
        [no_definitions, values, empty, packet(&other, adcs(1.0)), packet(&definitions, adcs(1.0))];
    let refused = fold_all(&mut fold, &[definitions], 0, &records, &mut out);
    assert_eq!(refused.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(refused[&0].contains("names no definitions"), "{refused:?}");
    assert!(refused[&3].contains(&other.hash().to_string()), "{refused:?}");
    assert_eq!(decoded(&out.decom).len(), 1, "the good one is not held up");
}
