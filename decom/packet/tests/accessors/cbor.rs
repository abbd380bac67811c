//! CBOR.

use groundlog_packet::Value;

use crate::{error, read, telemetry, write};

const ITEMS: &str = "APPEND_ITEM A 16 UINT\nKEY $.a\nAPPEND_ARRAY_ITEM B 8 UINT 0\nKEY $.b.c\n\
    APPEND_ITEM K 8 BLOCK\nKEY $.k\nAPPEND_ITEM F 64 FLOAT\nKEY $.f\nAPPEND_ITEM M 8 ANY\nKEY $.m\n";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn values_are_read_and_written() {
    let mut packet = telemetry("CborAccessor", ITEMS, bytes("a2616118656162a16163820102"));
    assert_eq!(read(&packet, "A"), Value::Int(101));
    assert_eq!(read(&packet, "B"), Value::Array(vec![Value::Int(1), Value::Int(2)]));
    assert_eq!(read(&packet, "K"), Value::Null);
    write(&mut packet, "A", 5).unwrap();
    assert_eq!(packet.buffer(), bytes("a26161056162a16163820102"));
    write(&mut packet, "K", vec![0_u8, 255]).unwrap();
    assert_eq!(packet.buffer(), bytes("a36161056162a16163820102616b4200ff"));
    assert_eq!(read(&packet, "K"), Value::Bytes(vec![0, 255]));
    write(&mut packet, "F", 0.1).unwrap();
    assert_eq!(read(&packet, "F"), Value::Float(0.1));
}

#[test]
fn tags_and_keys_that_are_no_texts_are_read() {
    // {"m": {1: 2, -1: h'ff'}, "a": 1(7)}
    let packet = telemetry("CborAccessor", ITEMS, bytes("a2616da201022041ff6161c107"));
    assert_eq!(read(&packet, "A"), Value::Int(7));
    let Value::Object(map) = read(&packet, "M") else { panic!("no map") };
    assert_eq!(map.get("1"), Some(&Value::Int(2)));
    assert_eq!(map.get("-1"), Some(&Value::Bytes(vec![255])));
}

#[test]
fn maps_and_lists_are_no_keys() {
    // Thirty maps, each the key of the one around it: their texts would double with every one.
    for inner in ["80".to_owned(), "a1".repeat(30) + &"00".repeat(30)] {
        let packet = telemetry("CborAccessor", ITEMS, bytes(&format!("a2616105616da1{inner}0000")));
        assert_eq!(read(&packet, "A"), Value::Int(5));
        assert!(error(&packet, "M").to_string().contains("key of a map is a list or a map"));
    }
}

#[test]
fn missing_maps_are_made() {
    let mut packet = telemetry("CborAccessor", ITEMS, [0xa0]);
    write(&mut packet, "B", vec![Value::Int(1)]).unwrap();
    assert_eq!(packet.buffer(), bytes("a16162a161638101"));
    // What lies behind the first data item is nobody's.
    let trailing = telemetry("CborAccessor", ITEMS, bytes("a1616105ffff"));
    assert_eq!(read(&trailing, "A"), Value::Int(5));
}

#[test]
fn what_is_no_cbor_is_an_error_of_its_items() {
    let deep = [0x81].repeat(100_000);
    // Claims of more than there is, endings that are missing, and words that do not exist.
    for hex in ["", "a2616118", "9bffffffffffffffff", "5bffffffffffffffff00", "bf6161", "ff", "1c"]
    {
        let mut packet = telemetry("CborAccessor", ITEMS, bytes(hex));
        assert!(error(&packet, "A").to_string().contains("no CBOR"), "{hex}");
        assert!(write(&mut packet, "A", 1).is_err(), "{hex}");
    }
    assert!(error(&telemetry("CborAccessor", ITEMS, deep), "A").to_string().contains("no CBOR"));
    // Zeros are the number 0, which has no members.
    let mut zeros = telemetry("CborAccessor", ITEMS, [0; 4]);
    assert_eq!(read(&zeros, "A"), Value::Null);
    assert!(write(&mut zeros, "A", 1).is_err());
    assert!(write(&mut zeros, "A", 1_i128 << 70).is_err());
}
