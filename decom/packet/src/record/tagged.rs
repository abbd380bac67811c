//! Self-describing values in the variable part of a record.

use indexmap::IndexMap;

use crate::value::Value;

/// Lists and maps nested deeper than this are refused, so that a record cannot exhaust the stack.
const MAX_DEPTH: u32 = 32;

/// Returns whether a value can be read back, so many levels deep within another one: lists and maps
/// are not nested too deep.
pub(crate) fn can_be_read(value: &Value, depth: u32) -> bool {
    depth <= MAX_DEPTH
        && match value {
            Value::Array(values) => values.iter().all(|value| can_be_read(value, depth + 1)),
            Value::Object(map) => map.values().all(|value| can_be_read(value, depth + 1)),
            _ => true,
        }
}

/// Appends a value: one tag byte, then its content.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(value) => out.extend([1, u8::from(*value)]),
        Value::Int(value) => {
            out.push(2);
            out.extend(value.to_le_bytes());
        }
        Value::Float(value) => {
            out.push(3);
            out.extend(value.to_le_bytes());
        }
        Value::String(value) => write_text(value.as_bytes(), out),
        Value::Bytes(value) => {
            out.push(5);
            bytes(value, out);
        }
        Value::Array(values) => {
            out.push(6);
            out.extend((values.len() as u32).to_le_bytes());
            values.iter().for_each(|value| write(value, out));
        }
        Value::Object(map) => {
            out.push(7);
            out.extend((map.len() as u32).to_le_bytes());
            for (key, value) in map {
                bytes(key.as_bytes(), out);
                write(value, out);
            }
        }
        Value::Time(value) => {
            out.push(8);
            out.extend(value.to_le_bytes());
        }
    }
}

/// Appends a text, which is UTF-8.
pub(crate) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(4);
    bytes(text, out);
}

fn bytes(content: &[u8], out: &mut Vec<u8>) {
    out.extend((content.len() as u32).to_le_bytes());
    out.extend(content);
}

/// Reads a value that takes all of `input`; `None` if the bytes are damaged.
pub(crate) fn read(mut input: &[u8]) -> Option<Value> {
    let value = next(&mut input, 0)?;
    input.is_empty().then_some(value)
}

fn next(input: &mut &[u8], depth: u32) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let [tag] = take(input)?;
    Some(match tag {
        0 => Value::Null,
        1 => {
            let [value] = take(input)?;
            Value::Bool(value != 0)
        }
        2 => Value::Int(i128::from_le_bytes(take(input)?)),
        3 => Value::Float(f64::from_le_bytes(take(input)?)),
        4 => Value::String(text(input)?),
        5 => Value::Bytes(content(input)?.to_vec()),
        6 => {
            // No capacity in advance: the count is not to be believed.
            let mut values = Vec::new();
            for _ in 0..u32::from_le_bytes(take(input)?) {
                values.push(next(input, depth + 1)?);
            }
            Value::Array(values)
        }
        7 => {
            let mut map = IndexMap::new();
            for _ in 0..u32::from_le_bytes(take(input)?) {
                let key = text(input)?;
                map.insert(key, next(input, depth + 1)?);
            }
            Value::Object(map)
        }
        8 => Value::Time(i64::from_le_bytes(take(input)?)),
        _ => return None,
    })
}

fn text(input: &mut &[u8]) -> Option<String> {
    std::str::from_utf8(content(input)?).ok().map(str::to_owned)
}

fn content<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(take(input)?) as usize;
    let (content, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(content)
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let map = [("k".to_owned(), Value::Time(-5)), ("é".to_owned(), Value::Bool(true))];
        let value = Value::Array(vec![
            Value::Null,
            Value::Int(i128::MIN),
            Value::Float(-0.5),
            Value::from("text"),
            Value::Bytes(vec![0, 255]),
            Value::Object(map.into_iter().collect()),
        ]);
        let mut bytes = Vec::new();
        write(&value, &mut bytes);
        assert_eq!(read(&bytes), Some(value));
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), None);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested: Vec<u8> = [6, 1, 0, 0, 0].repeat(100_000);
        assert_eq!(read(&nested), None);
        let tower = |height| (0..height).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        for height in [31, 32, 33, 40] {
            let mut bytes = Vec::new();
            write(&tower(height), &mut bytes);
            assert_eq!(read(&bytes).is_some(), can_be_read(&tower(height), 0), "{height}");
        }
    }
}
