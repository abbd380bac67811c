//! Reading the items of a borrowed buffer.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::buffer::Given;
use super::error::AccessError;
use super::http;
use super::layout::{Extent, Layout, Place};
use crate::bits;
use crate::definition::{Accessor, Item, Packet, ValueType, default_text};
use crate::process::ProcessorStates;
use crate::value::Value;

/// Times and count that travel with a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PacketTimes {
    /// When the bytes were received, nanoseconds since 1970 UTC.
    pub received: Option<i64>,
    /// Explicit packet time, nanoseconds since 1970 UTC; a `PACKET_TIME` item goes before it.
    pub packet: Option<i64>,
    /// How many packets of this kind have been received.
    pub received_count: u64,
}

/// A packet's definition with the bytes of one packet.
#[derive(Debug, Clone)]
pub struct PacketView<'a> {
    pub(super) packet: &'a Packet,
    pub(super) buffer: &'a [u8],
    pub(super) times: PacketTimes,
    pub(super) layout: Cow<'a, Layout>,
    /// What the packet's processors have gathered.
    pub(super) processors: Option<&'a ProcessorStates>,
    /// What travels beside the bytes.
    pub(super) extra: Option<&'a IndexMap<String, Value>>,
    /// What the caller gave for the parameters of a command.
    pub(super) given: Option<&'a Given>,
    /// How many conversions wait for this read.
    pub(super) depth: usize,
}

impl<'a> PacketView<'a> {
    /// Looks at a buffer through a definition.
    #[must_use]
    pub fn new(packet: &'a Packet, buffer: &'a [u8], times: PacketTimes) -> Self {
        let layout = Layout::of(packet, buffer, times);
        let layout = Cow::Owned(layout);
        let (processors, extra) = (None, None);
        Self { packet, buffer, times, layout, processors, extra, given: None, depth: 0 }
    }

    /// Looks at what the packet's processors have gathered as well; without, they have not seen
    /// any packet.
    #[must_use]
    pub fn with_processors(mut self, processors: &'a ProcessorStates) -> Self {
        self.processors = Some(processors);
        self
    }

    /// Returns the definition.
    #[must_use]
    pub fn packet(&self) -> &'a Packet {
        self.packet
    }

    /// Returns the bytes.
    #[must_use]
    pub fn buffer(&self) -> &'a [u8] {
        self.buffer
    }

    /// Returns whether a length item claims more than the buffer holds.
    #[must_use]
    pub fn has_layout_error(&self) -> bool {
        self.layout.is_broken()
    }

    /// Returns where an item lies in this buffer, in bits; it differs from the definition behind
    /// items of variable size.
    #[must_use]
    pub fn bit_offset(&self, index: usize) -> Option<i64> {
        let item = self.packet.items.get(index)?;
        Some(self.layout.place(index, item).offset)
    }

    /// Reads an item by name, any case; `NAME[k]` is element k of an array item unless an item
    /// has exactly that name.
    ///
    /// # Errors
    /// [`AccessError`] when there is no such item or it cannot be read.
    pub fn read(&self, name: &str, value_type: ValueType) -> Result<Value, AccessError> {
        let upper;
        let mut index = self.packet.item_index(name);
        if index.is_none() {
            upper = name.to_uppercase();
            index = self.packet.item_index(&upper);
            if index.is_none()
                && let Some((array, element)) = self.element_of(&upper)
            {
                return match self.read_item(array, value_type)? {
                    Value::Array(mut values) if element < values.len() => {
                        Ok(values.swap_remove(element))
                    }
                    _ => Ok(Value::Null),
                };
            }
        }
        self.read_item(index.ok_or_else(|| self.unknown_item(name))?, value_type)
    }

    fn element_of(&self, name: &str) -> Option<(usize, usize)> {
        let (array, rest) = name.rsplit_once('[')?;
        let element = rest.strip_suffix(']')?.parse().ok()?;
        let index = self.packet.item_index(array)?;
        self.packet.items[index].array_size.map(|_| (index, element))
    }

    pub(super) fn unknown_item(&self, name: &str) -> AccessError {
        AccessError::UnknownItem {
            packet: format!("{} {}", self.packet.target_name, self.packet.packet_name),
            item: name.to_uppercase(),
        }
    }

    /// Reads an item by its place in [`Packet::items`].
    ///
    /// # Errors
    /// [`AccessError`] when there is no such item or it cannot be read.
    pub fn read_item(&self, index: usize, value_type: ValueType) -> Result<Value, AccessError> {
        let item = self
            .packet
            .items
            .get(index)
            .ok_or_else(|| self.unknown_item(&format!("number {index}")))?;
        let raw = self.raw(index, item)?;
        if value_type == ValueType::Raw && !item.is_derived() {
            return Ok(raw);
        }
        let is_missing = raw.is_null() && !item.is_derived() && self.packet.short_buffer_allowed;
        if is_missing || item.read_conversion.as_ref().is_some_and(|code| code.is_opaque()) {
            return Ok(Value::Null);
        }
        let value = self.converted(item, raw)?;
        if value_type == ValueType::Raw {
            return Ok(value);
        }
        match value {
            Value::Array(values) => values
                .into_iter()
                .map(|element| named_or_formatted(item, element, value_type))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            single => named_or_formatted(item, single, value_type),
        }
    }

    /// Reads the bits of an item, or what its key names.
    pub(super) fn raw(&self, index: usize, item: &Item) -> Result<Value, AccessError> {
        if let Some(part) = self.packet.accessor.http_part(item) {
            return Ok(self.extra.map_or(Value::Null, |extra| http::read(&part, extra)));
        }
        if item.is_derived() {
            return Ok(Value::Null);
        }
        self.check_accessor()?;
        if let Some(child) = &item.structure_child {
            return self.structure_child(&child.parent, &child.child);
        }
        if let Some(document) = self.layout.document() {
            let value = document.map_err(str::to_owned).and_then(|document| document.read(item));
            return value.map_err(|message| in_document(item, message));
        }
        let place = self.layout.place(index, item);
        read_place(self.packet, self.buffer, item, &place)
    }

    /// Refuses accessors that cannot be run.
    pub(super) fn check_accessor(&self) -> Result<(), AccessError> {
        let Accessor::Other(class) = self.packet.accessor.body() else {
            return Ok(());
        };
        Err(AccessError::Accessor {
            packet: format!("{} {}", self.packet.target_name, self.packet.packet_name),
            accessor: class.class.clone(),
        })
    }

    fn structure_child(&self, parent: &str, child: &str) -> Result<Value, AccessError> {
        let index = self.packet.item_index(parent).ok_or_else(|| self.unknown_item(parent))?;
        let item = &self.packet.items[index];
        let bytes = self.raw(index, item)?;
        let (Some(bytes), Some(inner)) = (bytes.as_bytes(), item.structure.as_deref()) else {
            return Ok(Value::Null);
        };
        PacketView::new(inner, bytes, self.times).read(child, ValueType::Raw)
    }
}

