//! Checks and warnings when a packet is complete (cosmos-packets §2.1, "Closing a packet").

use super::packets::capitalised;
use super::parser::FileParser;
use super::values;
use crate::definition::{DataType, Endianness, Item, Packet, PacketKind, SourceLocation};

impl FileParser<'_> {
    /// Closes the current packet, if any, and stores it.
    pub(super) fn close_packet(&mut self) {
        self.item = None;
        let Some(mut packet) = self.packet.take() else {
            return;
        };
        let line = self.line;
        if let Some(statement) = &self.packet_statement {
            self.line = statement.line;
        }
        for (item, warning) in overlap_warnings(&packet) {
            let line = self.item_statements.get(&item).map_or(self.line, |found| found.line);
            let location = SourceLocation { line, ..self.location() };
            self.draft.warnings.push((Some(location), warning));
        }
        let silent = packet.is_virtual || packet.disabled || packet.catchall;
        if packet.id_items.is_empty() && !silent && packet.packet_name != "UNKNOWN" {
            self.warn(format!(
                "{} packet {} {} has no ID_ITEMS and will match all buffers",
                capitalised(packet.kind),
                packet.target_name,
                packet.packet_name
            ));
        }
        if packet.kind == PacketKind::Command {
            self.check_parameters(&mut packet);
        }
        self.check_length_items(&packet);
        finish_ids(&mut packet);
        let with_limits = |name: &String| {
            packet.item_index(name).filter(|index| packet.items[*index].has_limits())
        };
        packet.limits_items = packet.limits_names.iter().filter_map(with_limits).collect();
        let (target, name) = (packet.target_name.clone(), packet.packet_name.clone());
        let table = self.draft.tables(packet.kind).entry(target).or_default();
        table.insert(name, packet);
        self.item_statements.clear();
        self.packet_statement = None;
        self.line = line;
    }

    fn check_parameters(&mut self, packet: &mut Packet) {
        let label = format!("{} {}", packet.target_name, packet.packet_name);
        for item in packet.items.iter_mut().filter(|item| item.structure_child.is_none()) {
            let Err(message) = values::check_types(item) else {
                continue;
            };
            let statement = self.item_statements.get(&item.name).or(self.packet_statement.as_ref());
            if let Some(statement) = statement.cloned() {
                self.refuse(&statement, format!("{label} {message}"));
            }
        }
    }
}

impl FileParser<'_> {
    /// Checks that the items that give others their size are there.
    fn check_length_items(&mut self, packet: &Packet) {
        for item in &packet.items {
            let wanted = item.variable_bit_size.as_ref().and_then(|size| size.length_item());
            let Some(wanted) = wanted.filter(|name| packet.item(name).is_none()) else { continue };
            let statement = self.item_statements.get(&item.name).or(self.packet_statement.as_ref());
            if let Some(statement) = statement.cloned() {
                let name = &item.name;
                let message =
                    format!("{name}: VARIABLE_BIT_SIZE names {wanted}, which is not in the packet");
                self.refuse(&statement, message);
            }
        }
    }
}

/// Brings the copies of id items up to date with what modifiers changed, and orders them.
fn finish_ids(packet: &mut Packet) {
    let mut ids = std::mem::take(&mut packet.id_items);
    for id in &mut ids {
        if let Some(item) = packet.item(&id.name).filter(|i| i.create_index == id.create_index) {
            *id = item.clone();
        }
    }
    ids.sort_by(crate::definition::stored_order);
    packet.id_items = ids;
}

/// Warns, by the item's name, where an item starts before the end of its immediate predecessor (§3.5).
fn overlap_warnings(packet: &Packet) -> Vec<(String, String)> {
    if packet.ignore_overlap {
        return Vec::new();
    }
    let placed: Vec<&Item> = packet
        .items
        .iter()
        .filter(|item| !item.is_derived() && item.structure_child.is_none())
        .collect();
    let pairs = placed.iter().zip(placed.iter().skip(1));
    pairs
        .filter(|(before, item)| !item.overlap && item.bit_offset < end_of(before, item))
        .map(|(before, item)| {
            let warning = format!(
                "Bit definition overlap at bit offset {} for packet {} {} items {} and {}",
                item.bit_offset, packet.target_name, packet.packet_name, item.name, before.name
            );
            (item.name.clone(), warning)
        })
        .collect()
}

/// Returns where an item ends, counted like the offset of the next one.
fn end_of(item: &Item, next: &Item) -> i64 {
    if item.bit_offset >= 0 && next.bit_offset < 0 {
        // From the start and from the end: they meet only in the actual buffer.
        return i64::MIN;
    }
    if let Some(total) = item.array_size {
        return if total > 0 { item.bit_offset + total } else { total };
    }
    if item.bit_size <= 0 {
        return item.bit_size;
    }
    let spans_bytes = item.endianness == Endianness::Little
        && item.data_type != DataType::Float
        && item.is_bit_field()
        && item.bit_offset % 8 + item.bit_size > 8;
    if spans_bytes && item.bit_offset >= 0 {
        return (item.bit_offset / 8 + 1) * 8;
    }
    item.bit_offset + item.bit_size
}
