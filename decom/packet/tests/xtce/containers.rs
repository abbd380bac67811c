//! Which packets there are, where their items lie, and how they are told apart.

use groundlog_packet::definition::ValueType;
use groundlog_packet::xtce::Options;
use groundlog_packet::{PacketKind, Value};

use crate::documents::{
    XMLNS, container, converted, identified, item, packet, raw, read, read_with, system, telemetry,
};

/// Makes a container that extends another one.
fn extending(name: &str, base: &str, criteria: &str, parameters: &[&str]) -> String {
    let base = format!(
        "<BaseContainer containerRef=\"{base}\"><RestrictionCriteria>{criteria}\
         </RestrictionCriteria></BaseContainer>"
    )
    .replace("<RestrictionCriteria></RestrictionCriteria>", "");
    container(name, parameters).replace("</EntryList>", &format!("</EntryList>{base}"))
}

fn equal(parameter: &str, value: &str) -> String {
    format!("<Comparison parameterRef=\"{parameter}\" value=\"{value}\"/>")
}

#[test]
fn the_most_special_container_is_the_packet() {
    let containers = container("Header", &["ID", "KIND"])
        + &extending("A", "Header", &equal("ID", "0x0A"), &["X"])
        + &extending("A1", "A", &equal("KIND", "1"), &["Y"])
        + &extending("A2", "A", &equal("KIND", "2"), &["Y"])
        + &extending("B", "Header", &equal("ID", "11"), &["Y"]);
    let definitions = read(&telemetry("", &["ID:U8", "KIND:U8", "X:U16", "Y:U8"], &containers));
    let names: Vec<_> = definitions.packets()[2..].iter().map(|p| p.packet_name.clone()).collect();
    assert_eq!(names, ["A1", "A2", "A", "B", "HEADER"]);
    for (bytes, name) in [
        ([10, 1, 0, 1, 9], "A1"),
        ([10, 2, 0, 1, 9], "A2"),
        ([10, 3, 0, 1, 9], "A"),
        ([11, 1, 0, 1, 9], "B"),
        ([12, 1, 0, 1, 9], "HEADER"),
    ] {
        assert_eq!(identified(&definitions, &bytes).as_deref(), Some(name));
    }
    let a1 = packet(&definitions, "A1");
    assert_eq!(
        (raw(a1, &[10, 1, 1, 2, 9], "X"), raw(a1, &[10, 1, 1, 2, 9], "Y")),
        (258.into(), 9.into())
    );
    let ids: Vec<_> = a1.id_items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(ids, ["ID", "KIND"]);
    assert_eq!(a1.defined_length(), 5);
}

#[test]
fn abstract_and_included_containers_are_no_packets() {
    let containers = container("Part", &["X"])
        + &container("Header", &["ID"])
            .replace("name=\"Header\"", "name=\"Header\" abstract=\"true\"")
        + &extending("P", "Header", &equal("ID", "1"), &["Y"])
            .replace("<EntryList>", "<EntryList><ContainerRefEntry containerRef=\"Part\"/>");
    let definitions = read(&telemetry("", &["ID:U8", "X:U16", "Y:U8"], &containers));
    let names: Vec<_> = definitions.packets()[2..].iter().map(|p| p.packet_name.clone()).collect();
    assert_eq!(names, ["P"]);
    assert!(definitions.warnings().is_empty(), "{:?}", definitions.warnings());
    let p = packet(&definitions, "P");
    assert_eq!(raw(p, &[1, 2, 3, 4], "Y"), Value::Int(4));
    assert_eq!(identified(&definitions, &[2, 2, 3, 4]), None);
}

#[test]
fn a_container_that_its_heir_conceals_is_never_found() {
    let containers = container("Base", &["ID"]) + &extending("Heir", "Base", "", &["X"]);
    let definitions = read(&telemetry("", &["ID:U8", "X:U8"], &containers));
    assert_eq!(identified(&definitions, &[1, 2]).as_deref(), Some("HEIR"));
    assert!(packet(&definitions, "BASE").is_virtual);
    assert!(definitions.warnings().iter().any(|warning| warning.contains("never found")));
}

