//! What definitions may say, and most likely do not mean.

use std::collections::BTreeMap;

use groundlog_packet::{Definitions, Item, Packet, PacketKind, definition::Accessor};

use super::{files::FolderState, render::RenderedTarget};

/// Finds out whether a target has no packets, and which of its packets cannot be told apart.
pub(super) fn doubts(definitions: &Definitions, target: &RenderedTarget) -> Vec<String> {
    let RenderedTarget { published, place, folder, state, .. } = target;
    let name = &published.name;
    let Some(defined) = definitions.targets().find(|target| target.name == *name) else {
        return Vec::new();
    };
    let [telemetry, commands] = [PacketKind::Telemetry, PacketKind::Command]
        .map(|kind| definitions.packets_of(defined, kind).map(|it| &**it).collect::<Vec<_>>());
    if telemetry.is_empty() && commands.is_empty() {
        let why = match state {
            FolderState::Good => format!("nothing in {folder}/cmd_tlm defines one"),
            _ => format!("{folder} has no cmd_tlm"),
        };
        return vec![format!("{place}: target {name} has no packets: {why}")];
    }
    twins(&telemetry).chain(twins(&commands)).collect()
}

/// Finds packets of one side that have equal values in the same id items: what matches one of
/// them matches the other.
fn twins(packets: &[&Packet]) -> impl Iterator<Item = String> {
    let identified = packets.iter().filter(|packet| {
        // What else a packet must meet may tell it apart.
        !packet.id_items.is_empty() && !packet.is_virtual && packet.condition.is_none()
    });
    let mut first: BTreeMap<_, &Packet> = BTreeMap::new();
    identified.filter_map(move |packet| {
        let other = *first.entry(identity(packet)).or_insert(packet);
        (!std::ptr::eq(other, *packet)).then(|| told(packet, other))
    })
}

/// Puts the pool in which a packet is searched, and places, types and values of its id items, into
/// words that are equal where these are.
fn identity(packet: &Packet) -> (bool, Vec<String>) {
    let item = |item: &Item| {
        let Item { key, bit_offset, bit_size, data_type, endianness, id_value, .. } = item;
        // Items of bits have any name; those of documents are found by theirs.
        let key = if packet.accessor == Accessor::Binary { "" } else { key };
        let endianness = (*bit_size > 8).then_some(endianness);
        format!("{key} {bit_offset} {bit_size} {data_type:?} {endianness:?} {id_value:?}")
    };
    (packet.subpacket, packet.id_items.iter().map(item).collect())
}

fn told(packet: &Packet, other: &Packet) -> String {
    let Packet { location, target_name, packet_name, .. } = packet;
    let ids = packet.id_items.iter().map(|item| match &item.id_value {
        Some(value) => format!("{} {value}", item.name),
        None => item.name.clone(),
    });
    format!(
        "{location}: packet {target_name} {packet_name} has the same id values ({}) as {} at {}: they \
         cannot be told apart, so one of them is never identified",
        ids.collect::<Vec<_>>().join(", "),
        other.packet_name,
        other.location
    )
}
