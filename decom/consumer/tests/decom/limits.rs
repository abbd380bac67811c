//! Limits states, their persistence, and what operators change about them.

use groundlog_decom::{Fold, FoldOutputs};
use groundlog_proto::wire::{LimitsSetActive, LimitsSetting, setting::Kind};

use crate::support::{events, fold_all, health, loaded, packet, set_of, setting, source};

fn enable(enabled: bool) -> Kind {
    let (target, packet, item) = ("INST".into(), "HEALTH".into(), "TEMP".into());
    Kind::Limits(LimitsSetting { target, packet, item, enabled })
}

/// Folds temperatures and returns the events of TEMP as (offset, old, new).
fn transitions(out: &FoldOutputs) -> Vec<(u64, String, String)> {
    events(&out.limits)
        .into_iter()
        .filter(|event| event.item == "TEMP")
        .map(|event| (event.source.map_or(0, |it| it.offset), event.old_state, event.new_state))
        .collect()
}

#[test]
fn persistence_and_messages() {
    let definitions = loaded(&set_of(""));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    // 20 °C, 20 °C (now green), 400 °C, 20 °C (a single spike does not count), 400 °C twice.
    let records: Vec<_> = [240, 240, 1000, 240, 1000, 1000]
        .map(|temp| packet(&definitions, health(1, temp, 0)))
        .into();
    fold_all(&mut fold, &[definitions], 0, &records, &mut out);
    let green = (1, String::new(), "GREEN".to_owned());
    let red = (5, "GREEN".to_owned(), "RED_HIGH".to_owned());
    assert_eq!(transitions(&out), [green, red]);
    let all = events(&out.limits);
    let messages: Vec<_> = all.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "INST HEALTH MODE = OFF is GREEN",
            "INST HEALTH TEMP = 20.0 is GREEN (-70 to 60)",
            "INST HEALTH TEMP = 400.0 is RED_HIGH (80)",
        ]
    );
    assert_eq!(all[2].time_ns, 1_250_000_000, "packet time");
}

#[test]
fn messages_name_the_limit_that_is_violated_or_the_range() {
    let greens = "TELEMETRY INST GREENS BIG_ENDIAN \"\"\n  APPEND_ID_ITEM ID 8 UINT 9\n  \
        APPEND_ITEM A 8 UINT\n    LIMITS DEFAULT 1 ENABLED 10 20 60 80 30 40\n";
    let definitions = loaded(&set_of(greens));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let expected = [
        (35, "BLUE (30 to 40)"),
        (25, "GREEN_LOW (30)"),
        (50, "GREEN_HIGH (40)"),
        (15, "YELLOW_LOW (20)"),
        (5, "RED_LOW (10)"),
        (70, "YELLOW_HIGH (60)"),
        (90, "RED_HIGH (80)"),
    ];
    let mut records: Vec<_> =
        expected.map(|(level, _)| packet(&definitions, vec![9, level])).into();
    let (target, name, item) = ("INST".into(), "GREENS".into(), "A".into());
    let disabled = LimitsSetting { target, packet: name, item, enabled: false };
    records.push(setting(&definitions, Kind::Limits(disabled)));
    fold_all(&mut fold, &[definitions], 0, &records, &mut out);
    let found: Vec<_> = events(&out.limits).into_iter().map(|event| event.message).collect();
    let expected = expected.map(|(level, text)| format!("INST GREENS A = {level} is {text}"));
    assert_eq!(found[..7], expected);
    assert_eq!(found[7..], ["INST GREENS A is disabled"]);
}

#[test]
fn operators_switch_items_off_and_choose_sets() {
    let definitions = loaded(&set_of(""));
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let cold = || packet(&definitions, health(1, 240, 0));
    let records = [
        cold(),
        cold(),
        setting(&definitions, enable(false)),
        cold(),
        setting(&definitions, enable(true)),
        setting(&definitions, Kind::LimitsSet(LimitsSetActive { set: "vacuum".into() })),
        cold(),
        cold(),
    ];
    assert!(
        fold_all(&mut fold, std::slice::from_ref(&definitions), 0, &records, &mut out).is_empty()
    );
    let texts = |offset, old: &str, new: &str| (offset, old.to_owned(), new.to_owned());
    assert_eq!(
        transitions(&out),
        [texts(1, "", "GREEN"), texts(2, "GREEN", ""), texts(7, "", "RED_HIGH")]
    );
}

#[test]
fn states_outlive_a_change_of_definitions() {
    let old = loaded(&set_of(""));
    let new = loaded(&set_of("TELEMETRY INST MORE BIG_ENDIAN \"\"\n APPEND_ID_ITEM ID 8 UINT 3\n"));
    let known = [old.clone(), new.clone()];
    let mut fold = Fold::new(source(false));
    let mut out = FoldOutputs::default();
    let hot = |definitions| packet(definitions, health(1, 1000, 0));
    // One sample before and one after the change make the two that persistence asks for.
    fold_all(&mut fold, &known, 0, &[hot(&old), hot(&new), hot(&old)], &mut out);
    assert_eq!(transitions(&out), [(1, String::new(), "RED_HIGH".to_owned())]);
    let counts: Vec<_> =
        crate::support::decoded(&out.decom).iter().map(|it| it.received_count).collect();
    assert_eq!(counts, [1, 2, 3]);
}

/// A packet with limits whose record grows beyond every bound: sixty blocks that all reach to the
/// packet's end.
fn growing() -> String {
    let mut text = "TELEMETRY INST GROWING BIG_ENDIAN \"\"\n  APPEND_ID_ITEM ID 8 UINT 9\n  \
         APPEND_ITEM TEMP 16 UINT\n    LIMITS DEFAULT 2 ENABLED 10 20 60 80\n"
        .to_owned();
    for number in 0..60 {
        text.push_str(&format!("  ITEM ALL{number} 0 0 BLOCK\n    OVERLAP\n"));
    }
    text
}

#[test]
fn a_record_that_is_refused_leaves_no_mark() {
    let definitions = loaded(&set_of(&growing()));
    let hot = |length: usize| {
        let mut data = vec![9, 0, 100];
        data.resize(length, 0);
        packet(&definitions, data)
    };
    let known = [definitions.clone()];
    let fold_these = |records: &[_]| {
        let (mut fold, mut out) = (Fold::new(source(false)), FoldOutputs::default());
        let refused = fold_all(&mut fold, &known, 0, records, &mut out);
        (fold.snapshot(), out, refused)
    };
    // The raw record is small; it is the decommutated one that does not fit.
    let (with, out, refused) = fold_these(&[hot(10), hot(30_000), hot(10)]);
    assert_eq!(refused.keys().copied().collect::<Vec<_>>(), [1], "{refused:?}");
    assert!(refused[&1].contains("takes"), "{refused:?}");
    // The second sample that persistence asks for is the third record's.
    assert_eq!(transitions(&out), [(2, String::new(), "RED_HIGH".to_owned())]);
    let counts: Vec<_> =
        crate::support::decoded(&out.decom).iter().map(|it| it.received_count).collect();
    assert_eq!(counts, [1, 2]);
    let (without, _, refused) = fold_these(&[hot(10), hot(10)]);
    assert!(refused.is_empty());
    assert_eq!(with, without, "the state is that of a fold which never saw it");
}
