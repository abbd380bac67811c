//! Range constants and values of items (cosmos-packets §2.4).

use super::words;
use crate::definition::DataType;
use crate::value::Value;

/// Largest single that the reference's constants use; not the true limit (C030).
const MAX_FLOAT32: f64 = 3.402_823e38;

/// Turns a word into a value: value words first, then the constants `MIN`, `MAX_UINT8` and so on.
pub(crate) fn value(word: &str, data_type: DataType, bit_size: i64) -> Result<Value, String> {
    let converted = words::convert_to_value(word);
    match &converted {
        Value::String(text) => constant(text.trim(), data_type, bit_size),
        _ => Ok(converted),
    }
}

fn constant(word: &str, data_type: DataType, bit_size: i64) -> Result<Value, String> {
    let upper = word.to_ascii_uppercase();
    match upper.as_str() {
        "MIN" => Ok(bounds(data_type, bit_size)?.0),
        "MAX" => Ok(bounds(data_type, bit_size)?.1),
        "POS_INFINITY" => Ok(Value::Float(f64::INFINITY)),
        "NEG_INFINITY" => Ok(Value::Float(f64::NEG_INFINITY)),
        _ => Ok(named(&upper).unwrap_or_else(|| Value::from(word))),
    }
}

/// Reads `MIN_` or `MAX_`, a type and a size.
fn named(upper: &str) -> Option<Value> {
    let (maximum, rest) = match upper.split_once('_')? {
        ("MIN", rest) => (false, rest),
        ("MAX", rest) => (true, rest),
        _ => return None,
    };
    let (data_type, bits) = match rest {
        "INT8" => (DataType::Int, 8),
        "INT16" => (DataType::Int, 16),
        "INT32" => (DataType::Int, 32),
        "INT64" => (DataType::Int, 64),
        "UINT8" => (DataType::Uint, 8),
        "UINT16" => (DataType::Uint, 16),
        "UINT32" => (DataType::Uint, 32),
        "UINT64" => (DataType::Uint, 64),
        "FLOAT32" => (DataType::Float, 32),
        "FLOAT64" => (DataType::Float, 64),
        _ => return None,
    };
    let (low, high) = bounds(data_type, bits).ok()?;
    Some(if maximum { high } else { low })
}

/// Returns the lowest and the highest value of a field.
pub(crate) fn bounds(data_type: DataType, bit_size: i64) -> Result<(Value, Value), String> {
    let bits = u32::try_from(bit_size).ok().filter(|bits| (1..=126).contains(bits));
    match (data_type, bits) {
        (DataType::Int, Some(bits)) => {
            let half = 1_i128 << (bits - 1);
            Ok((Value::Int(-half), Value::Int(half - 1)))
        }
        (DataType::Uint, Some(bits)) => Ok((Value::Int(0), Value::Int((1_i128 << bits) - 1))),
        (DataType::Float, Some(32)) => Ok((Value::Float(-MAX_FLOAT32), Value::Float(MAX_FLOAT32))),
        (DataType::Float, Some(64)) => Ok((Value::Float(f64::MIN), Value::Float(f64::MAX))),
        _ => Err(format!(
            "Invalid use of MIN or MAX for a {bit_size}-bit {data_type}; give a number"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants() {
        let of = |word, data_type, bits| value(word, data_type, bits).unwrap();
        assert_eq!(of("MIN", DataType::Int, 8), Value::Int(-128));
        assert_eq!(of("max", DataType::Uint, 16), Value::Int(65_535));
        assert_eq!(of("MAX", DataType::Float, 32), Value::Float(3.402_823e38));
        assert_eq!(of("MIN_FLOAT64", DataType::Uint, 8), Value::Float(f64::MIN));
        assert_eq!(of("MAX_UINT8", DataType::Uint, 32), Value::Int(255));
        assert_eq!(of("0x10", DataType::Uint, 32), Value::Int(16));
        assert_eq!(of("other", DataType::Uint, 32), Value::from("other"));
        assert!(value("MIN", DataType::String, 32).is_err());
    }
}
