//! From a container with its items in place to a packet.

use std::sync::Arc;

use super::container::{Criteria, Placed, Sheet};
use super::diagnostics::Diagnostics;
use super::names::{Wish, choose};
use super::space::Space;
use super::xml::Element;
use crate::definition::{
    Condition, Conversion, CountedTime, Endianness, Packet, PacketKind, TimeOrigin, VariableLength,
    stored_order,
};
use crate::value::Value;

/// Chooses the names of the items of a container.
pub(super) fn item_names<'d>(
    space: &Space<'d>,
    sheet: &Sheet<'d>,
    notes: &mut Diagnostics,
) -> Vec<String> {
    let wish = |placed: &Placed<'d>| Wish {
        element: placed.source.element(),
        name: placed.source.name(),
        path: space.path(placed.source.system()),
    };
    let wishes: Vec<Wish<'_>> = sheet.placed.iter().map(wish).collect();
    choose(&wishes, notes)
}

/// What a packet is made of beside its items.
pub(super) struct Outline<'d> {
    pub(super) element: Element<'d>,
    pub(super) kind: PacketKind,
    pub(super) target: String,
    pub(super) name: String,
}

/// Makes a packet; ids and conditions refer to the items by their chosen names.
pub(super) fn assemble<'d>(
    outline: &Outline<'d>,
    sheet: Sheet<'d>,
    names: &[String],
    criteria: Criteria,
    notes: &mut Diagnostics,
) -> Packet {
    let location = notes.location(outline.element);
    let mut packet =
        Packet::new(outline.kind, &outline.target, &outline.name, Endianness::Big, location);
    let (description, meta) = super::types::described(notes, outline.element);
    (packet.description, packet.meta) = (description, meta);
    packet.add_reserved_items();
    let Criteria { ids, mut conditions } = criteria;
    let mut items = Vec::with_capacity(sheet.placed.len());
    for (place, placed) in sheet.placed.into_iter().enumerate() {
        let Placed { mut item, length, counts_from, .. } = placed;
        item.name.clone_from(&names[place]);
        item.key.clone_from(&names[place]);
        if let (Some(variable), Some(length)) = (&mut item.variable_bit_size, length)
            && let VariableLength::Item { name, .. } = &mut variable.length
        {
            name.clone_from(&names[length]);
        }
        if let (Some(conversion), Some(base)) = (&mut item.read_conversion, counts_from)
            && let Conversion::CountedTime(CountedTime { origin, .. }) =
                &mut Arc::make_mut(conversion).conversion
        {
            *origin = TimeOrigin::Item(names[base].clone());
        }
        if let Some((_, value)) = ids.iter().find(|(id, _)| *id == place) {
            item.id_value = Some(value.clone());
            if outline.kind == PacketKind::Command {
                item.default = Some(default_of_id(&item, value));
                item.required = false;
            }
        }
        items.push(item);
    }
    packet.insert_items(items);
    // Fields named by their last byte count too much when they are added one by one.
    packet.positive_bits = sheet.end;
    if packet.has_variable_items() {
        packet.fixed_size = false;
    }
    packet.limits_names = packet
        .items
        .iter()
        .filter(|item| item.has_limits())
        .map(|item| item.name.clone())
        .collect();
    packet.limits_items =
        packet.limits_names.iter().filter_map(|name| packet.item_index(name)).collect();
    packet.id_items = packet.items.iter().filter(|it| it.id_value.is_some()).cloned().collect();
    packet.id_items.sort_by(stored_order);
    packet.condition = match conditions.len() {
        0 => None,
        1 => conditions.pop(),
        _ => Some(Condition::All(conditions)),
    };
    packet
}

/// Returns the default that writes an id value: the name of its state where writing converts.
fn default_of_id(item: &crate::definition::Item, value: &Value) -> Value {
    match &item.write_conversion {
        None => value.clone(),
        // The given default becomes the raw value; only the one of a bit order is its own inverse.
        Some(conversion) => conversion.apply(value).unwrap_or_else(|_| value.clone()),
    }
}
