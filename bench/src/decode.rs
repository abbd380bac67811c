//! Decoding of a 40-item, 400-byte housekeeping packet on one core: the compiled plan against
//! code written by hand for that packet.

mod by_hand;
mod packet;

use std::hint::black_box;
use std::time::Instant;

use groundlog_packet::limits::{LimitsState, Transition};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{Columns, PacketMeta, RecordView};
use groundlog_packet::value::Value;

use by_hand::{Adjustable, Fixed, Housekeeping, LIMITED, LimitsSource};
use packet::{ITEMS, LENGTH};

/// Different packets that are decoded in turn.
const SAMPLES: usize = 512;
/// Rounds of which the fastest counts: the others were disturbed.
const ROUNDS: usize = 2_000;
/// Times that all samples are decoded in one round.
const REPEATS: usize = 4;

/// Packets per second of each way.
#[derive(Debug, Clone, Copy)]
pub struct DecodeRates {
    /// Compiled plan: bytes to packed record, limits checked.
    pub plan: f64,
    /// Code written by hand, yielding the same values; its limits can be changed, as the plan's.
    pub by_hand: f64,
    /// The same with limits that are constants of the program.
    pub by_hand_fixed: f64,
    /// Reading every raw and converted value, state and limits state of a packed record.
    pub read: f64,
    /// The same, asking each item for its values.
    pub read_items: f64,
    /// Writing (which is decoding) and reading one after the other.
    pub write_and_read: f64,
}

impl DecodeRates {
    /// Speed of the plan, the hand-written decoder being 1.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.plan / self.by_hand
    }

    /// Cost of writing and reading a record, decoding alone being 1.
    #[must_use]
    pub fn record_cost(&self) -> f64 {
        self.plan / self.write_and_read
    }
}

/// Measures, after asserting that both ways yield the same values, and prints the result.
///
/// # Panics
/// If the two ways disagree on any value, state or change.
pub fn run() -> DecodeRates {
    let definition = packet::definition();
    let plan = DecodePlan::compile(&definition);
    let samples = packet::samples(SAMPLES);
    assert_same(&plan, &samples);
    let rates = DecodeRates {
        plan: rate(&mut plan_round(&plan, &samples)),
        by_hand: rate(&mut by_hand_round::<Adjustable>(&samples)),
        by_hand_fixed: rate(&mut by_hand_round::<Fixed>(&samples)),
        read: rate(&mut read_round(&plan, &samples, read)),
        read_items: rate(&mut read_round(&plan, &samples, |view, _| read_items(view))),
        write_and_read: rate(&mut write_and_read_round(&plan, &samples)),
    };
    println!("decode of {ITEMS} items in {LENGTH} bytes, one core, best of {ROUNDS} rounds");
    let line = |name: &str, rate: f64| {
        println!("  {name:<34} {:>10.0} packets/s  {:>6.1} ns", rate, 1e9 / rate);
    };
    line("compiled plan to packed record", rates.plan);
    line("hand-written decoder", rates.by_hand);
    line("the same, its limits constants", rates.by_hand_fixed);
    line("reading a packed record", rates.read);
    line("the same, item by item", rates.read_items);
    line("writing and reading a record", rates.write_and_read);
    println!("  plan / hand-written                {:>10.2}", rates.ratio());
    println!("  writing and reading / decoding     {:>10.2}", rates.record_cost());
    rates
}

/// Returns packets per second of the fastest round.
fn rate(round: &mut dyn FnMut()) -> f64 {
    let fastest = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            (0..REPEATS).for_each(|_| round());
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    (SAMPLES * REPEATS) as f64 / fastest
}

fn plan_round(plan: &DecodePlan, samples: &[[u8; LENGTH]]) -> impl FnMut() {
    let mut limits = LimitsState::new(plan.packet());
    let (mut record, mut transitions) = (Vec::new(), Vec::new());
    move || {
        transitions.clear();
        for sample in samples {
            let meta = PacketMeta::default();
            plan.decode_over(
                black_box(sample),
                meta,
                Some(&mut limits),
                &mut record,
                &mut transitions,
            );
            black_box(&record);
        }
        black_box(&transitions);
    }
}

fn by_hand_round<L: LimitsSource>(samples: &[[u8; LENGTH]]) -> impl FnMut() {
    let mut limits = by_hand::limits();
    let (mut out, mut changes) = (Housekeeping::default(), Vec::new());
    move || {
        changes.clear();
        for sample in samples {
            by_hand::decode::<L>(black_box(sample), &mut limits, &mut out, &mut changes);
            black_box(&out);
        }
        black_box(&changes);
    }
}

fn read_round<'a>(
    plan: &'a DecodePlan,
    samples: &[[u8; LENGTH]],
    read: impl Fn(&RecordView<'_>, &mut Columns) + 'a,
) -> impl FnMut() + 'a {
    let mut limits = LimitsState::new(plan.packet());
    let records: Vec<Vec<u8>> = samples
        .iter()
        .map(|sample| {
            let (mut record, meta) = (Vec::new(), PacketMeta::default());
            plan.decode_into(sample, meta, Some(&mut limits), &mut record, &mut Vec::new());
            record
        })
        .collect();
    let mut columns = Columns::default();
    move || {
        for record in &records {
            read(&open(plan, black_box(record)), &mut columns);
        }
    }
}

fn write_and_read_round(plan: &DecodePlan, samples: &[[u8; LENGTH]]) -> impl FnMut() {
    let mut limits = LimitsState::new(plan.packet());
    let (mut record, mut transitions) = (Vec::new(), Vec::new());
    let mut columns = Columns::default();
    move || {
        transitions.clear();
        for sample in samples {
            let meta = PacketMeta::default();
            plan.decode_over(
                black_box(sample),
                meta,
                Some(&mut limits),
                &mut record,
                &mut transitions,
            );
            read(&open(plan, black_box(&record)), &mut columns);
        }
        black_box(&transitions);
    }
}

fn open<'a>(plan: &'a DecodePlan, record: &'a [u8]) -> RecordView<'a> {
    RecordView::new(plan, PacketMeta::default(), record).expect("a sound record")
}

/// Reads every value of a record, as a consumer does that wants them all.
fn read(view: &RecordView<'_>, columns: &mut Columns) {
    view.read_into(columns);
    black_box(&*columns);
    view.byte_values().for_each(|value| _ = black_box(value));
}

/// Reads every value of a record, asking each item.
fn read_items(view: &RecordView<'_>) {
    for item in view.items() {
        match item.raw_f64() {
            Some(number) => _ = black_box(number),
            None => _ = black_box(item.raw_bytes()),
        }
        black_box(item.converted_f64());
        black_box(item.state_index());
        black_box(item.limits());
    }
}

/// Decodes all samples both ways and compares everything.
fn assert_same(plan: &DecodePlan, samples: &[[u8; LENGTH]]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_yield_the_same_values() {
        let plan = DecodePlan::compile(&packet::definition());
        assert_eq!(plan.published_items().len(), ITEMS);
        assert_eq!(plan.packet().defined_length(), LENGTH);
        assert_same(&plan, &packet::samples(SAMPLES));
    }
}
