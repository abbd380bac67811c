//! `inject_tlm`: a packet made of the current one and the given items, fed in as if it had come
//! down (cosmos-api §2.4).

use std::sync::Arc;

use groundlog_packet::{Packet, PacketKind, Value, access::PacketBuffer, definition::ValueType};
use groundlog_proto::wire::{RawPacket, raw_record::Body};
use indexmap::IndexMap;

use super::{
    arguments::PacketName,
    call::Call,
    error::RpcError,
    lookup,
    table::{Arity, Method},
};
use crate::{raw, system::System};

pub(super) fn methods() -> Vec<Method> {
    const KEYWORDS: &[&str] = &["type", "stored", "received_time"];
    vec![Method::new("inject_tlm", Arity::Between(2, 3), KEYWORDS, |call| {
        Box::pin(inject_tlm(call))
    })]
}

async fn inject_tlm(call: Call<'_>) -> Result<Value, RpcError> {
    let name = PacketName {
        target: call.params[0].to_string().to_uppercase(),
        packet: call.params[1].to_string().to_uppercase(),
    };
    let PacketName { target, packet: packet_name } = &name;
    let form = lookup::form(&call, "CONVERTED", |word| {
        RpcError::runtime(format!("Unknown type '{word}' for {target} {packet_name} (inject_tlm)"))
    })?;
    let definitions = call.definitions().await?;
    let packet = lookup::packet(&definitions, PacketKind::Telemetry, &name)?;
    let given = given_items(&call, &packet)?;
    let received_time_ns = received_time(&call)?;
    let system = call.authorise().await?;
    let bytes = build(system, &packet, &given, form).await?;
    let raw_packet =
        RawPacket { data: bytes.into(), target: target.clone(), name: packet_name.clone() };
    let mut record = raw::record(system, &definitions, target, Body::Packet(raw_packet));
    record.received_time_ns = received_time_ns.unwrap_or(record.received_time_ns);
    record.stored = call.flag("stored", false);
    let appended = if record.stored {
        raw::append_stored(system, target, record).await
    } else {
        raw::append_live(system, target, record).await
    };
    appended.map_err(|error| RpcError::runtime(error.to_string()))?;
    Ok(Value::Null)
}

/// Reads the items to be changed, names in capitals; all unknown ones are named at once.
fn given_items(call: &Call<'_>, packet: &Packet) -> Result<IndexMap<String, Value>, RpcError> {
    let given = match call.params.get(2) {
        None | Some(Value::Null) => return Ok(IndexMap::new()),
        Some(Value::Object(items)) => items,
        Some(_) => {
            return Err(RpcError::argument("items must be a map of names and values"));
        }
    };
    let given: IndexMap<_, _> =
        given.iter().map(|(name, value)| (name.to_uppercase(), value.clone())).collect();
    let unknown = given.keys().filter(|name| packet.item(name).is_none());
    let unknown: Vec<_> = unknown
        .map(|name| format!("'{} {} {name}'", packet.target_name, packet.packet_name))
        .collect();
    if unknown.is_empty() {
        return Ok(given);
    }
    Err(RpcError::runtime(format!("Item(s) {} does not exist", unknown.join(", "))))
}

fn received_time(call: &Call<'_>) -> Result<Option<i64>, RpcError> {
    let Some(value) = call.keyword("received_time") else {
        return Ok(None);
    };
    let nanos = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.to_int().and_then(|nanos| i64::try_from(nanos).ok()),
    };
    nanos.map(Some).ok_or_else(|| {
        RpcError::argument(format!(
            "Invalid received_time parameter: {value}. Must be nanoseconds since 1970."
        ))
    })
}

/// Makes the packet's bytes: of the current packet, else zeros with the packet's ids.
async fn build(
    system: &System,
    packet: &Arc<Packet>,
    given: &IndexMap<String, Value>,
    form: ValueType,
) -> Result<Vec<u8>, RpcError> {
    let failed = |error: &dyn std::fmt::Display| RpcError::runtime(error.to_string());
    let current = system.current.packet(&packet.target_name, &packet.packet_name).await?;
    let source = match &current {
        Some(current) => raw::source_of(system, current).await.map_err(|error| failed(&error))?,
        None => None,
    };
    let mut buffer = PacketBuffer::new(packet.clone());
    match source {
        Some(source) => {
            if let Err(error) = buffer.set_buffer(source.data.to_vec()) {
                tracing::debug!(%error, "a packet is injected on top of one of another length");
            }
        }
        None => {
            for item in packet.id_items.iter() {
                let Some(id) = &item.id_value else { continue };
                buffer.write(&item.name, id, ValueType::Raw).map_err(|error| failed(&error))?;
            }
        }
    }
    for (name, value) in given {
        buffer.write(name, value, form).map_err(|error| failed(&error))?;
    }
    Ok(buffer.into_buffer())
}
