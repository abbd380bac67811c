//! Definition files: what is refused, with which message and place, and what is warned about.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

#[path = "support/definitions.rs"]
mod support;

use groundlog_packet::config::ConfigErrors;
use groundlog_packet::definition::{DataType, Definitions, Endianness, TargetSource};
use groundlog_packet::{PacketKind, Value};
use support::{definitions, packet, try_definitions};

const TLM: &str = "TELEMETRY TGT P BIG_ENDIAN \"d\"\n";
const CMD: &str = "COMMAND TGT P BIG_ENDIAN \"d\"\n";

fn refused(config: &str) -> ConfigErrors {
    try_definitions(config).expect_err(config)
}

fn message(config: &str) -> String {
    refused(config).errors[0].message.clone()
}

#[test]
fn statements_that_are_refused_in_telemetry() {
    let cases = [
        ("ITEM A 0 8\n", "Not enough parameters for ITEM."),
        ("ITEM PACKET_TIMESECONDS 0 8 UINT\n", "cannot be a reserved item name"),
        ("PARAMETER A 0 8 UINT 0 1 0\n", "PARAMETER types are only valid with COMMAND"),
        ("ITEM A 8 0 DERIVED\n", "DERIVED items must have bit_offset 0"),
        ("ITEM A x 8 UINT\n", "Parameter 2 (x) for ITEM must be an integer."),
        ("ITEM A 040 8 UINT\n", "must be an integer"),
        ("ARRAY_ITEM A 0 0 UINT 16\n", "must be greater than 0"),
        ("ITEM A 0 8 UINT\nLIMITS TVAC 1 ENABLED 1 2 5 6\n", "DEFAULT limits set must be defined"),
        ("ITEM A 0 8 UINT\nLIMITS DEFAULT 1 ENABLED 1 2 2 6\n", "Ensure yellow limits"),
        ("ITEM A 0 8 UINT\nSTATE A abc\n", "Invalid state value abc"),
        ("ITEM A 0 8 UINT\nSTATE A 1 PURPLE\n", "Invalid state color PURPLE"),
        ("ITEM A 0 8 UINT\nOVERFLOW MAYBE\n", "Invalid overflow type MAYBE"),
        ("ITEM A 0 32 STRING\nFORMAT_STRING %d\n", "A: format_string invalid '%d'"),
        ("SELECT_ITEM NOPE\n", "NOPE not found in telemetry packet TGT P"),
        ("ITEM A 0 8 UINT\nCONVERTED_DATA 32 FLOAT\n", "CONVERTED_DATA requires a conversion"),
        ("ID_ITEM A 0 0 DERIVED 1\n", "Invalid value: 1 for data type: DERIVED"),
        ("ITEM A{B 0 8 UINT\n", "cannot contain a curly bracket"),
        ("ITEM A[[B 0 8 UINT\n", "cannot contain double brackets"),
        ("VIRTUAL 1\n", "Too many parameters for VIRTUAL."),
        ("ITEM A 0 8 BOOL\nSTATE A true\n", "Invalid state value true"),
        (
            "ITEM A 0 8 UINT\nGENERIC_READ_CONVERSION_START BOGUS\nx\nGENERIC_READ_CONVERSION_END\n",
            "Invalid converted_type: BOGUS",
        ),
        ("RESPONSE TGT P\n", "RESPONSE only applies to command packets"),
        ("DELETE_PARAMETER A\n", "DELETE_PARAMETER only applies to command packets"),
        ("APPEND_ITEM A 4 UINT\nAPPEND_ITEM B 32 STRING\n", "must be byte aligned"),
        ("APPEND_ITEM A 99999999999 STRING\n", "lies beyond the longest packet"),
        ("APPEND_ITEM A 8 UINT\nVARIABLE_BIT_SIZE L 0\n", "Bits per count must be"),
        ("TEMPLATE_FILE ../secret\n", "must be relative"),
        ("STRUCTURE S 0 DEFINED TLM TGT NOPE\n", "Packet not found: TGT NOPE"),
    ];
    for (lines, wanted) in cases {
        let found = message(&format!("{TLM}{lines}"));
        assert!(found.contains(wanted), "{lines}: {found}");
    }
}

