//! Buffers with definitions, both out of the input.

#![no_main]

use groundlog_fuzz::Choices;
use groundlog_packet::PacketKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let text = groundlog_fuzz::definition(&mut choices);
    let Ok(definitions) = groundlog_fuzz::read("ruby", text) else {
        return;
    };
    if let Ok(packet) = definitions.packet(PacketKind::Telemetry, "TGT", "P") {
        let buffer = choices.rest();
        for length in [buffer.len(), packet.defined_length().min(buffer.len()), buffer.len() / 2] {
            groundlog_fuzz::decode(packet, &buffer[..length]);
        }
    }
});
