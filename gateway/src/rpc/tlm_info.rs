//! Counts and names of telemetry.

use groundlog_packet::{PacketKind, Value};

use super::{
    arguments::{PacketName, one_name, pairs, telemetry_packet},
    call::Call,
    error::RpcError,
    lookup,
    table::{Arity, Method},
};
use crate::{system::System, values::packet_names};

pub(super) fn methods() -> Vec<Method> {
    const NAMES: &[&str] = &["hidden"];
    let names = |name| {
        Method::new(name, Arity::Between(1, 1), NAMES, |call| Box::pin(get_all_tlm_names(call)))
    };
    vec![
        Method::new("get_tlm_cnt", Arity::Any, &[], |call| Box::pin(get_tlm_cnt(call))),
        Method::new("get_tlm_cnts", Arity::Between(1, 1), &[], |call| Box::pin(get_tlm_cnts(call))),
        names("get_all_tlm_names"),
        names("get_all_telemetry_names"),
        Method::new("get_all_tlm_item_names", Arity::Between(1, 1), &[], |call| {
            Box::pin(get_all_tlm_item_names(call))
        }),
        Method::new("get_packet_derived_items", Arity::Any, &[], |call| {
            Box::pin(get_packet_derived_items(call))
        }),
    ]
}

/// Stored packets count too, as in the reference; RECEIVED_COUNT is the live packet's alone.
async fn counts(
    system: &System,
    names: &[PacketName],
) -> Result<impl Iterator<Item = Value>, RpcError> {
    let names: Vec<_> = names.iter().map(|it| (it.target.as_str(), it.packet.as_str())).collect();
    let counts = system.current.counts(&names).await?;
    Ok(counts.into_iter().map(|(live, stored)| Value::from(live + stored)))
}

async fn get_tlm_cnt(call: Call<'_>) -> Result<Value, RpcError> {
    let name = telemetry_packet(&call)?;
    let definitions = call.definitions().await?;
    lookup::packet(&definitions, PacketKind::Telemetry, &name)?;
    let system = call.authorise().await?;
    Ok(counts(system, &[name]).await?.next().unwrap_or_default())
}

async fn get_tlm_cnts(call: Call<'_>) -> Result<Value, RpcError> {
    let names = pairs(&call.params[0]).ok_or_else(|| {
        RpcError::argument(
            "get_tlm_cnts takes an array of arrays containing target, packet_name, e.g. \
             [['INST', 'HEALTH_STATUS'], ['INST', 'ADCS']]",
        )
    })?;
    let system = call.authorise().await?;
    Ok(Value::Array(counts(system, &names).await?.collect()))
}

async fn get_all_tlm_names(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let hidden = call.flag("hidden", false);
    let names = packet_names(&definitions, PacketKind::Telemetry, &one_name(&call), hidden);
    Ok(Value::Array(names.into_iter().map(Value::String).collect()))
}

async fn get_all_tlm_item_names(call: Call<'_>) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let definitions = definitions.definitions();
    let Ok(target) = definitions.target(&one_name(&call)) else {
        return Ok(Value::Array(Vec::new()));
    };
    let packets = definitions.packets_of(target, PacketKind::Telemetry);
    let mut names: Vec<_> =
        packets.flat_map(|packet| packet.items.iter().map(|item| item.name.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    Ok(Value::Array(names.into_iter().map(Value::from).collect()))
}

async fn get_packet_derived_items(call: Call<'_>) -> Result<Value, RpcError> {
    let name = telemetry_packet(&call)?;
    let definitions = call.definitions().await?;
    let packet = lookup::packet(&definitions, PacketKind::Telemetry, &name)?;
    call.authorise().await?;
    let derived = packet.items.iter().filter(|item| item.is_derived());
    Ok(Value::Array(derived.map(|item| Value::from(item.name.as_str())).collect()))
}
