//! What types become.

use groundlog_packet::Value;
use groundlog_packet::definition::{Color, DataType, ValueType};

use crate::documents::{converted, item, one, packet, raw, value};

/// Makes an integer type of an encoding.
fn integer(encoding: &str) -> String {
    format!("<IntegerParameterType name=\"T\">{encoding}</IntegerParameterType>")
}

#[test]
fn integers_of_all_shapes() {
    let decoded = |encoding: &str, bytes: &[u8]| {
        let definitions = one(&integer(encoding));
        let found = packet(&definitions, "P");
        (raw(found, bytes, "V"), raw(found, bytes, "NEXT"))
    };
    let values = |value: i128, next: i128| (Value::Int(value), Value::Int(next));
    let bytes = [0x81, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0x88, 0x99];
    let with = |attributes: &str| format!("<IntegerDataEncoding {attributes}/>");
    assert_eq!(decoded("<IntegerDataEncoding/>", &bytes), values(0x81, 2));
    assert_eq!(decoded(&with("encoding='twosComplement'"), &bytes), values(-127, 2));
    // Misspelt in 1.0 and 1.1.
    assert_eq!(decoded(&with("encoding='twosCompliment'"), &bytes), values(-127, 2));
    assert_eq!(decoded(&with("sizeInBits='12'"), &bytes), values(0x810, 0x20));
    let little = "byteOrder='leastSignificantByteFirst'";
    assert_eq!(decoded(&with(&format!("sizeInBits='16' {little}")), &bytes), values(0x0281, 3));
    assert_eq!(
        decoded(&with(&format!("sizeInBits='24' {little}")), &bytes),
        values(0x03_0281, 0x84)
    );
    assert_eq!(
        decoded(
            &with(&format!("sizeInBits='24' {little} encoding='twosComplement'")),
            &[1, 0, 0x80, 7]
        ),
        values(0x80_0001 - (1 << 24), 7)
    );
    assert_eq!(decoded(&with(&format!("sizeInBits='5' {little}")), &bytes), values(0x10, 0x20));
    assert_eq!(
        decoded(&with("sizeInBits='32' byteOrder='0,1,2,3'"), &bytes).0,
        Value::Int(0x8403_0281)
    );
    assert_eq!(
        decoded(&with("sizeInBits='32' byteOrder='3,2,1,0'"), &bytes).0,
        Value::Int(0x8102_0384)
    );
    let list = r#"<IntegerDataEncoding sizeInBits="16"><ByteOrderList><Byte byteSignificance="0"/>
        <Byte byteSignificance="1"/></ByteOrderList></IntegerDataEncoding>"#;
    assert_eq!(decoded(list, &bytes), values(0x0281, 3));
    assert_eq!(decoded(&with("sizeInBits='64'"), &bytes), values(0x8102_0384_0506_0788, 0x99));
}

#[test]
fn the_least_significant_bit_first_is_a_conversion() {
    let encoding = "<IntegerDataEncoding sizeInBits='8' bitOrder='leastSignificantBitFirst'/>";
    let definitions = one(&integer(encoding));
    let found = packet(&definitions, "P");
    assert_eq!(converted(found, &[0b1101_0000, 0], "V"), Value::Int(0b1011));
    assert_eq!(raw(found, &[0b1101_0000, 0], "V"), Value::Int(0b1101_0000));
}

#[test]
fn floats() {
    for (attributes, bytes) in [
        ("", 1.5_f32.to_be_bytes().to_vec()),
        (
            "encoding='IEEE754' byteOrder='leastSignificantByteFirst'",
            1.5_f32.to_le_bytes().to_vec(),
        ),
        ("encoding='IEEE754_1985' sizeInBits='64'", 1.5_f64.to_be_bytes().to_vec()),
    ] {
        let kind = format!(
            "<FloatParameterType name='T'><FloatDataEncoding {attributes}/></FloatParameterType>"
        )
        .replace('\'', "\"");
        let definitions = one(&kind);
        let bytes = [bytes, vec![9]].concat();
        let found = packet(&definitions, "P");
        assert_eq!(raw(found, &bytes, "V"), Value::Float(1.5), "{attributes}");
        assert_eq!(raw(found, &bytes, "NEXT"), Value::Int(9), "{attributes}");
    }
}

