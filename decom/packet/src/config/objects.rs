//! The packets of object conversions, which may be defined anywhere, also further down.

use std::collections::HashMap;
use std::sync::Arc;

use super::builder::Draft;
use crate::definition::{
    Conversion, ConversionDefinition, ObjectPacket, Packet, PacketKind, SourceLocation,
};

/// Objects within objects beyond this have no value.
const MAX_NESTING: usize = 4;

/// Gives object conversions the definitions of their packets, now that all are known.
pub(super) fn resolve(draft: &mut Draft) {
    let tables = draft.commands.values().chain(draft.telemetry.values());
    let with_objects: Vec<Packet> = tables
        .flat_map(|table| table.values())
        .filter(|packet| has_objects(packet))
        .cloned()
        .collect();
    let mut resolver = Resolver { draft, known: HashMap::new(), missing: Vec::new() };
    let resolved: Vec<Packet> = with_objects
        .into_iter()
        .map(|mut packet| {
            resolver.complete(&mut packet, 0);
            packet
        })
        .collect();
    let missing = resolver.missing;
    draft.warnings.extend(missing);
    for packet in resolved {
        let table = draft.tables(packet.kind).entry(packet.target_name.clone()).or_default();
        table.insert(packet.packet_name.clone(), packet);
    }
}

fn object_of(definition: &ConversionDefinition) -> Option<&ObjectPacket> {
    match &definition.conversion {
        Conversion::ObjectRead(object) | Conversion::ObjectWrite(object) => Some(object),
        _ => None,
    }
}

fn has_objects(packet: &Packet) -> bool {
    let conversions =
        packet.items.iter().flat_map(|item| [&item.read_conversion, &item.write_conversion]);
    conversions.flatten().any(|definition| object_of(definition).is_some())
}

/// Names a packet at a depth of nesting.
type Key = (PacketKind, String, String, usize);

struct Resolver<'a> {
    draft: &'a Draft,
    /// Each is made once, however often it is named.
    known: HashMap<Key, Arc<Packet>>,
    missing: Vec<(Option<SourceLocation>, String)>,
}

impl Resolver<'_> {
    fn complete(&mut self, packet: &mut Packet, depth: usize) {
        let label = format!("{} {}", packet.target_name, packet.packet_name);
        for item in &mut packet.items {
            for slot in [&mut item.read_conversion, &mut item.write_conversion] {
                let Some(definition) = slot.as_deref() else { continue };
                let Some(object) = object_of(definition) else { continue };
                let found = self.find(object, depth);
                if found.is_none() && depth == 0 {
                    let text = format!("{label} {}: there is no {object}", item.name);
                    self.missing.push((definition.location.clone(), text));
                }
                let mut completed = definition.clone();
                if let Conversion::ObjectRead(object) | Conversion::ObjectWrite(object) =
                    &mut completed.conversion
                {
                    object.definition = found;
                }
                *slot = Some(Arc::new(completed));
            }
        }
    }

    fn find(&mut self, object: &ObjectPacket, depth: usize) -> Option<Arc<Packet>> {
        if depth >= MAX_NESTING {
            return None;
        }
        let kinds = match object.kind {
            Some(kind) => vec![kind],
            None => vec![PacketKind::Command, PacketKind::Telemetry],
        };
        let draft = self.draft;
        let find = |kind| Some((kind, draft.packet(kind, &object.target, &object.packet)?));
        let (kind, packet) = kinds.into_iter().find_map(find)?;
        let key = (kind, object.target.clone(), object.packet.clone(), depth);
        if let Some(known) = self.known.get(&key) {
            return Some(known.clone());
        }
        let mut packet = packet.clone();
        self.complete(&mut packet, depth + 1);
        let packet = Arc::new(packet);
        self.known.insert(key, packet.clone());
        Some(packet)
    }
}
