//! Telemetry packets as containers.

use std::collections::{HashMap, HashSet};

use super::criteria::{criteria, identifying};
use super::describe::{description, is_text, short_description};
use super::layout::{Entries, Entry, entries, label};
use super::names::{Names, legal};
use super::notes::Notes;
use super::types::{Role, TypeText, type_of};
use super::writer::Writer;
use crate::definition::{Item, Packet, TimeOrigin, VariableLength};
use crate::value::Value;

/// The telemetry of a target.
pub(super) struct Telemetry {
    /// `TelemetryMetaData`.
    pub(super) sets: String,
    /// SpaceSystems of packets whose parameters differ from others of the same name.
    pub(super) systems: String,
}

/// A parameter: its type, and everything else about it.
#[derive(PartialEq, Eq)]
struct ParameterText {
    kind: TypeText,
    attributes: Vec<(&'static str, String)>,
    content: String,
}

/// Types and parameters of one SpaceSystem.
#[derive(Default)]
struct Sets {
    types: Writer,
    parameters: Writer,
}

impl Sets {
    fn add(&mut self, name: &str, parameter: &ParameterText) {
        let type_name = format!("{name}_Type");
        parameter.kind.write(Role::Parameter, &type_name, &mut self.types);
        let mut attributes = vec![("name", name), ("parameterTypeRef", type_name.as_str())];
        attributes.extend(parameter.attributes.iter().map(|(name, value)| (*name, value.as_str())));
        self.parameters.with("Parameter", &attributes, &parameter.content);
    }

