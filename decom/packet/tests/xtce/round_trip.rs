//! Definitions out as XTCE and in again.

use groundlog_packet::access::PacketBuffer;
use groundlog_packet::definition::{
    DataType, Endianness, Item, TargetSource, ValueType, is_reserved_item,
};
use groundlog_packet::xtce::{Exported, export};
use groundlog_packet::{Definitions, Packet, Value};
use proptest::prelude::*;

use crate::documents::{container, packet, read, telemetry, value};

/// Reads COSMOS definitions of the target SAT.
fn cosmos(text: &str) -> Definitions {
    let source = TargetSource {
        name: "SAT".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/all.txt".into(), text.into())],
        binary_files: vec![],
    };
    Definitions::builder().add_target(source).build().unwrap_or_else(|errors| panic!("{errors}"))
}

/// Blocks and texts are the same default by their bytes.
fn plain(value: Option<&Value>) -> String {
    match value {
        Some(value) if value.as_bytes().is_some() => format!("bytes {:?}", value.as_bytes()),
        // A double that is whole is the same number.
        Some(value) => format!("{:?}", value.as_f64().map_or(value.clone(), Value::Float)),
        None => String::new(),
    }
}

/// Writes down everything about an item that XTCE can express.
fn facts_of_item(item: &Item) -> String {
    let conversion = |it: &Option<
        std::sync::Arc<groundlog_packet::definition::ConversionDefinition>,
    >| { it.as_ref().map(|definition| definition.conversion.clone()) };
    let format = item.format_string.as_ref().map(|format| format.as_str().replace("%0.", "%."));
    format!(
        "  {} at {} size {} list {:?} {} {} overlap {} hidden {} {:?} id {} default {} range {} to {} \
         required {} {:?} {:?} {format:?} read {:?} write {:?} states {:?} limits {:?} meta {:?}\n",
        item.name,
        item.bit_offset,
        item.bit_size,
        item.array_size,
        item.data_type,
        // Texts and blocks have bytes in one order only.
        if item.data_type.is_integer() || item.data_type == DataType::Float {
            item.endianness.word()
        } else {
            ""
        },
        // Little endian fields reach back over what lies before them, whatever their flag says.
        item.overlap && item.endianness == Endianness::Big,
        item.hidden,
        item.variable_bit_size,
        plain(item.id_value.as_ref()),
        plain(item.default.as_ref()),
        plain(item.minimum.as_ref()),
        plain(item.maximum.as_ref()),
        item.required,
        item.description.as_ref().filter(|text| !text.is_empty()),
        item.units,
        conversion(&item.read_conversion),
        conversion(&item.write_conversion),
        item.states,
        item.limits,
        item.meta,
    )
}

/// Writes down everything about a packet that XTCE can express.
fn facts(packet: &Packet) -> String {
    let mut items: Vec<&Item> =
        packet.items.iter().filter(|item| !is_reserved_item(&item.name)).collect();
    items.sort_by_key(|item| item.create_index);
    let mut text = format!(
        "{} {} {} {:?} hazardous {:?} condition {:?} meta {:?} bits {} fixed {} ids {:?}\n",
        packet.kind,
        packet.target_name,
        packet.packet_name,
        packet.description,
        packet.hazardous,
        packet.condition,
        packet.meta,
        packet.defined_bits(),
        packet.is_fixed_size(),
        packet.id_items.iter().map(|item| &item.name).collect::<Vec<_>>(),
    );
    items.iter().for_each(|item| text.push_str(&facts_of_item(item)));
    text
}

fn exported(definitions: &Definitions) -> Exported {
    export(definitions, "sat").unwrap()
}

