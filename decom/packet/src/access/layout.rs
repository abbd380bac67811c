//! Where items lie in one buffer: items of variable size move the ones behind (§3.6).

use std::sync::Arc;

use super::view::{PacketTimes, PacketView};
use crate::definition::{Item, Packet, VariableBitSize, VariableLength};
use crate::document::Document;

/// How many bits an item takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// As defined.
    Declared,
    /// As the length item says.
    Actual(i64),
    /// The length item says more than there is.
    TooLong { bits: i64, available: i64 },
    /// The length item is missing or holds no number.
    NoLength,
}

/// Offset and size of an item in one buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: i64,
    pub(super) extent: Extent,
    /// Bits of the terminator that follows the value.
    pub(super) tail: i64,
}

/// The places of all items; none are stored for packets in which nothing moves.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    places: Vec<Place>,
    /// What the buffer is where items have keys instead of places, or why it is not.
    document: Option<Arc<Result<Document, String>>>,
}

impl Layout {
    /// Walks over the items in stored order and moves those behind items of variable size.
    pub(super) fn of(packet: &Packet, buffer: &[u8], times: PacketTimes) -> Self {
        if let Some(format) = packet.accessor.format() {
            let document = Document::parse(packet, format, buffer);
            return Self { document: Some(Arc::new(document)), ..Self::default() };
        }
        if !packet.has_variable_items() {
            return Self::default();
        }
        let places = packet.items.iter().map(declared).collect();
        let mut layout = Self { places, document: None };
        let mut moved = 0;
        for (index, item) in packet.items.iter().enumerate() {
            let fixed = item.is_derived() || item.bit_offset < 0 || item.structure_child.is_some();
            if !fixed {
                layout.places[index].offset += moved;
            }
            let Some(variable) = &item.variable_bit_size else {
                continue;
            };
            let offset = layout.places[index].offset;
            let (extent, tail) = match length(packet, buffer, times, &layout, variable) {
                Length::Count(count) => (extent(item, variable, count, offset, buffer.len()), 0),
                Length::Absent => (Extent::NoLength, 0),
                Length::Terminated(bytes) => terminated(buffer, offset, bytes, variable),
            };
            layout.places[index] = Place { offset, extent, tail };
            if let (Extent::Actual(bits), false) = (extent, variable.in_field) {
                moved += bits + tail - variable.reserved_bits;
            }
        }
        layout
    }

    pub(super) fn place(&self, index: usize, item: &Item) -> Place {
        self.places.get(index).copied().unwrap_or_else(|| declared(item))
    }

    /// Returns the parsed buffer, or why it cannot be parsed.
    pub(super) fn document(&self) -> Option<Result<&Document, &str>> {
        let document = self.document.as_deref()?;
        Some(document.as_ref().map_err(String::as_str))
    }

    pub(super) fn is_broken(&self) -> bool {
        self.places.iter().any(|place| matches!(place.extent, Extent::TooLong { .. }))
    }
}

fn declared(item: &Item) -> Place {
    Place { offset: item.bit_offset, extent: Extent::Declared, tail: 0 }
}

/// What gives an item its size.
enum Length<'a> {
    Count(i64),
    /// The length item is missing or holds no number.
    Absent,
    /// A terminator.
    Terminated(&'a [u8]),
}

/// Reads the length item's value; the items before it are in place already.
fn length<'a>(
    packet: &Packet,
    buffer: &[u8],
    times: PacketTimes,
    layout: &Layout,
    variable: &'a VariableBitSize,
) -> Length<'a> {
    let (name, value_type) = match &variable.length {
        VariableLength::Item { name, value_type } => (name, *value_type),
        VariableLength::Terminator(bytes) => return Length::Terminated(bytes),
    };
    let layout = std::borrow::Cow::Borrowed(layout);
    let (processors, extra) = (None, None);
    let given = None;
    let view = PacketView { packet, buffer, times, layout, processors, extra, given, depth: 0 };
    let value = view.read(name, value_type).ok().and_then(|value| value.to_int());
    // Far beyond any buffer, and small enough to multiply.
    value.map_or(Length::Absent, |count| {
        Length::Count(i64::try_from(count.clamp(-(1 << 40), 1 << 40)).unwrap_or(0))
    })
}

/// Looks for the end of a value; returns its bits and those of the terminator that was found.
fn terminated(
    buffer: &[u8],
    offset: i64,
    terminator: &[u8],
    variable: &VariableBitSize,
) -> (Extent, i64) {
    let bits = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX / 8) * 8;
    let start = usize::try_from(offset / 8).ok().filter(|_| offset % 8 == 0);
    let Some(rest) = start.and_then(|start| buffer.get(start..)) else {
        return (Extent::NoLength, 0);
    };
    let field = usize::try_from(variable.reserved_bits / 8).unwrap_or(0);
    let rest = if variable.in_field { rest.get(..field).unwrap_or(rest) } else { rest };
    let found = rest.windows(terminator.len().max(1)).position(|bytes| bytes == terminator);
    match found {
        Some(length) => (Extent::Actual(bits(length)), bits(terminator.len())),
        None => (Extent::Actual(bits(rest.len())), 0),
    }
}

fn extent(
    item: &Item,
    variable: &VariableBitSize,
    count: i64,
    offset: i64,
    buffer_length: usize,
) -> Extent {
    let bits = if is_selector(item) {
        selected_bits(count)
    } else {
        count.saturating_mul(variable.bits_per_count).saturating_add(variable.bit_offset)
    };
    let buffer_bits = i64::try_from(buffer_length).unwrap_or(i64::MAX / 8) * 8;
    let available =
        if offset >= 0 { (buffer_bits - offset).max(0) } else { (-offset).min(buffer_bits) };
    let field = if variable.in_field { variable.reserved_bits } else { available };
    let available = available.min(field);
    if bits < 0 || bits > available {
        return Extent::TooLong { bits, available };
    }
    Extent::Actual(bits)
}

/// Returns whether the length item selects the size of a single integer, as in QUIC.
pub(super) fn is_selector(item: &Item) -> bool {
    item.data_type.is_integer() && item.array_size.is_none()
}

/// Returns the bits of a selector's value.
pub(super) fn selected_bits(selector: i64) -> i64 {
    match selector {
        0 => 6,
        1 => 14,
        2 => 30,
        _ => 62,
    }
}
