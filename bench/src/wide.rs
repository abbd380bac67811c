//! Decoding of a packet of 1 000 items on one core, conversions, states and limits included.

use std::hint::black_box;

use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{PacketMeta, RecordView};

use crate::best::fastest;
use crate::peers;
use crate::synthetic::{packet_of, random};

const ITEMS: usize = 1_000;
/// Different packets that are decoded in turn.
const SAMPLES: usize = 64;
const ROUNDS: usize = 500;

/// Items per second.
#[derive(Debug, Clone, Copy)]
pub struct WideRates {
    /// Compiled plan: bytes to packed record, limits checked.
    pub plan: f64,
    /// The stock package.
    pub openc3: f64,
}

/// Measures, after asserting that both ways yield the same values, and prints the result.
///
/// # Panics
/// If the two ways disagree on a value.
pub fn run() -> WideRates {
    let text = definition();
    let packet = packet_of(&text, "WIDE", "P");
    let plan = DecodePlan::compile(&packet);
    let samples = samples(packet.defined_length());
    let mut limits = LimitsState::new(&packet);
    let (mut record, mut transitions) = (Vec::new(), Vec::new());
    let mut decode = || {
        transitions.clear();
        for sample in &samples {
            let sample = black_box(sample);
            let meta = PacketMeta::default();
            plan.decode_over(sample, meta, Some(&mut limits), &mut record, &mut transitions);
            black_box(&record);
        }
        black_box(&transitions);
    };
    let seconds = fastest(ROUNDS, &mut decode);
    let peer = peers::openc3(&text, "WIDE", "P", samples.iter().map(Vec::as_slice));
    let view = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    peer.assert_same(&view, RecordView::converted);
    let rates =
        WideRates { plan: (SAMPLES * ITEMS) as f64 / seconds, openc3: peer.rate * ITEMS as f64 };
    println!("decode of {ITEMS} items in {} bytes, one core", packet.defined_length());
    println!("  {:<34} {:>14.0} items/s", "compiled plan to packed record", rates.plan);
    println!("  {:<34} {:>14.0} items/s", "PyPI openc3", rates.openc3);
    println!("  {:<34} {:>14.0}", "ratio", rates.plan / rates.openc3);
    rates
}

/// Writes the definition: widths and kinds change from item to item, as in real packets.
fn definition() -> String {
    const KINDS: [&str; 10] = [
        "3 UINT",
        "5 UINT",
        "16 UINT\nPOLY_READ_CONVERSION -100.0 0.01\nLIMITS DEFAULT 1 ENABLED -80 -70 400 500",
        "16 UINT\nPOLY_READ_CONVERSION -50.0 0.02\nLIMITS DEFAULT 1 ENABLED -40 -30 400 500",
        "16 INT\nPOLY_READ_CONVERSION 0 0.5",
        "8 UINT\nSTATE OFF 0\nSTATE ON 1",
        "32 FLOAT\nLIMITS DEFAULT 1 ENABLED -10 -8 8 10",
        "24 UINT",
        "32 UINT",
        "64 FLOAT",
    ];
    let items = KINDS.iter().cycle().take(ITEMS).enumerate();
    let lines = items.map(|(item, kind)| format!("APPEND_ITEM I{item} {kind}\n"));
    format!("TELEMETRY WIDE P BIG_ENDIAN \"Wide\"\n{}", lines.collect::<String>())
}

/// Makes packets; every number is small, so that no float is none.
fn samples(length: usize) -> Vec<Vec<u8>> {
    let mut next = random();
    (0..SAMPLES).map(|_| (0..length).map(|_| (next() % 64) as u8).collect()).collect()
}
