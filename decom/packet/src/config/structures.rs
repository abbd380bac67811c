//! Structures: a packet that lies in the bytes of an item (cosmos-packets §3.8).

use std::sync::Arc;

use super::arguments::Arguments;
use super::checks;
use super::items::item_name;
use super::parser::FileParser;
use crate::definition::{
    DataType, Endianness, Item, MAX_NAME_LENGTH, Packet, PacketKind, StructureChild,
    is_reserved_item,
};

/// Structures within structures beyond this are refused, so that reading them stays shallow.
const MAX_NESTING: usize = 16;

/// Returns how deep structures are nested in a packet.
fn nesting(packet: &Packet) -> usize {
    let structures = packet.items.iter().filter_map(|item| item.structure.as_deref());
    structures.map(|inner| nesting(inner) + 1).max().unwrap_or(0)
}

impl FileParser<'_> {
    pub(super) fn structure(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        self.item = None;
        let append = arguments.keyword() == "APPEND_STRUCTURE";
        let name = item_name(arguments, false)?;
        let (offset, next) = if append {
            (self.current_packet()?.append_offset(), 1)
        } else {
            (arguments.integer(1)?, 2)
        };
        let inner = self.structure_packet(arguments, next + 1)?;
        if nesting(&inner) >= MAX_NESTING {
            return Err(format!("Structures are nested more than {MAX_NESTING} deep"));
        }
        let size = if arguments.text(next)?.eq_ignore_ascii_case("DEFINED") {
            i64::try_from(inner.defined_length() * 8).unwrap_or(0)
        } else {
            arguments.integer(next)?
        };
        let mut parent = Item::new(&name, offset, size, DataType::Block, Endianness::Big);
        parent.hidden = true;
        parent.structure = Some(inner.clone());
        checks::item(&parent)?;
        self.add_item(parent, arguments)?;
        for child in inner.items.iter().filter(|child| !is_reserved_item(&child.name)) {
            let mut flattened = child.clone();
            flattened.name = format!("{name}.{}", child.name);
            if flattened.name.len() > MAX_NAME_LENGTH {
                let name = flattened.name;
                return Err(format!("{name} is longer than {MAX_NAME_LENGTH} bytes."));
            }
            flattened.bit_offset = offset;
            // Both are matters of the inner packet, through which the child is reached.
            flattened.variable_bit_size = None;
            flattened.structure = None;
            flattened.structure_child =
                Some(StructureChild { parent: name.clone(), child: child.name.clone() });
            let has_limits = flattened.has_limits();
            let full_name = flattened.name.clone();
            self.add_item(flattened, arguments)?;
            if has_limits {
                self.register_limits(&full_name);
            }
        }
        // Modifiers that follow, such as VARIABLE_BIT_SIZE, mean the structure itself.
        self.item = Some(name);
        Ok(())
    }

    fn structure_packet(
        &self,
        arguments: Arguments<'_>,
        index: usize,
    ) -> Result<Arc<Packet>, String> {
        let kind = match arguments.upper(index)?.as_str() {
            "CMD" | "COMMAND" => PacketKind::Command,
            "TLM" | "TELEMETRY" => PacketKind::Telemetry,
            other => return Err(format!("Unknown packet type {other}. Must be CMD or TLM.")),
        };
        let (target, packet) = (arguments.upper(index + 1)?, arguments.upper(index + 2)?);
        let found = self
            .draft
            .packet(kind, &target, &packet)
            .or_else(|| self.draft.packet(kind, self.target, &packet));
        found
            .map(|packet| Arc::new(packet.clone()))
            .ok_or_else(|| format!("Packet not found: {target} {packet}"))
    }
}
