//! `get_tlm_buffer`, and the object that shows a packet's bytes.

use groundlog_packet::{PacketKind, Value};
use indexmap::IndexMap;

use super::{
    arguments::telemetry_packet,
    call::Call,
    error::RpcError,
    lookup,
    table::{Arity, Method},
};
use crate::{json, raw};

pub(super) fn methods() -> Vec<Method> {
    vec![Method::new("get_tlm_buffer", Arity::Any, &["timeout"], |call| {
        Box::pin(get_tlm_buffer(call))
    })]
}

/// What is shown of a packet; all of it as texts but the bytes.
pub(super) struct Buffer<'a> {
    pub(super) target: &'a str,
    pub(super) packet: &'a str,
    pub(super) time_ns: i64,
    pub(super) received_time_ns: i64,
    pub(super) received_count: u64,
    pub(super) stored: bool,
    pub(super) bytes: &'a [u8],
    pub(super) extra: &'a [(String, String)],
}

impl Buffer<'_> {
    /// Makes the object. Times and counts are texts, as the reference has them.
    pub(super) fn object(&self) -> IndexMap<String, Value> {
        let mut object: IndexMap<String, Value> = [
            ("time", self.time_ns.to_string()),
            ("received_time", self.received_time_ns.to_string()),
            ("target_name", self.target.to_owned()),
            ("packet_name", self.packet.to_owned()),
            ("received_count", self.received_count.to_string()),
            ("stored", self.stored.to_string()),
        ]
        .map(|(key, text)| (key.to_owned(), Value::String(text)))
        .into();
        object.insert("buffer".to_owned(), bytes_object(self.bytes));
        if !self.extra.is_empty() {
            let extra =
                self.extra.iter().map(|(key, text)| (key.clone(), Value::from(text.as_str())));
            let text = json::to_vec(&Value::Object(extra.collect()));
            object.insert("extra".to_owned(), Value::from_utf8_or_bytes(text));
        }
        object
    }
}

/// Shows bytes as a `json_class` object even where they are printable, so that clients always get
/// bytes.
pub(super) fn bytes_object(bytes: &[u8]) -> Value {
    let raw = bytes.iter().map(|byte| Value::from(*byte)).collect();
    let members = [("json_class", Value::from("String")), ("raw", Value::Array(raw))];
    Value::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
}

async fn get_tlm_buffer(call: Call<'_>) -> Result<Value, RpcError> {
    let name = telemetry_packet(&call)?;
    let definitions = call.definitions().await?;
    let packet = lookup::packet(&definitions, PacketKind::Telemetry, &name)?;
    let system = call.authorise().await?;
    let Some(current) = system.current.packet(&packet.target_name, &packet.packet_name).await?
    else {
        return Ok(Value::Null);
    };
    let source = raw::source_of(system, &current).await;
    let source = source.map_err(|error| RpcError::runtime(error.to_string()))?;
    let Some(source) = source else {
        return Ok(Value::Null);
    };
    let buffer = Buffer {
        target: &packet.target_name,
        packet: &packet.packet_name,
        time_ns: current.packet_time_ns,
        received_time_ns: current.received_time_ns,
        received_count: current.received_count,
        stored: false,
        bytes: &source.data,
        extra: &source.extra,
    };
    Ok(Value::Object(buffer.object()))
}
