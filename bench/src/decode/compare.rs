//! That all ways of decoding yield the same values.

use groundlog_packet::limits::{LimitsState, Transition};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{Columns, PacketMeta, RecordView};
use groundlog_packet::value::Value;

use super::by_hand::{self, Adjustable, Fixed, Housekeeping, LIMITED};
use super::open;
use super::packet::LENGTH;
use crate::peers;

/// Decodes all samples both ways and compares everything.
pub(super) fn with_hand(plan: &DecodePlan, samples: &[[u8; LENGTH]]) {
    let mut limits = LimitsState::new(plan.packet());
    let mut hand_limits = by_hand::limits();
    let mut fixed_limits = by_hand::limits();
    let mut out = Housekeeping::default();
    let mut all_changes = 0;
    for sample in samples {
        let (mut record, mut transitions, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        let meta = PacketMeta::default();
        plan.decode_into(sample, meta, Some(&mut limits), &mut record, &mut transitions);
        assert!(by_hand::decode::<Adjustable>(sample, &mut hand_limits, &mut out, &mut changes));
        let (mut fixed, mut again) = (Housekeeping::default(), Vec::new());
        assert!(by_hand::decode::<Fixed>(sample, &mut fixed_limits, &mut fixed, &mut again));
        assert_eq!((again, fixed.limits), (changes.clone(), out.limits));
        let view = RecordView::new(plan, meta, &record).expect("a sound record");
        compare_values(&view, &out);
        compare_columns(&view);
        compare_changes(plan, &transitions, &changes);
        all_changes += changes.len();
    }
    assert!(all_changes > 20, "limits hardly changed: {all_changes}");
}

/// Compares the last sample's values with those that the stock package found.
pub(super) fn with_openc3(plan: &DecodePlan, samples: &[[u8; LENGTH]], openc3: &peers::Peer) {
    let (mut record, meta) = (Vec::new(), PacketMeta::default());
    let last = samples.last().expect("a sample");
    plan.decode_into(last, meta, None, &mut record, &mut Vec::new());
    openc3.assert_same(&open(plan, &record), RecordView::converted);
}

fn compare_values(view: &RecordView<'_>, out: &Housekeeping) {
    let packet = view.plan().packet();
    let place = |name: &str| packet.item_index(name).expect(name);
    let raw = |name: &str, expected: Value| assert_eq!(view.raw(place(name)), expected, "{name}");
    let state = |name: &str, index: u16| {
        let states = packet.items[place(name)].states.as_ref().expect(name);
        let expected = states.names().nth(usize::from(index));
        assert_eq!(view.state_name(place(name)), expected, "{name}");
    };
    raw("CCSDSVER", out.version.into());
    raw("CCSDSTYPE", out.kind.into());
    raw("CCSDSSHF", out.secondary.into());
    state("CCSDSSHF", out.secondary_state);
    raw("CCSDSAPID", out.apid.into());
    raw("CCSDSSEQFLAGS", out.sequence_flags.into());
    state("CCSDSSEQFLAGS", out.sequence_flags_state);
    raw("CCSDSSEQCNT", out.sequence_count.into());
    raw("CCSDSLENGTH", out.length.into());
    raw("TIMESEC", out.seconds.into());
    raw("TIMEUS", out.microseconds.into());
    raw("PKTID", out.packet_id.into());
    for (index, value) in out.temperatures.iter().enumerate() {
        let name = format!("TEMP{index}");
        raw(&name, (*value).into());
        let converted = view.converted(place(&name));
        assert_eq!(converted, Value::Float(out.converted_temperatures[index]));
    }
    for (index, value) in out.voltages.iter().enumerate() {
        let name = format!("VOLT{index}");
        raw(&name, (*value).into());
        assert_eq!(view.converted(place(&name)), Value::Float(out.converted_voltages[index]));
    }
    raw("CURR1", f64::from(out.currents[0]).into());
    raw("CURR2", f64::from(out.currents[1]).into());
    raw("PRESSURE", out.pressure.into());
    assert_eq!(view.converted(place("PRESSURE")), Value::Float(out.converted_pressure));
    raw("MODE", out.mode.into());
    state("MODE", out.mode_state);
    raw("HEATER1", out.heaters[0].into());
    state("HEATER1", out.heater_states[0]);
    raw("HEATER2", out.heaters[1].into());
    state("HEATER2", out.heater_states[1]);
    raw("ANTENNA", out.antenna.into());
    state("ANTENNA", out.antenna_state);
    raw("SPARE", out.spare.into());
    raw("COLLECTS", out.collects.into());
    raw("ACCEPTED", out.accepted.into());
    raw("REJECTED", out.rejected.into());
    raw("Q1", out.q[0].into());
    raw("Q2", out.q[1].into());
    raw("ERRORS", out.errors.into());
    raw("UPTIME", out.uptime.into());
    raw("DUMP", out.dump.to_vec().into());
    assert_eq!(packet.limits_items.len(), LIMITED);
    for (place, code) in packet.limits_items.iter().zip(out.limits) {
        assert_eq!(view.limits(*place).map_or(0, |color| color as u8), code);
    }
}

/// Asserts that columns hold what the items say.
fn compare_columns(view: &RecordView<'_>) {
    let mut columns = Columns::default();
    view.read_into(&mut columns);
    let mut bytes = view.byte_values();
    for (row, item) in view.items().enumerate() {
        let number = |column: &[f64]| Some(column[row]).filter(|number| !number.is_nan());
        assert_eq!(number(columns.raw()), item.raw_f64());
        assert_eq!(number(columns.converted()), item.converted_f64());
        assert_eq!(columns.state(row), item.state_index());
        assert_eq!(columns.limits_color(row), item.limits());
        if let Some(block) = item.raw_bytes() {
            assert_eq!(bytes.next(), Some((row, block)));
        }
    }
    assert_eq!(bytes.next(), None);
}

fn compare_changes(plan: &DecodePlan, transitions: &[Transition], changes: &[(u8, u8, u8)]) {
    let found: Vec<(u8, u8, u8)> = transitions
        .iter()
        .map(|t| {
            let order = plan.packet().limits_items.iter().position(|place| *place == t.item);
            let code = |color: Option<_>| groundlog_packet::limits::LimitsColor::code(color);
            (order.expect("a registered item") as u8, code(t.old), code(t.new))
        })
        .collect();
    assert_eq!(found, changes);
}
