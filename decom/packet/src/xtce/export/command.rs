//! Commands as MetaCommands.

use std::collections::HashMap;

use super::criteria::raw_text;
use super::describe::{description, is_text, short_description};
use super::layout::{Entries, Entry, entries, label};
use super::names::{Names, legal};
use super::notes::Notes;
use super::types::{Role, TypeText, plain, type_of};
use super::writer::Writer;
use crate::config::bounds;
use crate::definition::{Accessor, Endianness, Item, Overflow, Packet};
use crate::value::Value;
use crate::xtce::command::CONSEQUENCE_LEVEL;

/// Writes commands as `CommandMetaData`; nothing if there are none.
pub(super) fn write(packets: &[&Packet], notes: &mut Notes) -> String {
    let mut out = Writer::default();
    let mut types = Types::default();
    let mut commands = Writer::default();
    let mut names = Names::default();
    let written: Vec<String> = packets.iter().map(|packet| names.of(&packet.packet_name)).collect();
    for (packet, name) in packets.iter().zip(&written) {
        command(packet, name, &mut names, &mut types, &mut commands, notes);
    }
    let (types, commands) = (types.out.finish(), commands.finish());
    if commands.is_empty() {
        return String::new();
    }
    out.open("CommandMetaData", &[]);
    if !types.is_empty() {
        out.with("ArgumentTypeSet", &[], &types);
    }
    out.with("MetaCommandSet", &[], &commands);
    out.close("CommandMetaData");
    out.finish()
}

/// Argument types, each written once.
#[derive(Default)]
struct Types {
    out: Writer,
    known: HashMap<TypeText, String>,
    names: Names,
}

impl Types {
    fn name_of(&mut self, kind: TypeText, wish: &str) -> String {
        if let Some(known) = self.known.get(&kind) {
            return known.clone();
        }
        let name = self.names.of(wish);
        kind.write(Role::Argument, &name, &mut self.out);
        self.known.insert(kind, name.clone());
        name
    }
}

fn command(
    packet: &Packet,
    name: &str,
    names: &mut Names,
    types: &mut Types,
    out: &mut Writer,
    notes: &mut Notes,
) {
    let of = format!("{} {}", packet.target_name, packet.packet_name);
    flags(packet, &of, notes);
    if packet.is_virtual {
        notes.add(&of, "all of it: it is virtual");
        return;
    }
    let entries = entries(packet, notes);
    let mut local = Names::default();
    let written: HashMap<&str, String> = entries
        .iter()
        .map(|entry| (entry.item.name.as_str(), local.of(&entry.item.name)))
        .collect();
    let name_of = |name: &str| written.get(name).cloned().unwrap_or_else(|| legal(name));
    let mut arguments = Writer::default();
    let mut layout = Entries::at(0);
    for entry in &entries {
        let item = entry.item;
        let argument_name = name_of(&item.name);
        argument(packet, item, name, &argument_name, &name_of, types, &mut arguments, notes);
        layout.add(entry, "ArgumentRefEntry", ("argumentRef", &argument_name));
    }
    let (layout, _) = layout.finish();
    let mut parts = Writer::default();
    let arguments = arguments.finish();
    if !arguments.is_empty() {
        parts.with("ArgumentList", &[], &arguments);
    }
    let container = format!("{name}_Container");
    parts.open("CommandContainer", &[("name", &container)]);
    parts.with("EntryList", &[], &layout);
    parts.close("CommandContainer");
    let parts = parts.finish();
    let described = description(&packet.meta, &[CONSEQUENCE_LEVEL], &packet.packet_name, name);
    let mut attributes = vec![("name", name)];
    attributes.extend(short_description(packet));
    let ids: Vec<&Item> = ids(packet, &entries, &of, notes);
    let mut content = Writer::default();
    content.raw(&described);
    if ids.is_empty() {
        content.raw(&parts);
    } else {
        // Values are assigned to what is extended.
        let base = names.of(&format!("{name}_Base"));
        out.with("MetaCommand", &[("name", &base), ("abstract", "true")], &parts);
        content.open("BaseMetaCommand", &[("metaCommandRef", &base)]);
        content.open("ArgumentAssignmentList", &[]);
        for id in ids {
            let value = id.id_value.as_ref().map(|value| initial(id, value)).unwrap_or_default();
            let attributes = [("argumentName", name_of(&id.name)), ("argumentValue", value)];
            let attributes = attributes.each_ref().map(|(name, value)| (*name, value.as_str()));
            content.leaf("ArgumentAssignment", &attributes);
        }
        content.close("ArgumentAssignmentList");
        content.close("BaseMetaCommand");
    }
    significance(packet, &mut content);
    out.with("MetaCommand", &attributes, &content.finish());
}

/// Returns the items whose values identify a command and can be assigned.
fn ids<'p>(packet: &Packet, entries: &[Entry<'p>], of: &str, notes: &mut Notes) -> Vec<&'p Item> {
    let mut found = Vec::new();
    for Entry { item, .. } in entries.iter().filter(|entry| entry.item.id_value.is_some()) {
        let label = label(packet, &item.name);
        if item.write_conversion.is_some() {
            notes.add(label, "that it is an id");
            continue;
        }
        if item.default != item.id_value {
            notes.add(label, "a default other than its id value");
        }
        notes.add_if(item.required, format!("{of} {}", item.name), "that it is required");
        found.push(*item);
    }
    found
}

