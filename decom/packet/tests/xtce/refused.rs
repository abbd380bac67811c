//! What is not supported is an error that names the element and its place.

use crate::documents::{container, errors, one, system, telemetry};

/// Reads a document with types, a parameter V of type T and a packet of it.
fn type_errors(kind: &str) -> Vec<String> {
    errors(telemetry(kind, &["V:T"], &container("P", &["V"])))
}

fn assert_refused(found: &[String], expected: &str) {
    assert!(found.iter().any(|error| error.contains(expected)), "{expected}: {found:#?}");
}

#[test]
fn an_error_names_line_column_and_element() {
    let document = system(
        "  <TelemetryMetaData>\n    <ParameterTypeSet/>\n      <AlgorithmSet>\n</AlgorithmSet>\n  </TelemetryMetaData>",
    );
    let found = errors(document);
    assert_eq!(found, ["4: column 7: <AlgorithmSet>: is not supported in <TelemetryMetaData>"]);
}

#[test]
fn all_errors_come_at_once() {
    let found = errors(telemetry(
        r#"<IntegerParameterType name="A"><IntegerDataEncoding encoding="BCD"/></IntegerParameterType>
        <FloatParameterType name="B"><FloatDataEncoding sizeInBits="16"/></FloatParameterType>
        <StringParameterType name="C"><StringDataEncoding encoding="UTF-16"><SizeInBits>
        <TerminationChar/></SizeInBits></StringDataEncoding></StringParameterType>"#,
        &["X:NONE", "Y:U8"],
        &(container("P", &["Y", "Z"]) + "<SequenceContainer name=\"Q\"/>"),
    ));
    for expected in ["BCD", "16", "UTF-16", "NONE", "no parameter Z", "has no EntryList"] {
        assert_refused(&found, expected);
    }
    assert_eq!(found.len(), 6, "{found:#?}");
}

#[test]
fn elements_that_change_bits_or_values() {
    let integer = |inner: &str, after: &str| {
        type_errors(&format!(
            "<IntegerParameterType name=\"T\"><IntegerDataEncoding>{inner}</IntegerDataEncoding>\
             {after}</IntegerParameterType>"
        ))
    };
    assert_refused(
        &integer("<ContextCalibratorList/>", ""),
        "<ContextCalibratorList>: is not supported",
    );
    assert_refused(&integer("<ErrorDetectCorrect/>", ""), "<ErrorDetectCorrect>");
    assert_refused(
        &integer("<DefaultCalibrator><MathOperationCalibrator/></DefaultCalibrator>", ""),
        "<MathOperationCalibrator>: is not supported in <DefaultCalibrator>",
    );
    assert_refused(
        &integer("", "<DefaultAlarm><ChangeAlarmRanges/></DefaultAlarm>"),
        "<ChangeAlarmRanges>",
    );
    assert_refused(&integer("", "<ContextAlarmList/>"), "<ContextAlarmList>");
    let entry = |inner: &str| {
        let plain = container("P", &["V"]);
        let changed = plain.replace("\"V\"/>", &format!("\"V\">{inner}</ParameterRefEntry>"));
        errors(telemetry("", &["V:U8"], &changed))
    };
    assert_refused(
        &entry("<IncludeCondition/>"),
        "<IncludeCondition>: is not supported in <ParameterRefEntry>",
    );
    assert_refused(&entry("<TimeAssociation/>"), "<TimeAssociation>");
    let located = "<LocationInContainerInBits referenceLocation=\"nextEntry\"><FixedValue>0</FixedValue>\
                   </LocationInContainerInBits>";
    assert_refused(&entry(located), "nextEntry");
    let found = errors(telemetry(
        "",
        &["V:U8"],
        "<SequenceContainer name=\"P\"><BinaryEncoding/><EntryList><StreamSegmentEntry streamRef=\"S\"/>\
         </EntryList></SequenceContainer>",
    ));
    assert_refused(&found, "<BinaryEncoding>");
    assert_refused(&found, "<StreamSegmentEntry>");
    let found = errors(system(
        "<CommandMetaData><MetaCommandSet><BlockMetaCommand name=\"B\"/><MetaCommand name=\"C\">\
         <CommandContainer name=\"CC\"><EntryList/></CommandContainer><VerifierSet/><Interlock/>\
         </MetaCommand></MetaCommandSet></CommandMetaData><ServiceSet/>",
    ));
    for expected in
        ["<BlockMetaCommand name=\"B\">", "<VerifierSet>", "<Interlock>", "<ServiceSet>"]
    {
        assert_refused(&found, expected);
    }
}