/// Asserts that the packets come back as they were; returns what was left out.
fn assert_comes_back(definitions: &Definitions) -> Vec<String> {
    let Exported { document, left_out } = exported(definitions);
    let again = read(&document);
    assert_eq!(again.warnings(), [] as [&str; 0], "{document}");
    for packet in &definitions.packets()[2..] {
        let found = again.packet(packet.kind, &packet.target_name, &packet.packet_name);
        let found = found.unwrap_or_else(|error| panic!("{error}\n{document}"));
        for (found, packet) in facts(found).lines().zip(facts(packet).lines()) {
            assert_eq!(found, packet, "{document}");
        }
        // The same bytes out of the same defaults.
        let defaults = |packet: &std::sync::Arc<Packet>| {
            let mut buffer = PacketBuffer::new(packet.clone());
            buffer.restore_defaults(&|_| false).unwrap();
            buffer.into_buffer()
        };
        assert_eq!(defaults(found), defaults(packet), "{document}");
    }
    assert_eq!(again.packets().len(), definitions.packets().len());
    // Written once more it is the same document.
    let once_more = exported(&again).document;
    for (line, again) in document.lines().zip(once_more.lines()) {
        assert_eq!(again, line, "{document}");
    }
    left_out
}

#[test]
fn telemetry_that_xtce_can_express_whole() {
    let left_out = assert_comes_back(&cosmos(
        r#"
TELEMETRY SAT HEALTH BIG_ENDIAN "state of \"health\" <&>"
  META OWNER me you
  APPEND_ID_ITEM APID 11 UINT 5 "application"
  APPEND_ITEM SPARE 5 UINT
  APPEND_ID_ITEM KIND 4 BLOCK "ab"
  APPEND_ITEM TEMP 16 INT "temperature"
    META SENSOR T1
    POLY_READ_CONVERSION -10.5 0.25 1e-7
    UNITS Celsius C
    FORMAT_STRING "%0.2f"
    LIMITS DEFAULT 3 ENABLED -80.0 -70.5 60.0 80.0
  APPEND_ITEM VOLT 32 FLOAT
    LIMITS DEFAULT 1 ENABLED 1 1 2 2
  APPEND_ITEM WIDE 64 FLOAT "" LITTLE_ENDIAN
  APPEND_ITEM MODE 8 UINT
    STATE SAFE 0 GREEN
    STATE "FULL POWER" 1 RED
    STATE OTHER 2
  APPEND_ITEM NAME 64 STRING
  APPEND_ITEM RAW 24 BLOCK
  APPEND_ARRAY_ITEM LIST 16 UINT 64 "a list"
  APPEND_ITEM COUNTER 32 UINT "" LITTLE_ENDIAN
  APPEND_ITEM REVERSED 8 UINT
    READ_CONVERSION bit_reverse_conversion.rb UINT 8
  APPEND_ITEM HEX 16 UINT
    FORMAT_STRING "%04X"
  ITEM AGAIN 16 16 UINT "overlapping"
    OVERLAP
  ITEM LAST -16 16 UINT "at the end"
TELEMETRY SAT OTHER BIG_ENDIAN
  APPEND_ID_ITEM APID 11 UINT 6 "application"
  APPEND_ITEM SPARE 5 UINT
  APPEND_ITEM TEMP 8 UINT "another temperature"
  APPEND_ITEM LEN 8 UINT
  APPEND_ITEM DATA 0 BLOCK
    VARIABLE_BIT_SIZE LEN 8 -8
  APPEND_ARRAY_ITEM PAIRS 16 UINT 0
    VARIABLE_BIT_SIZE LEN 32 -16
  APPEND_ITEM TAIL 8 UINT
TELEMETRY SAT ANY BIG_ENDIAN
  APPEND_ITEM X 8 UINT
  ITEM FAR 32 8 UINT
"#
        .replace("APPEND_ID_ITEM KIND 4 BLOCK \"ab\"", "APPEND_ID_ITEM KIND 16 STRING \"ab\"")
        .as_str(),
    ));
    assert_eq!(left_out, [] as [&str; 0]);
}