#[test]
fn statements_that_are_refused_in_commands() {
    let cases = [
        ("APPEND_PARAMETER A 8 UINT 0 1\n", "Not enough parameters for APPEND_PARAMETER."),
        ("APPEND_PARAMETER A 32 STRING x d BIG_ENDIAN y\n", "Too many parameters"),
        (
            "APPEND_PARAMETER A 8 UINT 0 1 0\nLIMITS DEFAULT 1 ENABLED 1 2 5 6\n",
            "LIMITS only applies to telemetry items",
        ),
        ("APPEND_PARAMETER A 8 UINT MIN MAX x\n", "default must be an integer but is 'x'"),
        ("SELECT_PARAMETER NOPE\n", "NOPE not found in command packet TGT P"),
    ];
    for (lines, wanted) in cases {
        let found = message(&format!("{CMD}{lines}"));
        assert!(found.contains(wanted), "{lines}: {found}");
    }
    assert!(message("COMMAND TGT P MIDDLE\n").contains("Must be BIG_ENDIAN or LITTLE_ENDIAN"));
}

#[test]
fn every_error_has_file_line_statement_and_usage() {
    let errors =
        refused(&format!("{TLM}  BOGUS 1\n  ITEM A 0 12 STRING\n  ITEM B 0 8 UINT\n    FOO\n"));
    let lines: Vec<u32> = errors.errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [2, 3, 5]);
    assert_eq!(&*errors.errors[1].file, "cmd_tlm/test.txt");
    assert_eq!(errors.errors[1].statement, "ITEM A 0 12 STRING");
    let text = errors.to_string();
    assert!(text.starts_with("Error processing cmd_tlm/test.txt:\n"), "{text}");
    assert!(text.contains("test.txt:3: ITEM A 0 12 STRING\nError: A: bit_size"), "{text}");
    assert!(text.contains("Usage: ITEM <NAME> <BIT OFFSET> <BIT SIZE> <TYPE>"), "{text}");
}

#[test]
fn errors_at_the_close_of_a_packet_name_the_item_that_is_wrong() {
    let config =
        format!("{CMD}  APPEND_PARAMETER A 8 UINT 0 1 0\n  APPEND_PARAMETER B 8 UINT 0 1 x\n\n");
    assert_eq!(refused(&config).errors[0].line, 3);
}

#[test]
fn what_follows_from_an_error_is_not_reported() {
    let config = format!("{TLM}  ITEM A 0 16 FLOAT\n    UNITS Volts V\n    DESCRIPTION x\n");
    assert_eq!(refused(&config).errors.len(), 1);
}

#[test]
fn names_that_are_odd_but_legal() {
    let config = format!(
        "{TLM}ITEM A.,-+=!@#$%^&*?<>/\\|(:;) 0 8 UINT\nITEM B[0] 8 8 UINT\nITEM STATE 16 8 UINT\n"
    );
    let definitions = definitions(&config);
    assert!(packet(&definitions, PacketKind::Telemetry, "P").item("B[0]").is_some());
}

#[test]
fn packet_keywords_do_not_close_the_item() {
    let config = format!(
        "{TLM}HIDDEN\nMETA OWNER a b\nAPPEND_ITEM A 8 UINT\nDISABLE_MESSAGES\nHIDDEN\nMETA X y\nUNITS Volts V\n"
    );
    let definitions = definitions(&config);
    let packet = packet(&definitions, PacketKind::Telemetry, "P");
    let item = packet.item("A").unwrap();
    assert!(packet.hidden && packet.messages_disabled && item.hidden);
    assert_eq!(packet.meta["OWNER"], ["a", "b"]);
    assert_eq!(item.meta["X"], ["y"]);
    assert_eq!(item.units.as_ref().unwrap().abbreviation, "V");
}

