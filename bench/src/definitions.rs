//! Reading of definitions, and identification among few and many packets, on one core.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use groundlog_packet::definition::TargetSource;
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::template::{self, Sources, Variables};
use groundlog_packet::{Definitions, PacketKind};

/// Packets of the large target, with items of each.
const PACKETS: usize = 1_000;
const ITEMS: usize = 100;

/// Rounds of which the fastest counts: the others were disturbed.
const ROUNDS: usize = 5;

/// Look-ups of one round.
const LOOKUPS: usize = 1_000_000;

/// Seconds and nanoseconds, best of all rounds.
#[derive(Debug, Clone, Copy)]
pub struct DefinitionFigures {
    /// Reading 1 000 packets of 100 items: templates, parsing, checks.
    pub load_seconds: f64,
    /// Identifying a packet among 10.
    pub among_10_nanoseconds: f64,
    /// Identifying a packet among 10 000.
    pub among_10_000_nanoseconds: f64,
}

/// Measures and prints the result.
///
/// # Panics
/// If a definition is not read, or a buffer not identified as its packet.
pub fn run() -> DefinitionFigures {
    let figures = DefinitionFigures {
        load_seconds: load(),
        among_10_nanoseconds: identify(10),
        among_10_000_nanoseconds: identify(10_000),
    };
    println!("definitions, one core, best of {ROUNDS} rounds");
    println!(
        "  {:<44} {:>8.3} s",
        format!("reading {PACKETS} packets of {ITEMS} items"),
        figures.load_seconds
    );
    println!("  {:<44} {:>8.1} ns", "identifying among 10 packets", figures.among_10_nanoseconds);
    println!(
        "  {:<44} {:>8.1} ns",
        "identifying among 10 000 packets", figures.among_10_000_nanoseconds
    );
    figures
}

fn best(mut round: impl FnMut() -> f64) -> f64 {
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}

fn load() -> f64 {
    let mut text = String::new();
    for packet in 0..PACKETS {
        let _ = writeln!(text, "TELEMETRY <%= target_name %> P{packet} BIG_ENDIAN \"A packet\"");
        let _ = writeln!(text, "  APPEND_ID_ITEM ID 16 UINT {packet} \"Id\"");
        for item in 1..ITEMS {
            let _ = writeln!(text, "  APPEND_ITEM I{item} 16 UINT \"Item {item}\"");
            match item % 4 {
                0 => text.push_str("    STATE OFF 0 RED\n    STATE ON 1 GREEN\n"),
                1 => text.push_str("    POLY_READ_CONVERSION 0 0.5\n    UNITS Volts V\n"),
                2 => text.push_str("    LIMITS DEFAULT 1 ENABLED 1 2 8 9\n"),
                _ => {}
            }
        }
    }
    let path = "cmd_tlm/tlm.txt";
    let variables: Variables = [(template::TARGET_NAME.to_owned(), "BIG".to_owned())].into();
    let sources = Sources { partial: &|_| None, environment: &|_| None };
    best(|| {
        let start = Instant::now();
        let source = TargetSource {
            name: "BIG".into(),
            target_txt: String::new(),
            files: vec![(
                path.into(),
                template::render(path, &text, &variables, &sources).unwrap(),
            )],
            binary_files: vec![],
        };
        let definitions = Definitions::builder().add_target(source).build().unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(definitions.packets().len(), PACKETS + 2);
        seconds
    })
}

fn identify(packets: usize) -> f64 {
    let mut text = String::new();
    for packet in 0..packets {
        let _ = writeln!(text, "TELEMETRY T P{packet} BIG_ENDIAN");
        let _ = writeln!(text, "  ITEM DATA 0 32 UINT\n  ID_ITEM APID 32 16 UINT {packet}");
    }
    let source = TargetSource {
        name: "T".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/t.txt".into(), text)],
        binary_files: vec![],
    };
    let definitions = Definitions::builder().add_target(source).build().unwrap();
    let identifier = Identifier::new(&definitions);
    let target = identifier.target(PacketKind::Telemetry, "T").unwrap();
    let buffers: Vec<[u8; 6]> = (0..packets)
        .map(|packet| {
            let [high, low] = u16::try_from(packet).unwrap().to_be_bytes();
            [1, 2, 3, 4, high, low]
        })
        .collect();
    for (packet, buffer) in buffers.iter().enumerate() {
        let found = target.identify(buffer, PacketPool::Normal).unwrap();
        assert_eq!(definitions.packet_by_id(found).unwrap().packet_name, format!("P{packet}"));
    }
    best(|| {
        let start = Instant::now();
        // Steps of a prime visit all buffers, but not one after the other.
        for lookup in 0..LOOKUPS {
            black_box(target.identify(&buffers[lookup * 7_919 % packets], PacketPool::Normal));
        }
        start.elapsed().as_secs_f64() * 1e9 / LOOKUPS as f64
    })
}
