//! The worked example of docs/decom-record.md, byte for byte: outsiders decode by that page.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{fmt::Write, sync::Arc};

use groundlog_packet::{
    Definitions, PacketKind,
    definition::TargetSource,
    limits::LimitsState,
    plan::DecodePlan,
    record::{PacketMeta, RecordView},
};

const PAGE: &str = include_str!("../../../docs/decom-record.md");

/// Returns the fenced block of the page that starts with a language tag.
fn block(tag: &str) -> &'static str {
    let start = format!("```{tag}\n");
    let from = PAGE.find(&start).unwrap_or_else(|| panic!("no block {tag}")) + start.len();
    let length = PAGE[from..].find("```").expect("the block's end");
    &PAGE[from..from + length]
}

/// Reads hex digits up to `#` on each line.
fn hex(text: &str) -> Vec<u8> {
    let digits: String = text
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(str::split_whitespace)
        .collect();
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).expect("hex"))
        .collect()
}

#[test]
fn the_published_example_is_what_a_plan_writes() {
    let source = TargetSource {
        name: "EXAMPLE".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/tlm.txt".into(), block("cosmos").into())],
        binary_files: Vec::new(),
    };
    let definitions = Definitions::builder().add_target(source).build().expect("definitions");
    let packet = definitions.packet(PacketKind::Telemetry, "EXAMPLE", "P").expect("packet");
    let plan = DecodePlan::compile(&Arc::clone(packet));
    let mut items = String::new();
    for item in plan.published_items() {
        let limits = if item.limits { "limits" } else { "-" };
        let states = if item.states.is_empty() { "-".to_owned() } else { item.states.join(",") };
        let converted = if item.converted.is_empty() { "-" } else { item.converted };
        let (kind, bits, array) = (item.data_type.word(), item.bit_size, item.array_bit_size);
        writeln!(items, "{} {kind} {bits} {array} {converted} {limits} {states}", item.name)
            .expect("text");
    }
    assert_eq!(items, block("items"), "the items of the example");

    let meta = PacketMeta::default();
    let mut limits = LimitsState::new(packet);
    let (mut record, mut transitions) = (Vec::new(), Vec::new());
    plan.decode_into(&hex(block("packet")), meta, Some(&mut limits), &mut record, &mut transitions);
    let found: String = record.iter().map(|byte| format!("{byte:02x}")).collect();
    let page: String = hex(block("record")).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, page, "the bytes of the example");
    assert!(RecordView::new(&plan, meta, &record).is_ok());
}
