use groundlog_packet::{
    Item, Packet, Value,
    definition::{DataType, ValueType, is_reserved_item},
    record::RecordView,
};

use super::text::{push_hex, push_json_text};

/// One item in the output.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Place in [`Packet::items`].
    place: usize,
    /// Name of the item.
    pub(super) name: String,
    /// The name as a JSON key, colon included.
    pub(super) json_key: Vec<u8>,
    values: ValueType,
    /// Whether the value is the bytes of a BLOCK, which are hex even where they are text.
    block: bool,
}

/// Makes the columns of a packet: items in definition order, without hidden and reserved ones.
pub(super) fn columns_of(packet: &Packet, values: ValueType) -> Vec<Column> {
    let mut items: Vec<(usize, &Item)> = packet.items.iter().enumerate().collect();
    items.sort_by_key(|(_, item)| item.create_index);
    items
        .into_iter()
        .filter(|(_, item)| !item.hidden && !is_reserved_item(&item.name))
        .map(|(place, item)| {
            let mut json_key = Vec::new();
            push_json_text(&mut json_key, &item.name);
            json_key.push(b':');
            let block = is_block(item, values);
            Column { place, name: item.name.clone(), json_key, values, block }
        })
        .collect()
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
