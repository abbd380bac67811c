//! A packet as COSMOS's own clients read it from the store (cosmos-runtime §4.2, §4.6).

use groundlog_packet::{
    Packet, Value,
    record::RecordView,
    time,
    value::{NonFinite, write_json, write_json_string},
};
use groundlog_proto::wire::ValueType;

use crate::{CurrentPacket, value_of};

/// Writes `{"ITEM": raw, "ITEM__C": converted, "ITEM__F": formatted, "ITEM__L": limits, …}`: items
/// that are not hidden; converted and formatted where they differ by definition, or where
/// `set_tlm` forced them.
pub(crate) fn object_of(current: &CurrentPacket) -> Vec<u8> {
    let packet = current.definitions.plan(current.id).packet();
    let mut object = Object(Vec::with_capacity(64 * packet.items.len()));
    object.0.push(b'{');
    match current.view() {
        Some(view) => items(&mut object, current, packet, &view),
        None => bare(&mut object, current),
    }
    object.0.push(b'}');
    object.0
}

fn items(object: &mut Object, current: &CurrentPacket, packet: &Packet, view: &RecordView<'_>) {
    for (place, item) in packet.items.iter().enumerate().filter(|(_, item)| !item.hidden) {
        let forced = |form| current.overlaid(&item.name, form).map(value_of);
        let raw = forced(ValueType::Raw).unwrap_or_else(|| view.raw(place));
        object.member(&item.name, "", &raw);
        let converted = forced(ValueType::Converted)
            .or_else(|| item.has_converted().then(|| view.converted(place)));
        if let Some(converted) = converted {
            object.member(&item.name, "__C", &converted);
        }
        let formatted = forced(ValueType::Formatted)
            .map(as_text)
            .or_else(|| item.has_formatted().then(|| view.formatted(place)));
        if let Some(formatted) = formatted {
            object.member(&item.name, "__F", &formatted);
        }
        if let Some(color) = view.limits(place) {
            object.member(&item.name, "__L", &Value::from(color.word()));
        }
    }
}

/// A packet without values: UNKNOWN, or one that only `set_tlm` has touched.
fn bare(object: &mut Object, current: &CurrentPacket) {
    object.member("RECEIVED_COUNT", "", &Value::from(current.received_count));
    if current.is_received() {
        let seconds = |nanos| Value::Float(time::seconds(nanos));
        object.member("RECEIVED_TIMESECONDS", "", &seconds(current.received_time_ns));
        object.member("PACKET_TIMESECONDS", "", &seconds(current.packet_time_ns));
    }
    for item in current.overlaid_items() {
        for (form, ending) in
            [(ValueType::Raw, ""), (ValueType::Converted, "__C"), (ValueType::Formatted, "__F")]
        {
            if let Some(scalar) = current.overlaid(item, form) {
                let value = value_of(scalar);
                let value = if form == ValueType::Formatted { as_text(value) } else { value };
                object.member(item, ending, &value);
            }
        }
    }
}

fn as_text(value: Value) -> Value {
    match value {
        Value::Null | Value::String(_) => value,
        other => Value::String(other.to_string()),
    }
}

struct Object(Vec<u8>);

impl Object {
    fn member(&mut self, item: &str, ending: &str, value: &Value) {
        let out = &mut self.0;
        if out.len() > 1 {
            out.push(b',');
        }
        write_json_string(out, item);
        if !ending.is_empty() {
            // Into the name: before its closing quote.
            out.pop();
            out.extend_from_slice(ending.as_bytes());
            out.push(b'"');
        }
        out.push(b':');
        write_json(out, value, NonFinite::Token);
    }
}
