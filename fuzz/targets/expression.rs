//! Code of generic conversions; the first byte chooses the language.

#![no_main]

use groundlog_packet::PacketKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, code)) = data.split_first() else {
        return;
    };
    let code = String::from_utf8_lossy(code);
    let language = if choice % 2 == 0 { "ruby" } else { "python" };
    let text = format!(
        "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n  APPEND_ITEM A 16 UINT\n  \
         APPEND_ITEM T 32 STRING\n  APPEND_ARRAY_ITEM L 8 INT 32\n  ITEM V 8 16 INT\n    OVERLAP\n    \
         GENERIC_READ_CONVERSION_START\n{code}\n    GENERIC_READ_CONVERSION_END\n"
    );
    let Ok(definitions) = groundlog_fuzz::read(language, text) else {
        return;
    };
    if let Ok(packet) = definitions.packet(PacketKind::Telemetry, "TGT", "P") {
        groundlog_fuzz::decode(packet, b"\x01\x7f\xfeText\x01\xff\x00\x80");
    }
});