#[test]
fn commands_that_xtce_can_express_whole() {
    let left_out = assert_comes_back(&cosmos(
        r#"
COMMAND SAT COLLECT BIG_ENDIAN "starts"
  HAZARDOUS "moves"
  APPEND_ID_PARAMETER OPCODE 16 UINT 0 65535 7 "what to do"
  APPEND_PARAMETER TYPE 8 UINT MIN MAX 1 "kind"
    STATE NORMAL 0
    STATE SPECIAL 1
  APPEND_PARAMETER DURATION 32 FLOAT 0.0 10.0 5.5
    UNITS second s
  APPEND_PARAMETER ANGLE 16 INT -180 180 0
    POLY_WRITE_CONVERSION 0.0 100.0
  APPEND_PARAMETER NAME 64 STRING "a\b"
  APPEND_PARAMETER KEY 16 BLOCK 0xFF01
  APPEND_PARAMETER MUST 8 UINT 3 9 3
    REQUIRED
  APPEND_ARRAY_PARAMETER LIST 8 UINT 32
COMMAND SAT LOAD LITTLE_ENDIAN
  APPEND_ID_PARAMETER OPCODE 16 UINT 0 65535 8
  APPEND_PARAMETER LEN 16 UINT 0 65535 0
  APPEND_PARAMETER DATA 0 BLOCK ""
    VARIABLE_BIT_SIZE LEN
  APPEND_PARAMETER END 8 UINT 0 255 255
COMMAND SAT NOTHING BIG_ENDIAN
  DISABLE_MESSAGES
"#,
    ));
    assert_eq!(
        left_out,
        [
            "SAT LOAD: its byte order, as all items have their own",
            "SAT NOTHING: that its messages are disabled",
        ]
    );
}

#[test]
fn what_only_xtce_can_say_comes_back_too() {
    let types = r#"<EnumeratedParameterType name="E"><IntegerDataEncoding/><EnumerationList>
        <Enumeration value="0" label="Off"/><Enumeration value="1" maxValue="5" label="On"/>
        </EnumerationList></EnumeratedParameterType>
        <FloatParameterType name="F"><IntegerDataEncoding><DefaultCalibrator><SplineCalibrator
        extrapolate="true"><SplinePoint raw="0" calibrated="0.1" order="0"/><SplinePoint raw="9"
        calibrated="5"/></SplineCalibrator></DefaultCalibrator></IntegerDataEncoding>
        <DefaultAlarm><StaticAlarmRanges><WarningRange minExclusive="1"/></StaticAlarmRanges>
        </DefaultAlarm></FloatParameterType>
        <StringParameterType name="S"><StringDataEncoding><SizeInBits><Fixed><FixedValue>32</FixedValue>
        </Fixed><TerminationChar>3B</TerminationChar></SizeInBits></StringDataEncoding>
        </StringParameterType>
        <StringParameterType name="S2"><StringDataEncoding><SizeInBits><TerminationChar>0A</TerminationChar>
        </SizeInBits></StringDataEncoding></StringParameterType>
        <IntegerParameterType name="L"><IntegerDataEncoding sizeInBits="24" encoding="twosComplement"
        byteOrder="leastSignificantByteFirst"/><ValidRange minInclusive="-5" maxInclusive="9"/>
        </IntegerParameterType>
        <AbsoluteTimeParameterType name="T"><Encoding units="picoSeconds" scale="1000"
        offset="7"><IntegerDataEncoding sizeInBits="64"/></Encoding><ReferenceTime><Epoch>GPS</Epoch>
        </ReferenceTime></AbsoluteTimeParameterType>
        <AbsoluteTimeParameterType name="T2"><Encoding><IntegerDataEncoding/></Encoding><ReferenceTime>
        <OffsetFrom parameterRef="TIME"/></ReferenceTime></AbsoluteTimeParameterType>
        <AbsoluteTimeParameterType name="T3"><Encoding><IntegerDataEncoding/></Encoding><ReferenceTime>
        <Epoch>2000-01-01T12:00:00.5Z</Epoch></ReferenceTime></AbsoluteTimeParameterType>
        <AggregateParameterType name="P2"><MemberList><Member name="a" typeRef="U8"/><Member name="b"
        typeRef="E"/></MemberList></AggregateParameterType>"#;
    let parameters = [
        "ID:U8", "E1:E", "F1:F", "S1:S", "L1:L", "TIME:T", "FINE:T2", "DATE:T3", "PAIR:P2",
        "LINE:S2", "X:U8",
    ];
    let expression = "</EntryList><BaseContainer containerRef=\"H\"><RestrictionCriteria>\
        <BooleanExpression><ANDedConditions><Condition><ParameterInstanceRef parameterRef=\"ID\"/>\
        <ComparisonOperator>==</ComparisonOperator><Value>3</Value></Condition><ORedConditions>\
        <Condition><ParameterInstanceRef parameterRef=\"F1\"/><ComparisonOperator>&gt;\
        </ComparisonOperator><Value>2.5</Value></Condition><Condition><ParameterInstanceRef \
        parameterRef=\"E1\"/><ComparisonOperator>==</ComparisonOperator><Value>On</Value></Condition>\
        </ORedConditions></ANDedConditions></BooleanExpression></RestrictionCriteria></BaseContainer>";
    let containers = container("H", &["ID", "E1", "F1"])
        + &container("P", &["S1", "L1", "TIME", "FINE", "DATE", "PAIR", "LINE", "X"])
            .replace("</EntryList>", expression);
    let left_out = assert_comes_back(&read(&telemetry(types, &parameters, &containers)));
    assert_eq!(left_out, ["SAT P LINE: nothing, but its size is not as the schema wants it"]);
}

