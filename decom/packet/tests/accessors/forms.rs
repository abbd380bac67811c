//! URL-encoded forms.

use groundlog_packet::Value;

use crate::{read, telemetry, write};

const ITEMS: &str = "APPEND_ITEM A 16 UINT\nKEY a\nAPPEND_ITEM B 64 STRING\nKEY b\n\
    APPEND_ITEM NAME 8 UINT\n";

#[test]
fn fields_are_texts_whatever_the_type() {
    let packet = telemetry("FormAccessor", ITEMS, "a=5&b=x+y&b=z%21&c");
    assert_eq!(read(&packet, "A"), Value::from("5"));
    assert_eq!(read(&packet, "B"), Value::Array(vec![Value::from("x y"), Value::from("z!")]));
    assert_eq!(read(&packet, "NAME"), Value::Null);
}

#[test]
fn new_values_stand_behind_and_old_ones_go() {
    let mut packet = telemetry("FormAccessor", ITEMS, "b=2");
    assert_eq!(write(&mut packet, "A", 5).unwrap(), "b=2&a=5");
    assert_eq!(write(&mut packet, "B", "ä &=").unwrap(), "a=5&b=%C3%A4+%26%3D");
    let list = vec![Value::Int(1), Value::Float(2.5)];
    assert_eq!(write(&mut packet, "B", list).unwrap(), "a=5&b=1&b=2.5");
    // A new buffer is zeros, which are no field.
    let mut zeros = telemetry("FormAccessor", ITEMS, [0; 3]);
    assert_eq!(write(&mut zeros, "NAME", 1).unwrap(), "NAME=1");
    assert!(write(&mut zeros, "A", vec![0xff_u8]).is_err());
}
