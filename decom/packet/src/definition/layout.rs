//! Placing items in a packet: order, defined length, fixed size (cosmos-packets §3.5).

use std::cmp::Ordering;

use super::item::Item;
use super::packet::Packet;

impl Packet {
    /// Adds an item in its place; an item of the same name is removed first.
    ///
    /// Returns whether an item was replaced.
    pub fn insert_item(&mut self, mut item: Item) -> bool {
        item.create_index = self.created_items;
        self.created_items += 1;
        let replaced = self.remove_item(&item.name).is_some();
        if item.structure_child.is_none() {
            self.count_length(&item);
        }
        let out_of_order = self.items.last().is_some_and(|last| {
            last.bit_offset <= 0 || item.bit_offset <= 0 || item.bit_offset < last.bit_offset
        });
        self.names.insert(item.name.clone(), self.items.len());
        self.items.push(item);
        if out_of_order {
            self.items.sort_by(stored_order);
            self.renumber();
        }
        replaced
    }

    /// Adds many items with names of their own, sorting them once.
    pub(crate) fn insert_items(&mut self, items: Vec<Item>) {
        for mut item in items {
            item.create_index = self.created_items;
            self.created_items += 1;
            if item.structure_child.is_none() {
                self.count_length(&item);
            }
            self.items.push(item);
        }
        self.items.sort_by(stored_order);
        self.renumber();
    }

    /// Removes an item; its bits stay as a hole.
    pub fn remove_item(&mut self, name: &str) -> Option<Item> {
        let index = self.names.get(name).copied()?;
        let item = self.items.remove(index);
        self.renumber();
        Some(item)
    }

    /// Returns the bit offset at which an appended item starts.
    #[must_use]
    pub fn append_offset(&self) -> i64 {
        self.defined_bits()
    }

    /// Lengthens the packet, so that the next appended item starts at this bit or later.
    pub(crate) fn reserve(&mut self, end: i64) {
        self.positive_bits = self.positive_bits.max(end);
    }

    fn count_length(&mut self, item: &Item) {
        if !item.is_derived() && (item.bit_size <= 0 || item.array_size.is_some_and(|n| n <= 0)) {
            self.fixed_size = false;
        }
        if item.bit_offset < 0 {
            self.negative_bits = self.negative_bits.max(-item.bit_offset);
            return;
        }
        let extent = item.array_size.unwrap_or(item.bit_size).max(0);
        self.positive_bits = self.positive_bits.max(item.bit_offset + extent);
    }

    fn renumber(&mut self) {
        self.names.clear();
        for (index, item) in self.items.iter().enumerate() {
            self.names.insert(item.name.clone(), index);
        }
    }
}

/// Orders items: derived in creation order, positive offsets ascending, negative ascending; among
/// equals the ones of variable size first, then creation order.
pub(crate) fn stored_order(a: &Item, b: &Item) -> Ordering {
    let group = |item: &Item| match (item.is_derived(), item.bit_offset < 0) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    };
    group(a)
        .cmp(&group(b))
        .then(a.bit_offset.cmp(&b.bit_offset))
        .then(b.variable_bit_size.is_some().cmp(&a.variable_bit_size.is_some()))
        .then(a.create_index.cmp(&b.create_index))
}

#[cfg(test)]
mod tests {
    use super::super::packet::PacketKind;
    use super::super::types::{DataType, Endianness, SourceLocation};
    use super::*;

    fn packet(items: &[(&str, i64, i64)]) -> Packet {
        let location = SourceLocation { file: "test".into(), line: 1 };
        let mut packet = Packet::new(PacketKind::Telemetry, "T", "P", Endianness::Big, location);
        for (name, offset, size) in items {
            let kind = if *size == 0 { DataType::Derived } else { DataType::Uint };
            packet.insert_item(Item::new(name, *offset, *size, kind, Endianness::Big));
        }
        packet
    }

    #[test]
    fn stored_order_and_defined_length() {
        let p = packet(&[
            ("C", -8, 8),
            ("Z", 0, 0),
            ("B", 8, 8),
            ("Y", 0, 0),
            ("A", 0, 8),
            ("N", -16, 8),
        ]);
        let order: Vec<&str> = p.items.iter().map(|i| i.name.as_str()).collect();
        assert_eq!(order, ["Z", "Y", "A", "B", "N", "C"]);
        assert_eq!(p.item_index("N"), Some(4));
        assert_eq!((p.defined_length(), p.defined_bits()), (4, 32));
    }

    #[test]
    fn removing_leaves_a_hole() {
        let mut p = packet(&[("A", 0, 8), ("B", 8, 8), ("C", 16, 8)]);
        assert!(p.remove_item("B").is_some());
        assert_eq!(p.append_offset(), 24);
        assert_eq!(p.item_index("C"), Some(1));
    }
}
