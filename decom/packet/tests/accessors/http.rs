//! Requests and answers: parts beside a body that has an accessor of its own.

use groundlog_packet::command::{self, BuildOptions};
use groundlog_packet::definition::ValueType;
use groundlog_packet::value::{NonFinite, write_json};
use groundlog_packet::{PacketKind, Value};

use crate::{read, support, telemetry, write};

const COMMAND: &str = "COMMAND TGT C BIG_ENDIAN\nACCESSOR HttpAccessor JsonAccessor\n\
    TEMPLATE '{\"x\": 1}'\n\
    PARAMETER HTTP_PATH 0 0 DERIVED nil nil \"/Api\"\n\
    PARAMETER HTTP_METHOD 0 0 DERIVED nil nil \"POST\"\n\
    PARAMETER HTTP_PACKET 0 0 DERIVED nil nil \"answer\"\n\
    PARAMETER HTTP_ERROR_PACKET 0 0 DERIVED nil nil \"wrong\"\n\
    PARAMETER HTTP_QUERY_SCOPE 0 0 DERIVED nil nil \"DEFAULT\"\n\
    PARAMETER HTTP_HEADER_CONTENT_TYPE 0 0 DERIVED nil nil \"application/json\"\n\
    KEY Content-Type\n\
    APPEND_PARAMETER X 32 UINT MIN MAX 0\nKEY $.x\n";

fn built(given: &[(&str, Value)]) -> (String, String) {
    let given: Vec<_> = given.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    let definitions = support::definitions(COMMAND);
    let built = command::build(&definitions, "TGT", "C", &given, BuildOptions::default()).unwrap();
    let mut extra = Vec::new();
    write_json(&mut extra, &Value::Object(built.packet.extra.clone()), NonFinite::Token);
    let body = String::from_utf8(built.packet.into_buffer()).unwrap();
    (String::from_utf8(extra).unwrap(), body)
}

#[test]
fn parts_travel_beside_the_body() {
    let (extra, body) = built(&[("X", Value::Int(4))]);
    assert_eq!(body, r#"{"x":4}"#);
    // The header has a key of its own and the packet a template, so its default stays out.
    let wanted = r#"{"HTTP_PATH":"/Api","HTTP_METHOD":"post","HTTP_PACKET":"ANSWER","HTTP_ERROR_PACKET":"WRONG","HTTP_QUERIES":{"scope":"DEFAULT"}}"#;
    assert_eq!(extra, wanted);
    let (extra, body) =
        built(&[("HTTP_HEADER_CONTENT_TYPE", Value::from("text/plain")), ("X", Value::Int(1))]);
    assert_eq!(body, r#"{"x":1}"#);
    assert!(extra.ends_with(r#""HTTP_HEADERS":{"Content-Type":"text/plain"}}"#), "{extra}");
}

#[test]
fn parts_are_read_back() {
    let items = "ITEM HTTP_STATUS 0 0 DERIVED\nITEM HTTP_HEADER_DATE 0 0 DERIVED\n\
        ITEM HTTP_QUERY_A 0 0 DERIVED\nKEY one\nAPPEND_ITEM F 8 UINT\nKEY f\n";
    let mut packet = telemetry("HttpAccessor", items, "f=3");
    assert_eq!(read(&packet, "F"), Value::from("3"));
    assert_eq!(read(&packet, "HTTP_STATUS"), Value::Null);
    write(&mut packet, "HTTP_STATUS", "200").unwrap();
    write(&mut packet, "HTTP_HEADER_DATE", "today").unwrap();
    write(&mut packet, "HTTP_QUERY_A", 5).unwrap();
    assert_eq!(packet.buffer(), b"f=3");
    for form in [ValueType::Raw, ValueType::Converted] {
        assert_eq!(packet.read("HTTP_STATUS", form), Ok(Value::Int(200)));
    }
    assert_eq!(read(&packet, "HTTP_HEADER_DATE"), Value::from("today"));
    assert_eq!(read(&packet, "HTTP_QUERY_A"), Value::Int(5));
    assert_eq!(write(&mut packet, "F", 4).unwrap(), "f=4");
    assert!(write(&mut packet, "HTTP_STATUS", "fine").is_err());
}

#[test]
fn bodies_have_the_rules_of_their_accessor() {
    let config = "TELEMETRY TGT P BIG_ENDIAN\nACCESSOR HttpAccessor BinaryAccessor\n\
        ITEM HTTP_STATUS 0 0 DERIVED\nAPPEND_ITEM A 16 UINT\n";
    let packet = support::packet(&support::definitions(config), PacketKind::Telemetry, "P");
    assert!(!packet.short_buffer_allowed);
    let mut buffer = groundlog_packet::access::PacketBuffer::new(packet);
    assert!(buffer.set_buffer(vec![1]).is_err());
    buffer.set_buffer(vec![1, 2]).unwrap();
    assert_eq!(read(&buffer, "A"), Value::Int(258));
    write(&mut buffer, "HTTP_STATUS", 404).unwrap();
    assert_eq!(read(&buffer, "HTTP_STATUS"), Value::Int(404));
    let items = "TEMPLATE \"v=(A)\"\nAPPEND_ITEM A 8 UINT\n";
    let template = telemetry("HttpAccessor TemplateAccessor ( )", items, "v=5");
    assert_eq!(read(&template, "A"), Value::Int(5));
    let path = telemetry(
        "http_accessor.rb openc3/accessors/form_accessor.py",
        "APPEND_ITEM A 8 UINT\n",
        "A=1",
    );
    assert_eq!(read(&path, "A"), Value::from("1"));
}

#[test]
fn only_parts_of_requests_need_no_write_conversion() {
    let config = COMMAND.replace("HTTP_QUERY_SCOPE", "OTHER");
    let definitions = support::definitions(&config);
    let built = command::build(&definitions, "TGT", "C", &[], BuildOptions::default());
    assert!(built.unwrap_err().to_string().contains("write conversion"));
    let config = "TELEMETRY TGT P BIG_ENDIAN\nACCESSOR HttpAccessor HttpAccessor\n";
    let errors = support::try_definitions(config).unwrap_err().to_string();
    assert!(errors.contains("HttpAccessor"), "{errors}");
}

#[test]
fn accessors_that_are_code_are_named() {
    for accessor in ["MyAccessor", "HttpAccessor my_accessor.rb"] {
        let config =
            format!("TELEMETRY TGT P BIG_ENDIAN\nACCESSOR {accessor}\nAPPEND_ITEM A 8 UINT\n");
        let definitions = support::definitions(&config);
        assert_eq!(definitions.opaque().len(), 1);
        let packet = support::packet(&definitions, PacketKind::Telemetry, "P");
        let buffer = groundlog_packet::access::PacketBuffer::new(packet);
        let error = buffer.read("A", ValueType::Raw).unwrap_err().to_string();
        assert!(error.contains("MyAccessor"), "{error}");
    }
}