#[test]
fn conditions_beyond_equal_values() {
    let expression = r#"<BooleanExpression><ANDedConditions>
        <Condition><ParameterInstanceRef parameterRef="ID"/><ComparisonOperator>==</ComparisonOperator>
        <Value>1</Value></Condition>
        <ORedConditions>
        <Condition><ParameterInstanceRef parameterRef="A"/><ComparisonOperator>&gt;=</ComparisonOperator>
        <Value>100</Value></Condition>
        <Condition><ParameterInstanceRef parameterRef="A"/><ComparisonOperator>==</ComparisonOperator>
        <ParameterInstanceRef parameterRef="B"/></Condition>
        </ORedConditions></ANDedConditions></BooleanExpression>"#;
    let unequal = "<ComparisonList><Comparison parameterRef=\"ID\" value=\"1\"/>\
                   <Comparison parameterRef=\"B\" comparisonOperator=\"!=\" value=\"7\"/></ComparisonList>";
    let containers = container("H", &["ID", "A", "B"])
        + &extending("BIG", "H", expression, &[])
        + &extending("OTHER", "H", unequal, &[]);
    let definitions = read(&telemetry("", &["ID:U8", "A:U8", "B:U8"], &containers));
    for (bytes, name) in [
        ([1, 100, 0], "BIG"),
        ([1, 5, 5], "BIG"),
        ([1, 5, 6], "OTHER"),
        ([1, 5, 7], "H"),
        ([2, 100, 0], "H"),
    ] {
        assert_eq!(identified(&definitions, &bytes).as_deref(), Some(name), "{bytes:?}");
    }
    assert_eq!(packet(&definitions, "BIG").id_items.len(), 1);
}

#[test]
fn labels_and_calibrated_values_in_criteria() {
    let types = r#"<EnumeratedParameterType name="E"><IntegerDataEncoding/><EnumerationList>
        <Enumeration value="3" label="Safe"/><Enumeration value="5" maxValue="9" label="Busy"/>
        </EnumerationList></EnumeratedParameterType>
        <FloatParameterType name="F"><IntegerDataEncoding><DefaultCalibrator><PolynomialCalibrator>
        <Term coefficient="2" exponent="1"/></PolynomialCalibrator></DefaultCalibrator>
        </IntegerDataEncoding></FloatParameterType>"#;
    let raw_value = "<Comparison parameterRef=\"TEMP\" useCalibratedValue=\"false\" value=\"3\"/>";
    let containers = container("H", &["MODE", "TEMP"])
        + &extending("SAFE", "H", &equal("MODE", "Safe"), &[])
        + &extending("BUSY", "H", &equal("MODE", "Busy"), &[])
        + &extending("HOT", "H", &equal("TEMP", "8.0"), &[])
        + &extending("COLD", "H", raw_value, &[]);
    let definitions = read(&telemetry(types, &["MODE:E", "TEMP:F"], &containers));
    for (bytes, name) in [
        ([3, 0], "SAFE"),
        ([5, 0], "BUSY"),
        ([9, 0], "BUSY"),
        ([10, 4], "HOT"),
        ([10, 3], "COLD"),
        ([10, 0], "H"),
    ] {
        assert_eq!(identified(&definitions, &bytes).as_deref(), Some(name), "{bytes:?}");
    }
    assert_eq!(item(packet(&definitions, "SAFE"), "MODE").id_value, Some(Value::Int(3)));
}

#[test]
fn places_of_entries() {
    let at = |reference: &str, bits: &str| {
        format!(
            "<ParameterRefEntry parameterRef=\"X\"><LocationInContainerInBits {reference}>\
             <FixedValue>{bits}</FixedValue></LocationInContainerInBits></ParameterRefEntry>"
        )
    };
    let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
    for (location, x, next) in [
        (at("", "8"), 3, 4),
        (at("referenceLocation=\"previousEntry\"", "-4"), 0x10, 0x20),
        (at("referenceLocation=\"containerStart\"", "40"), 6, 7),
        (at("referenceLocation=\"containerEnd\"", "8"), 7, 2),
    ] {
        let container = format!(
            "<SequenceContainer name=\"P\"><EntryList><ParameterRefEntry parameterRef=\"ID\"/>{location}\
             <ParameterRefEntry parameterRef=\"Y\"/></EntryList></SequenceContainer>"
        );
        let definitions = read(&telemetry("", &["ID:U8", "X:U8", "Y:U8"], &container));
        let found = packet(&definitions, "P");
        assert_eq!(raw(found, &bytes, "X"), Value::Int(x), "{location}");
        assert_eq!(raw(found, &bytes, "Y"), Value::Int(next), "{location}");
    }
}