#[test]
fn polynomials_and_splines() {
    let float = |calibrator: &str| {
        one(&format!(
            "<FloatParameterType name=\"T\"><IntegerDataEncoding encoding=\"twosComplement\">\
             <DefaultCalibrator>{calibrator}</DefaultCalibrator></IntegerDataEncoding>\
             </FloatParameterType>"
        ))
    };
    let polynomial = "<PolynomialCalibrator><Term coefficient='0.5' exponent='2'/>\
                      <Term coefficient='-1' exponent='0'/></PolynomialCalibrator>";
    let definitions = float(polynomial);
    let found = packet(&definitions, "P");
    assert_eq!(converted(found, &[4, 0], "V"), Value::Float(7.0));
    assert_eq!(raw(found, &[4, 0], "V"), Value::Int(4));
    let points = "<SplinePoint raw='10' calibrated='100'/><SplinePoint raw='0' calibrated='0'/>\
                  <SplinePoint raw='-10' calibrated='-5' order='0'/>";
    let definitions = float(&format!("<SplineCalibrator>{points}</SplineCalibrator>"));
    let found = packet(&definitions, "P");
    assert_eq!(converted(found, &[4, 0], "V"), Value::Float(40.0));
    assert_eq!(converted(found, &[0xff, 0], "V"), Value::Float(-5.0), "flat piece");
    assert_eq!(converted(found, &[11, 0], "V"), Value::Null, "outside");
    let definitions =
        float(&format!("<SplineCalibrator extrapolate='true'>{points}</SplineCalibrator>"));
    assert_eq!(converted(packet(&definitions, "P"), &[11, 0], "V"), Value::Float(110.0));
}

