//! Records of packets with documents say what reading item by item says.

use groundlog_packet::access::{PacketTimes, PacketView};
use groundlog_packet::command::{self, BuildOptions};
use groundlog_packet::definition::ValueType;
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::limits::{LimitsColor, LimitsState};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{Columns, PacketMeta, RecordView};
use groundlog_packet::{Packet, PacketKind, Value};
use std::sync::Arc;

use crate::support;

const TARGET: &str = "TELEMETRY TGT ONE BIG_ENDIAN\nACCESSOR JsonAccessor\n\
    APPEND_ID_ITEM ID 32 INT 1\nKEY $.id\n\
    APPEND_ITEM TEMP 16 UINT\nKEY $.t\nPOLY_READ_CONVERSION 10 2\nUNITS Celsius C\n\
    LIMITS DEFAULT 1 ENABLED -80 -70 60 80\n\
    APPEND_ITEM MODE 8 UINT\nKEY $.mode\nSTATE OFF 0 GREEN\nSTATE ON 1 RED\n\
    APPEND_ITEM BIG 64 UINT\nKEY $.big\nAPPEND_ITEM NAME 64 STRING\nKEY $.name\n\
    APPEND_ITEM FLAG 8 BOOL\nKEY $.flag\nFORMAT_STRING \"is %s\"\n\
    APPEND_ARRAY_ITEM LIST 8 UINT 16\nKEY $.list\nPOLY_READ_CONVERSION 0 0.5\n\
    APPEND_ARRAY_ITEM MODES 8 UINT 16\nKEY $.list\nSTATE ONE 1\n\
    APPEND_ITEM SECRET 8 UINT\nKEY $.mode\nHIDDEN\n\
    APPEND_ITEM ALL 8 OBJECT\nKEY $\n\
    ITEM SUM 0 0 DERIVED\nGENERIC_READ_CONVERSION_START FLOAT 64\n\
    packet.read('TEMP') + packet.read('BIG')\nGENERIC_READ_CONVERSION_END\n\
    TELEMETRY TGT TWO BIG_ENDIAN\nACCESSOR JsonAccessor\nAPPEND_ID_ITEM ID 32 INT 2\nKEY $.id\n\
    TELEMETRY TGT THREE BIG_ENDIAN\nACCESSOR XmlAccessor\nAPPEND_ID_ITEM ID 32 INT 3\nKEY /p/@id\n\
    APPEND_ITEM V 32 FLOAT\nKEY /p/v/text()\n";

/// Compares every item of a record in all three forms.
fn compare(packet: &Arc<Packet>, bytes: &[u8]) {
    let plan = DecodePlan::compile(packet);
    let mut record = Vec::new();
    plan.decode_into(bytes, PacketMeta::default(), None, &mut record, &mut Vec::new());
    let record = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    let view = PacketView::new(packet, bytes, PacketTimes::default());
    record.read_into(&mut Columns::default());
    for (place, item) in packet.items.iter().enumerate().filter(|(_, item)| !item.hidden) {
        let read = |form| view.read_item(place, form).unwrap_or(Value::Null);
        assert_eq!(record.raw(place), read(ValueType::Raw), "{}", item.name);
        assert_eq!(record.converted(place), read(ValueType::Converted), "{}", item.name);
        assert_eq!(record.formatted(place), read(ValueType::Formatted), "{}", item.name);
    }
}

fn one() -> Arc<Packet> {
    support::packet(&support::definitions(TARGET), PacketKind::Telemetry, "ONE")
}

#[test]
fn records_hold_what_the_document_says() {
    for text in [
        r#"{"id":1,"t":300,"mode":1,"big":18446744073709551615,"name":"é","flag":true,"list":[1,2,3]}"#,
        r#"{"id":1,"t":"12","mode":"7","list":[]}"#,
        r#"{"t":[],"mode":{},"big":"x","name":[1],"flag":"no","list":5}"#,
        "{}",
        "[",
        "",
    ] {
        compare(&one(), text.as_bytes());
    }
}

