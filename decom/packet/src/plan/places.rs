//! Compiles where the raw values lie: which bytes of the packet go to which slot of the record.

use super::copy::{Copies, Row};
use super::fast::{Fast, Op};
use super::fields::{self, Pending};
use super::linear::Source;

use crate::bits::window::WINDOW;
use crate::bits::{Placed, Spot, locate_integer};
use crate::definition::{DataType, Endianness, Item, Packet};
use crate::record::{Element, PackedItem, RawForm};

/// Arrays of bit fields up to this length are compiled element by element.
const MAX_FIELD_ARRAY: u32 = 256;

/// The raw bytes of one item in fast form.
pub(super) enum RawOps {
    /// No bytes.
    None,
    Fields(Vec<Pending>),
    /// Numbers one after the other.
    Numbers {
        source: u32,
        width: u32,
        count: u32,
        little: bool,
    },
    Bytes {
        source: u32,
        length: u32,
    },
}

/// The raw values of a packet, gathered item by item in the order of their slots.
#[derive(Default)]
pub(super) struct Places {
    /// Their windows are chosen when the packet's needed length is known.
    fields: Vec<Pending>,
    copies: Copies,
    needed: usize,
    exact: bool,
}

impl RawOps {
    /// Returns where the item's numbers are read.
    pub(super) fn source(&self, packed: &PackedItem) -> (Source, u32) {
        match self {
            Self::Numbers { source, little: false, .. } => (Source::Big, *source),
            Self::Numbers { source, little: true, .. } => (Source::Little, *source),
            _ => (Source::Record, packed.raw_at),
        }
    }
}

impl Places {
    /// Demands bytes that something else reads.
    pub(super) fn need(&mut self, bytes: usize) {
        self.needed = self.needed.max(bytes);
    }

    /// Adds an item whose operations [`raw_ops`] has found.
    pub(super) fn add(&mut self, item: &Item, packed: &PackedItem, ops: RawOps) {
        self.need(end_of(&ops));
        self.exact |= item.bit_offset < 0;
        let slot = packed.raw_at;
        match ops {
            RawOps::None => {}
            RawOps::Fields(fields) => self.fields.extend(fields),
            RawOps::Numbers { source, width, count, little } => {
                self.copies.add(Row { source, slot, width, count, reversed: little });
            }
            RawOps::Bytes { source, length } => {
                self.copies.add(Row { source, slot, width: 1, count: length, reversed: false });
            }
        }
    }

    /// Turns what was gathered into operations.
    pub(super) fn finish(self, packet: &Packet, fast: &mut Fast, ops: &mut Vec<Op>) {
        fast.exact = self.exact;
        fast.needed = if self.exact { packet.defined_length() } else { self.needed };
        fields::compile(fast.needed, &self.fields, ops);
        self.copies.finish(ops);
    }
}

/// Compiles the bytes of an item; `None` if they need the careful way.
pub(super) fn raw_ops(packet: &Packet, item: &Item, packed: &PackedItem) -> Option<RawOps> {
    if packed.raw == RawForm::None {
        return Some(RawOps::None);
    }
    let counted_back = item.bit_offset < 0;
    if !packet.has_place(item)
        || item.structure_child.is_some()
        || item.bit_size <= 0
        || (counted_back && (!packet.is_fixed_size() || packet.has_variable_items()))
    {
        return None;
    }
    let offset = if counted_back {
        i64::try_from(packet.defined_length()).ok()? * 8 + item.bit_offset
    } else {
        item.bit_offset
    };
    let (element, count) = match packed.raw {
        RawForm::One(element) => (element, 1),
        RawForm::List { element, count } => (element, count),
        _ => return None,
    };
    match element {
        Element::Int { width, .. } => integers(item, packed, offset, count, u32::from(width)),
        Element::Single | Element::Double => {
            let source = whole_bytes(offset)?;
            let width = element.width();
            let little = item.endianness == Endianness::Little;
            Some(RawOps::Numbers { source, width, count, little })
        }
        Element::Bytes { length, .. } => {
            if item.bit_size % 8 != 0 {
                return None;
            }
            Some(RawOps::Bytes { source: whole_bytes(offset)?, length: length.checked_mul(count)? })
        }
    }
}

fn whole_bytes(offset: i64) -> Option<u32> {
    if offset % 8 == 0 { u32::try_from(offset / 8).ok() } else { None }
}

fn integers(
    item: &Item,
    packed: &PackedItem,
    offset: i64,
    count: u32,
    width: u32,
) -> Option<RawOps> {
    let little = item.endianness == Endianness::Little;
    if offset % 8 == 0 && matches!(item.bit_size, 8 | 16 | 32 | 64) {
        let source = whole_bytes(offset)?;
        return Some(RawOps::Numbers { source, width, count, little: little && width > 1 });
    }
    // Arrays of wider little endian bit fields cannot be read at all.
    if count > MAX_FIELD_ARRAY || (packed.is_list() && little && item.bit_size > 1) {
        return None;
    }
    let mut fields = Vec::with_capacity(count as usize);
    for index in 0..count {
        let spot = Spot {
            bit_offset: offset.checked_add(i64::from(index).checked_mul(item.bit_size)?)?,
            bit_size: item.bit_size,
            data_type: item.data_type,
            endianness: item.endianness,
        };
        // Whether the packet is long enough is asked once for all operations.
        match locate_integer(u32::MAX as usize, spot) {
            Ok(Placed::Inside(field)) if field.count <= WINDOW => fields.push(Pending {
                field,
                signed: item.data_type == DataType::Int && field.size > 1,
                width,
                slot: packed.raw_at + index * width,
            }),
            _ => return None,
        }
    }
    Some(RawOps::Fields(fields))
}

/// Returns the number of bytes a packet must have for these operations.
fn end_of(ops: &RawOps) -> usize {
    match ops {
        RawOps::None => 0,
        RawOps::Fields(fields) => {
            fields.iter().map(|p| p.field.first + p.field.count).max().unwrap_or(0)
        }
        RawOps::Numbers { source, width, count, .. } => {
            *source as usize + *width as usize * *count as usize
        }
        RawOps::Bytes { source, length } => *source as usize + *length as usize,
    }
}
