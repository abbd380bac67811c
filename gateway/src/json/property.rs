//! What is written is read back, and no text makes the reader fall over.

use groundlog_packet::Value;
use indexmap::IndexMap;
use proptest::prelude::*;

use super::{parse, to_vec};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i128>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        ".{0,12}".prop_map(Value::String),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::vec((".{0,6}", inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Returns what a client gets: harmless bytes are text, special floats compare by their bits.
fn seen(value: &Value) -> Value {
    match value {
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if text.chars().all(|it| !it.is_control() && it <= '\u{FF}') => {
                Value::from(text)
            }
            _ => value.clone(),
        },
        Value::Float(float) if float.is_nan() => Value::from("NaN"),
        Value::Array(values) => Value::Array(values.iter().map(seen).collect()),
        Value::Object(map) => Value::Object(
            map.iter().map(|(key, value)| (key.clone(), seen(value))).collect::<IndexMap<_, _>>(),
        ),
        other => other.clone(),
    }
}

/// Text that bytes with tabs and line ends become is also text; compare by content.
fn same(read: &Value, written: &Value) -> bool {
    match (seen(read), seen(written)) {
        (Value::String(text), Value::Bytes(bytes)) => text.as_bytes() == bytes,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(&b).all(|((k, a), (l, b))| k == l && same(a, b))
        }
        (a, b) => a == b,
    }
}

proptest! {
    #[test]
    fn written_values_are_read_back(value in value()) {
        let text = to_vec(&value);
        let read = parse(&text).unwrap();
        prop_assert!(same(&read, &value), "{value:?} {} {read:?}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn what_is_written_is_plain_json_too(value in value()) {
        // Integers beyond 64 bits are legal, but not every reader of plain JSON takes them.
        let text = String::from_utf8(to_vec(&value)).unwrap();
        let read: Result<serde_json::Value, _> = serde_json::from_str(&text);
        prop_assert!(read.is_ok(), "{text}");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn no_text_of_json_characters_makes_it_panic(text in r#"[\[\]{}:,"\\0-9a-fuNInity.eE+ -]{0,60}"#) {
        let _ = parse(text.as_bytes());
    }
}

#[test]
fn the_forms_of_the_specification() {
    let cases: [(&str, &str); 14] = [
        ("NaN", r#"{"json_class":"Float","raw":"NaN"}"#),
        ("Infinity", r#"{"json_class":"Float","raw":"Infinity"}"#),
        ("-Infinity", r#"{"json_class":"Float","raw":"-Infinity"}"#),
        (r#"{"json_class":"Float","raw":"NaN"}"#, r#"{"json_class":"Float","raw":"NaN"}"#),
        (
            r#"{"json_class":"String","raw":[222,173]}"#,
            r#"{"json_class":"String","raw":[222,173]}"#,
        ),
        (r#"{"json_class":"String","raw":[65,66]}"#, r#""AB""#),
        (r#"{"json_class":"Other","raw":[1]}"#, r#"{"json_class":"Other","raw":[1]}"#),
        ("18446744073709551616", "18446744073709551616"),
        ("5.0", "5.0"),
        ("5", "5"),
        ("1e3", "1000.0"),
        ("1e300", "1.0e+300"),
        (r#""\u00e9\ud83d\ude00\ud800""#, "\"é😀\u{FFFD}\""),
        (" [ 1 , {} , [] ] ", "[1,{},[]]"),
    ];
    for (input, output) in cases {
        let written = to_vec(&parse(input.as_bytes()).unwrap());
        assert_eq!(String::from_utf8(written).unwrap(), output, "{input}");
    }
}

#[test]
fn wrong_texts_are_refused_with_their_place() {
    for (text, byte) in [
        ("", 0),
        ("[1,", 3),
        ("[1 2]", 3),
        ("{\"a\"}", 4),
        ("\"a\nb\"", 1),
        ("01", 0),
        ("1.", 0),
        ("nul", 0),
        ("1 2", 2),
        ("{1:2}", 1),
        ("\"\\x\"", 1),
        ("\u{FEFF}1", 0),
    ] {
        assert_eq!(parse(text.as_bytes()).unwrap_err().byte, byte, "{text:?}");
    }
    assert!(parse(b"\xff").is_err());
    assert!(parse("[".repeat(100_000).as_bytes()).is_err());
}