#[test]
fn defaults_ranges_and_types_of_parameters() {
    let config = format!(
        "{CMD}APPEND_PARAMETER I 8 INT MIN MAX 0x10 \"d\" LITTLE_ENDIAN\nAPPEND_PARAMETER F 32 FLOAT 0 10 1\n\
         APPEND_PARAMETER S 32 STRING \"0xAB\"\nAPPEND_PARAMETER B 16 BLOCK 0xABC\n\
         PARAMETER D 0 0 DERIVED nil nil 5\n  WRITE_CONVERSION x.rb\nAPPEND_ARRAY_PARAMETER A 8 UINT 16\n"
    );
    let definitions = definitions(&config);
    let packet = packet(&definitions, PacketKind::Command, "P");
    let item = |name| packet.item(name).unwrap();
    assert_eq!(item("I").default, Some(Value::Int(16)));
    assert_eq!(item("I").minimum, Some(Value::Int(-128)));
    assert_eq!(item("I").endianness, Endianness::Little);
    assert_eq!(item("F").maximum, Some(Value::Float(10.0)));
    assert_eq!(item("S").default, Some(Value::from("0xAB")));
    assert_eq!(item("B").default, Some(Value::Bytes(vec![0x0a, 0xbc])));
    assert_eq!(item("D").default, Some(Value::Int(5)));
    assert_eq!((item("D").data_type, item("D").minimum.clone()), (DataType::Derived, None));
    assert_eq!(item("A").default, Some(Value::Array(vec![])));
    assert!(
        definitions.unsupported()[0]
            .starts_with("cmd_tlm/test.txt:7: write conversion X of TGT P D")
    );
}

#[test]
fn overlap_and_duplicate_warnings() {
    let config =
        format!("{TLM}CATCHALL\nITEM A 0 16 UINT\nITEM B 8 8 UINT\nITEM C 8 8 UINT\nOVERLAP\n");
    let definitions = definitions(&config);
    assert_eq!(
        definitions.warnings(),
        ["Bit definition overlap at bit offset 8 for packet TGT P items B and A"]
    );
}

#[test]
fn selecting_a_packet_edits_it_in_place() {
    let config = format!(
        "{TLM}CATCHALL\nAPPEND_ITEM A 8 UINT\nAPPEND_ITEM B 8 UINT\nLIMITS_GROUP G\nLIMITS_GROUP_ITEM TGT P A\n\
         SELECT_TELEMETRY TGT P\n  SELECT_ITEM A\n    DESCRIPTION new\n  DELETE_ITEM B\n  APPEND_ITEM C 8 UINT\n"
    );
    let definitions = definitions(&config);
    let packet = packet(&definitions, PacketKind::Telemetry, "P");
    assert_eq!(packet.item("A").unwrap().description.as_deref(), Some("new"));
    assert!(packet.item("B").is_none());
    assert_eq!(packet.item("C").unwrap().bit_offset, 16);
    assert_eq!(definitions.limits_groups()["G"].len(), 1);
    assert_eq!(definitions.packets().len(), 3);
}

#[test]
fn files_are_read_in_the_order_that_target_txt_says() {
    let source = TargetSource {
        name: "tgt".into(),
        target_txt: "TELEMETRY b.txt\nTELEMETRY a.txt\n".into(),
        files: vec![
            ("cmd_tlm/a.txt".into(), "SELECT_TELEMETRY TGT P\n  APPEND_ITEM B 8 UINT\n".into()),
            ("cmd_tlm/b.txt".into(), "TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ITEM A 8 UINT\n".into()),
            ("cmd_tlm/c.txt".into(), "BOGUS\n".into()),
        ],
        binary_files: vec![],
    };
    let definitions = Definitions::builder().add_target(source.clone()).build().unwrap();
    let packet = definitions.packet(PacketKind::Telemetry, "TGT", "P").unwrap();
    assert_eq!(packet.defined_length(), 2);
    assert_eq!(definitions.sources(), [source]);
}

#[test]
fn unknown_names_are_refused_with_the_text_that_clients_know() {
    let definitions = definitions(&format!("{TLM}APPEND_ITEM A 8 UINT\n"));
    let text = |target: &str, packet: &str, item: &str| {
        definitions.item(PacketKind::Telemetry, target, packet, item).unwrap_err().to_string()
    };
    assert_eq!(text("nope", "p", "a"), "Target 'NOPE' does not exist");
    assert_eq!(text("tgt", "nope", "a"), "Packet definition 'TGT NOPE' does not exist");
    assert_eq!(text("tgt", "p", "nope"), "Item 'TGT P NOPE' does not exist (TargetModel)");
    assert!(definitions.item(PacketKind::Telemetry, "tgt", "p", "a").is_ok());
    assert_eq!(definitions.unknown(PacketKind::Command).packet_name, "UNKNOWN");
}
