//! Which containers are packets, and in which order they are identified.

use std::collections::HashSet;

use super::container::{Layouter, Workshop, criteria};
use super::diagnostics::Diagnostics;
use super::names::{Wish, choose};
use super::numbers::Attributes;
use super::packet::{Outline, assemble, item_names};
use super::space::{Found, Kind, Reference};
use super::xml::Element;
use crate::definition::{Packet, PacketKind};

/// What is known of the containers before any is laid out.
struct Family<'d> {
    found: Found<'d>,
    is_abstract: bool,
    /// Places of the containers that extend this one.
    heirs: Vec<usize>,
    extends: Option<usize>,
    /// Whether it is a part of another container.
    included: bool,
}

/// Makes the telemetry packets of a document.
///
/// A container that is not abstract is a packet, unless it is only a part of others. What extends
/// a container is identified before it, so that a packet is the most special one that it matches.
pub(super) fn packets<'d>(
    shop: &mut Workshop<'d>,
    target: &str,
    notes: &mut Diagnostics,
) -> Vec<Packet> {
    let families = families(shop, notes);
    let order = order(&families);
    let is_packet: Vec<bool> = families.iter().map(is_packet).collect();
    let chosen: Vec<usize> = order.into_iter().filter(|index| is_packet[*index]).collect();
    let wishes: Vec<Wish<'_>> = chosen
        .iter()
        .map(|index| {
            let Found { system, element } = families[*index].found;
            let own = super::types::own_name(element);
            let name = own.or(element.attribute("name")).unwrap_or_default().trim().to_owned();
            Wish { element, name, path: shop.space.path(system) }
        })
        .collect();
    let names = choose(&wishes, notes);
    let mut packets = Vec::new();
    for (index, name) in chosen.iter().zip(names) {
        let family = &families[*index];
        let Some(mut packet) = packet(shop, family.found, target, name, notes) else { continue };
        let concealed =
            family.heirs.iter().any(|heir| is_packet[*heir] && adds_nothing(&families[*heir]));
        if concealed {
            let message = "is never found: a container that extends it asks for nothing more";
            notes.warn(family.found.element, message);
            (packet.is_virtual, packet.hidden, packet.disabled) = (true, true, true);
        }
        packets.push(packet);
    }
    // What is wrong in containers that are no packets is wrong all the same.
    for (index, family) in families.iter().enumerate() {
        if !is_packet[index] {
            packet(shop, family.found, target, String::new(), notes);
        }
    }
    packets
}

fn packet<'d>(
    shop: &mut Workshop<'d>,
    found: Found<'d>,
    target: &str,
    name: String,
    notes: &mut Diagnostics,
) -> Option<Packet> {
    let chain = shop.chain(found, None, notes)?;
    let sheet = Layouter::new(shop, notes, None).lay_out(&chain);
    // Criteria are read all the same, so that all errors are found.
    let sheet = sheet?;
    let names = item_names(&shop.space, &sheet, notes);
    let criteria = criteria(&shop.space, &chain, &sheet, &names, notes)?;
    let kind = PacketKind::Telemetry;
    let outline = Outline { element: found.element, kind, target: target.to_owned(), name };
    Some(assemble(&outline, sheet, &names, criteria, notes))
}

fn families<'d>(shop: &Workshop<'d>, notes: &mut Diagnostics) -> Vec<Family<'d>> {
    let telemetry = |found: &Found<'d>| found.element.name() == "SequenceContainer";
    let containers: Vec<Found<'d>> = shop.space.all(Kind::Container).filter(telemetry).collect();
    let places: std::collections::HashMap<u32, usize> = containers
        .iter()
        .enumerate()
        .map(|(place, found)| (found.element.index(), place))
        .collect();
    let place_of = |found: Found<'d>| places.get(&found.element.index()).copied();
    let mut families: Vec<Family<'d>> = Vec::with_capacity(containers.len());
    let mut included = HashSet::new();
    for found in &containers {
        let is_abstract = Attributes { element: found.element, notes }.boolean("abstract");
        let find = |element: Element<'d>| {
            let text = element.attribute("containerRef")?;
            let reference = Reference { system: found.system, text, element };
            shop.space.find(Kind::Container, reference).and_then(place_of)
        };
        let extends = found.element.child("BaseContainer").and_then(find);
        let entries = found.element.child("EntryList").into_iter();
        let entries = entries.flat_map(|list| list.children_named("ContainerRefEntry"));
        included.extend(entries.filter_map(find));
        families.push(Family {
            found: *found,
            is_abstract: is_abstract.unwrap_or(false),
            heirs: Vec::new(),
            extends,
            included: false,
        });
    }
    for place in 0..families.len() {
        families[place].included = included.contains(&place);
        if let Some(base) = families[place].extends {
            families[base].heirs.push(place);
        }
    }
    families
}

fn is_packet(family: &Family<'_>) -> bool {
    let part_only = family.included && family.extends.is_none() && family.heirs.is_empty();
    !family.is_abstract && !part_only
}

fn adds_nothing(family: &Family<'_>) -> bool {
    let base = family.found.element.child("BaseContainer");
    base.and_then(|base| base.child("RestrictionCriteria"))
        .is_none_or(|criteria| criteria.children().next().is_none())
}

/// Orders containers so that each follows the ones that extend it, in document order otherwise.
fn order(families: &[Family<'_>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(families.len());
    let mut visited = vec![false; families.len()];
    let roots = (0..families.len()).filter(|place| families[*place].extends.is_none());
    // Those that extend each other in a circle are reached from nowhere; they are refused later.
    for root in roots.chain(0..families.len()) {
        let mut stack = vec![(root, 0)];
        while let Some((place, next)) = stack.pop() {
            if next == 0 && std::mem::replace(&mut visited[place], true) {
                continue;
            }
            match families[place].heirs.get(next) {
                Some(heir) => {
                    stack.push((place, next + 1));
                    stack.push((*heir, 0));
                }
                None => order.push(place),
            }
        }
    }
    order
}
