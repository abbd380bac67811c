//! XTCE documents; what is read is written again, and read once more.

#![no_main]

use groundlog_packet::Definitions;
use groundlog_packet::xtce::Options;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let read =
        Definitions::builder().add_xtce("fuzz.xml", data.to_vec(), Options::default()).build();
    let Ok(definitions) = read else {
        return;
    };
    for packet in definitions.packets() {
        if packet.defined_length() < 1 << 16 {
            groundlog_fuzz::decode(packet, &data[..data.len().min(256)]);
        }
    }
});
