//! Building, checking and rendering commands (cosmos-packets §7, cosmos-api §2.2).
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

#[path = "support/definitions.rs"]
mod support;

use groundlog_packet::access::decommutated;
use groundlog_packet::command::{
    self, BuildError, BuildOptions, BuiltCommand, built_command_text, given_command_text,
    hazard_of_given, messages_disabled,
};
use groundlog_packet::definition::ValueType;
use groundlog_packet::{PacketKind, Value};
use support::{definitions, packet};

const COLLECT: &str = "\
COMMAND TGT COLLECT BIG_ENDIAN \"Collect\"
  APPEND_ID_PARAMETER OPCODE 8 UINT MIN MAX 0xAB
  APPEND_PARAMETER TYPE 16 UINT MIN MAX 0
    REQUIRED
    STATE NORMAL 0
    STATE SPECIAL 1 HAZARDOUS \"Needs care\"
    STATE QUIET 2 DISABLE_MESSAGES
  APPEND_PARAMETER DURATION 32 FLOAT 0.0 10.0 1.0
  APPEND_PARAMETER NAME 32 STRING \"AB\"
  APPEND_PARAMETER KEY 32 STRING \"k\"
    OBFUSCATE
";

fn pairs(parameters: &[(&str, Value)]) -> Vec<(String, Value)> {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn build(parameters: &[(&str, Value)], options: BuildOptions) -> Result<BuiltCommand, BuildError> {
    command::build(&definitions(COLLECT), "tgt", "collect", &pairs(parameters), options)
}

fn refusal(parameters: &[(&str, Value)]) -> String {
    build(parameters, BuildOptions::default()).unwrap_err().to_string()
}

#[test]
fn defaults_states_and_hazard() {
    let built =
        build(&[("type", "special".into()), ("DURATION", 5.into())], BuildOptions::default());
    let built = built.unwrap();
    assert_eq!(built.hazardous.as_deref(), Some("Needs care"));
    assert_eq!(built.packet.buffer(), b"\xab\0\x01\x40\xa0\0\0AB\0\0k\0\0\0");
    assert_eq!(built.packet.read("TYPE", ValueType::Converted).unwrap(), "SPECIAL".into());
}

#[test]
fn refusals_as_clients_know_them() {
    let kind = ("TYPE", Value::from("NORMAL"));
    assert_eq!(refusal(&[]), "Required command parameter 'TGT COLLECT TYPE' not given");
    assert_eq!(
        refusal(&[kind.clone(), ("DURATION", 11.into())]),
        "Command parameter 'TGT COLLECT DURATION' = 11 not in valid range of 0.0 to 10.0"
    );
    assert_eq!(
        refusal(&[kind.clone(), ("DURATION", "long".into())]),
        "Command parameter 'TGT COLLECT DURATION' = 'long' not in valid range of 0.0 to 10.0"
    );
    assert_eq!(
        refusal(&[("TYPE", "other".into())]),
        "Command parameter 'TGT COLLECT TYPE' = OTHER not one of NORMAL, SPECIAL, QUIET"
    );
    assert_eq!(
        refusal(&[kind.clone(), ("NOPE", 1.into())]),
        "Item 'TGT COLLECT NOPE' does not exist (Packet)"
    );
    assert!(refusal(&[kind.clone(), ("DURATION", f64::NAN.into())]).contains("= NaN not in"));
    let raw = BuildOptions { raw: true, ..BuildOptions::default() };
    assert_eq!(
        build(&[("TYPE", 9.into())], raw).unwrap_err().to_string(),
        "Command parameter 'TGT COLLECT TYPE' = 9 not one of 0, 1, 2"
    );
    assert!(build(&[("TYPE", "NORMAL".into())], raw).is_err());
    let unknown = command::build(&definitions(COLLECT), "TGT", "NOPE", &[], raw).unwrap_err();
    assert_eq!(unknown.to_string(), "Packet definition 'TGT NOPE' does not exist");
}

#[test]
fn switched_off_checks() {
    let options = BuildOptions { range_check: false, required_check: false, raw: false };
    assert!(build(&[("DURATION", 11.into())], options).is_ok());
    // Overflow is a check of its own.
    assert!(build(&[("TYPE", 70_000.into())], options).is_err());
}

#[test]
fn rendering() {
    let parameters = [
        ("TYPE", Value::from("NORMAL")),
        ("NAME", Value::Bytes(vec![1, 0xfe])),
        ("KEY", "pw".into()),
    ];
    let built = build(&parameters, BuildOptions::default()).unwrap();
    assert_eq!(
        built_command_text("cmd", &built.packet, false),
        "cmd(\"TGT COLLECT with OPCODE 171, TYPE NORMAL, DURATION 1.0, NAME 0x01FE, KEY *****\")"
    );
    let definitions = definitions(COLLECT);
    let packet = packet(&definitions, PacketKind::Command, "COLLECT");
    assert_eq!(
        given_command_text("cmd", &packet, &pairs(&parameters)),
        "cmd(\"TGT COLLECT with TYPE NORMAL, NAME 0x01FE, KEY *****\")"
    );
    assert_eq!(given_command_text("cmd_raw", &packet, &[]), "cmd_raw(\"TGT COLLECT\")");
    let text = |name: &str, value: Value| {
        let text = given_command_text("cmd", &packet, &pairs(&[(name, value)]));
        let parameter = format!("cmd(\"TGT COLLECT with {name} ");
        text.strip_prefix(&parameter).unwrap().strip_suffix("\")").unwrap().to_owned()
    };
    assert_eq!(text("NAME", "a\"b".into()), "'a'b'");
    // Texts of other types are values; lists are shown one by one.
    assert_eq!(text("DURATION", "0x10".into()), "16");
    assert_eq!(text("DURATION", Value::Array(vec![1.into(), "2.50".into()])), "[1, 2.5]");
    // Beyond 256 characters, quotes included, a text is cut.
    assert_eq!(text("NAME", "x".repeat(254).into()), format!("'{}'", "x".repeat(254)));
    assert_eq!(text("NAME", "x".repeat(255).into()), format!("'{}...'", "x".repeat(255)));
    assert_eq!(text("NAME", "x".repeat(900).into()), format!("'{}...'", "x".repeat(255)));
    let reserved = pairs(&[("PACKET_TIMESECONDS", 1.into())]);
    assert_eq!(given_command_text("cmd", &packet, &reserved), "cmd(\"TGT COLLECT\")");
}

#[test]
fn hazard_and_messages_by_what_is_given() {
    let definitions = definitions(COLLECT);
    let packet = packet(&definitions, PacketKind::Command, "COLLECT");
    let hazard =
        |value: Value| hazard_of_given(&packet, &pairs(&[("type", value), ("X", 1.into())]));
    assert_eq!(hazard("special".into()).as_deref(), Some("Needs care"));
    assert_eq!(hazard(1.into()).as_deref(), Some("Needs care"));
    assert_eq!(hazard(0.into()), None);
    assert!(messages_disabled(&packet, &pairs(&[("TYPE", "QUIET".into())])));
    assert!(!messages_disabled(&packet, &pairs(&[("TYPE", 2.into())])));
    // The exact name alone, though any case writes it.
    assert!(!messages_disabled(&packet, &pairs(&[("TYPE", "quiet".into())])));
    let mut silent = (*packet).clone();
    silent.messages_disabled = true;
    assert!(messages_disabled(&silent, &[]));
}

#[test]
fn the_first_hazard_in_item_order_counts() {
    let config = "\
COMMAND TGT C BIG_ENDIAN
  APPEND_PARAMETER A 8 UINT MIN MAX 0
    STATE SAFE 0
    STATE RISKY 1 HAZARDOUS
  APPEND_PARAMETER B 8 UINT MIN MAX 1
    STATE HOT 1 HAZARDOUS \"Hot\"
";
    let definitions = definitions(config);
    let hazard = |given: &[(&str, Value)]| {
        let options = BuildOptions::default();
        command::build(&definitions, "TGT", "C", &pairs(given), options).unwrap().hazardous
    };
    // A default is hazardous as well; without a text the description is empty.
    assert_eq!(hazard(&[]).as_deref(), Some("Hot"));
    assert_eq!(hazard(&[("A", 1.into())]).as_deref(), Some(""));
}

#[test]
fn decommutated_commands_hold_what_was_given_where_a_conversion_wrote_it() {
    let config = "\
COMMAND TGT C BIG_ENDIAN
  APPEND_PARAMETER A 8 UINT MIN MAX 3
    POLY_WRITE_CONVERSION 0 2
    FORMAT_STRING '%03d'
    UNITS Volts V
  APPEND_PARAMETER B 8 UINT MIN MAX 0
    POLY_WRITE_CONVERSION 0 2
    STATE TWO 1
  APPEND_PARAMETER C 8 UINT MIN MAX 0
    UNITS Volts V
";
    let definitions = definitions(config);
    let map = |raw: bool| {
        let options = BuildOptions { raw, ..BuildOptions::default() };
        let given = pairs(&[("a", 5.into()), ("B", 1.into())]);
        let built = command::build(&definitions, "TGT", "C", &given, options).unwrap();
        let mut map = decommutated(&built.packet.view(), &|_| None).unwrap();
        map.retain(|name, _| name.len() < 5);
        map.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(map(false), ["A=10", "A__C=5", "A__F=010 V", "B=2", "B__C=2", "C=0"]);
    assert_eq!(map(true), ["A=5", "A__C=5", "A__F=005 V", "B=1", "B__C=TWO", "C=0"]);
}

#[test]
fn text_with_definitions_knows_what_is_bytes() {
    let definitions = definitions(COLLECT);
    let text = "TGT COLLECT with NAME 0xABC, TYPE 0x1, KEY '0xAB'";
    let parsed = command::parse(text, Some(&definitions)).unwrap();
    assert_eq!(parsed.parameters[0].1, Value::Bytes(vec![0x0a, 0xbc]));
    assert_eq!(parsed.parameters[1].1, Value::Int(1));
    assert_eq!(parsed.parameters[2].1, Value::from("0xAB"));
}

#[test]
fn obfuscated_bytes_are_zeroed() {
    let mut built = build(&[("TYPE", 0.into())], BuildOptions::default()).unwrap();
    built.packet.obfuscate().unwrap();
    assert_eq!(&built.packet.buffer()[11..], [0; 4]);
    assert_eq!(&built.packet.buffer()[7..9], b"AB");
}

#[test]
fn structures_and_templates() {
    let config = "\
COMMAND TGT SUB BIG_ENDIAN
  VIRTUAL
  APPEND_PARAMETER X 8 UINT MIN MAX 3
  APPEND_PARAMETER Y 8 UINT MIN MAX 4
COMMAND TGT MAIN BIG_ENDIAN
  TEMPLATE_BASE64 AQIDBA==
  APPEND_STRUCTURE S DEFINED CMD TGT SUB
  APPEND_PARAMETER Z 8 UINT MIN MAX 7
  APPEND_PARAMETER K 8 UINT MIN MAX 9
    KEY other
";
    let definitions = definitions(config);
    let options = BuildOptions::default();
    let given = pairs(&[("S.Y", 8.into())]);
    let built = command::build(&definitions, "TGT", "MAIN", &given, options).unwrap();
    assert_eq!(built.packet.buffer(), [3, 8, 7, 4]);
}

#[test]
fn lengths_of_variable_items_set_themselves() {
    let config = "\
COMMAND TGT VAR BIG_ENDIAN
  APPEND_PARAMETER L 8 UINT MIN MAX 0
  APPEND_ARRAY_PARAMETER D 16 UINT 0
    VARIABLE_BIT_SIZE L
  APPEND_PARAMETER END 8 UINT MIN MAX 0xEE
";
    let definitions = definitions(config);
    let given = pairs(&[("L", 77.into()), ("D", Value::Array(vec![1.into(), 2.into()]))]);
    let built = command::build(&definitions, "TGT", "VAR", &given, BuildOptions::default());
    assert_eq!(built.unwrap().packet.buffer(), [4, 0, 1, 0, 2, 0xee]);
}