#[test]
fn labels_ranges_and_their_colors() {
    let definitions = one(r#"<EnumeratedParameterType name="T"><IntegerDataEncoding/>
        <EnumerationList><Enumeration value="0" label="Off"/><Enumeration value="1" label="On"/>
        <Enumeration value="2" maxValue="9" label="Odd Ones"/><Enumeration value="20" label="On"/>
        </EnumerationList><DefaultAlarm minViolations="3"><EnumerationAlarmList>
        <EnumerationAlarm alarmLevel="warning" enumerationLabel="Off"/>
        <EnumerationAlarm alarmLevel="critical" enumerationLabel="Odd Ones"/>
        <EnumerationAlarm alarmLevel="normal" enumerationLabel="On"/>
        </EnumerationAlarmList></DefaultAlarm></EnumeratedParameterType>"#);
    let found = packet(&definitions, "P");
    for (byte, label) in [(0, "Off"), (1, "On"), (2, "Odd Ones"), (9, "Odd Ones"), (20, "On")] {
        assert_eq!(converted(found, &[byte, 0], "V"), Value::from(label), "{byte}");
    }
    assert_eq!(converted(found, &[10, 0], "V"), Value::Int(10));
    let states = item(found, "V").states.as_ref().unwrap();
    let colors: Vec<_> = states.iter().map(|(_, state)| state.color).collect();
    assert_eq!(colors, [Some(Color::Yellow), Some(Color::Green), Some(Color::Red)]);
    assert_eq!((item(found, "V").limits.enabled, item(found, "V").limits.persistence), (true, 3));
    assert_eq!(found.limits_items.len(), 1);
}

#[test]
fn labels_that_are_alarms_unless_named() {
    // As 1.0 and 1.1 write them.
    let definitions = one(r#"<EnumeratedParameterType name="T"><IntegerDataEncoding/>
        <EnumerationList><Enumeration value="0" label="A"/><Enumeration value="1" label="B"/>
        </EnumerationList><DefaultAlarm defaultAlarmLevel="severe">
        <EnumerationAlarm alarmLevel="normal" enumerationValue="A"/>
        </DefaultAlarm></EnumeratedParameterType>"#);
    let states = item(packet(&definitions, "P"), "V").states.clone().unwrap();
    let colors: Vec<_> = states.iter().map(|(_, state)| state.color).collect();
    assert_eq!(colors, [Some(Color::Green), Some(Color::Red)]);
}

#[test]
fn truth_values() {
    let kind = |attributes: &str, encoding: &str| {
        one(&format!(
            "<BooleanParameterType name=\"T\" {attributes}><IntegerDataEncoding {encoding}/>\
             </BooleanParameterType>"
        ))
    };
    let definitions = kind("", "sizeInBits='8'");
    let found = packet(&definitions, "P");
    for (byte, name) in [(0, "False"), (1, "True"), (2, "True"), (255, "True")] {
        assert_eq!(converted(found, &[byte, 0], "V"), Value::from(name), "{byte}");
    }
    let words = "oneStringValue='ON' zeroStringValue='OFF'";
    let definitions = kind(words, "sizeInBits='1'");
    assert_eq!(converted(packet(&definitions, "P"), &[0x80, 0], "V"), Value::from("ON"));
    let definitions = kind(words, "sizeInBits='1' encoding='twosComplement'");
    let found = packet(&definitions, "P");
    assert_eq!(converted(found, &[0x80, 0], "V"), Value::from("ON"));
    assert_eq!(converted(found, &[0x00, 0], "V"), Value::from("OFF"));
}

#[test]
fn limits_hold_what_ranges_say() {
    let limits = |class: &str, encoding: &str, ranges: &str| {
        let definitions = one(&format!(
            "<{class}ParameterType name=\"T\">{encoding}<DefaultAlarm minViolations='2'>\
             <StaticAlarmRanges>{ranges}</StaticAlarmRanges></DefaultAlarm></{class}ParameterType>"
        ));
        let limits = item(packet(&definitions, "P"), "V").limits.clone();
        assert_eq!((limits.enabled, limits.persistence), (true, 2));
        let set = limits.sets["DEFAULT"];
        [set.red_low, set.yellow_low, set.yellow_high, set.red_high]
    };
    let whole = "<IntegerDataEncoding sizeInBits='16'/>";
    let both = "<WarningRange minInclusive='10' maxInclusive='20'/>\
                <CriticalRange minExclusive='5' maxExclusive='25'/>";
    assert_eq!(limits("Integer", whole, both), [5.0, 9.0, 21.0, 25.0]);
    let float = "<FloatDataEncoding/>";
    assert_eq!(limits("Float", float, both), [5.0, 10.0_f64.next_down(), 20.0_f64.next_up(), 25.0]);
    let infinite = f64::INFINITY;
    assert_eq!(
        limits("Float", float, "<WatchRange minExclusive='1'/>"),
        [-infinite, 1.0, infinite, infinite]
    );
    assert_eq!(
        limits("Float", float, "<SevereRange minExclusive='1' maxExclusive='2'/>"),
        [1.0, 1.0, 2.0, 2.0]
    );
}

#[test]
fn texts() {
    let text = |sizes: &str| {
        one(&format!(
            "<StringParameterType name=\"T\"><StringDataEncoding>{sizes}</StringDataEncoding>\
             </StringParameterType>"
        ))
    };
    let decoded = |sizes: &str, bytes: &[u8]| {
        let definitions = text(sizes);
        let found = packet(&definitions, "P");
        (raw(found, bytes, "V"), raw(found, bytes, "NEXT"))
    };
    let ab = |next: i128| (Value::from("ab"), Value::Int(next));
    let fixed = "<Fixed><FixedValue>32</FixedValue></Fixed>";
    let sized = |inner: &str| format!("<SizeInBits>{inner}</SizeInBits>");
    assert_eq!(decoded(&sized(fixed), b"ab\0\0\x07"), ab(7));
    assert_eq!(
        decoded(&sized(&format!("{fixed}<TerminationChar>00</TerminationChar>")), b"ab\0x\x07"),
        ab(7)
    );
    let semicolon = "<TerminationChar>3B</TerminationChar>";
    assert_eq!(decoded(&sized(&format!("{fixed}{semicolon}")), b"ab;x\x07"), ab(7));
    assert_eq!(
        decoded(&sized(&format!("{fixed}{semicolon}")), b"abcd\x07"),
        (Value::from("abcd"), Value::Int(7)),
        "no terminator: the whole field"
    );
    // Without a field, as 1.0 and 1.1 write it.
    assert_eq!(decoded(&sized(semicolon), b"ab;\x07"), ab(7));
    assert_eq!(decoded(&sized("<TerminationChar/>"), b"ab\0\x07"), ab(7));
    assert_eq!(decoded(&sized(semicolon), b"ab"), (Value::from("ab"), Value::Null));
    let tag = "<LeadingSize sizeInBitsOfSizeTag='8'/>";
    assert_eq!(decoded(&sized(tag), b"\x02ab\x07"), ab(7));
    assert_eq!(decoded(&sized(&format!("{fixed}{tag}")), b"\x02abx\x07"), ab(7));
    assert_eq!(decoded(&sized(tag), b"\x09ab\x07").0, Value::Null, "more than there is");
    assert_eq!(
        decoded(&sized(&format!("{fixed}{tag}")), b"\x04abx\x07y"),
        (Value::Null, Value::Int(7)),
        "more than the field holds"
    );
    let variable = format!(
        "<Variable maxSizeInBits='64'><DynamicValue><ParameterInstanceRef parameterRef='_none'/>\
         </DynamicValue>{tag}</Variable>"
    );
    let definitions = text(&variable);
    assert!(definitions.warnings()[0].contains("t.xml:"), "{:?}", definitions.warnings());
    assert_eq!(raw(packet(&definitions, "P"), b"\x02ab\x07", "V"), Value::from("ab"));
}

#[test]
fn blocks() {
    let block = |bits: &str| {
        one(&format!(
            "<BinaryParameterType name=\"T\"><BinaryDataEncoding><SizeInBits>\
             <FixedValue>{bits}</FixedValue></SizeInBits></BinaryDataEncoding></BinaryParameterType>"
        ))
    };
    let definitions = block("16");
    let found = packet(&definitions, "P");
    assert_eq!(item(found, "V").data_type, DataType::Block);
    assert_eq!(raw(found, &[0xff, 0xfe, 7], "V"), Value::Bytes(vec![0xff, 0xfe]));
    // Bits that are no bytes.
    let definitions = block("12");
    let found = packet(&definitions, "P");
    assert_eq!(item(found, "V").data_type, DataType::Uint);
    assert_eq!(raw(found, &[0xab, 0xc1, 0x20], "V"), Value::Int(0xabc));
    assert!(definitions.warnings()[0].contains("integer"), "{:?}", definitions.warnings());
}

#[test]
fn moments() {
    let time = |encoding: &str, reference: &str| {
        one(&format!(
            "<AbsoluteTimeParameterType name=\"T\"><Encoding {encoding}><IntegerDataEncoding \
             sizeInBits='32'/></Encoding><ReferenceTime><Epoch>{reference}</Epoch></ReferenceTime>\
             </AbsoluteTimeParameterType>"
        ))
    };
    let at = |encoding: &str, reference: &str, count: u32| {
        let definitions = time(encoding, reference);
        let bytes = [count.to_be_bytes().to_vec(), vec![0]].concat();
        converted(packet(&definitions, "P"), &bytes, "V")
    };
    let second = |seconds: i64| Value::Time(seconds * 1_000_000_000);
    assert_eq!(at("", "UNIX", 1_600_000_000), second(1_600_000_000));
    assert_eq!(at("units='days'", "1958-01-01", 23_109), second(1_617_926_400));
    assert_eq!(
        at("scale='0.5' offset='10'", "2000-01-01T12:00:00Z", 3),
        Value::Time(946_728_011_500_000_000)
    );
    assert_eq!(at("", "GPS", 1_301_961_618), second(1_617_926_400), "less 18 leap seconds");
    assert_eq!(at("", "TAI", 1_996_617_637), second(1_617_926_400), "less 37 leap seconds");
    assert_eq!(at("", "J2000", 0), Value::Time(946_727_935_816_000_000));
}

#[test]
fn durations_and_counts_from_nowhere() {
    for class in ["RelativeTime", "AbsoluteTime"] {
        let definitions = one(&format!(
            "<{class}ParameterType name=\"T\"><Encoding scale='0.001' offset='1'>\
             <IntegerDataEncoding sizeInBits='16'/></Encoding></{class}ParameterType>"
        ));
        assert_eq!(converted(packet(&definitions, "P"), &[0, 5, 0], "V"), Value::Float(1.005));
    }
}

#[test]
fn units_formats_and_descriptions() {
    let definitions = one(r#"<FloatParameterType name="T" shortDescription="of the type">
        <LongDescription>longer</LongDescription>
        <UnitSet><Unit description="meter">m</Unit><Unit power="-2">s</Unit></UnitSet>
        <FloatDataEncoding/>
        <ToString><NumberFormat minimumFractionDigits="2" maximumFractionDigits="2"/></ToString>
        <ValidRange minInclusive="-1" maxExclusive="2"/></FloatParameterType>"#);
    let found = packet(&definitions, "P");
    let v = item(found, "V");
    let units = v.units.as_ref().unwrap();
    assert_eq!((units.abbreviation.as_str(), units.full.as_str()), ("m s^-2", "meter s^-2"));
    let bytes = [1.5_f32.to_be_bytes().to_vec(), vec![0]].concat();
    assert_eq!(value(found, &bytes, "V", ValueType::Formatted), Value::from("1.50 m s^-2"));
    assert_eq!(v.description.as_deref(), Some("of the type"));
    assert_eq!(v.minimum, Some(Value::Float(-1.0)));
    assert_eq!(v.maximum, Some(Value::Float(2.0_f64.next_down())));
}

#[test]
fn types_that_others_are_derived_from() {
    let definitions = one(r#"<IntegerParameterType name="T" baseType="Base">
        <UnitSet><Unit>V</Unit></UnitSet></IntegerParameterType>
        <IntegerParameterType name="Base" baseType="Deep"><UnitSet><Unit>A</Unit></UnitSet>
        </IntegerParameterType><IntegerParameterType name="Deep" shortDescription="deep">
        <IntegerDataEncoding sizeInBits="16"/></IntegerParameterType>"#);
    let found = packet(&definitions, "P");
    let v = item(found, "V");
    assert_eq!((v.bit_size, v.description.as_deref()), (16, Some("deep")));
    assert_eq!(v.units.as_ref().unwrap().abbreviation, "V");
}