#[test]
fn sizes_that_other_parameters_give() {
    let types = r#"<BinaryParameterType name="D"><BinaryDataEncoding><SizeInBits><DynamicValue>
        <ParameterInstanceRef parameterRef="LEN" useCalibratedValue="false"/>
        <LinearAdjustment slope="8" intercept="-8"/></DynamicValue></SizeInBits></BinaryDataEncoding>
        </BinaryParameterType>
        <StringParameterType name="S"><StringDataEncoding><Variable maxSizeInBits="800"><DynamicValue>
        <ParameterInstanceRef parameterRef="LEN"/><LinearAdjustment slope="8"/></DynamicValue></Variable>
        </StringDataEncoding></StringParameterType>
        <ArrayParameterType name="L" arrayTypeRef="U16"><DimensionList><Dimension>
        <StartingIndex><FixedValue>0</FixedValue></StartingIndex><EndingIndex><DynamicValue>
        <ParameterInstanceRef parameterRef="LEN"/><LinearAdjustment intercept="-1"/></DynamicValue>
        </EndingIndex></Dimension></DimensionList></ArrayParameterType>"#;
    let parameters = ["LEN:U8", "DATA:D", "TEXT:S", "LIST:L", "END:U8"];
    let names = ["LEN", "DATA", "TEXT", "LIST", "END"];
    let definitions = read(&telemetry(types, &parameters, &container("P", &names)));
    let found = packet(&definitions, "P");
    let bytes = [2, 0xaa, b'h', b'i', 0, 1, 0, 2, 9];
    assert_eq!(raw(found, &bytes, "DATA"), Value::Bytes(vec![0xaa]));
    assert_eq!(raw(found, &bytes, "TEXT"), Value::from("hi"));
    assert_eq!(raw(found, &bytes, "LIST"), Value::Array(vec![1.into(), 2.into()]));
    assert_eq!(raw(found, &bytes, "END"), Value::Int(9));
    let short = [1, b'h', 0, 1, 9];
    assert_eq!(raw(found, &short, "END"), Value::Int(9));
    assert_eq!(raw(found, &short, "DATA").as_bytes(), Some(&[][..]));
    assert_eq!(raw(found, &[200, 1, 2], "DATA"), Value::Null);
}

#[test]
fn aggregates_arrays_and_repeated_entries() {
    let types = r#"<AggregateParameterType name="Pair"><MemberList>
        <Member name="a" typeRef="U8" shortDescription="first"/><Member name="b" typeRef="U16"/>
        </MemberList></AggregateParameterType>
        <ArrayParameterType name="Two" arrayTypeRef="Pair"><DimensionList><Dimension>
        <StartingIndex><FixedValue>0</FixedValue></StartingIndex>
        <EndingIndex><FixedValue>1</FixedValue></EndingIndex></Dimension></DimensionList>
        </ArrayParameterType>"#;
    let repeat = |count: &str| {
        format!("<RepeatEntry><Count><FixedValue>{count}</FixedValue></Count></RepeatEntry>")
    };
    let containers = format!(
        "<SequenceContainer name=\"P\"><EntryList>\
         <ParameterRefEntry parameterRef=\"S\"/><ParameterRefEntry parameterRef=\"T\"/>\
         <ParameterRefEntry parameterRef=\"N\">{}</ParameterRefEntry>\
         <ContainerRefEntry containerRef=\"Part\">{}</ContainerRefEntry></EntryList>\
         </SequenceContainer>{}",
        repeat("3"),
        repeat("2"),
        container("Part", &["X"])
    );
    let document = telemetry(types, &["S:Pair", "T:Two", "N:U8", "X:U8"], &containers);
    let definitions = read(&document);
    let found = packet(&definitions, "P");
    let bytes = [1, 0, 2, 3, 0, 4, 5, 0, 6, 7, 8, 9, 10, 11];
    for (name, value) in
        [("S.A", 1), ("S.B", 2), ("T[0].A", 3), ("T[1].B", 6), ("X", 10), ("X_2", 11)]
    {
        assert_eq!(raw(found, &bytes, name), Value::Int(value), "{name}");
    }
    assert_eq!(raw(found, &bytes, "N"), Value::Array(vec![7.into(), 8.into(), 9.into()]));
    assert_eq!(item(found, "S.A").description.as_deref(), Some("first"));
}

