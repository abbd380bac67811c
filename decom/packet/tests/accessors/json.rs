//! JSON texts.

use groundlog_packet::Value;
use groundlog_packet::command::{self, BuildOptions};
use groundlog_packet::definition::ValueType;

use crate::{error, read, support, telemetry, write};

const ITEMS: &str = "APPEND_ITEM A 16 UINT\nKEY $.x.y\nAPPEND_ITEM B 16 INT\nKEY $.l[2]\n\
    APPEND_ITEM C 16 INT\nKEY $['l'][0]\nAPPEND_ITEM T 80 STRING\nKEY $['odd.name']\n\
    APPEND_ITEM PLAIN 8 ANY\n";

#[test]
fn keys_lead_to_values() {
    let text = r#" {"x": {"y": 300}, "l": [1, 2, -3], "odd.name": "é", "PLAIN": "2.5"} "#;
    let packet = telemetry("JsonAccessor", ITEMS, text);
    // Sizes do not matter in a text.
    assert_eq!(read(&packet, "A"), Value::Int(300));
    assert_eq!(read(&packet, "B"), Value::Int(-3));
    assert_eq!(read(&packet, "C"), Value::Int(1));
    assert_eq!(read(&packet, "T"), Value::from("é"));
    assert_eq!(read(&packet, "PLAIN"), Value::Float(2.5));
}