#[test]
fn attributes_and_words_that_are_not_known() {
    let integer = |attributes: &str| {
        type_errors(&format!(
            "<IntegerParameterType name=\"T\"><IntegerDataEncoding {attributes}/></IntegerParameterType>"
        ))
    };
    assert_refused(&integer("colour=\"red\""), "the attribute colour is not supported");
    assert_refused(&integer("sizeInBits=\"many\""), "sizeInBits=\"many\" must be an integer");
    assert_refused(&integer("sizeInBits=\"0\""), "must be 1 to");
    assert_refused(&integer("sizeInBits=\"1000\""), "must be 1 to");
    assert_refused(&integer("byteOrder=\"1,0,2\" sizeInBits=\"24\""), "byteOrder");
    assert_refused(&integer("bitOrder=\"sideways\""), "bitOrder");
    let found = type_errors("<StringParameterType name=\"T\" restrictionPattern=\"a*\"/>");
    assert_refused(&found, "restrictionPattern");
    assert_refused(&found, "has no data encoding");
    let found = errors(
        telemetry("", &[], "").replace("<ContainerSet>", "<x:Y xmlns:x=\"u\"/><ContainerSet>"),
    );
    assert_refused(&found, "another namespace");
}

#[test]
fn places_that_make_no_sense() {
    let float = "<FloatParameterType name=\"F\"><FloatDataEncoding/></FloatParameterType>";
    let found = errors(telemetry(float, &["B:U1", "V:F"], &container("P", &["B", "V"])));
    assert_refused(&found, "must be byte aligned");
    let found = errors(telemetry(
        "<IntegerParameterType name=\"L\"><IntegerDataEncoding sizeInBits=\"16\" \
         byteOrder=\"leastSignificantByteFirst\"/></IntegerParameterType>",
        &["B:U1", "V:L"],
        &container("P", &["B", "V"]),
    ));
    assert_refused(&found, "whole bytes");
    let dynamic = "<BinaryParameterType name=\"D\"><BinaryDataEncoding><SizeInBits><DynamicValue>\
                   <ParameterInstanceRef parameterRef=\"LEN\"/></DynamicValue></SizeInBits>\
                   </BinaryDataEncoding></BinaryParameterType>";
    let found = errors(telemetry(dynamic, &["LEN:U8", "V:D"], &container("P", &["V", "LEN"])));
    assert_refused(&found, "LEN lies nowhere before");
    let start = "<ParameterRefEntry parameterRef=\"X\"><LocationInContainerInBits \
                 referenceLocation=\"containerStart\"><FixedValue>80</FixedValue>\
                 </LocationInContainerInBits></ParameterRefEntry></EntryList>";
    let moved = container("P", &["LEN", "V"]).replace("</EntryList>", start);
    let found = errors(telemetry(dynamic, &["LEN:U8", "V:D", "X:U8"], &moved));
    assert_refused(&found, "behind an item of variable size");
}

#[test]
fn names_that_mean_nothing_or_two_things() {
    let found = errors(telemetry("", &["A:U8", "A:U16"], ""));
    assert_refused(&found, "there is a parameter of this name already");
    let found = errors(telemetry(
        "",
        &["A:U8"],
        &container("P", &["A"])
            .replace("</EntryList>", "</EntryList><BaseContainer containerRef=\"Nowhere\"/>"),
    ));
    assert_refused(&found, "there is no container Nowhere");
    let contradictory = "</EntryList><BaseContainer containerRef=\"H\"><RestrictionCriteria>\
        <ComparisonList><Comparison parameterRef=\"A\" value=\"1\"/><Comparison parameterRef=\"A\" \
        value=\"2\"/></ComparisonList></RestrictionCriteria></BaseContainer>";
    let containers =
        container("H", &["A"]) + &container("P", &[]).replace("</EntryList>", contradictory);
    assert_refused(&errors(telemetry("", &["A:U8"], &containers)), "at once");
    let elsewhere = containers.replace("value=\"1\"", "value=\"x\"");
    assert_refused(&errors(telemetry("", &["A:U8"], &elsewhere)), "\"x\" is no value of A");
}

#[test]
fn what_is_not_xtce() {
    assert_refused(&errors("<html/>"), "no XTCE document");
    assert_refused(&errors("{}"), "1: column 1");
    assert_refused(&errors(""), "there is no element");
}

#[test]
fn integers_that_a_calibrator_makes_fractions_of_are_warned_of() {
    let definitions =
        one("<IntegerParameterType name=\"T\"><IntegerDataEncoding><DefaultCalibrator>\
         <PolynomialCalibrator><Term coefficient=\"0.5\" exponent=\"1\"/></PolynomialCalibrator>\
         </DefaultCalibrator></IntegerDataEncoding></IntegerParameterType>");
    assert!(definitions.warnings()[0].contains("not rounded"), "{:?}", definitions.warnings());
}
