//! Entries in their places.

use super::notes::Notes;
use super::writer::Writer;
use crate::definition::{
    Accessor, DataType, Endianness, Item, Packet, VariableLength, is_reserved_item,
};

/// An item that XTCE can place, with the entry's start.
pub(super) struct Entry<'p> {
    pub(super) item: &'p Item,
    /// First bit, or the distance of the entry's end from the packet's.
    start: Start,
    bits: i64,
}

#[derive(Debug, Clone, Copy)]
enum Start {
    At(i64),
    BeforeEnd(i64),
}

/// Returns the label of an item for notes.
pub(super) fn label(packet: &Packet, item: &str) -> String {
    format!("{} {} {item}", packet.target_name, packet.packet_name)
}

/// Returns the items that XTCE can place, in the order of their entries.
pub(super) fn entries<'p>(packet: &'p Packet, notes: &mut Notes) -> Vec<Entry<'p>> {
    let own = |item: &&Item| !(item.is_derived() && is_reserved_item(&item.name));
    let mut items: Vec<&Item> = packet.items.iter().filter(own).collect();
    if !packet.has_variable_items() {
        // Behind items of variable size only the next entry has a place.
        items.sort_by_key(|item| item.create_index);
    }
    let mut entries = Vec::new();
    for item in items {
        match placed(packet, item) {
            Ok(entry) => entries.push(entry),
            Err(reason) => notes.add(label(packet, &item.name), format!("all of it: {reason}")),
        }
    }
    entries
}

/// Finds out where the entry of an item lies.
fn placed<'p>(packet: &Packet, item: &'p Item) -> Result<Entry<'p>, &'static str> {
    if packet.accessor != Accessor::Binary {
        return Err("the packet's accessor is not binary");
    }
    if item.is_derived() {
        return Err("it is derived");
    }
    if item.structure.is_some() || item.structure_child.is_some() {
        return Err("it belongs to a structure");
    }
    match item.data_type {
        DataType::Int | DataType::Uint | DataType::Float | DataType::String | DataType::Block => {}
        _ => return Err("its type is none of XTCE"),
    }
    let start = |start: i64, bits: i64| {
        let start = if start < 0 { Start::BeforeEnd(-start - bits) } else { Start::At(start) };
        Entry { item, start, bits }
    };
    if let Some(variable) = &item.variable_bit_size {
        let list = item.array_size.is_some();
        let divides = |bits: i64| bits % item.bit_size.max(1) == 0;
        return match &variable.length {
            _ if item.bit_offset < 0 => Err("it has a variable size and lies at the end"),
            _ if item.data_type.is_integer() && !list => Err("another item selects its size"),
            VariableLength::Item { .. } if variable.in_field => {
                Err("its length lies in a field of fixed size")
            }
            VariableLength::Item { .. }
                if list && !(divides(variable.bits_per_count) && divides(variable.bit_offset)) =>
            {
                Err("its length is no number of elements")
            }
            VariableLength::Terminator(_) if item.data_type != DataType::String => {
                Err("its end is marked, and it is no text")
            }
            _ => Ok(start(item.bit_offset, variable.reserved_bits)),
        };
    }
    let bits = item.array_size.unwrap_or(item.bit_size);
    if bits <= 0 {
        return Err("it goes to the end of the packet");
    }
    let little = item.endianness == Endianness::Little && item.data_type.is_integer();
    if little && item.is_bit_field() {
        if item.array_size.is_some() {
            return Err("a list of little endian bit fields");
        }
        if item.bit_size > 8 {
            let whole = item.bit_size % 8 == 0 && item.bit_offset % 8 == 0;
            return if whole && item.bit_offset >= 0 {
                // Named by its last byte.
                Ok(start(item.bit_offset + 8 - bits, bits))
            } else {
                Err("a little endian field that is not whole bytes")
            };
        }
        if item.bit_offset.rem_euclid(8) + item.bit_size > 8 {
            return Err("a little endian field across two bytes");
        }
    }
    Ok(start(item.bit_offset, bits))
}

/// Writes entries one after the other.
pub(super) struct Entries {
    out: Writer,
    cursor: i64,
}

impl Entries {
    /// Begins behind so many bits.
    pub(super) fn at(cursor: i64) -> Self {
        Self { out: Writer::default(), cursor }
    }

    /// Writes the entry of an item: a tag with a reference.
    pub(super) fn add(&mut self, entry: &Entry<'_>, tag: &str, reference: (&str, &str)) {
        let location = match entry.start {
            Start::At(start) if start == self.cursor => None,
            Start::At(start) => Some(("containerStart", start)),
            Start::BeforeEnd(distance) => Some(("containerEnd", distance)),
        };
        match location {
            None => self.out.leaf(tag, &[reference]),
            Some((from, bits)) => {
                self.out.open(tag, &[reference]);
                self.out.open("LocationInContainerInBits", &[("referenceLocation", from)]);
                self.out.text("FixedValue", &[], &bits.to_string());
                self.out.close("LocationInContainerInBits");
                self.out.close(tag);
            }
        }
        if let Start::At(start) = entry.start {
            self.cursor = start + entry.bits;
        }
    }

    /// Returns the entries, and the first bit behind them.
    pub(super) fn finish(self) -> (String, i64) {
        (self.out.finish(), self.cursor)
    }
}