#[test]
fn numbers_are_numbers_for_consumers() {
    let (packet, text) = (one(), br#"{"t":5,"mode":1,"big":7,"flag":true}"#);
    let plan = DecodePlan::compile(&packet);
    let mut record = Vec::new();
    plan.decode_into(text, PacketMeta::default(), None, &mut record, &mut Vec::new());
    let view = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    let place = |name| packet.item_index(name).unwrap();
    assert_eq!(view.raw_f64(place("BIG")), Some(7.0));
    assert_eq!(view.raw_i64(place("BIG")), Some(7));
    assert_eq!(view.raw_f64(place("NAME")), None);
    assert_eq!(view.state_name(place("MODE")), Some("ON"));
    let mut columns = Columns::default();
    view.read_into(&mut columns);
    let row = view.items().position(|item| item.place() == place("BIG")).unwrap();
    assert_eq!(columns.raw()[row], 7.0);
}

#[test]
fn limits_are_checked() {
    let packet = one();
    let plan = DecodePlan::compile(&packet);
    let mut limits = LimitsState::new(&packet);
    let (mut record, mut changes) = (Vec::new(), Vec::new());
    let mut decode = |text: &str| {
        changes.clear();
        let meta = PacketMeta::default();
        plan.decode_over(text.as_bytes(), meta, Some(&mut limits), &mut record, &mut changes);
        let name = |place: usize| packet.items[place].name.clone();
        changes.iter().map(|change| (name(change.item), change.new)).collect::<Vec<_>>()
    };
    let (temp, mode) = ("TEMP".to_owned(), "MODE".to_owned());
    let green =
        vec![(temp.clone(), Some(LimitsColor::Green)), (mode.clone(), Some(LimitsColor::Green))];
    assert_eq!(decode(r#"{"t":5,"mode":0}"#), green);
    assert_eq!(decode(r#"{"t":40,"mode":0}"#), [(temp, Some(LimitsColor::RedHigh))]);
    assert_eq!(decode(r#"{"mode":1}"#), [(mode, Some(LimitsColor::Red))]);
    assert_eq!(decode("broken"), []);
}

#[test]
fn documents_are_identified_by_their_ids() {
    let definitions = support::definitions(TARGET);
    let identifier = Identifier::new(&definitions);
    let target = identifier.target(PacketKind::Telemetry, "TGT").unwrap();
    let identified = |text: &str| {
        let id = target.identify(text.as_bytes(), PacketPool::Normal)?;
        Some(definitions.packet_by_id(id)?.packet_name.clone())
    };
    assert_eq!(identified(r#"{"id":1}"#).as_deref(), Some("ONE"));
    assert_eq!(identified(r#"{"id":"2"}"#).as_deref(), Some("TWO"));
    assert_eq!(identified("<p id='3'><v>1.5</v></p>").as_deref(), Some("THREE"));
    assert_eq!(identified(r#"{"id":4}"#), None);
    assert_eq!(identified("garbage"), None);
    let three = support::packet(&definitions, PacketKind::Telemetry, "THREE");
    compare(&three, b"<p id='3'><v>1.5</v></p>");
}

/// A header of fields, then a document in the rest.
const HYBRID: &str = "COMMAND TGT BODY BIG_ENDIAN\nVIRTUAL\nACCESSOR JsonAccessor\n\
    TEMPLATE '{\"a\":1,\"b\":\"x\"}'\nAPPEND_PARAMETER A 8 UINT MIN MAX 7\nKEY $.a\n\
    APPEND_PARAMETER B 8 STRING y\nKEY $.b\n\
    COMMAND TGT C BIG_ENDIAN\nAPPEND_ID_PARAMETER ID 16 UINT 5 5 5\n\
    APPEND_STRUCTURE S 0 CMD TGT BODY\n";

#[test]
fn structures_may_be_documents() {
    let definitions = support::definitions(HYBRID);
    let given = [("S.A".to_owned(), Value::Int(200))];
    let built = command::build(&definitions, "TGT", "C", &given, BuildOptions::default()).unwrap();
    let bytes = built.packet.buffer();
    assert_eq!(bytes, b"\x00\x05{\"a\":200,\"b\":\"x\"}");
    let packet = support::packet(&definitions, PacketKind::Command, "C");
    compare(&packet, bytes);
    compare(&packet, &bytes[..7]);
    assert_eq!(built.packet.read("S.B", ValueType::Raw), Ok(Value::from("x")));
    assert_eq!(built.packet.read("S.A", ValueType::Raw), Ok(Value::Int(200)));
}

#[test]
fn a_command_comes_back_through_a_plan() {
    let command = TARGET.replace("TELEMETRY TGT ONE BIG_ENDIAN\n", "COMMAND TGT ONE BIG_ENDIAN\n");
    let command = command.split("APPEND_ITEM BIG").next().unwrap();
    let command: String = command
        .lines()
        .filter(|line| !line.starts_with("LIMITS"))
        .map(|line| {
            line.replace(
                "APPEND_ID_ITEM ID 32 INT 1",
                "TEMPLATE '{}'\nAPPEND_ID_PARAMETER ID 32 INT 1 1 1",
            )
            .replace("APPEND_ITEM TEMP 16 UINT", "APPEND_PARAMETER TEMP 16 UINT MIN MAX 0")
            .replace("APPEND_ITEM MODE 8 UINT", "APPEND_PARAMETER MODE 8 UINT MIN MAX 0")
            .replace(" GREEN", "")
            .replace(" RED", "")
                + "\n"
        })
        .collect();
    let given: Vec<_> =
        [("ID", Value::Int(1)), ("TEMP", Value::Int(15)), ("MODE", Value::from("ON"))]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
    let definitions = support::definitions(&command);
    let built =
        command::build(&definitions, "TGT", "ONE", &given, BuildOptions::default()).unwrap();
    let text = built.packet.into_buffer();
    assert_eq!(String::from_utf8_lossy(&text), r#"{"id":1,"t":15,"mode":1}"#);
    let packet = one();
    let plan = DecodePlan::compile(&packet);
    let mut record = Vec::new();
    plan.decode_into(&text, PacketMeta::default(), None, &mut record, &mut Vec::new());
    let view = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    let place = |name| packet.item_index(name).unwrap();
    assert_eq!(view.formatted(place("TEMP")), Value::from("40.0 C"));
    assert_eq!(view.converted(place("MODE")), Value::from("ON"));
    assert_eq!(view.raw(place("BIG")), Value::Null);
}
