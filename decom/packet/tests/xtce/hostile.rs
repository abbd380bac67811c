//! Documents that mean harm: bounded time and memory, an error with a place, no panic.

use std::time::{Duration, Instant};

use groundlog_packet::Definitions;
use groundlog_packet::xtce::Options;
use proptest::prelude::*;

use crate::documents::{XMLNS, container, errors, system, telemetry};

/// Far beyond what a bounded reader needs, in debug builds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn refused_in_time(document: impl AsRef<[u8]>, expected: &str) {
    let start = Instant::now();
    let found = errors(document);
    assert!(found.iter().any(|error| error.contains(expected)), "{expected}: {found:#?}");
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn entities_are_not_expanded() {
    let mut entities = String::from("<!ENTITY a0 \"ha\">");
    for level in 1..40 {
        let inner = format!("&a{};", level - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY a{level} \"{inner}\">"));
    }
    let bomb = format!("<!DOCTYPE x [{entities}]><SpaceSystem xmlns=\"{XMLNS}\" name=\"&a39;\"/>");
    refused_in_time(&bomb, "document type declarations");
    let external = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><SpaceSystem name=\"S\"/>";
    refused_in_time(external, "document type declarations");
    refused_in_time(system("<LongDescription>&a39;</LongDescription>"), "there is no entity &a39;");
}

#[test]
fn deep_and_wide_documents() {
    refused_in_time("<SpaceSystem name=\"S\">".repeat(200_000), "nested more than");
    let systems = (0..70).map(|n| format!("<SpaceSystem name=\"S{n}\">")).collect::<String>()
        + &"</SpaceSystem>".repeat(70);
    refused_in_time(systems, "nested more than");
    let wide: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
    refused_in_time(format!("<SpaceSystem name=\"S\"{wide}/>"), "attributes");
    refused_in_time(vec![b' '; (64 << 20) + 1], "larger than");
}

#[test]
fn texts_that_are_not_utf8() {
    let mut document = system("<!-- \u{1} -->").into_bytes();
    refused_in_time(&document, "U+0001");
    let at = document.iter().position(|byte| *byte == 1).unwrap();
    document[at] = 0xff;
    let found = errors(&document);
    assert_eq!(found, ["2: column 6: the text is not UTF-8 here"]);
}

#[test]
fn containers_in_circles() {
    let extends = |name: &str, base: &str| {
        container(name, &[]).replace(
            "</EntryList>",
            &format!("</EntryList><BaseContainer containerRef=\"{base}\"/>"),
        )
    };
    let circle = extends("A", "B") + &extends("B", "C") + &extends("C", "A");
    refused_in_time(telemetry("", &["X:U8"], &circle), "extends itself");
    let includes = |name: &str, inner: &str| {
        container(name, &[]).replace(
            "<EntryList>",
            &format!("<EntryList><ContainerRefEntry containerRef=\"{inner}\"/>"),
        )
    };
    let circle = includes("A", "B") + &includes("B", "A");
    refused_in_time(telemetry("", &["X:U8"], &circle), "contains itself");
    refused_in_time(telemetry("", &["X:U8"], &includes("A", "A")), "contains itself");
}

#[test]
fn types_and_parameters_in_circles() {
    let derived = "<IntegerParameterType name=\"A\" baseType=\"B\"/>\
                   <IntegerParameterType name=\"B\" baseType=\"A\"/>";
    refused_in_time(telemetry(derived, &["X:A"], ""), "derived from itself");
    let array =
        "<ArrayParameterType name=\"A\" arrayTypeRef=\"A\"><DimensionList/></ArrayParameterType>";
    refused_in_time(telemetry(array, &["X:A"], ""), "made of itself");
    let aggregate = "<AggregateParameterType name=\"A\"><MemberList><Member name=\"m\" typeRef=\"B\"/>\
        </MemberList></AggregateParameterType><AggregateParameterType name=\"B\"><MemberList>\
        <Member name=\"m\" typeRef=\"A\"/></MemberList></AggregateParameterType>";
    refused_in_time(telemetry(aggregate, &["X:A"], ""), "made of itself");
    let forwards = telemetry("", &[], &container("P", &["X"]))
        .replace("<ParameterSet>", "<ParameterSet><ParameterRef parameterRef=\"/Sat/X\"/>");
    refused_in_time(forwards, "there is no parameter X");
    let commands = "<CommandMetaData><MetaCommandSet><MetaCommand name=\"A\"><BaseMetaCommand \
        metaCommandRef=\"B\"/></MetaCommand><MetaCommand name=\"B\"><BaseMetaCommand \
        metaCommandRef=\"A\"/></MetaCommand></MetaCommandSet></CommandMetaData>";
    refused_in_time(system(commands), "extends itself");
}