#[test]
fn what_is_missing_is_null_in_every_form() {
    let packet = telemetry("JsonAccessor", ITEMS, r#"{"x": 5, "l": {"0": 1}}"#);
    for item in ["A", "B", "C", "T", "PLAIN"] {
        for form in [ValueType::Raw, ValueType::Converted, ValueType::Formatted] {
            assert_eq!(packet.read(item, form), Ok(Value::Null), "{item}");
        }
    }
    let nulls = telemetry("JsonAccessor", ITEMS, r#"{"x": {"y": null}, "PLAIN": null}"#);
    assert_eq!(read(&nulls, "A"), Value::Null);
    assert_eq!(read(&nulls, "PLAIN"), Value::Null);
}

#[test]
fn values_come_to_the_type_of_the_item() {
    let items = "APPEND_ITEM I 8 INT\nAPPEND_ITEM F 32 FLOAT\nAPPEND_ITEM S 8 STRING\n\
        APPEND_ITEM K 8 BLOCK\nAPPEND_ITEM Z 8 BOOL\nAPPEND_ITEM O 8 OBJECT\n\
        APPEND_ITEM L 8 ARRAY\nAPPEND_ARRAY_ITEM N 8 UINT 0\n";
    let text = r#"{"I":"3.9","F":"1.5","S":7,"K":"k","Z":"False","O":"{\"a\":[1]}","L":"[1,\"2\"]","N":["1",2.7,null]}"#;
    let packet = telemetry("JsonAccessor", items, text);
    assert_eq!(read(&packet, "I"), Value::Int(3));
    assert_eq!(read(&packet, "F"), Value::Float(1.5));
    assert_eq!(read(&packet, "S"), Value::from("7"));
    assert_eq!(read(&packet, "K"), Value::Bytes(b"k".to_vec()));
    assert_eq!(read(&packet, "Z"), Value::Bool(false));
    assert_eq!(read(&packet, "L"), Value::Array(vec![Value::Int(1), Value::from("2")]));
    assert_eq!(read(&packet, "N"), Value::Array(vec![Value::Int(1), Value::Int(2), Value::Null]));
    assert_eq!(read(&packet, "N[1]"), Value::Int(2));
    let formatted = |item| packet.read(item, ValueType::Formatted).unwrap();
    assert_eq!(formatted("O"), Value::from("{'a': [1]}"));
    assert_eq!(formatted("Z"), Value::from("False"));
    assert_eq!(formatted("L"), Value::Array(vec![Value::from("1"), Value::from("2")]));
    let wrong = telemetry("JsonAccessor", items, r#"{"I":"x","F":{},"Z":2,"O":[],"L":1,"N":5}"#);
    for item in ["I", "F", "Z", "O", "L", "N"] {
        assert!(error(&wrong, item).to_string().starts_with(&format!("{item}: ")), "{item}");
    }
}

#[test]
fn conversions_states_and_units_follow() {
    let items = "APPEND_ITEM T 8 UINT\nPOLY_READ_CONVERSION 10 2\nPOLY_WRITE_CONVERSION -5 0.5\n\
        UNITS Celsius C\nAPPEND_ITEM S 8 UINT\nSTATE OFF 0\nSTATE ON 1\n";
    let mut packet = telemetry("JsonAccessor", items, r#"{"T":3,"S":1}"#);
    assert_eq!(packet.read("T", ValueType::Formatted), Ok(Value::from("16.0 C")));
    assert_eq!(read(&packet, "S"), Value::from("ON"));
    assert_eq!(write(&mut packet, "S", "off"), Ok(r#"{"T":3,"S":0}"#.to_owned()));
    assert_eq!(write(&mut packet, "T", 30), Ok(r#"{"T":10,"S":0}"#.to_owned()));
    packet.write("T", &Value::Int(4), ValueType::Raw).unwrap();
    assert_eq!(packet.buffer(), br#"{"T":4,"S":0}"#);
    assert!(write(&mut packet, "S", "HALF").unwrap_err().to_string().contains("OFF, ON"));
}

#[test]
fn writes_make_what_is_missing_and_keep_the_rest() {
    let mut packet = telemetry("JsonAccessor", ITEMS, "{ }");
    assert_eq!(write(&mut packet, "A", 5), Ok(r#"{"x":{"y":5}}"#.to_owned()));
    assert_eq!(write(&mut packet, "B", 7), Ok(r#"{"x":{"y":5},"l":[{},{},7]}"#.to_owned()));
    assert_eq!(write(&mut packet, "C", "9"), Ok(r#"{"x":{"y":5},"l":[9,{},7]}"#.to_owned()));
    assert_eq!(read(&packet, "B"), Value::Int(7));
    let text = r#"{"x":{"y":5},"l":[9,{},7],"odd.name":"a\"b"}"#;
    assert_eq!(write(&mut packet, "T", "a\"b"), Ok(text.to_owned()));
    let mut list = telemetry("JsonAccessor", "APPEND_ITEM A 8 UINT\nKEY $[1].a\n", "[1.50]");
    assert!(write(&mut list, "A", 3).unwrap().ends_with(r#",{"a":3}]"#));
}

#[test]
fn writes_that_have_no_place_change_nothing() {
    let items = format!(
        "{ITEMS}APPEND_ITEM FAR 8 UINT\nKEY $.l[4000000000]\nAPPEND_ITEM ODD 8 UINT\nKEY $..a\n\
         APPEND_ITEM F 64 FLOAT\nAPPEND_ITEM K 8 BLOCK\nAPPEND_ITEM U 8 UINT\n"
    );
    let text = r#"{"x":1,"l":"text"}"#;
    let mut packet = telemetry("JsonAccessor", &items, text);
    for (item, value) in [
        ("A", Value::Int(1)),
        ("B", Value::Int(1)),
        ("FAR", Value::Int(1)),
        ("ODD", Value::Int(1)),
        ("F", Value::Float(f64::NAN)),
        ("K", Value::Bytes(vec![0xff])),
        ("U", Value::from("many")),
        ("U", Value::Int(1 << 100)),
    ] {
        assert!(write(&mut packet, item, value).is_err(), "{item}");
        assert_eq!(packet.buffer(), text.as_bytes(), "{item}");
    }
    assert!(error(&packet, "ODD").to_string().contains("$..a"));
}

#[test]
fn what_is_no_json_is_an_error_of_its_items() {
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let bytes: [&[u8]; 7] = [
        b"not json",
        b"",
        &[0; 8],
        br#"{"x":{"y":1}"#,
        b"{\"x\":\"\xff\"}",
        br#"{"x":1}{"#,
        deep.as_bytes(),
    ];
    for bytes in bytes {
        let mut packet = telemetry("JsonAccessor", ITEMS, bytes);
        assert!(error(&packet, "A").to_string().contains("no JSON"));
        assert!(write(&mut packet, "A", 1).is_err());
        assert_eq!(packet.buffer(), bytes);
    }
    for number in ["1e999", "-1e999"] {
        let text = format!(r#"{{"x":{{"y":{number}}}}}"#);
        error(&telemetry("JsonAccessor", ITEMS, text), "A");
    }
    // Within an item's value records bear only so much.
    let nested = format!(r#"{{"PLAIN":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
    assert!(
        error(&telemetry("JsonAccessor", ITEMS, nested), "PLAIN").to_string().contains("nested")
    );
}

#[test]
fn lengths_are_not_checked_and_short_buffers_are_allowed() {
    // `telemetry` would fail on a length error.
    let packet = telemetry("JsonAccessor", ITEMS, "{}");
    assert!(packet.packet().short_buffer_allowed);
    assert!(packet.view().check_length().is_ok());
}

const COMMAND: &str = "COMMAND TGT C BIG_ENDIAN\nACCESSOR JsonAccessor\n\
    TEMPLATE '{\"kind\": 1, \"n\": 101, \"deep\": {\"u\": 12}}'\n\
    APPEND_ID_PARAMETER KIND 32 INT 31 31 31\nKEY $.kind\n\
    APPEND_PARAMETER N 16 UINT 0 500 102\nKEY $.n\n\
    APPEND_PARAMETER U 16 UINT MIN MAX 13\nKEY $.deep.u\nREQUIRED\n\
    APPEND_PARAMETER extra 16 UINT MIN MAX 14\nOBFUSCATE\n";

fn built(given: &[(&str, Value)]) -> Result<String, command::BuildError> {
    let given: Vec<_> = given.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    let definitions = support::definitions(COMMAND);
    let built = command::build(&definitions, "TGT", "C", &given, BuildOptions::default())?;
    Ok(String::from_utf8(built.packet.into_buffer()).unwrap())
}

#[test]
fn commands_are_their_template_with_given_values() {
    let text = |given: &[(&str, Value)]| built(given).unwrap();
    // Defaults of items with keys of their own stay out; the others are written.
    let wanted = r#"{"kind":1,"n":101,"deep":{"u":3},"EXTRA":14}"#;
    assert_eq!(text(&[("u", Value::Int(3))]), wanted);
    let wanted = r#"{"kind":1,"n":7,"deep":{"u":3},"EXTRA":15}"#;
    let given = [("N", Value::Int(7)), ("U", Value::Int(3)), ("EXTRA", Value::Int(15))];
    assert_eq!(text(&given), wanted);
    assert!(matches!(
        built(&[("N", Value::Int(501)), ("U", Value::Int(3))]),
        Err(command::BuildError::Range { .. })
    ));
    assert!(matches!(built(&[]), Err(command::BuildError::Required { .. })));
}

#[test]
fn commands_without_a_template_have_nothing_to_write_to() {
    let config =
        "COMMAND TGT C BIG_ENDIAN\nACCESSOR JsonAccessor\nAPPEND_PARAMETER A 8 UINT 0 9 3\n";
    let definitions = support::definitions(config);
    let built = command::build(&definitions, "TGT", "C", &[], BuildOptions::default());
    assert!(built.unwrap_err().to_string().contains("no JSON"));
}

#[test]
fn obfuscated_values_become_zeros_of_their_shape() {
    let items = "APPEND_ITEM A 8 UINT\nOBFUSCATE\nAPPEND_ITEM S 8 STRING\nOBFUSCATE\n\
        APPEND_ARRAY_ITEM L 8 FLOAT 0\nOBFUSCATE\nAPPEND_ITEM B 8 BOOL\nOBFUSCATE\n\
        APPEND_ITEM O 8 OBJECT\nOBFUSCATE\nAPPEND_ITEM NONE 8 UINT\nOBFUSCATE\n\
        APPEND_ITEM OPEN 8 UINT\n";
    let items = items.replace("8 FLOAT", "32 FLOAT");
    let text = r#"{"A":5,"S":"ab","L":[1.5,2],"B":true,"O":{"k":1},"OPEN":6}"#;
    let mut packet = telemetry("JsonAccessor", &items, text);
    packet.obfuscate().unwrap();
    let wanted = r#"{"A":0,"S":"\u0000\u0000","L":[0.0,0.0],"B":false,"O":{},"OPEN":6}"#;
    assert_eq!(String::from_utf8_lossy(packet.buffer()), wanted);
}

#[test]
fn a_text_of_variable_size_writes_no_length() {
    let items = "APPEND_ITEM LEN 8 UINT\nAPPEND_ITEM STR 0 STRING\nVARIABLE_BIT_SIZE LEN\n\
        APPEND_ITEM LAST 8 UINT\n";
    let mut packet = telemetry("JsonAccessor", items, r#"{"LEN":0,"STR":"","LAST":1}"#);
    let written = write(&mut packet, "STR", "hello");
    assert_eq!(written, Ok(r#"{"LEN":0,"STR":"hello","LAST":1}"#.to_owned()));
    assert_eq!(read(&packet, "STR"), Value::from("hello"));
    assert_eq!(read(&packet, "LAST"), Value::Int(1));
}
