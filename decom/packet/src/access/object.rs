//! Packets that are values: the object conversions (cosmos-packets §10).

use indexmap::IndexMap;

use super::buffer::PacketBuffer;
use super::view::{PacketTimes, PacketView};
use crate::definition::{ObjectPacket, ValueType, is_reserved_item};
use crate::value::Value;

/// Why there is no object or are no bytes.
type Message = String;

/// Fills the packet with bytes and returns its converted values by name, without hidden items and
/// the reserved ones, which say nothing about bytes that nobody received.
pub(crate) fn read(object: &ObjectPacket, value: &Value) -> Result<Value, Message> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let packet = object.definition().ok_or_else(|| unknown(object))?;
    let bytes = value.as_bytes().ok_or_else(|| format!("'{value}' is no bytes of {object}"))?;
    let view = PacketView::new(packet, bytes, PacketTimes::default());
    let shown = packet.items.iter().enumerate();
    let shown = shown.filter(|(_, item)| !item.hidden && !is_reserved_item(&item.name));
    let values: Result<IndexMap<_, _>, Message> = shown
        .map(|(place, item)| {
            let value = view.read_item(place, ValueType::Converted);
            let value = value.map_err(|error| format!("{object}: {error}"))?;
            Ok((item.name.clone(), value))
        })
        .collect();
    values.map(Value::Object)
}

/// Restores the packet's defaults, writes each entry of a map, and returns the bytes.
pub(crate) fn write(object: &ObjectPacket, value: &Value) -> Result<Value, Message> {
    let packet = object.definition().ok_or_else(|| unknown(object))?;
    let Value::Object(entries) = value else {
        return Err(format!("'{value}' is no map of the items of {object}"));
    };
    let failed = |error| format!("{object}: {error}");
    let mut buffer = PacketBuffer::new(packet.clone());
    buffer.restore_defaults(&|_| false).map_err(failed)?;
    for (name, entry) in entries {
        buffer.write(name, entry, ValueType::Converted).map_err(failed)?;
    }
    Ok(Value::Bytes(buffer.into_buffer()))
}

fn unknown(object: &ObjectPacket) -> Message {
    format!("there is no {object}, or objects are nested too deep")
}
