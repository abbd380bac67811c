//! Decoding of a 40-item, 400-byte housekeeping packet on one core: the compiled plan against
//! code written by hand for that packet, and against the stock COSMOS package.

mod by_hand;
mod compare;
mod packet;

use std::hint::black_box;

use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{Columns, PacketMeta, RecordView};

use by_hand::{Adjustable, Fixed, Housekeeping, LimitsSource};
use packet::{ITEMS, LENGTH};

use crate::best::fastest;
use crate::peers;

/// Different packets that are decoded in turn.
const SAMPLES: usize = 512;
/// Rounds of which the fastest counts.
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
    /// The stock package: raw and converted values, limits checked.
    pub openc3: f64,
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
/// If the ways disagree on any value, state or change.
pub fn run() -> DecodeRates {
    let definition = packet::definition();
    let plan = DecodePlan::compile(&definition);
    let samples = packet::samples(SAMPLES);
    compare::with_hand(&plan, &samples);
    let openc3 = peers::openc3(
        &packet::text(),
        packet::TARGET,
        packet::NAME,
        samples.iter().map(|sample| &sample[..]),
    );
    compare::with_openc3(&plan, &samples, &openc3);
    let rates = DecodeRates {
        plan: rate(&mut plan_round(&plan, &samples)),
        by_hand: rate(&mut by_hand_round::<Adjustable>(&samples)),
        by_hand_fixed: rate(&mut by_hand_round::<Fixed>(&samples)),
        read: rate(&mut read_round(&plan, &samples, read)),
        read_items: rate(&mut read_round(&plan, &samples, |view, _| read_items(view))),
        write_and_read: rate(&mut write_and_read_round(&plan, &samples)),
        openc3: openc3.rate,
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
    line("PyPI openc3", rates.openc3);
    println!("  plan / hand-written                {:>10.2}", rates.ratio());
    println!("  writing and reading / decoding     {:>10.2}", rates.record_cost());
    println!("  plan / PyPI openc3                 {:>10.0}", rates.plan / rates.openc3);
    rates
}

/// Returns packets per second of the fastest round.
fn rate(round: &mut dyn FnMut()) -> f64 {
    (SAMPLES * REPEATS) as f64 / fastest(ROUNDS, || (0..REPEATS).for_each(|_| round()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_yield_the_same_values() {
        let plan = DecodePlan::compile(&packet::definition());
        assert_eq!(plan.published_items().len(), ITEMS);
        assert_eq!(plan.packet().defined_length(), LENGTH);
        compare::with_hand(&plan, &packet::samples(SAMPLES));
    }
}