#[test]
fn parts_that_multiply() {
    // Each container includes the one before ten times; the first has no entry at all.
    let mut containers = container("C0", &[]);
    for level in 1..30 {
        let inner = format!("<ContainerRefEntry containerRef=\"C{}\"/>", level - 1).repeat(10);
        containers.push_str(
            &container(&format!("C{level}"), &[])
                .replace("<EntryList>", &format!("<EntryList>{inner}")),
        );
    }
    refused_in_time(telemetry("", &["X:U8"], &containers), "entries");
    let filled =
        containers.replacen("<EntryList>", "<EntryList><ParameterRefEntry parameterRef=\"X\"/>", 1);
    refused_in_time(telemetry("", &["X:U8"], &filled), "items");
    // The same with members of aggregates.
    let mut types =
        String::from("<AggregateParameterType name=\"A0\"><MemberList/></AggregateParameterType>");
    for level in 1..14 {
        let members: String = (0..10)
            .map(|member| format!("<Member name=\"m{member}\" typeRef=\"A{}\"/>", level - 1))
            .collect();
        types.push_str(&format!(
            "<AggregateParameterType name=\"A{level}\"><MemberList>{members}</MemberList>\
             </AggregateParameterType>"
        ));
    }
    refused_in_time(telemetry(&types, &["X:A13"], &container("P", &["X"])), "too many parts");
}

#[test]
fn sizes_beyond_all_measure() {
    let binary = |bits: &str| {
        let kind = format!(
            "<BinaryParameterType name=\"T\"><BinaryDataEncoding><SizeInBits><FixedValue>{bits}\
             </FixedValue></SizeInBits></BinaryDataEncoding></BinaryParameterType>"
        );
        telemetry(&kind, &["X:T"], &container("P", &["X"]))
    };
    for bits in ["99999999999999999999999999999999999999999999", "4294967296", "-8", "0"] {
        refused_in_time(binary(bits), "column");
    }
    let repeated = container("P", &["X"]).replace(
        "\"X\"/>",
        "\"X\"><RepeatEntry><Count><FixedValue>2000000000</FixedValue></Count></RepeatEntry>\
         </ParameterRefEntry>",
    );
    refused_in_time(telemetry("", &["X:U16"], &repeated), "column");
    let exponent = "<FloatParameterType name=\"T\"><IntegerDataEncoding><DefaultCalibrator>\
        <PolynomialCalibrator><Term coefficient=\"1\" exponent=\"4000000000\"/></PolynomialCalibrator>\
        </DefaultCalibrator></IntegerDataEncoding></FloatParameterType>";
    refused_in_time(telemetry(exponent, &["X:T"], ""), "exponent");
    let many: String = (0..70_000).map(|_| "<ParameterRefEntry parameterRef=\"X\"/>").collect();
    let list = container("P", &[]).replace("<EntryList>", &format!("<EntryList>{many}"));
    refused_in_time(telemetry("", &["X:U8"], &list), "at most 65535 items");
}

/// A document with something of everything, small enough to be changed anywhere.
fn specimen() -> String {
    telemetry(
        r#"<EnumeratedParameterType name="E"><IntegerDataEncoding/><EnumerationList>
        <Enumeration value="0" label="A"/><Enumeration value="1" maxValue="3" label="B"/>
        </EnumerationList><DefaultAlarm><EnumerationAlarmList><EnumerationAlarm alarmLevel="watch"
        enumerationLabel="A"/></EnumerationAlarmList></DefaultAlarm></EnumeratedParameterType>
        <FloatParameterType name="F" baseType="G"><ToString><NumberFormat maximumFractionDigits="2"/>
        </ToString></FloatParameterType><FloatParameterType name="G"><IntegerDataEncoding
        sizeInBits="16" byteOrder="leastSignificantByteFirst"><DefaultCalibrator><SplineCalibrator>
        <SplinePoint raw="0" calibrated="1"/><SplinePoint raw="9" calibrated="5"/></SplineCalibrator>
        </DefaultCalibrator></IntegerDataEncoding></FloatParameterType>
        <StringParameterType name="S"><StringDataEncoding><SizeInBits><LeadingSize
        sizeInBitsOfSizeTag="8"/></SizeInBits></StringDataEncoding></StringParameterType>
        <AggregateParameterType name="P2"><MemberList><Member name="a" typeRef="U8"/><Member name="b"
        typeRef="E"/></MemberList></AggregateParameterType>
        <AbsoluteTimeParameterType name="T"><Encoding scale="0.5"><IntegerDataEncoding/></Encoding>
        <ReferenceTime><Epoch>GPS</Epoch></ReferenceTime></AbsoluteTimeParameterType>"#,
        &["ID:U8", "E1:E", "F1:F", "S1:S", "PAIR:P2", "T1:T"],
        &(container("H", &["ID"])
            + &container("P", &["E1", "F1", "PAIR", "T1", "S1"]).replace(
                "</EntryList>",
                "</EntryList><BaseContainer containerRef=\"H\"><RestrictionCriteria><Comparison \
                 parameterRef=\"ID\" value=\"1\"/></RestrictionCriteria></BaseContainer>",
            )),
    )
}

