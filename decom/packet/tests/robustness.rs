//! Nothing that a user or a socket sends may panic.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

#[path = "support/definitions.rs"]
mod support;

use groundlog_packet::access::{PacketBuffer, PacketTimes, PacketView, decommutated};
use groundlog_packet::command::{self, BuildOptions};
use groundlog_packet::config::{convert_to_value, tokenize};
use groundlog_packet::definition::{FormatString, ValueType};
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::template::{self, Sources, Variables};
use groundlog_packet::{Packet, PacketKind, Value, plugin};
use proptest::prelude::*;
use support::{definitions, try_definitions};

const EVERYTHING: &str = "\
TELEMETRY TGT SUB BIG_ENDIAN
  VIRTUAL
  APPEND_ITEM X 8 UINT
  APPEND_ITEM N 0 STRING
TELEMETRY TGT P BIG_ENDIAN
  APPEND_ID_ITEM ID 8 UINT 1
  APPEND_ITEM LEN 8 INT
  APPEND_ITEM S 0 STRING
    VARIABLE_BIT_SIZE LEN 8 -16
  APPEND_ARRAY_ITEM A 4 UINT 0
    VARIABLE_BIT_SIZE ID 4
  APPEND_ITEM SEL 2 UINT
  APPEND_ITEM NUM 6 INT
    VARIABLE_BIT_SIZE SEL
  APPEND_STRUCTURE ST 24 TLM TGT SUB
    VARIABLE_BIT_SIZE LEN
  ITEM LE 44 20 UINT \"d\" LITTLE_ENDIAN
  ITEM WIDE 3 120 INT
  ITEM CRC -16 16 UINT
  ITEM T 0 0 DERIVED
    READ_CONVERSION unix_time_conversion.rb WIDE LE
  ITEM G 0 0 DERIVED
    GENERIC_READ_CONVERSION_START
      packet.read('LE') ** 3 / packet.read('CRC')
    GENERIC_READ_CONVERSION_END
    FORMAT_STRING %d
  ITEM F 64 64 FLOAT
    POLY_READ_CONVERSION 1 2 3
    FORMAT_STRING %a
TELEMETRY TGT Q BIG_ENDIAN
  ALLOW_SHORT
  APPEND_ID_ITEM ID 8 UINT 2
  APPEND_ITEM REST -8 BLOCK
";

/// Reads and writes everything there is in a buffer.
fn exercise(packet: &std::sync::Arc<Packet>, bytes: &[u8], value: &Value) {
    let view = PacketView::new(packet, bytes, PacketTimes::default());
    let mut buffer = PacketBuffer::new(packet.clone());
    let _ = buffer.set_buffer(bytes.to_vec());
    let _ = decommutated(&view, &|_| None);
    for (index, item) in packet.items.iter().enumerate() {
        for value_type in [ValueType::Raw, ValueType::Converted, ValueType::Formatted] {
            let read = view.read_item(index, value_type);
            let _ = read.map(|value| value.to_string());
        }
        let mut changed = buffer.clone();
        let _ = changed.write(&item.name, value, ValueType::Converted);
        let _ = changed.read(&item.name, ValueType::Converted);
    }
    let _ = buffer.obfuscate();
    let _ = buffer.restore_defaults(&|_| false);
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<i128>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        ".{0,20}".prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        proptest::collection::vec(any::<i32>().prop_map(Value::from), 0..20).prop_map(Value::Array),
        Just(Value::Null),
    ]
}

proptest! {
    #[test]
    fn received_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..60), value in values()) {
        let definitions = definitions(EVERYTHING);
        let identifier = Identifier::new(&definitions);
        for pool in [PacketPool::Normal, PacketPool::Subpackets] {
            let _ = identifier.identify_any(PacketKind::Telemetry, &bytes, pool);
        }
        for packet in definitions.packets() {
            exercise(packet, &bytes, &value);
        }
    }

    #[test]
    fn texts(text in "[-+#&<%=>\\\\\"'{}()|.,: \\n\\[\\]a-f0-9x_€]{0,60}") {
        let _ = tokenize(&text);
        let _ = convert_to_value(&text);
        let _ = command::parse(&text, None);
        let _ = command::parse(&format!("TGT P with {text}"), None);
        let format = FormatString::parse(&text);
        let _ = format.map(|format| format.format(&Value::Int(-5)));
        let sources = Sources { partial: &|_| Some(text.clone()), environment: &|_| None };
        let variables = Variables::from([("a".to_owned(), text.clone())]);
        let _ = template::render("f", &text, &variables, &sources);
        let _ = template::render("f", &format!("<%= {text} %>"), &variables, &sources);
        let _ = template::render("f", &format!("<% {text} %>x<% end %>"), &variables, &sources);
        let _ = plugin::load("plugin.txt", &text, &Variables::new(), "DEFAULT", &sources);
    }

    #[test]
    fn statements(words in proptest::collection::vec(word(), 1..40)) {
        let mut config = "COMMAND TGT C BIG_ENDIAN\nAPPEND_PARAMETER A 8 UINT 0 1 0\nTELEMETRY TGT P BIG_ENDIAN\n".to_owned();
        for word in &words {
            config.push_str(word);
        }
        if let Ok(definitions) = try_definitions(&config) {
            for packet in definitions.packets().iter().filter(|p| p.defined_length() < 100_000) {
                exercise(packet, &[1, 2, 3, 4, 5], &Value::Int(3));
            }
            let options = BuildOptions::default();
            let _ = command::build(&definitions, "TGT", "C", &[("A".into(), 1.into())], options);
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    let keywords = prop::sample::select(vec![
        "ITEM",
        "APPEND_ITEM",
        "APPEND_ARRAY_ITEM",
        "APPEND_ID_ITEM",
        "STATE",
        "LIMITS",
        "UNITS",
        "FORMAT_STRING",
        "POLY_READ_CONVERSION",
        "VARIABLE_BIT_SIZE",
        "STRUCTURE",
        "SELECT_COMMAND",
        "APPEND_PARAMETER",
        "DEFAULT_VALUE",
        "MINIMUM_VALUE",
        "CONVERTED_DATA",
        "DELETE_ITEM",
        "SEG_POLY_READ_CONVERSION",
        "READ_CONVERSION",
        "TEMPLATE_BASE64",
        "OVERFLOW",
        "META",
    ]);
    let arguments = prop::sample::select(vec![
        " A",
        " B",
        " 0",
        " 8",
        " -8",
        " 16",
        " 9223372036854775807",
        " UINT",
        " INT",
        " STRING",
        " FLOAT",
        " DERIVED",
        " TGT",
        " C",
        " P",
        " 1.5",
        " MIN",
        " MAX",
        " \"x",
        " 'y'",
        " %d",
        " ENABLED",
        " DEFAULT",
        " LITTLE_ENDIAN",
        " CMD",
        " DEFINED",
        " unix_time_conversion.rb",
    ]);
    (keywords, proptest::collection::vec(arguments, 0..8))
        .prop_map(|(keyword, arguments)| format!("{keyword}{}\n", arguments.concat()))
}
