//! Real space packets (NOAA-20) through their XTCE document on one core: identified, decoded, all
//! values raw and converted; against the Python decoder of the same document.

use std::hint::black_box;

use groundlog_packet::definition::TargetSource;
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::limits::LimitsState;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{PacketMeta, RecordView};
use groundlog_packet::{Definitions, PacketKind};
use groundlog_tests::shared;

use crate::best::fastest;
use crate::peers;

const TARGET: &str = "JPSS";
const ROUNDS: usize = 200;
/// Length of a primary header, and where in it the length of what follows stands (CCSDS 133.0-B
/// §4.1.3).
const HEADER: usize = 6;

/// Packets per second.
#[derive(Debug, Clone, Copy)]
pub struct XtceRates {
    /// Identification and compiled plan: bytes to packed record.
    pub plan: f64,
    /// The `space_packet_parser` package.
    pub space_packet_parser: f64,
}

/// Measures, after asserting that both ways yield the same values, and prints the result; `None`
/// where the recording is absent.
///
/// # Panics
/// If a packet is not identified, or the two ways disagree on a value.
pub fn run() -> Option<XtceRates> {
    let document = shared("data/jpss/jpss1_geolocation_xtce_v1.xml")?;
    let recording = shared("data/jpss/J01_G011_LZ_2021-04-09T00-00-00Z_V01.DAT1")?;
    let definitions = definitions(std::fs::read_to_string(&document).unwrap());
    let identifier = Identifier::new(&definitions);
    let target = identifier.target(PacketKind::Telemetry, TARGET).unwrap();
    let mut plans: Vec<(DecodePlan, LimitsState)> = definitions
        .packets()
        .iter()
        .map(|packet| (DecodePlan::compile(packet), LimitsState::new(packet)))
        .collect();
    let bytes = std::fs::read(&recording).unwrap();
    let packets = split(&bytes);
    let (mut record, mut transitions, mut last) = (Vec::new(), Vec::new(), 0);
    let seconds = fastest(ROUNDS, || {
        for packet in &packets {
            let found = target.identify(black_box(packet), PacketPool::Normal).unwrap();
            last = found.index();
            let (plan, limits) = &mut plans[last];
            let meta = PacketMeta::default();
            plan.decode_over(packet, meta, Some(limits), &mut record, &mut transitions);
            black_box(&record);
        }
    });
    let peer = peers::space_packet_parser(&document, &recording);
    let view = RecordView::new(&plans[last].0, PacketMeta::default(), &record).unwrap();
    peer.assert_same(&view, RecordView::raw);
    let rates = XtceRates { plan: packets.len() as f64 / seconds, space_packet_parser: peer.rate };
    println!("decode of {} packets of 27 items through XTCE, one core", packets.len());
    println!("  {:<34} {:>12.0} packets/s", "identification and compiled plan", rates.plan);
    println!("  {:<34} {:>12.0} packets/s", "PyPI space_packet_parser", rates.space_packet_parser);
    println!("  {:<34} {:>12.0}", "ratio", rates.plan / rates.space_packet_parser);
    Some(rates)
}

fn definitions(document: String) -> Definitions {
    let source = TargetSource {
        name: TARGET.to_owned(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/geolocation.xtce".to_owned(), document)],
        binary_files: vec![],
    };
    Definitions::builder().add_target(source).build().unwrap()
}

/// Splits a recording into its space packets.
fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    while let [_, _, _, _, high, low, ..] = bytes {
        let length = HEADER + 1 + usize::from(u16::from_be_bytes([*high, *low]));
        let (packet, rest) = bytes.split_at(length);
        packets.push(packet);
        bytes = rest;
    }
    packets
}