    /// Writes the sets and the containers as `TelemetryMetaData`; nothing if there is nothing.
    fn finish(self, containers: &str, out: &mut Writer) {
        let (types, parameters) = (self.types.finish(), self.parameters.finish());
        if types.is_empty() && containers.is_empty() {
            return;
        }
        out.open("TelemetryMetaData", &[]);
        for (name, content) in [
            ("ParameterTypeSet", types.as_str()),
            ("ParameterSet", &parameters),
            ("ContainerSet", containers),
        ] {
            if !content.is_empty() {
                out.with(name, &[], content);
            }
        }
        out.close("TelemetryMetaData");
    }
}

/// Writes telemetry packets.
pub(super) fn write(packets: &[&Packet], notes: &mut Notes) -> Telemetry {
    let mut shared = Sets::default();
    let mut known: HashMap<String, ParameterText> = HashMap::new();
    let mut systems = Writer::default();
    let mut containers = Writer::default();
    let mut container_names = Names::default();
    let mut headers: HashMap<String, String> = HashMap::new();
    let written: Vec<String> =
        packets.iter().map(|packet| container_names.of(&packet.packet_name)).collect();
    for (packet, name) in packets.iter().zip(&written) {
        let of = format!("{} {}", packet.target_name, packet.packet_name);
        flags(packet, &of, notes);
        if packet.is_virtual {
            notes.add(&of, "all of it: it is virtual");
            continue;
        }
        let entries = entries(packet, notes);
        let mut own = Sets::default();
        let names =
            place_parameters(packet, &entries, name, &mut shared, &mut known, &mut own, notes);
        let mut out = Writer::default();
        own.finish("", &mut out);
        let own = out.finish();
        if !own.is_empty() {
            systems.with("SpaceSystem", &[("name", name)], &own);
        }
        let mut writer =
            Containers { out: &mut containers, names: &mut container_names, headers: &mut headers };
        writer.write(packet, name, &entries, &names, notes);
    }
    let mut out = Writer::default();
    shared.finish(&containers.finish(), &mut out);
    Telemetry { sets: out.finish(), systems: systems.finish() }
}

/// Puts the parameters of a packet where they belong: beside those of others if no other of the
/// name differs, else into a system of the packet. Returns the reference to each by item name.
fn place_parameters(
    packet: &Packet,
    entries: &[Entry<'_>],
    system: &str,
    shared: &mut Sets,
    known: &mut HashMap<String, ParameterText>,
    own: &mut Sets,
    notes: &mut Notes,
) -> HashMap<String, String> {
    let mut local: Names = Names::default();
    let written: HashMap<&str, String> = entries
        .iter()
        .map(|entry| (entry.item.name.as_str(), local.of(&entry.item.name)))
        .collect();
    let name_of = |name: &str| written.get(name).cloned().unwrap_or_else(|| legal(name));
    let mut apart: HashSet<&str> = HashSet::new();
    let mut references = HashMap::new();
    for Entry { item, .. } in entries {
        let label = label(packet, &item.name);
        let name = name_of(&item.name);
        let parameter = ParameterText {
            kind: type_of(item, Role::Parameter, &name_of, &label, notes),
            attributes: attributes(item, &label, notes),
            content: description(&item.meta, &[], &item.name, &name),
        };
        let refers_apart = referred(item).into_iter().any(|other| apart.contains(other));
        let same = known.get(&name).map(|other| *other == parameter);
        let reference = match same {
            None if !refers_apart => {
                shared.add(&name, &parameter);
                known.insert(name.clone(), parameter);
                name
            }
            Some(true) if !refers_apart => name,
            _ => {
                own.add(&name, &parameter);
                apart.insert(item.name.as_str());
                format!("{system}/{name}")
            }
        };
        references.insert(item.name.clone(), reference);
    }
    references
}

/// Returns the names of the items that the type of an item refers to.
fn referred(item: &Item) -> Vec<&str> {
    let length = item.variable_bit_size.as_ref().and_then(|variable| match &variable.length {
        VariableLength::Item { name, .. } => Some(name.as_str()),
        VariableLength::Terminator(_) => None,
    });
    let origin =
        item.read_conversion.as_ref().and_then(|definition| match &definition.conversion {
            crate::definition::Conversion::CountedTime(time) => match &time.origin {
                TimeOrigin::Item(name) => Some(name.as_str()),
                _ => None,
            },
            _ => None,
        });
    length.into_iter().chain(origin).collect()
}

/// Returns the attributes of a parameter beside its name and type; notes what has no place.
fn attributes(item: &Item, label: &str, notes: &mut Notes) -> Vec<(&'static str, String)> {
    notes.add_if(item.hidden, label, "that it is hidden");
    notes.add_if(item.key != item.name, label, "its key");
    notes.add_if(item.obfuscate, label, "that it is obfuscated");
    notes.add_if(item.write_conversion.is_some(), label, "its write conversion");
    let reserved =
        item.variable_bit_size.as_ref().is_some_and(|it| it.reserved_bits > 0 && !it.in_field);
    notes.add_if(reserved, label, "the bits that its layout holds free");
    let mut attributes = Vec::new();
    if let Some(text) = item.description.as_ref().filter(|text| !text.is_empty()) {
        notes.add_if(!is_text(text), label, "blanks or control characters in its description");
        attributes.push(("shortDescription", text.clone()));
    }
    match &item.default {
        None | Some(Value::Null | Value::Array(_)) => {}
        Some(value) => attributes.push(("initialValue", super::command::initial(item, value))),
    }
    attributes
}

/// Notes what a container cannot say.
fn flags(packet: &Packet, of: &str, notes: &mut Notes) {
    super::command::common_flags(packet, of, notes);
    notes.add_if(packet.subpacket, of, "that it is a subpacket");
    notes.add_if(packet.subpacketizer.is_some(), of, "its subpacketizer");
    notes.add_if(!packet.processors.is_empty(), of, "its processors");
    let catch_all = packet.catchall && !packet.id_items.is_empty();
    notes.add_if(catch_all, of, "that it is a catch-all");
}

/// Writes containers.
struct Containers<'w> {
    out: &'w mut Writer,
    names: &'w mut Names,
    /// Names of the abstract containers by their entries.
    headers: &'w mut HashMap<String, String>,
}

impl Containers<'_> {
    fn write(
        &mut self,
        packet: &Packet,
        name: &str,
        entries: &[Entry<'_>],
        references: &HashMap<String, String>,
        notes: &mut Notes,
    ) {
        let identifying = identifying(packet);
        let is_identifying = |item: &Item| {
            identifying.iter().any(|name| {
                name.split('[').next() == Some(item.name.as_str()) || *name == item.name
            })
        };
        let in_header = entries.iter().rposition(|entry| is_identifying(entry.item));
        let header = in_header.map_or(0, |last| last + 1);
        let entry = |written: &mut Entries, entry: &Entry<'_>| {
            let reference = references.get(&entry.item.name).map_or("", String::as_str);
            written.add(entry, "ParameterRefEntry", ("parameterRef", reference));
        };
        let mut before = Entries::at(0);
        entries[..header].iter().for_each(|it| entry(&mut before, it));
        let (before, cursor) = before.finish();
        let mut after = Entries::at(cursor);
        entries[header..].iter().for_each(|it| entry(&mut after, it));
        let (after, _) = after.finish();
        let base = (header > 0).then(|| self.header(&before));
        let ids: Vec<&Item> = entries[..header]
            .iter()
            .map(|entry| entry.item)
            .filter(|item| packet.id_items.iter().any(|id| id.name == item.name))
            .collect();
        let missing = packet.id_items.len() - ids.len();
        notes.add_if(
            missing > 0,
            format!("{} {}", packet.target_name, packet.packet_name),
            "some of its ids",
        );
        let name_of = |name: &str| {
            let (plain, index) = name
                .split_once('[')
                .filter(|_| !references.contains_key(name))
                .unwrap_or((name, ""));
            let index = if index.is_empty() { String::new() } else { format!("[{index}") };
            references
                .get(plain)
                .map_or_else(String::new, |reference| format!("{reference}{index}"))
        };
        let criteria = criteria(packet, &ids, &name_of, notes);
        let mut content = Writer::default();
        content.raw(&description(&packet.meta, &[], &packet.packet_name, name));
        content.with("EntryList", &[], &after);
        if let Some(base) = base {
            content.open("BaseContainer", &[("containerRef", &base)]);
            content.with("RestrictionCriteria", &[], &criteria);
            content.close("BaseContainer");
        }
        let mut attributes = vec![("name", name)];
        attributes.extend(short_description(packet));
        self.out.with("SequenceContainer", &attributes, &content.finish());
    }

    /// Returns the abstract container with these entries, which is written if it is new.
    fn header(&mut self, entries: &str) -> String {
        if let Some(known) = self.headers.get(entries) {
            return known.clone();
        }
        let name = self.names.of("Header");
        let mut content = Writer::default();
        content.with("EntryList", &[], entries);
        let attributes = [("name", name.as_str()), ("abstract", "true")];
        self.out.with("SequenceContainer", &attributes, &content.finish());
        self.headers.insert(entries.to_owned(), name.clone());
        name
    }
}