#[test]
fn members_and_elements_in_references() {
    let types = r#"<AggregateParameterType name="Pair"><MemberList><Member name="id" typeRef="U8"/>
        <Member name="len" typeRef="U8"/></MemberList></AggregateParameterType>
        <BinaryParameterType name="D"><BinaryDataEncoding><SizeInBits><DynamicValue>
        <ParameterInstanceRef parameterRef="S.len"/><LinearAdjustment slope="8"/></DynamicValue>
        </SizeInBits></BinaryDataEncoding></BinaryParameterType>"#;
    let containers = container("H", &["S"]) + &extending("P", "H", &equal("S.id", "4"), &["DATA"]);
    let definitions = read(&telemetry(types, &["S:Pair", "DATA:D"], &containers));
    assert_eq!(identified(&definitions, &[4, 1, 9]).as_deref(), Some("P"));
    let found = packet(&definitions, "P");
    assert_eq!(raw(found, &[4, 1, 9, 9], "DATA"), Value::Bytes(vec![9]));
}

#[test]
fn times_that_count_from_other_times() {
    let types = r#"<AbsoluteTimeParameterType name="Coarse"><Encoding><IntegerDataEncoding
        sizeInBits="32"/></Encoding><ReferenceTime><Epoch>UNIX</Epoch></ReferenceTime>
        </AbsoluteTimeParameterType>
        <AbsoluteTimeParameterType name="Fine"><Encoding scale="0.25"><IntegerDataEncoding/></Encoding>
        <ReferenceTime><OffsetFrom parameterRef="SECONDS"/></ReferenceTime>
        </AbsoluteTimeParameterType>"#;
    let parameters = ["SECONDS:Coarse", "TIME:Fine"];
    let definitions = read(&telemetry(types, &parameters, &container("P", &["SECONDS", "TIME"])));
    let found = packet(&definitions, "P");
    let bytes = [0, 0, 0, 10, 3];
    assert_eq!(converted(found, &bytes, "TIME"), Value::Time(10_750_000_000));
    assert_eq!(raw(found, &bytes, "TIME"), Value::Int(3));
}

#[test]
fn names_are_qualified_where_they_clash() {
    let inner = |name: &str| {
        format!(
            "<SpaceSystem name=\"{name}\"><TelemetryMetaData><ParameterSet>\
             <Parameter name=\"TEMP\" parameterTypeRef=\"U8\"/><Parameter name=\"{name}_ON\" \
             parameterTypeRef=\"U8\"/></ParameterSet><ContainerSet>{}</ContainerSet>\
             </TelemetryMetaData></SpaceSystem>",
            container("HK", &["TEMP", &format!("{name}_ON")])
        )
    };
    let document = telemetry(
        "",
        &["TEMP:U8", "ID:U8"],
        &container("ALL", &["ID", "TEMP", "Bus/TEMP", "/Sat/Load/TEMP", "Bus/Bus_ON", "TEMP"]),
    )
    .replace("</SpaceSystem>", &format!("{}{}</SpaceSystem>", inner("Bus"), inner("Load")));
    let definitions = read(&document);
    let names: Vec<_> = definitions.packets()[2..].iter().map(|p| p.packet_name.clone()).collect();
    assert_eq!(names, ["ALL", "BUS/HK", "LOAD/HK"]);
    let all = packet(&definitions, "ALL");
    let mut items: Vec<_> = all.items.iter().filter(|item| !item.is_derived()).collect();
    items.sort_by_key(|item| item.create_index);
    let names: Vec<_> = items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["ID", "TEMP", "BUS/TEMP", "LOAD/TEMP", "BUS_ON", "TEMP_2"]);
    let names: Vec<_> =
        packet(&definitions, "BUS/HK").items[5..].iter().map(|item| item.name.clone()).collect();
    assert_eq!(names, ["TEMP", "BUS_ON"]);
}

