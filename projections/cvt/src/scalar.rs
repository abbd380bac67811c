use groundlog_packet::Value;
use groundlog_proto::wire::{Scalar, ScalarEntry, ScalarList, ScalarMap, scalar::Kind};

/// Returns the value that a wire scalar stands for. Texts that claim to be big integers and are
/// none stay texts.
pub fn value_of(scalar: &Scalar) -> Value {
    match &scalar.kind {
        None | Some(Kind::Null(_)) => Value::Null,
        Some(Kind::Boolean(it)) => Value::Bool(*it),
        Some(Kind::Integer(it)) => Value::from(*it),
        Some(Kind::BigInteger(text)) => {
            text.parse().map_or_else(|_| Value::String(text.clone()), Value::Int)
        }
        Some(Kind::Float(it)) => Value::Float(*it),
        Some(Kind::Text(it)) => Value::String(it.clone()),
        Some(Kind::Block(it)) => Value::Bytes(it.to_vec()),
        Some(Kind::List(list)) => Value::Array(list.values.iter().map(value_of).collect()),
        Some(Kind::Map(map)) => Value::Object(
            map.entries
                .iter()
                .map(|entry| {
                    let value = entry.value.as_ref().map_or(Value::Null, value_of);
                    (entry.key.clone(), value)
                })
                .collect(),
        ),
    }
}

/// Returns the wire scalar of a value; a time becomes unix seconds.
pub fn scalar_of(value: &Value) -> Scalar {
    let kind = match value {
        Value::Null => Kind::Null(true),
        Value::Bool(it) => Kind::Boolean(*it),
        Value::Int(it) => {
            i64::try_from(*it).map_or_else(|_| Kind::BigInteger(it.to_string()), Kind::Integer)
        }
        Value::Float(it) => Kind::Float(*it),
        Value::String(it) => Kind::Text(it.clone()),
        Value::Bytes(it) => Kind::Block(it.clone().into()),
        Value::Array(list) => {
            Kind::List(ScalarList { values: list.iter().map(scalar_of).collect() })
        }
        Value::Object(map) => Kind::Map(ScalarMap {
            entries: map
                .iter()
                .map(|(key, value)| ScalarEntry { key: key.clone(), value: Some(scalar_of(value)) })
                .collect(),
        }),
        Value::Time(_) => Kind::Float(value.as_f64().unwrap_or_default()),
    };
    Scalar { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        let values = [
            Value::Null,
            Value::Bool(true),
            Value::Int(-1),
            Value::Int(i128::from(u64::MAX)),
            Value::Float(0.5),
            Value::from("text"),
            Value::Bytes(vec![0xff]),
            Value::Array(vec![Value::Int(1), Value::Null]),
            Value::Object([("a".to_owned(), Value::Int(1))].into_iter().collect()),
        ];
        for value in values {
            assert_eq!(value_of(&scalar_of(&value)), value);
        }
        let claim = Scalar { kind: Some(Kind::BigInteger("many".to_owned())) };
        assert_eq!(value_of(&claim), Value::from("many"));
    }
}
