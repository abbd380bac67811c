//! Packets that are made up for a benchmark: their definitions and bytes.

use std::sync::Arc;

use groundlog_packet::Packet;
use groundlog_packet::definition::{Definitions, PacketKind, TargetSource};

/// Reads the definition of a telemetry packet.
///
/// # Panics
/// If it is refused.
#[must_use]
pub(crate) fn packet_of(text: &str, target: &str, name: &str) -> Arc<Packet> {
    let source = TargetSource {
        name: target.to_owned(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/tlm.txt".to_owned(), text.to_owned())],
        binary_files: vec![],
    };
    let definitions = Definitions::builder().add_target(source).build();
    let definitions = definitions.unwrap_or_else(|errors| panic!("{errors}"));
    let found = definitions.packet(PacketKind::Telemetry, target, name);
    Arc::clone(found.unwrap_or_else(|error| panic!("{error}")))
}

/// Returns a generator of numbers that are the same in every run (xorshift64).
pub(crate) fn random() -> impl FnMut() -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}