pub(super) fn in_document(item: &Item, message: String) -> AccessError {
    AccessError::Document { item: item.name.clone(), message }
}

/// Reads an item's bits at its place.
pub(super) fn read_place(
    packet: &Packet,
    buffer: &[u8],
    item: &Item,
    place: &Place,
) -> Result<Value, AccessError> {
    let (mut size, mut total) = (item.bit_size, item.array_size);
    match place.extent {
        Extent::Declared => {}
        Extent::Actual(0) if total.is_some() => return Ok(Value::Array(Vec::new())),
        Extent::Actual(0) => return Ok(empty(item)),
        Extent::Actual(bits) if total.is_some() => total = Some(bits),
        Extent::Actual(bits) => size = bits,
        Extent::TooLong { .. } if packet.short_buffer_allowed => return Ok(Value::Null),
        Extent::TooLong { bits, available } => {
            let item = item.name.clone();
            return Err(AccessError::VariableSize { item, bits, available });
        }
        Extent::NoLength => {
            let length_item = item.variable_bit_size.as_ref().and_then(|size| size.length_item());
            return Err(AccessError::LengthItem {
                item: item.name.clone(),
                length_item: length_item.unwrap_or_default().to_owned(),
            });
        }
    }
    let read = bits::read(buffer, place.offset, size, item.data_type, item.endianness, total);
    match read {
        Ok(value) => Ok(value),
        // A short buffer leaves items of open size with less than nothing (P01B); offsets before
        // the start stay errors (P019).
        Err(_) if packet.short_buffer_allowed && place.offset >= 0 && size <= 0 => Ok(Value::Null),
        Err(source) => Err(AccessError::Bits { item: item.name.clone(), source }),
    }
}

fn empty(item: &Item) -> Value {
    match item.data_type {
        crate::definition::DataType::Block => Value::Bytes(Vec::new()),
        _ => Value::String(String::new()),
    }
}

/// Replaces a value by its state's name; otherwise formats it if that is asked for.
fn named_or_formatted(
    item: &Item,
    value: Value,
    value_type: ValueType,
) -> Result<Value, AccessError> {
    if let Some(name) = item.states.as_ref().and_then(|states| states.name_of(&value)) {
        return Ok(Value::from(name));
    }
    if value_type != ValueType::Formatted || value.is_null() {
        return Ok(value);
    }
    if item.format_string.is_none() && item.units.is_none() && value.as_bytes().is_some() {
        // Bytes and texts are their own text; bytes that are not UTF-8 stay bytes.
        return Ok(match value {
            Value::Bytes(bytes) => Value::from_utf8_or_bytes(bytes),
            text => text,
        });
    }
    let mut text = match &item.format_string {
        Some(format) => format
            .format(&value)
            .map_err(|source| AccessError::Format { item: item.name.clone(), source })?,
        None => default_text(&value),
    };
    if let Some(units) = &item.units {
        text.push(' ');
        text.push_str(&units.abbreviation);
    }
    Ok(Value::String(text))
}
