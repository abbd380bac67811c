//! `override_tlm`, `normalize_tlm`, `get_overrides`: settings that are applied when values are
//! read; what is stored does not change.

use groundlog_cvt::{scalar_of, value_of};
use groundlog_packet::Value;
use groundlog_proto::wire::{self, Normalize, Override, setting::Kind};
use indexmap::IndexMap;

use super::{
    arguments::tlm_item,
    call::Call,
    error::RpcError,
    lookup,
    set_tlm::item_and_value,
    table::{Arity, Method},
};

pub(super) fn methods() -> Vec<Method> {
    const TYPED: &[&str] = &["type"];
    vec![
        Method::new("override_tlm", Arity::Any, TYPED, |call| Box::pin(override_tlm(call))),
        Method::new("normalize_tlm", Arity::Any, TYPED, |call| Box::pin(normalize_tlm(call))),
        Method::new("get_overrides", Arity::Between(0, 0), &[], |call| {
            Box::pin(get_overrides(call))
        }),
    ]
}

async fn override_tlm(call: Call<'_>) -> Result<Value, RpcError> {
    let (path, value) = item_and_value(&call)?;
    let found = lookup::whole_item(&call, &path).await?;
    let form = settable(&call, "ALL", &path, "override")?;
    let system = call.authorise().await?;
    let setting = Override {
        target: found.packet.target_name.clone(),
        packet: found.packet.packet_name.clone(),
        item: found.packet.items[found.place.index].name.clone(),
        r#type: form as i32,
        value: Some(scalar_of(&value)),
    };
    system
        .set(Kind::Override(setting))
        .await
        .map_err(|error| RpcError::runtime(error.to_string()))?;
    Ok(Value::Null)
}

async fn normalize_tlm(call: Call<'_>) -> Result<Value, RpcError> {
    let path = tlm_item(&call)?;
    let found = lookup::whole_item(&call, &path).await?;
    let form = settable(&call, "ALL", &path, "normalize")?;
    let system = call.authorise().await?;
    let setting = Normalize {
        target: found.packet.target_name.clone(),
        packet: found.packet.packet_name.clone(),
        item: found.packet.items[found.place.index].name.clone(),
        r#type: form as i32,
    };
    system
        .set(Kind::Normalize(setting))
        .await
        .map_err(|error| RpcError::runtime(error.to_string()))?;
    Ok(Value::Null)
}

async fn get_overrides(call: Call<'_>) -> Result<Value, RpcError> {
    let system = call.authorise().await?;
    let settings = system.settings.current();
    let mut rows = Vec::new();
    for (name, forms) in &settings.overrides {
        for (form, scalar) in forms {
            let value = value_of(scalar);
            let formatted = *form == wire::ValueType::Formatted as i32 && !value.is_null();
            let value = if formatted { Value::String(value.to_string()) } else { value };
            let row: IndexMap<_, _> = [
                ("target_name", Value::from(name.target.as_str())),
                ("packet_name", Value::from(name.packet.as_str())),
                ("item_name", Value::from(name.item.as_str())),
                ("value_type", Value::from(word(*form))),
                ("value", value),
            ]
            .map(|(key, value)| (key.to_owned(), value))
            .into();
            rows.push(Value::Object(row));
        }
    }
    Ok(Value::Array(rows))
}

fn word(form: i32) -> &'static str {
    match wire::ValueType::try_from(form) {
        Ok(wire::ValueType::Raw) => "RAW",
        Ok(wire::ValueType::Formatted) => "FORMATTED",
        _ => "CONVERTED",
    }
}

/// Reads the keyword `type` where `ALL` is a form too.
pub(super) fn settable(
    call: &Call<'_>,
    default: &str,
    item: &super::arguments::ItemPath,
    what: &str,
) -> Result<wire::ValueType, RpcError> {
    match call.word("type", default).as_str() {
        "RAW" => Ok(wire::ValueType::Raw),
        "CONVERTED" => Ok(wire::ValueType::Converted),
        "FORMATTED" | "WITH_UNITS" => Ok(wire::ValueType::Formatted),
        "ALL" => Ok(wire::ValueType::All),
        word => Err(RpcError::runtime(format!("Unknown type '{word}' for {item} ({what})"))),
    }
}
