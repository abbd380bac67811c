use groundlog_packet::Value;

/// Reads a map of names to values, CBOR or JSON, in its order.
pub(super) fn read(bytes: &[u8], as_cbor: bool) -> Result<Vec<(String, Value)>, String> {
    let value = if as_cbor {
        let cbor = Value::from_cbor(bytes);
        cbor.map_err(|error| format!("what should be CBOR in it is none: {error}"))?
    } else {
        let json = serde_json::from_slice(bytes);
        of_json(json.map_err(|error| format!("what should be JSON in it is none: {error}"))?)
    };
    match value {
        Value::Object(entries) => Ok(entries.into_iter().collect()),
        _ => Err("what should be a map in it is something else".to_owned()),
    }
}

fn of_json(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(boolean) => Value::Bool(boolean),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => Value::from(integer),
            (_, Some(integer)) => Value::from(integer),
            _ => number.as_f64().map_or(Value::Null, Value::Float),
        },
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(values) => Value::Array(values.into_iter().map(of_json).collect()),
        serde_json::Value::Object(entries) => classed(&entries).unwrap_or_else(|| {
            Value::Object(entries.into_iter().map(|(key, value)| (key, of_json(value))).collect())
        }),
    }
}

/// Reads the objects that stand for what JSON has no form for (cosmos-api §1.3).
fn classed(entries: &serde_json::Map<String, serde_json::Value>) -> Option<Value> {
    match (entries.get("json_class")?.as_str()?, entries.get("raw")?) {
        ("Float", serde_json::Value::String(text)) => match text.as_str() {
            "NaN" => Some(Value::Float(f64::NAN)),
            "Infinity" => Some(Value::Float(f64::INFINITY)),
            "-Infinity" => Some(Value::Float(f64::NEG_INFINITY)),
            _ => None,
        },
        ("String", serde_json::Value::Array(bytes)) => {
            let byte = |value: &serde_json::Value| u8::try_from(value.as_u64()?).ok();
            bytes.iter().map(byte).collect::<Option<Vec<u8>>>().map(Value::Bytes)
        }
        _ => None,
    }
}
