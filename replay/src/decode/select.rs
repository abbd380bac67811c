//! Which packets and items are written.

use std::sync::Arc;

use groundlog_packet::{
    Definitions, Item, Packet, PacketKind, Target,
    definition::{LookupError, is_reserved_item},
};

use super::DecodeError;

/// A packet to write.
pub(super) struct Chosen {
    pub(super) packet: Arc<Packet>,
    /// Places of its items, in the order in which they are written.
    pub(super) places: Vec<usize>,
    /// Whether it was asked for by name, and not just because everything was.
    pub(super) by_name: bool,
}

/// The names that were asked for.
pub(super) struct Wanted<'a> {
    /// The only target, in any case.
    pub(super) target: Option<&'a str>,
    /// The only packet.
    pub(super) packet: Option<&'a str>,
    /// `TARGET PACKET ITEM`, or less where that is unambiguous.
    pub(super) items: &'a [String],
}

/// Chooses packets and items.
///
/// # Errors
/// [`DecodeError`] for names that do not exist, or that mean several things.
pub(super) fn choose(
    definitions: &Definitions,
    wanted: &Wanted<'_>,
) -> Result<Vec<Chosen>, DecodeError> {
    let targets = match wanted.target {
        Some(name) => vec![target_of(definitions, name)?],
        None => definitions.targets().collect(),
    };
    let packets = packets_of(definitions, &targets, wanted.packet)?;
    if wanted.items.is_empty() {
        let whole = |packet: &Arc<Packet>| Chosen {
            places: places_of(packet),
            packet: packet.clone(),
            by_name: wanted.packet.is_some(),
        };
        return Ok(packets.iter().map(whole).collect());
    }
    let mut chosen: Vec<Chosen> = Vec::new();
    for name in wanted.items {
        let (packet, place) = item_of(&packets, name)?;
        match chosen.iter_mut().find(|chosen| chosen.packet.id == packet.id) {
            Some(chosen) if chosen.places.contains(&place) => {}
            Some(chosen) => chosen.places.push(place),
            None => chosen.push(Chosen { packet, places: vec![place], by_name: true }),
        }
    }
    Ok(chosen)
}

/// Finds a target by its name in any case.
pub(super) fn target_of<'d>(
    definitions: &'d Definitions,
    name: &str,
) -> Result<&'d Target, DecodeError> {
    definitions.target(name).map_err(|_: LookupError| DecodeError::Target {
        target: name.to_owned(),
        known: definitions.targets().map(|target| target.name.clone()).collect(),
    })
}

/// Lists the packets of targets, telemetry first; of commands with the name of a telemetry packet
/// only where commands are all that has it.
fn packets_of(
    definitions: &Definitions,
    targets: &[&Target],
    name: Option<&str>,
) -> Result<Vec<Arc<Packet>>, DecodeError> {
    let of_kind =
        |kind| targets.iter().flat_map(move |target| definitions.packets_of(target, kind)).cloned();
    let all = || of_kind(PacketKind::Telemetry).chain(of_kind(PacketKind::Command));
    let Some(name) = name else {
        return Ok(all().filter(|packet| !packet.is_virtual).collect());
    };
    for kind in [PacketKind::Telemetry, PacketKind::Command] {
        let named: Vec<_> =
            of_kind(kind).filter(|packet| packet.packet_name.eq_ignore_ascii_case(name)).collect();
        if !named.is_empty() {
            return Ok(named);
        }
    }
    let known = of_kind(PacketKind::Telemetry).map(|packet| full_name(&packet)).collect();
    Err(DecodeError::Packet { packet: name.to_owned(), known })
}

/// Returns `TARGET PACKET`.
fn full_name(packet: &Packet) -> String {
    format!("{} {}", packet.target_name, packet.packet_name)
}

/// Lists the items that are written unless some are asked for: in definition order, without hidden
/// and reserved ones.
fn places_of(packet: &Packet) -> Vec<usize> {
    let mut items: Vec<(usize, &Item)> = packet.items.iter().enumerate().collect();
    items.sort_by_key(|(_, item)| item.create_index);
    let shown = items.into_iter().filter(|(_, item)| !item.hidden && !is_reserved_item(&item.name));
    shown.map(|(place, _)| place).collect()
}

/// Finds the one item that a name means.
fn item_of(packets: &[Arc<Packet>], name: &str) -> Result<(Arc<Packet>, usize), DecodeError> {
    let words: Vec<String> = name.split_whitespace().map(str::to_uppercase).collect();
    let (target, packet, item) = match words.as_slice() {
        [item] => (None, None, item),
        [packet, item] => (None, Some(packet), item),
        [target, packet, item] => (Some(target), Some(packet), item),
        _ => return Err(DecodeError::ItemName { name: name.to_owned() }),
    };
    let is = |wanted: Option<&String>, name: &str| wanted.is_none_or(|wanted| wanted == name);
    let fits = |candidate: &&Arc<Packet>| {
        is(target, &candidate.target_name) && is(packet, &candidate.packet_name)
    };
    for kind in [PacketKind::Telemetry, PacketKind::Command] {
        let of_kind = packets.iter().filter(|candidate| candidate.kind == kind).filter(fits);
        let found: Vec<_> = of_kind
            .filter_map(|packet| {
                let place = packet.item_index(item)?;
                (!packet.items[place].hidden).then(|| (packet.clone(), place))
            })
            .collect();
        match found.as_slice() {
            [] => {}
            [(packet, place)] => return Ok((packet.clone(), *place)),
            several => {
                let meant = several.iter().map(|(it, _)| format!("{} {item}", full_name(it)));
                let meant = meant.collect();
                return Err(DecodeError::AmbiguousItem { name: name.to_owned(), meant });
            }
        }
    }
    let searched = packets.iter().filter(fits).map(|packet| full_name(packet)).collect();
    Err(DecodeError::Item { name: name.to_owned(), searched })
}
