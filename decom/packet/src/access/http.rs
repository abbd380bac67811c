//! Parts of requests and answers, which travel beside the bytes (cosmos-packets §9).

use indexmap::IndexMap;

use crate::definition::HttpPart;
use crate::value::{Value, integer_text};

pub(super) fn read(part: &HttpPart, extra: &IndexMap<String, Value>) -> Value {
    let found = match part {
        HttpPart::Entry(entry) => extra.get(*entry),
        HttpPart::Member { map, name } => match extra.get(*map) {
            Some(Value::Object(members)) => members.get(name),
            _ => None,
        },
    };
    found.cloned().unwrap_or_default()
}

/// Stores a part in the form that the protocol has for it.
pub(super) fn write(
    part: &HttpPart,
    value: &Value,
    extra: &mut IndexMap<String, Value>,
) -> Result<(), String> {
    match part {
        HttpPart::Entry(entry) => {
            let value = match *entry {
                "HTTP_STATUS" => status(value)?,
                "HTTP_METHOD" => Value::String(value.to_string().to_lowercase()),
                "HTTP_PACKET" | "HTTP_ERROR_PACKET" => {
                    Value::String(value.to_string().to_uppercase())
                }
                _ => Value::String(value.to_string()),
            };
            extra.insert((*entry).to_owned(), value);
        }
        HttpPart::Member { map, name } => {
            let members = extra.entry((*map).to_owned()).or_default();
            if !matches!(members, Value::Object(_)) {
                *members = Value::Object(IndexMap::new());
            }
            if let Value::Object(members) = members {
                members.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

fn status(value: &Value) -> Result<Value, String> {
    let number = match value {
        Value::String(text) => integer_text(text),
        other => other.to_int(),
    };
    number.map(Value::Int).ok_or_else(|| format!("'{value}' is no status number"))
}