fn significance(packet: &Packet, out: &mut Writer) {
    let Some(reason) = &packet.hazardous else { return };
    let level = packet.meta.get(CONSEQUENCE_LEVEL).and_then(|values| values.first());
    let level = level.map_or("critical", String::as_str);
    let mut attributes = Vec::new();
    if !reason.is_empty() {
        attributes.push(("reasonForWarning", reason.as_str()));
    }
    attributes.push(("consequenceLevel", level));
    out.leaf("DefaultSignificance", &attributes);
}

#[expect(clippy::too_many_arguments, reason = "one item with everything it is written into")]
fn argument(
    packet: &Packet,
    item: &Item,
    command: &str,
    name: &str,
    name_of: &dyn Fn(&str) -> String,
    types: &mut Types,
    out: &mut Writer,
    notes: &mut Notes,
) {
    let label = label(packet, &item.name);
    for (there, what) in [
        (item.hidden, "that it is hidden"),
        (item.key != item.name, "its key"),
        (item.obfuscate, "that it is obfuscated"),
        (item.overflow != Overflow::Error, "what happens when a value does not fit"),
    ] {
        notes.add_if(there, &label, what);
    }
    let bit_order = item.read_conversion == item.write_conversion;
    notes.add_if(item.read_conversion.is_some() && !bit_order, &label, "its read conversion");
    if item.states.is_some() && item.data_type.is_integer() {
        let all = bounds(item.data_type, item.bit_size).ok().unzip();
        let given = (item.minimum.clone(), item.maximum.clone());
        notes.add_if(given != all, &label, "its range, as it has states");
    }
    let kind = type_of(item, Role::Argument, name_of, &label, notes);
    let kind = types.name_of(kind, &format!("{command}_{name}_Type"));
    let mut attributes = vec![("name", name), ("argumentTypeRef", kind.as_str())];
    if let Some(text) = item.description.as_ref().filter(|text| !text.is_empty()) {
        notes.add_if(!is_text(text), &label, "blanks or control characters in its description");
        attributes.push(("shortDescription", text));
    }
    let initial = match &item.default {
        // An argument without initial value must be given.
        _ if item.required => None,
        None | Some(Value::Null) => None,
        Some(Value::Array(values)) => {
            notes.add_if(!values.is_empty(), &label, "the default of its list");
            None
        }
        Some(value) => Some(initial(item, value)),
    };
    if let Some(initial) = &initial {
        attributes.push(("initialValue", initial));
    }
    let without = matches!(item.default, None | Some(Value::Null));
    notes.add_if(without && !item.required, &label, "that it has no default");
    out.with("Argument", &attributes, &description(&item.meta, &[], &item.name, name));
}

/// Renders a value as an initial one: labels where the item has them.
pub(super) fn initial(item: &Item, value: &Value) -> String {
    let labelled = item.states.as_ref().filter(|_| item.data_type.is_integer());
    let of_value = labelled.and_then(|states| {
        states.iter().find(|(_, state)| state.value == *value).map(|(name, _)| name.to_owned())
    });
    let is_block = item.data_type == crate::definition::DataType::Block;
    match (of_value, value) {
        (Some(label), _) => label,
        (None, Value::String(text)) if is_block => {
            raw_text(&Value::Bytes(text.clone().into_bytes()))
        }
        (None, Value::String(_) | Value::Bytes(_)) => raw_text(value),
        (None, other) => plain(other),
    }
}

/// Notes what a MetaCommand cannot say.
fn flags(packet: &Packet, of: &str, notes: &mut Notes) {
    common_flags(packet, of, notes);
    for (there, what) in [
        (packet.messages_disabled, "that its messages are disabled"),
        (packet.restricted, "that it is restricted"),
        (packet.validator.is_some(), "its validator"),
        (packet.response.is_some() || packet.error_response.is_some(), "its responses"),
        (packet.screen.is_some(), "its screen"),
        (!packet.related_items.is_empty(), "its related items"),
    ] {
        notes.add_if(there, of, what);
    }
}

/// Notes what packets of both kinds have and XTCE has not.
pub(super) fn common_flags(packet: &Packet, of: &str, notes: &mut Notes) {
    for (there, what) in [
        (packet.endianness == Endianness::Little, "its byte order, as all items have their own"),
        (packet.short_buffer_allowed, "that short packets are allowed"),
        (packet.hidden && !packet.is_virtual, "that it is hidden"),
        (packet.disabled && !packet.is_virtual, "that it is disabled"),
        (packet.template.is_some(), "its template"),
        (packet.accessor != Accessor::Binary, "its accessor"),
    ] {
        notes.add_if(there, of, what);
    }
    if let Some(text) = &packet.description {
        notes.add_if(!is_text(text), of, "blanks or control characters in its description");
    }
}

/// Escapes a text as C does.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            c => out.push(c),
        }
    }
    out
}
