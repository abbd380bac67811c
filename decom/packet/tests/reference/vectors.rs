//! Runs the worked vectors of the specification, and the file of vectors if it is there.

use groundlog_packet::bits;
use groundlog_packet::definition::{DataType, Endianness, Overflow};
use groundlog_packet::value::Value;
use serde_json::Value as Json;

use crate::shared::shared;
use crate::table::{READS, WRITES};

struct Place {
    offset: i64,
    size: i64,
    data_type: DataType,
    endianness: Endianness,
    array: Option<i64>,
}

impl Place {
    fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.split(", ").collect();
        Self {
            offset: parts[0].parse().unwrap(),
            size: parts[1].parse().unwrap(),
            data_type: DataType::from_word(parts[2]).unwrap(),
            endianness: if parts[3] == "LE" { Endianness::Little } else { Endianness::Big },
            array: parts.get(4).map(|t| t.strip_prefix("array ").unwrap().parse().unwrap()),
        }
    }

    fn of_json(vector: &Json) -> Self {
        let int = |key: &str| vector[key].as_i64();
        Self {
            offset: int("bit_offset").unwrap(),
            size: int("bit_size").unwrap(),
            data_type: DataType::from_word(vector["data_type"].as_str().unwrap()).unwrap(),
            endianness: Endianness::from_word(vector["endianness"].as_str().unwrap()).unwrap(),
            array: int("array_size"),
        }
    }

    fn read(&self, buf: &[u8]) -> Result<Value, bits::BitsError> {
        bits::read(buf, self.offset, self.size, self.data_type, self.endianness, self.array)
    }

    fn write(&self, value: &Value, buf: &mut Vec<u8>, overflow: &str) -> bool {
        let overflow = Overflow::from_word(overflow).unwrap();
        let Self { offset, size, data_type, endianness, array } = *self;
        bits::write(value, buf, offset, size, data_type, endianness, array, overflow).is_ok()
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// Reads the value notation of the table.
fn value(text: &str) -> Value {
    match text {
        "null" => return Value::Null,
        "NaN" => return Value::Float(f64::NAN),
        "Infinity" => return Value::Float(f64::INFINITY),
        "-Infinity" => return Value::Float(f64::NEG_INFINITY),
        "" | "hex:" => return Value::Bytes(vec![]),
        _ => {}
    }
    if let Some(hex) = text.strip_prefix("hex:") {
        return Value::Bytes(unhex(hex));
    }
    of_json(&serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}")))
}

/// Reads the value notation of the vector file.
fn of_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::String(s) => Value::from(s.as_str()),
        Json::Number(n) => {
            let text = n.to_string();
            text.parse().map_or_else(|_| Value::Float(text.parse().unwrap()), Value::Int)
        }
        Json::Array(list) => Value::Array(list.iter().map(of_json).collect()),
        Json::Object(map) => {
            if let Some(hex) = map.get("hex") {
                Value::Bytes(unhex(hex.as_str().unwrap()))
            } else if let Some(int) = map.get("int") {
                Value::Int(int.as_str().unwrap().parse().unwrap())
            } else {
                value(map["float"].as_str().unwrap())
            }
        }
    }
}

/// Compares exactly: NaN equals NaN, −0.0 differs from 0.0, 1 from 1.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => {
            (x.is_nan() && y.is_nan()) || x.to_bits() == y.to_bits()
        }
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        _ => a == b,
    }
}

#[test]
fn reads_of_the_specification() {
    for [id, place, buffer, expected] in READS {
        let found = Place::parse(place).read(&unhex(buffer));
        match found {
            Err(e) => assert_eq!(*expected, "error", "{id}: {e}"),
            Ok(found) => assert!(same(&found, &value(expected)), "{id}: {found:?}, not {expected}"),
        }
    }
}

#[test]
fn writes_of_the_specification() {
    for [id, place, overflow, given, before, after] in WRITES {
        let mut buf = unhex(before);
        if Place::parse(place).write(&value(given), &mut buf, overflow) {
            assert_eq!(buf, unhex(after), "{id}");
        } else {
            assert_eq!(*after, "error", "{id}");
            assert_eq!(buf, unhex(before), "{id}: a failed write changed the buffer");
        }
    }
}

/// Returns the vectors of a kind, each with the result to follow; empty if the file is absent.
fn shared_vectors(kind: &str) -> Vec<(Json, Json)> {
    let Some(file) = shared("vectors/vectors.json") else { return vec![] };
    let text = std::fs::read_to_string(file).unwrap();
    let all: Json = serde_json::from_str(&text).unwrap();
    let of_kind = all["vectors"].as_array().unwrap().iter().filter(|v| v["kind"] == kind);
    of_kind
        .map(|v| {
            let ruby = v["follow"] == "ruby";
            (v.clone(), v[if ruby { "ruby" } else { "expected" }].clone())
        })
        .collect()
}

#[test]
fn reads_of_the_vector_file() {
    for (vector, expected) in shared_vectors("read") {
        let buf = unhex(vector["buffer"].as_str().unwrap());
        let found = Place::of_json(&vector).read(&buf);
        match found {
            Err(e) => assert!(expected.get("error").is_some(), "{}: {e}", vector["id"]),
            Ok(found) => {
                assert!(same(&found, &of_json(&expected)), "{}: {found:?}", vector["id"]);
            }
        }
    }
}

#[test]
fn writes_of_the_vector_file() {
    for (vector, expected) in shared_vectors("write") {
        let mut buf = unhex(vector["buffer"].as_str().unwrap());
        let given = of_json(&vector["value"]);
        let written =
            Place::of_json(&vector).write(&given, &mut buf, vector["overflow"].as_str().unwrap());
        if written {
            assert_eq!(Value::Bytes(buf), of_json(&expected), "{}", vector["id"]);
        } else {
            assert!(expected.get("error").is_some(), "{}", vector["id"]);
        }
    }
}
