//! Texts of a target folder: templates, then definitions; what is read is compiled.

#![no_main]

use groundlog_packet::Definitions;
use groundlog_packet::PacketKind;
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::target::TargetFolder;
use groundlog_packet::template::Variables;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data).into_owned();
    let folder = TargetFolder {
        name: "TGT".into(),
        texts: vec![("cmd_tlm/fuzz.txt".into(), text)],
        binaries: vec![],
    };
    let Ok(source) = folder.render(&Variables::new(), None, &|_| None) else {
        return;
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
