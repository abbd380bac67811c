//! CBOR (RFC 8949) as packet logs have it.

use groundlog_packet::Value;
use indexmap::IndexMap;

/// Maps and lists within each other deeper than this are no log's.
const DEPTH_MAX: u32 = 64;
/// The break that ends what was begun without a length (§3.2.1).
const BREAK: u8 = 0xff;

/// Reads one data item that takes up all of the bytes; `None` for anything else.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { rest: bytes };
    let value = reader.item(DEPTH_MAX)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn bytes(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(count).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// Takes a break if it comes next.
    fn ends(&mut self) -> bool {
        let ends = self.rest.first() == Some(&BREAK);
        if ends {
            self.rest = &self.rest[1..];
        }
        ends
    }

    /// Reads the argument of a head (§3); `Some(None)` for a length that is not said.
    fn argument(&mut self, info: u8) -> Option<Option<u64>> {
        let bytes = match info {
            0..=23 => return Some(Some(u64::from(info))),
            24..=27 => self.bytes(1 << (info - 24))?,
            31 => return Some(None),
            _ => return None,
        };
        Some(Some(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))))
    }

    fn item(&mut self, depth: u32) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let head = self.byte()?;
        let (major, info) = (head >> 5, head & 31);
        if major == 7 {
            return self.simple(info);
        }
        let argument = self.argument(info)?;
        match major {
            0 => Some(Value::from(argument?)),
            1 => Some(Value::Int(-1 - i128::from(argument?))),
            2 => self.string(major, argument).map(Value::Bytes),
            3 => String::from_utf8(self.string(major, argument)?).ok().map(Value::String),
            4 => {
                let mut values = Vec::new();
                while self.goes_on(argument, values.len())? {
                    values.push(self.item(depth)?);
                }
                Some(Value::Array(values))
            }
            5 => self.map(argument, depth),
            _ => {
                let content = self.item(depth)?;
                tagged(argument?, content)
            }
        }
    }

    /// Returns whether another element follows.
    fn goes_on(&mut self, announced: Option<u64>, read: usize) -> Option<bool> {
        Some(match announced {
            // No room is made for what is only announced.
            Some(count) => (read as u64) < count,
            None => !self.ends(),
        })
    }

    fn map(&mut self, announced: Option<u64>, depth: u32) -> Option<Value> {
        let mut entries = IndexMap::new();
        let mut read = 0;
        while self.goes_on(announced, read)? {
            let key = match self.item(depth)? {
                Value::String(text) => text,
                // Their texts would double with every map that is a key of a map.
                Value::Array(_) | Value::Object(_) => return None,
                other => other.to_string(),
            };
            entries.insert(key, self.item(depth)?);
            read += 1;
        }
        Some(Value::Object(entries))
    }

    fn string(&mut self, major: u8, length: Option<u64>) -> Option<Vec<u8>> {
        if let Some(length) = length {
            return self.bytes(length).map(<[u8]>::to_vec);
        }
        let mut whole = Vec::new();
        while !self.ends() {
            let head = self.byte()?;
            let chunk = self.argument(head & 31)??;
            whole.extend_from_slice((head >> 5 == major).then_some(self.bytes(chunk)?)?);
        }
        Some(whole)
    }

    fn simple(&mut self, info: u8) -> Option<Value> {
        Some(match info {
            20 => Value::Bool(false),
            21 => Value::Bool(true),
            22 | 23 => Value::Null,
            25 => Value::Float(half(u16::from_be_bytes(*self.bytes(2)?.first_chunk()?))),
            26 => Value::Float(f64::from(f32::from_be_bytes(*self.bytes(4)?.first_chunk()?))),
            27 => Value::Float(f64::from_be_bytes(*self.bytes(8)?.first_chunk()?)),
            _ => return None,
        })
    }
}

/// Understands integers beyond 64 bits (tags 2 and 3, §3.4.3); of other tags the content counts.
fn tagged(tag: u64, content: Value) -> Option<Value> {
    let Value::Bytes(bytes) = &content else {
        return Some(content);
    };
    if !matches!(tag, 2 | 3) {
        return Some(content);
    }
    let magnitude = bytes.iter().try_fold(0_i128, |value, byte| {
        Some(value.checked_mul(256)? + i128::from(*byte)).filter(|value| *value >= 0)
    })?;
    Some(Value::Int(if tag == 2 { magnitude } else { -1 - magnitude }))
}

/// Widens a half (IEEE 754 binary16).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_lists_are_no_keys() {
        assert_eq!(read(&[0xa1, 0x80, 0]), None);
        // Sixty maps, each the key of the one around it.
        let mut bytes = vec![0xa1; 60];
        bytes.resize(121, 0);
        assert_eq!(read(&bytes), None);
    }

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 8949, appendix A.
        for (bytes, value) in [
            (&[0x18, 0x64][..], Value::Int(100)),
            (&[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Value::from(u64::MAX)),
            (&[0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], Value::Int(1 << 64)),
            (&[0xc3, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0], Value::Int(-(1 << 64) - 1)),
            (&[0x38, 0x63], Value::Int(-100)),
            (&[0xf9, 0x3c, 0x00], Value::Float(1.0)),
            (&[0xf9, 0x00, 0x01], Value::Float(5.960_464_477_539_063e-8)),
            (&[0xf9, 0xfc, 0x00], Value::Float(f64::NEG_INFINITY)),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], Value::Float(100_000.0)),
            (&[0xfb, 0xc0, 0x10, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66], Value::Float(-4.1)),
            (&[0xf6], Value::Null),
            (&[0x44, 1, 2, 3, 4], Value::Bytes(vec![1, 2, 3, 4])),
            (&[0x64, b'I', b'E', b'T', b'F'], Value::from("IETF")),
            (&[0x5f, 0x42, 1, 2, 0x43, 3, 4, 5, 0xff], Value::Bytes(vec![1, 2, 3, 4, 5])),
            (&[0x9f, 1, 0x82, 2, 3, 0xff], {
                let inner = Value::Array(vec![Value::Int(2), Value::Int(3)]);
                Value::Array(vec![Value::Int(1), inner])
            }),
        ] {
            assert_eq!(read(bytes), Some(value), "{bytes:02x?}");
        }
        let map = read(&[0xbf, 0x61, b'a', 1, 0x61, b'b', 0x81, 0xf5, 0xff]).expect("a map");
        assert_eq!(map.to_string(), r#"{"a" => 1, "b" => [true]}"#);
    }

    #[test]
    fn what_is_cut_or_goes_on_is_refused() {
        let whole = [0xa2, 0x61, b'a', 0x19, 1, 2, 0x61, b'b', 0x82, 0xf4, 0x41, 9];
        assert!(read(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "{end}");
        }
        assert_eq!(read(&[1, 1]), None);
        assert_eq!(read(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), None);
        assert_eq!(read(&[0x81; 100]), None, "too deep");
    }
}
