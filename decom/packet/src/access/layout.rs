//! Where items lie in one buffer: items of variable size move the ones behind (§3.6).

use super::view::{PacketTimes, PacketView};
use crate::definition::{Item, Packet, ValueType, VariableBitSize};

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
}

/// The places of all items; none are stored for packets in which nothing moves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Layout {
    places: Vec<Place>,
}

impl Layout {
    /// Walks over the items in stored order and moves those behind items of variable size.
    pub(super) fn of(packet: &Packet, buffer: &[u8], times: PacketTimes) -> Self {
        if !packet.has_variable_items() {
            return Self::default();
        }
        let mut layout = Self { places: packet.items.iter().map(declared).collect() };
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
            let extent = match length(packet, buffer, times, &layout, variable) {
                Some(count) => extent(item, variable, count, offset, buffer.len()),
                None => Extent::NoLength,
            };
            layout.places[index].extent = extent;
            if let Extent::Actual(bits) = extent {
                moved += bits - variable.reserved_bits;
            }
        }
        layout
    }

    pub(super) fn place(&self, index: usize, item: &Item) -> Place {
        self.places.get(index).copied().unwrap_or_else(|| declared(item))
    }

    pub(super) fn is_broken(&self) -> bool {
        self.places.iter().any(|place| matches!(place.extent, Extent::TooLong { .. }))
    }
}

fn declared(item: &Item) -> Place {
    Place { offset: item.bit_offset, extent: Extent::Declared }
}

/// Reads the length item's converted value; the items before it are in place already.
fn length(
    packet: &Packet,
    buffer: &[u8],
    times: PacketTimes,
    layout: &Layout,
    variable: &VariableBitSize,
) -> Option<i64> {
    let layout = std::borrow::Cow::Borrowed(layout);
    let view = PacketView { packet, buffer, times, layout, depth: 0 };
    let value = view.read(&variable.length_item, ValueType::Converted).ok()?;
    // Far beyond any buffer, and small enough to multiply.
    value.to_int().map(|count| i64::try_from(count.clamp(-(1 << 40), 1 << 40)).unwrap_or(0))
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
