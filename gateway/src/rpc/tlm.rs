//! `tlm`, `tlm_raw`, `tlm_formatted`, `tlm_with_units`.

use groundlog_packet::{Value, definition::ValueType};

use super::{
    arguments::tlm_item,
    call::Call,
    error::RpcError,
    lookup,
    table::{Arity, Method},
};
use crate::values::PacketValues;

pub(super) fn methods() -> Vec<Method> {
    const TYPED: &[&str] = &["type", "cache_timeout"];
    const UNTYPED: &[&str] = &["cache_timeout"];
    vec![
        Method::new("tlm", Arity::Any, TYPED, |call| Box::pin(tlm(call, None))),
        Method::new("tlm_raw", Arity::Any, UNTYPED, |call| {
            Box::pin(tlm(call, Some(ValueType::Raw)))
        }),
        Method::new("tlm_formatted", Arity::Any, UNTYPED, |call| {
            Box::pin(tlm(call, Some(ValueType::Formatted)))
        }),
        Method::new("tlm_with_units", Arity::Any, UNTYPED, |call| {
            Box::pin(tlm(call, Some(ValueType::Formatted)))
        }),
    ]
}

async fn tlm(call: Call<'_>, form: Option<ValueType>) -> Result<Value, RpcError> {
    let path = tlm_item(&call)?;
    let found = lookup::item(&call, &path).await?;
    let form = match form {
        Some(form) => form,
        None => lookup::form(&call, "CONVERTED", |word| {
            RpcError::runtime(format!("Unknown type '{word}' for {path} (get_item)"))
        })?,
    };
    let system = call.authorise().await?;
    let (definitions, packet) = (&*found.definitions, &*found.packet);
    let values = match found.latest {
        Some(current) => {
            PacketValues::of(definitions, packet, Some(current), system.settings.current())
        }
        None => PacketValues::now(system, definitions, packet).await?,
    };
    Ok(values.value(found.place, form))
}
