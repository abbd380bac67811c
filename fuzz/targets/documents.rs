//! Packets that are documents; the first byte chooses the accessor.

#![no_main]

use std::sync::LazyLock;

use groundlog_packet::access::PacketBuffer;
use groundlog_packet::definition::{Definitions, PacketKind, ValueType};
use groundlog_packet::value::Value;
use libfuzzer_sys::fuzz_target;

const ACCESSORS: [&str; 7] = [
    "JsonAccessor",
    "CborAccessor",
    "XmlAccessor",
    "HtmlAccessor",
    "FormAccessor",
    "TemplateAccessor",
    "HttpAccessor JsonAccessor",
];

static DEFINITIONS: LazyLock<Vec<Definitions>> = LazyLock::new(|| {
    let packet = |accessor: &&str| {
        let (path, template) = match *accessor {
            "XmlAccessor" | "HtmlAccessor" => ("/a/b[1]/@c", ""),
            "FormAccessor" => ("a", ""),
            "TemplateAccessor" => ("a", "  TEMPLATE '<a>,<b>'\n"),
            _ => ("$.a[1].b", ""),
        };
        let text = format!(
            "TELEMETRY TGT P BIG_ENDIAN\n  ACCESSOR {accessor}\n{template}  \
             APPEND_ITEM A 32 INT\n    KEY {path}\n  APPEND_ITEM B 32 FLOAT\n    KEY b\n  \
             APPEND_ITEM S 32 STRING\n    KEY {path}\n  APPEND_ITEM O 0 OBJECT\n    KEY $\n  \
             APPEND_ARRAY_ITEM L 8 UINT 32\n    KEY $.l\n  APPEND_ITEM Y 0 ANY\n    KEY {path}\n"
        );
        groundlog_fuzz::read("ruby", text).expect("definitions")
    };
    ACCESSORS.iter().map(packet).collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, buffer)) = data.split_first() else {
        return;
    };
    let choice = usize::from(*choice) % ACCESSORS.len();
    let (accessor, definitions) = (ACCESSORS[choice], &DEFINITIONS[choice]);
    let packet = definitions.packet(PacketKind::Telemetry, "TGT", "P").expect("a packet");
    groundlog_fuzz::decode(packet, buffer);
    let mut document = PacketBuffer::new(packet.clone());
    let _ = document.set_buffer(buffer.to_vec());
    for (item, value) in
        [("A", Value::Int(-5)), ("S", Value::from("<&\"é")), ("B", Value::Float(0.5))]
    {
        // What could be written can be read again; but a template is compared with all of the bytes.
        let written = document.write(item, &value, ValueType::Raw).is_ok();
        if written && !accessor.starts_with("Template") {
            let _ = document.read(item, ValueType::Raw).expect("what was written");
        }
    }
});
