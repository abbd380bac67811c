//! The language of definition files: what errors hide, what is lost, what may stand where.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

#[path = "support/definitions.rs"]
mod support;

use groundlog_packet::{PacketKind, Value};
use support::{definitions, packet, try_definitions};

const TLM: &str = "TELEMETRY TGT P BIG_ENDIAN\n";

/// Lines and messages of all errors of a text.
fn errors(config: &str) -> Vec<(u32, String)> {
    let errors = try_definitions(config).expect_err(config).errors;
    errors.into_iter().map(|error| (error.line, error.message)).collect()
}

fn lines(config: &str) -> Vec<u32> {
    errors(config).into_iter().map(|(line, _)| line).collect()
}

#[test]
fn a_quote_that_is_not_closed_is_an_error() {
    for text in ["\"not closed", "'not closed", "\""] {
        let found = errors(&format!("{TLM}  APPEND_ITEM A 8 UINT {text}\n"));
        assert_eq!(found.len(), 1, "{text}");
        assert!(found[0].1.starts_with("The quote of "), "{text}: {}", found[0].1);
    }
    // A quote inside a word, or behind a comment, is none.
    definitions(&format!("{TLM}  APPEND_ITEM A 8 UINT # it's \"so\n    DESCRIPTION it's\n"));
}

#[test]
fn a_packet_that_is_refused_hides_no_error_behind_it() {
    let config = "TELEMETRY TGT A MIDDLE_ENDIAN\n  APPEND_ITEM X 12 STRING\nTELEMETRY TGT B__C BIG_ENDIAN\n  \
                  APPEND_ITEM Y 8 UINT\n    STATE ON x\nCOMMAND TGT D\n  APPEND_PARAMETER Z 8 UINT 0 1\n";
    assert_eq!(lines(config), [1, 2, 3, 5, 6, 7]);
}

#[test]
fn the_code_of_a_refused_conversion_is_no_statement() {
    let block = "GENERIC_READ_CONVERSION_START\n  value * 2\nGENERIC_READ_CONVERSION_END\n";
    let config = format!("{TLM}BOGUS\n{block}APPEND_ITEM A 8 UINT\n  FOO\n");
    assert_eq!(lines(&config), [2, 7]);
    let found =
        errors(&format!("{TLM}APPEND_ITEM A 8 UINT\nGENERIC_READ_CONVERSION_START\nvalue\n"));
    assert_eq!(found.len(), 1);
    assert!(found[0].1.contains("_END of GENERIC_READ_CONVERSION_START"), "{}", found[0].1);
}

#[test]
fn what_continuations_lose_is_warned_of() {
    let config = format!(
        "{TLM}  CATCHALL\n  APPEND_ITEM A 8 UINT\n# see C++\n  APPEND_ITEM B 8 UINT\n  APPEND_ITEM C 8 UINT &\n"
    );
    let found = definitions(&config);
    let placed: Vec<String> = found.placed_warnings().collect();
    assert_eq!(
        placed,
        [
            "cmd_tlm/test.txt:5: a comment that ends in +, \\ or & makes this line part of it",
            "cmd_tlm/test.txt:6: the file ends where this statement goes on, so that it is lost",
        ]
    );
    assert!(packet(&found, PacketKind::Telemetry, "P").item("B").is_none());
}

#[test]
fn warnings_have_a_place() {
    let config = format!("{TLM}  ITEM A 0 16 UINT\n  ITEM B 8 8 UINT\n{TLM}  CATCHALL\n");
    let placed: Vec<String> = definitions(&config).placed_warnings().collect();
    assert!(placed[0].starts_with("cmd_tlm/test.txt:3: Bit definition overlap"), "{placed:?}");
    assert!(
        placed[1].starts_with("cmd_tlm/test.txt:1: Telemetry packet TGT P has no"),
        "{placed:?}"
    );
    assert!(
        placed[2].starts_with("cmd_tlm/test.txt:4: Telemetry Packet TGT P redefined"),
        "{placed:?}"
    );
}

#[test]
fn limits_groups_leave_the_packet_open() {
    let config = format!(
        "{TLM}  CATCHALL\n  APPEND_ITEM A 8 UINT\nLIMITS_GROUP G\nLIMITS_GROUP_ITEM TGT P A\n    UNITS Volts V\n  APPEND_ITEM B 8 UINT\n"
    );
    let found = definitions(&config);
    let packet = packet(&found, PacketKind::Telemetry, "P");
    assert!(packet.item("A").unwrap().units.is_some());
    assert_eq!(packet.item("B").unwrap().bit_offset, 8);
    assert_eq!(found.limits_groups()["G"].len(), 1);
}

#[test]
fn words_that_are_wider_than_their_use() {
    let config = format!("{TLM}  CATCHALL\n  HAZARDOUS \"x\"\n  DISABLED\n");
    let found = definitions(&config);
    let packet = packet(&found, PacketKind::Telemetry, "P");
    assert!(packet.disabled && packet.hidden);
    assert_eq!(packet.hazardous.as_deref(), Some("x"));
}

#[test]
fn a_redefined_id_item_replaces_the_old_one_in_the_tables() {
    let config = format!(
        "{TLM}  APPEND_ID_ITEM ID 8 UINT 1\n  ID_ITEM ID 8 8 UINT 2\n  \
         ITEM L 24 8 UINT\n    LIMITS DEFAULT 1 ENABLED 1 2 3 4\n  ITEM L 24 8 UINT\n"
    );
    let found = definitions(&config);
    let packet = packet(&found, PacketKind::Telemetry, "P");
    let ids: Vec<_> =
        packet.id_items.iter().map(|id| (id.bit_offset, id.id_value.clone())).collect();
    assert_eq!(ids, [(8, Some(Value::Int(2)))]);
    assert!(packet.limits_items.is_empty());
}

#[test]
fn a_length_item_that_is_not_there_is_an_error_where_it_is_named() {
    let config = format!(
        "{TLM}  APPEND_ITEM A 8 UINT\n  APPEND_ITEM S 0 STRING\n    VARIABLE_BIT_SIZE NOPE\n"
    );
    let found = errors(&config);
    assert_eq!(found[0], (3, "S: VARIABLE_BIT_SIZE names NOPE, which is not in the packet".into()));
    let later = format!(
        "{TLM}  CATCHALL\n  ITEM S 8 0 STRING\n    VARIABLE_BIT_SIZE LEN\n  ITEM LEN 0 8 UINT\n"
    );
    assert!(try_definitions(&later).is_ok());
}

#[test]
fn structures_keep_to_the_rules_of_names() {
    let inner = "TELEMETRY TGT IN BIG_ENDIAN\n  VIRTUAL\n  APPEND_ITEM X 8 UINT\n";
    let long = "A".repeat(126);
    for name in ["RECEIVED_COUNT", &long] {
        let config = format!("{inner}{TLM}  APPEND_STRUCTURE {name} DEFINED TLM TGT IN\n");
        assert_eq!(lines(&config), [5], "{name}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_keyword() {
    definitions(&format!("\u{feff}{TLM}  CATCHALL\n"));
}