#[test]
fn the_specimen_is_good() {
    assert_eq!(errors(specimen()), Vec::<String>::new());
}

/// One change of a document.
#[derive(Debug, Clone)]
enum Change {
    /// Another byte at a place.
    Byte(prop::sample::Index, u8),
    /// Bytes between two places left out.
    Cut(prop::sample::Index, prop::sample::Index),
    /// Bytes between two places put at a third.
    Copy(prop::sample::Index, prop::sample::Index, prop::sample::Index),
    /// A word of the format put in the place of a word.
    Word(prop::sample::Index, &'static str),
}

const WORDS: [&str; 24] = [
    "-1",
    "0",
    "99999999999",
    "1e400",
    "NaN",
    "\"\"",
    "/",
    "..",
    "E",
    "P",
    "T",
    "U8",
    "PAIR.a",
    "PAIR[0]",
    "FixedValue",
    "DynamicValue",
    "ParameterRefEntry",
    "ContainerRefEntry",
    "SequenceContainer",
    "SpaceSystem",
    "AggregateParameterType",
    "IntegerDataEncoding",
    "baseType",
    "true",
];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        (at(), at()).prop_map(|(from, to)| Change::Cut(from, to)),
        (at(), at(), at()).prop_map(|(from, to, at)| Change::Copy(from, to, at)),
        (at(), prop::sample::select(&WORDS[..])).prop_map(|(at, word)| Change::Word(at, word)),
    ]
}

fn apply(document: &mut Vec<u8>, change: &Change) {
    if document.is_empty() {
        return;
    }
    let ordered = |a: usize, b: usize| (a.min(b), a.max(b).min(a.min(b) + 400));
    let length = document.len();
    match change {
        Change::Byte(at, byte) => document[at.index(length)] = *byte,
        Change::Cut(from, to) => {
            let (from, to) = ordered(from.index(length), to.index(length));
            document.drain(from..to);
        }
        Change::Copy(from, to, at) => {
            let (from, to) = ordered(from.index(length), to.index(length));
            let copy = document[from..to].to_vec();
            let at = at.index(length);
            document.splice(at..at, copy);
        }
        Change::Word(at, word) => {
            let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
            let at = at.index(length);
            let start =
                document[..at].iter().rposition(|byte| !is_word(byte)).map_or(0, |at| at + 1);
            let end =
                document[at..].iter().position(|byte| !is_word(byte)).map_or(length, |n| at + n);
            if start < end {
                document.splice(start..end, word.bytes());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn changed_documents_never_panic(
        changes in prop::collection::vec(change(), 1..6),
        packet in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut document = specimen().into_bytes();
        changes.iter().for_each(|change| apply(&mut document, change));
        let built = Definitions::builder().add_xtce("t.xml", document, Options::default()).build();
        match built {
            Err(errors) => {
                prop_assert!(!errors.errors.is_empty());
                prop_assert!(errors.errors.iter().all(|error| error.line > 0), "{errors}");
            }
            Ok(definitions) => {
                let found = crate::documents::identified(&definitions, &packet);
                let packets = &definitions.packets()[2..];
                prop_assert!(found.is_none_or(|name| packets.iter().any(|it| it.packet_name == name)));
                for definition in packets {
                    let plan = groundlog_packet::plan::DecodePlan::compile(definition);
                    let meta = groundlog_packet::record::PacketMeta::default();
                    plan.decode_into(&packet, meta, None, &mut Vec::new(), &mut Vec::new());
                }
            }
        }
    }
}
