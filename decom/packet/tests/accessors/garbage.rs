//! Whatever the bytes are, reading and writing end, and say the same in records.

use groundlog_packet::access::PacketBuffer;
use groundlog_packet::definition::ValueType;
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::{PacketMeta, RecordView};
use groundlog_packet::{PacketKind, Value};
use proptest::prelude::*;

use crate::support;

const JSON: &str = r#"{"a": {"b": [1, -2.5e3, "text\u00e9", null]}, "c": "7", "d": true}"#;
const XML: &str =
    r#"<?xml version="1.0"?><r><a b="1">x&amp;<![CDATA[y]]></a><!-- n --><c>7</c></r>"#;
const HTML: &str =
    "<!DOCTYPE html><title>t</title><p a=1>x<p>y<table><tr><td>7<br></table>&eacute;";
const CBOR: &[u8] =
    b"\xa3aa\xa1ab\x84\x01\xfb\xc0\xa3\x88\0\0\0\0\0dtext\xf6ac\x617ad\xc1\x1a\x4b\xc1\x90\x00";

/// Accessor, a document that is as it should be, and keys.
const KINDS: [(&str, &[u8], [&str; 3]); 6] = [
    ("JsonAccessor", JSON.as_bytes(), ["$.a.b", "$.c", "$.a.b[1]"]),
    ("CborAccessor", CBOR, ["$.a.b", "$.c", "$.a.b[1]"]),
    ("XmlAccessor", XML.as_bytes(), ["/r/a/@b", "//c[.='7']/text()", "normalize-space(//a)"]),
    ("HtmlAccessor", HTML.as_bytes(), ["//p[2]/text()", "//td", "/html/body/p/@a"]),
    ("FormAccessor", b"a=1&b=x+y&b=%21", ["a", "b", "c"]),
    ("TemplateAccessor", b"v 1, 2 <C>", ["A", "B", "C"]),
];

fn packet(kind: usize) -> PacketBuffer {
    let (accessor, _, [a, b, c]) = KINDS[kind];
    let config = format!(
        "TELEMETRY TGT P BIG_ENDIAN\nACCESSOR {accessor}\nTEMPLATE \"v <A>, <B> <C>\"\n\
         APPEND_ITEM A 8 ANY\nKEY \"{a}\"\nAPPEND_ITEM B 16 UINT\nKEY \"{b}\"\n\
         POLY_READ_CONVERSION 1 2\nAPPEND_ARRAY_ITEM C 8 STRING 0\nKEY \"{c}\"\n"
    );
    PacketBuffer::new(support::packet(&support::definitions(&config), PacketKind::Telemetry, "P"))
}

/// Reads everything, in both ways, and writes everything.
fn exercise(kind: usize, bytes: &[u8], value: &Value) {
    let mut buffer = packet(kind);
    buffer.set_buffer(bytes.to_vec()).unwrap();
    let definition = buffer.packet().clone();
    let plan = DecodePlan::compile(&definition);
    let mut record = Vec::new();
    plan.decode_into(bytes, PacketMeta::default(), None, &mut record, &mut Vec::new());
    let record = RecordView::new(&plan, PacketMeta::default(), &record).unwrap();
    for (place, item) in definition.items.iter().enumerate() {
        let read = |form| buffer.view().read_item(place, form).unwrap_or(Value::Null);
        assert_eq!(record.raw(place), read(ValueType::Raw), "{}", item.name);
        assert_eq!(record.converted(place), read(ValueType::Converted), "{}", item.name);
    }
    for name in ["A", "B", "C"] {
        let before = buffer.buffer().to_vec();
        match buffer.write(name, value, ValueType::Raw) {
            // What was written is a document again, if not one that has the item's type there.
            Ok(()) => {
                if let (true, Err(error)) = (kind != 5, buffer.read(name, ValueType::Raw)) {
                    assert!(!error.to_string().contains("the buffer is no"), "{error}");
                }
            }
            Err(_) => assert_eq!(buffer.buffer(), before),
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~é<&>\"']{0,8}".prop_map(Value::from),
        Just(Value::Array(vec![Value::Int(1), Value::from("a")])),
        Just(Value::Null),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_read_as_something(
        kind in 0..KINDS.len(),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        value in value(),
    ) {
        exercise(kind, &bytes, &value);
    }

    #[test]
    fn damaged_documents_are_read_as_something(
        kind in 0..KINDS.len(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..4_u8), 0..6),
        value in value(),
    ) {
        let mut bytes = KINDS[kind].1.to_vec();
        for (place, byte, what) in damage {
            let at = place.index(bytes.len().max(1)).min(bytes.len());
            match what {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at),
                // A piece that is there twice.
                _ => {
                    let piece = bytes[at..].to_vec();
                    bytes.splice(at..at, piece.into_iter().take(usize::from(byte)));
                }
            }
        }
        exercise(kind, &bytes, &value);
    }

    #[test]
    fn texts_of_the_language_are_read_as_something(
        kind in 0..4_usize,
        json in r#"[\[\]{}:,"0-9ae\\ .-]{0,60}"#,
        markup in r#"(<[/!?]?[abr]?( [ab]="?[0-9]"?)?/?>|&[a-z#0-9]{0,4};?|[ a-z<>\]-]){0,30}"#,
        value in value(),
    ) {
        let text = if kind < 2 { json } else { markup };
        exercise(kind, text.as_bytes(), &value);
    }
}

/// Doubling the document must not do worse than doubling the work by much; a bomb would.
#[test]
fn large_documents_take_a_bounded_time() {
    let big = [
        (0, format!(r#"{{"c":[{}1]}}"#, "1,".repeat(300_000))),
        (0, format!(r#"{{"c":"{}"}}"#, "\\u0000".repeat(100_000))),
        (2, format!("<r>{}</r>", "<c>7</c>".repeat(100_000))),
        (2, format!("<r>{}{}</r>", "<c>".repeat(120), "</c>".repeat(120))),
        (3, "<p><table><tr><td>".repeat(20_000)),
        (4, "a=1&".repeat(100_000)),
        (5, "v 1, 2 <".repeat(50_000)),
    ];
    let start = std::time::Instant::now();
    for (kind, text) in &big {
        exercise(*kind, text.as_bytes(), &Value::Int(1));
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
}