#[test]
fn what_is_left_out_is_listed() {
    let definitions = cosmos(
        r#"
TELEMETRY SAT P LITTLE_ENDIAN
  ALLOW_SHORT
  APPEND_ID_ITEM ID 8 UINT 1
  APPEND_ITEM A 8 UINT
    STATE ONE 1
    STATE REST ANY
  APPEND_ITEM B 8 UINT
    LIMITS DEFAULT 1 DISABLED 1 2 5 6 3 4
    LIMITS TVAC 1 DISABLED 1 2 5 6
  APPEND_ITEM C 8 UINT
    SEG_POLY_READ_CONVERSION 0 1 2
  APPEND_ITEM D 16 UINT
    FORMAT_STRING "0x%x"
  ITEM E 64 12 UINT "" LITTLE_ENDIAN
  ITEM F 0 0 DERIVED
    READ_CONVERSION unix_time_conversion.rb A
  ITEM REST 72 0 BLOCK
COMMAND SAT C BIG_ENDIAN
  APPEND_PARAMETER A 8 UINT 0 1 0
    STATE OFF 0 HAZARDOUS "dark"
    OVERFLOW TRUNCATE
  APPEND_PARAMETER B 8 UINT 0 9 0
    OBFUSCATE
"#,
    );
    let Exported { left_out, document } = exported(&definitions);
    for expected in [
        "SAT P: its byte order, as all items have their own",
        "SAT P: that short packets are allowed",
        "SAT P A: the value of its state REST",
        "SAT P B: the limits set TVAC",
        "SAT P B: that limits are disabled at first",
        "SAT P B: the operational limits (green)",
        "SAT P C: the conversion SegmentedPolynomialConversion",
        "SAT P D: its format string 0x%x",
        "SAT P E: all of it: a little endian field that is not whole bytes",
        "SAT P F: all of it: it is derived",
        "SAT P REST: all of it: it goes to the end of the packet",
        "SAT C A: the hazard of its state OFF",
        "SAT C A: its range, as it has states",
        "SAT C A: what happens when a value does not fit",
        "SAT C B: that it is obfuscated",
    ] {
        assert!(left_out.iter().any(|note| note == expected), "{expected}: {left_out:#?}");
    }
    assert_eq!(left_out.len(), 15, "{left_out:#?}");
    // The rest can be read.
    let again = read(&document);
    assert_eq!(again.packets().len(), 4);
}

#[test]
fn names_that_xtce_does_not_allow() {
    let left_out = assert_comes_back(&cosmos(
        "TELEMETRY SAT P/1 BIG_ENDIAN\n  APPEND_ID_ITEM A.B 8 UINT 1\n  APPEND_ITEM A_B 8 UINT\n  \
         APPEND_ITEM C[1] 8 UINT\n",
    ));
    assert_eq!(left_out, [] as [&str; 0]);
}

#[test]
fn a_target_that_is_not_there() {
    assert!(export(&cosmos(""), "NONE").is_err());
    assert_eq!(exported(&cosmos("")).left_out, [] as [&str; 0]);
}

