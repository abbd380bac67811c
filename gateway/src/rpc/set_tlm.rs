//! `set_tlm`: a record on `raw` that decommutation passes through, so that it has a place in the
//! packet's order; the next packet overwrites it.

use groundlog_cvt::scalar_of;
use groundlog_packet::Value;
use groundlog_proto::wire::{SetItem, SetTelemetry, raw_record::Body};

use super::{
    arguments::{ItemPath, three_words, wrong_count},
    call::Call,
    error::RpcError,
    lookup, overrides,
    table::{Arity, Method},
};
use crate::raw;

pub(super) fn methods() -> Vec<Method> {
    const KEYWORDS: &[&str] = &["type", "cache_timeout"];
    vec![Method::new("set_tlm", Arity::Any, KEYWORDS, |call| Box::pin(set_tlm(call)))]
}

async fn set_tlm(call: Call<'_>) -> Result<Value, RpcError> {
    let (path, value) = item_and_value(&call)?;
    let found = lookup::whole_item(&call, &path).await?;
    let form = overrides::settable(&call, "CONVERTED", &path, "set_item")?;
    let system = call.authorise().await?;
    let item = found.packet.items[found.place.index].name.clone();
    let set = SetTelemetry {
        target: found.packet.target_name.clone(),
        name: found.packet.packet_name.clone(),
        items: vec![SetItem { item, r#type: form as i32, value: Some(scalar_of(&value)) }],
    };
    let record = raw::record(system, &found.definitions, &found.packet.target_name, Body::Set(set));
    raw::append_live(system, &found.packet.target_name, record)
        .await
        .map_err(|error| RpcError::runtime(error.to_string()))?;
    Ok(Value::Null)
}

/// Reads `"T P I = V"` or T, P, I, V.
pub(super) fn item_and_value(call: &Call<'_>) -> Result<(ItemPath, Value), RpcError> {
    match call.params.as_slice() {
        [Value::String(text)] => split(text).ok_or_else(|| {
            RpcError::runtime(format!(
                "ERROR: Set Telemetry Item must be specified as \
                 'TargetName PacketName ItemName = Value' : {text}"
            ))
        }),
        [target, packet, item, value] => {
            let path = ItemPath::new(&target.to_string(), &packet.to_string(), &item.to_string());
            Ok((path, value.clone()))
        }
        params => Err(wrong_count(call.method, params.len())),
    }
}

fn split(text: &str) -> Option<(ItemPath, Value)> {
    let (item, value) = text.split_once('=')?;
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    Some((three_words(item)?, word_value(value)))
}

/// Converts the word right of the `=`: quotes make a text, anything else is read as in a command.
fn word_value(word: &str) -> Value {
    let quoted =
        ['"', '\''].into_iter().find_map(|quote| word.strip_prefix(quote)?.strip_suffix(quote));
    match quoted {
        Some(text) => Value::from(text),
        None => groundlog_packet::config::convert_to_value(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_at_the_first_equals_sign() {
        let path = ItemPath::new("T", "P", "I");
        assert_eq!(split("t p i = 5"), Some((path.clone(), Value::Int(5))));
        assert_eq!(split("t p i=1.5"), Some((path.clone(), Value::Float(1.5))));
        assert_eq!(split("t p i = 'a = b'"), Some((path, Value::from("a = b"))));
        for wrong in ["", "t p i", "t p = 5", "t p i x = 5", "t p i ="] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
