use std::collections::HashMap;

use groundlog_packet::{
    Item, Packet, Value,
    definition::{DataType, ValueType},
    record::RecordView,
};

use super::{
    select::Chosen,
    text::{push_hex, push_json_text},
};

/// One item in the output.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Place in [`Packet::items`].
    place: usize,
    /// Name of the item.
    pub(super) item: String,
    /// Name in the head of a table: the item's, with its packet before it where two clash.
    pub(super) heading: String,
    /// The name as a JSON key, colon included.
    pub(super) json_key: Vec<u8>,
    values: ValueType,
    /// Whether the value is the bytes of a BLOCK, which are hex even where they are text.
    block: bool,
}

/// Makes the columns of packets, each packet's own.
pub(super) fn columns_of(chosen: &[Chosen], values: ValueType) -> Vec<Vec<Column>> {
    let name = |(packet, place): (&Packet, usize)| packet.items[place].name.clone();
    let in_packet = |at: (&Packet, usize)| format!("{} {}", at.0.packet_name, name(at));
    let mut all: Vec<(&Packet, usize)> = Vec::new();
    for it in chosen {
        all.extend(it.places.iter().map(|place| (&*it.packet, *place)));
    }
    let names = counted(all.iter().copied().map(name));
    let pairs = counted(all.iter().copied().map(in_packet));
    let heading = |at: (&Packet, usize)| {
        let (short, pair) = (name(at), in_packet(at));
        match (names.get(&short), pairs.get(&pair)) {
            (Some(1), _) => short,
            (_, Some(1)) => pair,
            _ => format!("{} {pair}", at.0.target_name),
        }
    };
    let column = |packet: &Packet, place: usize| {
        let item = &packet.items[place];
        let mut json_key = Vec::new();
        push_json_text(&mut json_key, &item.name);
        json_key.push(b':');
        Column {
            place,
            item: item.name.clone(),
            heading: heading((packet, place)),
            json_key,
            values,
            block: is_block(item, values),
        }
    };
    let of = |it: &Chosen| it.places.iter().map(|place| column(&it.packet, *place)).collect();
    chosen.iter().map(of).collect()
}

/// Counts how often each name occurs.
pub(super) fn counted(names: impl Iterator<Item = String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn is_block(item: &Item, values: ValueType) -> bool {
    let unconverted = match values {
        ValueType::Raw => true,
        ValueType::Converted => !item.has_converted(),
        ValueType::Formatted => !item.has_converted() && !item.has_formatted(),
    };
    item.data_type == DataType::Block && unconverted
}

impl Column {
    /// Reads the value out of a decoded packet.
    pub(super) fn value(&self, view: &RecordView<'_>) -> Value {
        if self.block {
            return match view.raw_bytes(self.place) {
                Some(bytes) => Value::Bytes(bytes.to_vec()),
                None => as_bytes(view.raw(self.place)),
            };
        }
        match self.values {
            ValueType::Raw => view.raw(self.place),
            ValueType::Converted => view.converted(self.place),
            ValueType::Formatted => view.formatted(self.place),
        }
    }

    /// Appends the value, if it is a block, as hex without a copy in between.
    pub(super) fn push_block(&self, view: &RecordView<'_>, out: &mut Vec<u8>) -> bool {
        let bytes = if self.block { view.raw_bytes(self.place) } else { None };
        if let Some(bytes) = bytes {
            push_hex(out, bytes);
        }
        bytes.is_some()
    }
}

/// Turns texts back into the bytes that they were, in lists too.
fn as_bytes(value: Value) -> Value {
    match value {
        Value::String(text) => Value::Bytes(text.into_bytes()),
        Value::Array(values) => Value::Array(values.into_iter().map(as_bytes).collect()),
        other => other,
    }
}