/// One item of a random packet.
#[derive(Debug, Clone)]
struct RandomItem {
    shape: usize,
    size: i64,
    gap: i64,
    little: bool,
    extra: usize,
}

/// Writes random items as a COSMOS packet; those that COSMOS refuses are left out.
fn random_packet(items: &[RandomItem]) -> String {
    let mut text = "TELEMETRY SAT P BIG_ENDIAN\n  ITEM ID 0 8 UINT\n".to_owned();
    let mut at = 8;
    for (index, RandomItem { shape, size, gap, little, extra }) in items.iter().enumerate() {
        let order = if *little { "LITTLE_ENDIAN" } else { "BIG_ENDIAN" };
        let start = at + gap;
        let whole = (start + 7) / 8 * 8;
        let name = format!("I{index}");
        let (start, line, bits) = match shape {
            0 => (start, format!("ITEM {name} {start} {size} UINT \"\" {order}"), *size),
            1 => (start, format!("ITEM {name} {start} {size} INT \"\" {order}"), *size),
            2 => (whole, format!("ITEM {name} {whole} 32 FLOAT \"\" {order}"), 32),
            3 => (whole, format!("ITEM {name} {whole} {} STRING", size * 8), size * 8),
            4 => (whole, format!("ITEM {name} {whole} {} BLOCK", size * 8), size * 8),
            5 => (whole, format!("ARRAY_ITEM {name} {whole} 16 INT 48 \"\" {order}"), 48),
            _ => (whole, format!("ITEM {name} {whole} 16 UINT \"\" {order}"), 16),
        };
        text.push_str(&format!("  {line}\n"));
        let number = !matches!(shape, 3 | 4);
        text.push_str(match extra {
            1 if number => "    POLY_READ_CONVERSION 1.5 -0.25 0.001\n",
            2 if *shape < 2 => "    STATE ZERO 0 RED\n    STATE THREE 3\n",
            3 if number && *shape != 5 => "    LIMITS DEFAULT 2 ENABLED -9 -5 5.5 9\n",
            4 => "    UNITS Volts V\n    DESCRIPTION \"a & b\"\n",
            _ => "",
        });
        at = start + bits;
    }
    text
}

fn random_item() -> impl Strategy<Value = RandomItem> {
    (0_usize..7, 1_i64..=64, 0_i64..10, any::<bool>(), 0_usize..6).prop_map(
        |(shape, size, gap, little, extra)| RandomItem { shape, size, gap, little, extra },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_packet_decodes_the_same_by_its_export(
        items in prop::collection::vec(random_item(), 1..12),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let source = TargetSource {
            name: "SAT".into(),
            target_txt: String::new(),
            files: vec![("cmd_tlm/all.txt".into(), random_packet(&items))],
            binary_files: vec![],
        };
        // A little endian field may begin before its packet.
        let Ok(definitions) = Definitions::builder().add_target(source).build() else {
            return Ok(());
        };
        let Exported { document, left_out } = exported(&definitions);
        let again = read(&document);
        let (before, after) = (packet(&definitions, "P"), packet(&again, "P"));
        for item in before.items.iter().filter(|item| !is_reserved_item(&item.name)) {
            let lost = format!("SAT P {}: all of it", item.name);
            if left_out.iter().any(|note| note.starts_with(&lost)) {
                prop_assert!(item.endianness == Endianness::Little && item.is_bit_field());
                prop_assert!(after.item(&item.name).is_none());
                continue;
            }
            for form in [ValueType::Raw, ValueType::Converted, ValueType::Formatted] {
                let (old, new) =
                    (value(before, &bytes, &item.name, form), value(after, &bytes, &item.name, form));
                // As texts, because NaN is not itself.
                prop_assert_eq!(
                    format!("{old:?}"), format!("{new:?}"), "{} {:?} {}", item.name, form, document
                );
            }
            if (item.data_type, item.bit_size) == (DataType::Int, 1) {
                let note = format!("SAT P {}: that its single bit is signed", item.name);
                prop_assert!(left_out.contains(&note));
                continue;
            }
            prop_assert_eq!(
                facts_of_item(item),
                facts_of_item(after.item(&item.name).unwrap()),
                "{}", document
            );
        }
    }
}
