//! A packet as COSMOS's own clients read it from the store (cosmos-runtime §4.2, §4.6).
//!
//! `{"ITEM": raw, "ITEM__C": converted, "ITEM__F": formatted, "ITEM__L": limits, …}`: items that are
//! not hidden; converted and formatted where they differ by definition, or where `set_tlm` forced
//! them; limits where there is a state.

use groundlog_packet::{
    Packet, Value,
    record::RecordView,
    time,
    value::{NonFinite, write_json, write_json_string},
};
use groundlog_proto::wire::ValueType;

use crate::{CurrentPacket, value_of};

/// The names of one item's members, ready to be written.
struct Item {
    place: usize,
    name: String,
    /// Whether the definition gives it these forms.
    has_converted: bool,
    has_formatted: bool,
    raw: Vec<u8>,
    converted: Vec<u8>,
    formatted: Vec<u8>,
    limits: Vec<u8>,
}

/// The members of one packet's object.
pub(super) struct Template(Vec<Item>);

impl Template {
    /// Prepares the names.
    pub(super) fn of(packet: &Packet) -> Self {
        let shown = packet.items.iter().enumerate().filter(|(_, item)| !item.hidden);
        let items = shown.map(|(place, item)| Item {
            place,
            has_converted: item.has_converted(),
            has_formatted: item.has_formatted(),
            raw: name(&item.name, ""),
            converted: name(&item.name, "__C"),
            formatted: name(&item.name, "__F"),
            limits: name(&item.name, "__L"),
            name: item.name.clone(),
        });
        Self(items.collect())
    }

    /// Appends the object of a packet.
    pub(super) fn write(&self, out: &mut Vec<u8>, current: &CurrentPacket) {
        let start = out.len();
        match current.view() {
            Some(view) if current.overlaid_items().next().is_none() => self.received(out, &view),
            Some(view) => self.overlaid(out, current, &view),
            None => bare(out, current),
        }
        // Every member begins with a comma.
        match out.get_mut(start) {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
        out.push(b'}');
    }

    fn received(&self, out: &mut Vec<u8>, view: &RecordView<'_>) {
        for item in &self.0 {
            member(out, &item.raw, &view.raw(item.place));
            if item.has_converted {
                member(out, &item.converted, &view.converted(item.place));
            }
            if item.has_formatted {
                member(out, &item.formatted, &view.formatted(item.place));
            }
            item.write_limits(out, view);
        }
    }

    fn overlaid(&self, out: &mut Vec<u8>, current: &CurrentPacket, view: &RecordView<'_>) {
        for item in &self.0 {
            let forced = |form| current.overlaid(&item.name, form).map(value_of);
            let raw = forced(ValueType::Raw).unwrap_or_else(|| view.raw(item.place));
            member(out, &item.raw, &raw);
            let converted = forced(ValueType::Converted)
                .or_else(|| item.has_converted.then(|| view.converted(item.place)));
            if let Some(converted) = converted {
                member(out, &item.converted, &converted);
            }
            let formatted = forced(ValueType::Formatted)
                .map(as_text)
                .or_else(|| item.has_formatted.then(|| view.formatted(item.place)));
            if let Some(formatted) = formatted {
                member(out, &item.formatted, &formatted);
            }
            item.write_limits(out, view);
        }
    }
}

impl Item {
    fn write_limits(&self, out: &mut Vec<u8>, view: &RecordView<'_>) {
        if let Some(color) = view.limits(self.place) {
            out.extend_from_slice(&self.limits);
            write_json_string(out, color.word());
        }
    }
}

/// A packet without values: one that only `set_tlm` has touched.
fn bare(out: &mut Vec<u8>, current: &CurrentPacket) {
    let mut write = |item: &str, ending: &str, value: &Value| {
        member(out, &name(item, ending), value);
    };
    write("RECEIVED_COUNT", "", &Value::from(current.received_count));
    if current.is_received() {
        let seconds = |nanos| Value::Float(time::seconds(nanos));
        write("RECEIVED_TIMESECONDS", "", &seconds(current.received_time_ns));
        write("PACKET_TIMESECONDS", "", &seconds(current.packet_time_ns));
    }
    for item in current.overlaid_items() {
        let forced = |form| current.overlaid(item, form).map(value_of);
        if let Some(raw) = forced(ValueType::Raw) {
            write(item, "", &raw);
        }
        if let Some(converted) = forced(ValueType::Converted) {
            write(item, "__C", &converted);
        }
        if let Some(formatted) = forced(ValueType::Formatted) {
            write(item, "__F", &as_text(formatted));
        }
    }
}

fn as_text(value: Value) -> Value {
    match value {
        Value::Null | Value::String(_) | Value::Bytes(_) => value,
        other => Value::String(other.to_string()),
    }
}

/// Makes `,"ITEM__C":`.
fn name(item: &str, ending: &str) -> Vec<u8> {
    let mut out = vec![b','];
    write_json_string(&mut out, &format!("{item}{ending}"));
    out.push(b':');
    out
}

fn member(out: &mut Vec<u8>, name: &[u8], value: &Value) {
    out.extend_from_slice(name);
    write_json(out, value, NonFinite::Token);
}