#[test]
fn names_that_the_model_does_not_allow() {
    let parameters = ["a__b_:U8", "PACKET_TIMESECONDS:U8", "it's:U8"];
    let names = ["a__b_", "PACKET_TIMESECONDS", "it's"];
    let definitions = read(&telemetry("", &parameters, &container("P", &names)));
    let found = packet(&definitions, "P");
    for (name, value) in [("A_B", 1), ("PACKET_TIMESECONDS_ITEM", 2), ("IT_S", 3)] {
        assert_eq!(raw(found, &[1, 2, 3], name), Value::Int(value));
    }
    assert_eq!(definitions.warnings().len(), 3, "{:?}", definitions.warnings());
}

#[test]
fn parameters_of_other_systems() {
    let document = telemetry("", &["X:U8"], "").replace(
        "</SpaceSystem>",
        &format!(
            "<SpaceSystem name=\"Bus\"><TelemetryMetaData><ParameterSet><ParameterRef \
             parameterRef=\"/Sat/X\"/></ParameterSet><ContainerSet>{}</ContainerSet>\
             </TelemetryMetaData></SpaceSystem></SpaceSystem>",
            container("P", &["X"])
        ),
    );
    assert_eq!(raw(packet(&read(&document), "P"), &[7], "X"), Value::Int(7));
}

#[test]
fn other_versions_and_prefixes() {
    let document = telemetry("", &["X:U8"], &container("P", &["X"]));
    for namespace in ["http://www.omg.org/space/xtce", "http://www.omg.org/spec/XTCE/20061101"] {
        let other = document.replace(XMLNS, namespace);
        assert_eq!(raw(packet(&read(&other), "P"), &[7], "X"), Value::Int(7), "{namespace}");
    }
    let without = document.replace(&format!(" xmlns=\"{XMLNS}\""), "");
    assert_eq!(raw(packet(&read(&without), "P"), &[7], "X"), Value::Int(7));
}

#[test]
fn containers_without_the_primary_header() {
    let document = telemetry("", &["X:U8", "Y:U8"], &container("P", &["X", "Y"]));
    let options = Options { header_bytes: 6, target: Some("mine".into()) };
    let definitions = read_with(&document, options);
    let found = definitions.packet(PacketKind::Telemetry, "MINE", "P").unwrap();
    assert_eq!(raw(found, &[0, 0, 0, 0, 0, 0, 1, 2], "Y"), Value::Int(2));
    assert_eq!(found.defined_length(), 8);
    assert!(definitions.sources().is_empty());
}

#[test]
fn what_was_read_reads_the_same_from_its_sources() {
    let document = telemetry("", &["X:U8"], &container("P", &["X"]));
    let definitions = read(&document);
    let builder = groundlog_packet::Definitions::builder();
    let again = builder.add_target(definitions.sources()[0].clone()).build().unwrap();
    let bytes = [7];
    assert_eq!(
        crate::documents::value(packet(&again, "P"), &bytes, "X", ValueType::Raw),
        Value::Int(7)
    );
}

#[test]
fn descriptions_aliases_and_other_data() {
    let document = system(&format!(
        r#"<LongDescription>all of it</LongDescription>
        <Header validationStatus="Draft" version="1"><AuthorSet><Author>A</Author></AuthorSet></Header>
        <TelemetryMetaData><ParameterTypeSet>{}</ParameterTypeSet><ParameterSet>
        <Parameter name="X" parameterTypeRef="U8" shortDescription="short"><LongDescription>long
        </LongDescription><AliasSet><Alias nameSpace="ops" alias="X-1"/></AliasSet>
        <AncillaryDataSet><AncillaryData name="owner">me</AncillaryData></AncillaryDataSet>
        <ParameterProperties dataSource="telemetered"/></Parameter></ParameterSet>
        <ContainerSet><SequenceContainer name="P" shortDescription="a packet"><EntryList>
        <ParameterRefEntry parameterRef="X"/></EntryList></SequenceContainer></ContainerSet>
        </TelemetryMetaData>"#,
        crate::documents::UNSIGNED
    ));
    let definitions = read(&document);
    let found = packet(&definitions, "P");
    assert_eq!(found.description.as_deref(), Some("a packet"));
    let x = item(found, "X");
    assert_eq!(x.description.as_deref(), Some("short"));
    let meta = |key: &str| x.meta.get(key).map(|values| values.join(","));
    assert_eq!(meta("LONG_DESCRIPTION").as_deref(), Some("long"));
    assert_eq!(meta("ALIAS OPS").as_deref(), Some("X-1"));
    assert_eq!(meta("OWNER").as_deref(), Some("me"));
}
