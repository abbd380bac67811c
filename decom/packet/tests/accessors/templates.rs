//! Texts that are a template with its placeholders filled in.

use groundlog_packet::Value;
use groundlog_packet::command::{self, BuildOptions};
use groundlog_packet::definition::ValueType;

use crate::{error, read, support, telemetry, write};

fn built(config: &str, given: &[(&str, Value)]) -> String {
    let given: Vec<_> = given.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    let definitions = support::definitions(config);
    let built = command::build(&definitions, "TGT", "C", &given, BuildOptions::default()).unwrap();
    String::from_utf8(built.packet.into_buffer()).unwrap()
}

#[test]
fn commands_are_the_template_filled_in() {
    let config = "COMMAND TGT C BIG_ENDIAN\nACCESSOR TemplateAccessor\n\
        TEMPLATE \"SRC:LEV <LEVEL>; CH<CH>, <CH>\"\nAPPEND_PARAMETER LEVEL 32 FLOAT MIN MAX 0.5\n\
        APPEND_PARAMETER CH 8 UINT 1 2 1\nSTATE ONE 1\nSTATE TWO 2\n";
    assert_eq!(built(config, &[]), "SRC:LEV 0.5; CH1, 1");
    let given = [("LEVEL", Value::Float(2.5)), ("CH", Value::from("two"))];
    assert_eq!(built(config, &given), "SRC:LEV 2.5; CH2, 2");
}

#[test]
fn delimiters_can_be_chosen() {
    let config = "COMMAND TGT C BIG_ENDIAN\nACCESSOR TemplateAccessor ( )\n\
        TEMPLATE \"SET (A) TO (B) <C>\"\nAPPEND_PARAMETER A 32 STRING x\n\
        APPEND_PARAMETER B 8 UINT 0 9 3\n";
    assert_eq!(built(config, &[]), "SET x TO 3 <C>");
    for wrong in ["(", "( ) (", "(( ))"] {
        let config = format!("COMMAND TGT C BIG_ENDIAN\nACCESSOR TemplateAccessor {wrong}\n");
        let errors = support::try_definitions(&config).unwrap_err().to_string();
        assert!(errors.contains("delimiters"), "{errors}");
    }
}

const ITEMS: &str = "TEMPLATE \"<A>,<B>;\"\nAPPEND_ITEM A 32 FLOAT\nAPPEND_ITEM B 8 UINT\n\
    APPEND_ITEM NONE 8 UINT\nAPPEND_ITEM T 8 STRING\nKEY B\n";

#[test]
fn telemetry_is_compared_with_the_template() {
    let packet = telemetry("TemplateAccessor", ITEMS, "1.25,7;");
    assert_eq!(read(&packet, "A"), Value::Float(1.25));
    assert_eq!(read(&packet, "B"), Value::Int(7));
    assert_eq!(packet.read("T", ValueType::Raw), Ok(Value::from("7")));
    assert!(error(&packet, "NONE").to_string().contains("no placeholder 'NONE'"));
    // Found anywhere, and each value as long as can be.
    let packet = telemetry("TemplateAccessor", ITEMS, "ok\n1,2,3; and more");
    assert_eq!(packet.read("T", ValueType::Raw), Ok(Value::from("3")));
    assert!(error(&packet, "A").to_string().contains("'1,2' is not a number"));
    let bad = telemetry("TemplateAccessor", ITEMS, "bad");
    let text = "A: Unexpected number of items found in buffer: 0, Expected: 2";
    assert_eq!(error(&bad, "A").to_string(), text);
}

#[test]
fn placeholders_are_filled_in_once() {
    let mut packet = telemetry("TemplateAccessor", ITEMS, "<A>,<B>;");
    assert_eq!(write(&mut packet, "B", 4).unwrap(), "<A>,4;");
    assert!(write(&mut packet, "B", 5).unwrap_err().to_string().contains("Key 'B' not found"));
    assert_eq!(packet.buffer(), b"<A>,4;");
}

#[test]
fn templates_without_placeholders_hold_nothing() {
    let items = "TEMPLATE \"none\"\nAPPEND_ITEM A 32 FLOAT\n";
    assert_eq!(read(&telemetry("TemplateAccessor", items, "none"), "A"), Value::Null);
    let without = telemetry("TemplateAccessor", "APPEND_ITEM A 32 FLOAT\n", "none");
    assert!(error(&without, "A").to_string().contains("no TEMPLATE"));
}
