//! D1: the fold is pure. Whatever the records, and wherever the fold is cut, stored as a snapshot
//! and taken up again, it yields the same bytes.

use std::sync::Arc;

use groundlog_decom::{Fold, FoldOutputs};
use groundlog_projection::LoadedDefinitions;
use groundlog_proto::wire::{LimitsSetActive, LimitsSetting, RawRecord, marker, setting::Kind};
use proptest::{collection, prelude::*};

use crate::support::{
    adcs, fold_all, health, loaded, marker, packet, set_of, set_tlm, setting, source,
};

/// A kind of record, with what it takes to make one.
#[derive(Debug, Clone)]
enum Step {
    Health(u16, u8),
    Adcs(f32),
    Bytes(Vec<u8>),
    Stored(u16),
    Set,
    Tick,
    Barrier,
    Enable(bool),
    Choose(bool),
    NoDefinitions,
    Missing,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (prop_oneof![Just(240), Just(1000), Just(0), any::<u16>()], 0..3_u8)
            .prop_map(|(temp, mode)| Step::Health(temp, mode)),
        3 => any::<f32>().prop_map(Step::Adcs),
        2 => collection::vec(any::<u8>(), 0..16).prop_map(Step::Bytes),
        2 => any::<u16>().prop_map(Step::Stored),
        1 => Just(Step::Set),
        1 => Just(Step::Tick),
        1 => Just(Step::Barrier),
        1 => any::<bool>().prop_map(Step::Enable),
        1 => any::<bool>().prop_map(Step::Choose),
        1 => Just(Step::NoDefinitions),
        1 => Just(Step::Missing),
    ]
}

fn record(step: &Step, definitions: &LoadedDefinitions) -> RawRecord {
    match step {
        Step::Health(temp, mode) => packet(definitions, health(9, *temp, *mode)),
        Step::Adcs(x) => packet(definitions, adcs(*x)),
        Step::Bytes(bytes) => packet(definitions, bytes.clone()),
        Step::Stored(temp) => {
            RawRecord { stored: true, ..packet(definitions, health(9, *temp, 0)) }
        }
        Step::Set => set_tlm(definitions),
        Step::Tick => marker(definitions, marker::Kind::TickNs(1)),
        Step::Barrier => marker(definitions, marker::Kind::Barrier("b".into())),
        Step::Enable(enabled) => {
            let (target, packet, item) = ("INST".into(), "HEALTH".into(), "TEMP".into());
            setting(
                definitions,
                Kind::Limits(LimitsSetting { target, packet, item, enabled: *enabled }),
            )
        }
        Step::Choose(vacuum) => {
            let set = if *vacuum { "VACUUM" } else { "DEFAULT" };
            setting(definitions, Kind::LimitsSet(LimitsSetActive { set: set.into() }))
        }
        Step::NoDefinitions => {
            RawRecord { definitions: Default::default(), ..packet(definitions, adcs(0.0)) }
        }
        Step::Missing => {
            RawRecord { definitions: vec![9; 16].into(), ..packet(definitions, adcs(0.0)) }
        }
    }
}

fn known() -> Vec<Arc<LoadedDefinitions>> {
    let more = "TELEMETRY INST MORE BIG_ENDIAN \"\"\n APPEND_ID_ITEM ID 8 UINT 3\n";
    vec![loaded(&set_of("")), loaded(&set_of(more))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn d1_a_fold_cut_anywhere_yields_the_same_bytes(
        steps in collection::vec((step(), 0..2_usize), 1..60),
        cuts in collection::vec(any::<prop::sample::Index>(), 0..6),
        stored in any::<bool>(),
    ) {
        let known = known();
        let records: Vec<_> =
            steps.iter().map(|(step, which)| record(step, &known[*which])).collect();
        let mut whole = FoldOutputs::default();
        let mut fold = Fold::new(source(stored));
        let refused = fold_all(&mut fold, &known, 0, &records, &mut whole);
        let end = fold.snapshot();

        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(records.len())).collect();
        cuts.push(records.len());
        cuts.sort_unstable();
        let mut parts = FoldOutputs::default();
        let mut fold = Fold::new(source(stored));
        let (mut from, mut refused_again) = (0, std::collections::BTreeMap::new());
        for cut in cuts {
            let part = &records[from..cut];
            refused_again.extend(fold_all(&mut fold, &known, from as u64, part, &mut parts));
            let snapshot = bytes::Bytes::from(fold.snapshot());
            let needed = Fold::definitions_of(snapshot.clone()).expect("reads");
            let needed: Vec<_> =
                known.iter().filter(|it| needed.contains(&it.hash())).cloned().collect();
            fold = Fold::restore(source(stored), snapshot, &needed).expect("restores");
            from = cut;
        }
        prop_assert_eq!(&refused, &refused_again);
        prop_assert!(whole.decom == parts.decom, "decom differs");
        prop_assert!(whole.stored == parts.stored, "decom.stored differs");
        prop_assert!(whole.limits == parts.limits, "limits differ");
        prop_assert_eq!(end, fold.snapshot());
    }

    /// D2: every record yields at most one record; those that are no markers yield exactly one or
    /// are refused.
    #[test]
    fn d2_every_record_yields_its_set_or_is_refused(
        steps in collection::vec((step(), 0..2_usize), 1..40),
    ) {
        let known = known();
        let mut fold = Fold::new(source(false));
        for (offset, (step, which)) in steps.iter().enumerate() {
            let mut out = FoldOutputs::default();
            let records = [record(step, &known[*which])];
            let refused = fold_all(&mut fold, &known, offset as u64, &records, &mut out);
            let made = out.decom.len() + out.stored.len();
            let silent = matches!(step, Step::Tick | Step::Enable(_) | Step::Choose(_));
            prop_assert_eq!(made, usize::from(!silent && refused.is_empty()));
            prop_assert!(refused.is_empty() || out.limits.is_empty());
        }
    }

    /// No bytes make it panic, and what follows is not held up.
    #[test]
    fn any_bytes_are_folded_or_refused(mut bytes in collection::vec(any::<u8>(), 0..120)) {
        let known = known();
        let mut fold = Fold::new(source(false));
        let mut out = FoldOutputs::default();
        let good = packet(&known[0], adcs(1.0));
        fold_all(&mut fold, &known, 0, &[packet(&known[0], bytes.clone())], &mut out);
        let encoded = groundlog_proto::prost::Message::encode_to_vec(&good);
        for (place, byte) in encoded.iter().enumerate() {
            if let Some(noise) = bytes.get_mut(place) {
                *noise = if *noise < 128 { *byte } else { *noise };
            }
        }
        let record = groundlog_log::RecordRef {
            offset: 1,
            append_time: groundlog_proto::Nanos(0),
            key: b"",
            value: &bytes,
        };
        let _ = fold.apply(record, &mut out);
        let before = out.decom.len();
        prop_assert!(fold_all(&mut fold, &known, 2, &[good], &mut out).is_empty());
        prop_assert_eq!(out.decom.len(), before + 1);
    }
}
