//! Texts of a target folder: templates, then definitions; what is read is compiled.

#![no_main]

use groundlog_packet::Definitions;
use groundlog_packet::PacketKind;
use groundlog_packet::definition::TargetSource;
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::template::{self, Sources};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let path = "cmd_tlm/fuzz.txt";
    let variables = [(template::TARGET_NAME.to_owned(), "TGT".to_owned())].into();
    let sources = Sources { partial: &|_| None, environment: &|_| None };
    let text = String::from_utf8_lossy(data);
    let Ok(text) = template::render(path, &text, &variables, &sources) else {
        return;
    };
    let source = TargetSource {
        name: "TGT".into(),
        target_txt: String::new(),
        files: vec![(path.into(), text)],
        binary_files: vec![],
    };
    let Ok(definitions) = Definitions::builder().add_target(source).build() else {
        return;
    };
    let identifier = Identifier::new(&definitions);
    for kind in [PacketKind::Command, PacketKind::Telemetry] {
        let _ = identifier.identify_any(kind, data, PacketPool::Normal);
    }
    for packet in definitions.packets() {
        // What a definition may reserve for a packet is more than a run has time for.
        if packet.defined_length() < 1 << 20 {
            let _ = DecodePlan::compile(packet);
        }
    }
});
