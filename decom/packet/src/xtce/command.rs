//! Commands: arguments, their containers, and what they inherit.

use super::container::{Criteria, Layouter, Scope, Sheet, Source, Workshop, criteria};
use super::diagnostics::Diagnostics;
use super::names::{Wish, choose};
use super::numbers::Attributes;
use super::packet::{Outline, assemble, item_names};
use super::space::{DESCRIPTION, Found, Kind, Reference};
use super::types::Type;
use super::values::{self, Form};
use super::xml::Element;
use crate::definition::{Packet, PacketKind};

/// Commands that extend each other.
const MAX_EXTENDED: usize = 64;
/// Name of the `META` entry for the level of a hazard; `critical` needs none.
pub(super) const CONSEQUENCE_LEVEL: &str = "CONSEQUENCE_LEVEL";

/// Makes the command packets of a document.
pub(super) fn packets<'d>(
    shop: &mut Workshop<'d>,
    target: &str,
    notes: &mut Diagnostics,
) -> Vec<Packet> {
    let commands: Vec<Found<'d>> = shop.space.all(Kind::MetaCommand).collect();
    let mut concrete = Vec::new();
    for found in &commands {
        check(found.element, notes);
        let is_abstract = Attributes { element: found.element, notes }.boolean("abstract");
        if is_abstract != Some(true) {
            concrete.push(*found);
        }
    }
    let wish = |found: &Found<'d>| {
        let Found { system, element } = *found;
        let own = super::types::own_name(element);
        let name = own.or(element.attribute("name")).unwrap_or_default().trim().to_owned();
        Wish { element, name, path: shop.space.path(system) }
    };
    let wishes: Vec<Wish<'_>> = concrete.iter().map(wish).collect();
    let names = choose(&wishes, notes);
    let made = concrete.iter().zip(names);
    let packets: Vec<Packet> =
        made.filter_map(|(found, name)| packet(shop, *found, target, name, notes)).collect();
    // What is wrong in abstract commands is wrong all the same.
    for found in
        commands.iter().filter(|found| !concrete.iter().any(|it| it.element == found.element))
    {
        packet(shop, *found, target, String::new(), notes);
    }
    packets
}

/// Notes what of a command is not supported.
fn check(element: Element<'_>, notes: &mut Diagnostics) {
    let mut children = DESCRIPTION.to_vec();
    children.extend([
        "BaseMetaCommand",
        "SystemName",
        "ArgumentList",
        "CommandContainer",
        "DefaultSignificance",
    ]);
    notes.only(element, &["name", "shortDescription", "abstract"], &children);
    if let Some(list) = element.child("ArgumentList") {
        notes.only(list, &[], &["Argument"]);
    }
    if let Some(significance) = element.child("DefaultSignificance") {
        let known = ["spaceSystemAtRisk", "reasonForWarning", "consequenceLevel"];
        notes.only(significance, &known, &[]);
    }
    if let Some(base) = element.child("BaseMetaCommand") {
        notes.only(base, &["metaCommandRef"], &["ArgumentAssignmentList"]);
    }
}

fn packet<'d>(
    shop: &mut Workshop<'d>,
    found: Found<'d>,
    target: &str,
    name: String,
    notes: &mut Diagnostics,
) -> Option<Packet> {
    let commands = chain(shop, found, notes)?;
    let arguments = arguments(&commands, notes);
    let own = |command: &Found<'d>| {
        let element = command.element.child("CommandContainer")?;
        Some(Found { system: command.system, element })
    };
    let containers: Vec<Found<'d>> = commands.iter().filter_map(own).collect();
    let scope = Scope { arguments: &arguments, containers: &containers };
    let container = match containers.first() {
        Some(container) => *container,
        None => {
            // A command without one has no bytes; abstract ones need none.
            let is_abstract = found.element.attribute("abstract").is_some_and(|it| it != "false");
            if !is_abstract {
                notes.error(found.element, "neither it nor what it extends has a CommandContainer");
            }
            return None;
        }
    };
    let chain = shop.chain(container, Some(scope), notes)?;
    let sheet = Layouter::new(shop, notes, Some(scope)).lay_out(&chain)?;
    let names = item_names(&shop.space, &sheet, notes);
    let mut criteria = criteria(&shop.space, &chain, &sheet, &names, notes)?;
    if !criteria.conditions.is_empty() {
        let message = "only parameters that equal values can be restricted in a command";
        notes.error(container.element, message);
        return None;
    }
    assignments(&commands, &sheet, &mut criteria, notes)?;
    for (place, placed) in sheet.placed.iter().enumerate().filter(|(_, placed)| placed.fixed) {
        if let Some(value) = &placed.item.default {
            criteria.ids.push((place, value.clone()));
        }
    }
    let kind = PacketKind::Command;
    let outline = Outline { element: found.element, kind, target: target.to_owned(), name };
    let mut packet = assemble(&outline, sheet, &names, criteria, notes);
    significance(&commands, &mut packet, notes);
    Some(packet)
}

/// Returns a command and what it extends, itself first.
fn chain<'d>(
    shop: &Workshop<'d>,
    found: Found<'d>,
    notes: &mut Diagnostics,
) -> Option<Vec<Found<'d>>> {
    let mut chain = vec![found];
    let mut last = found;
    while let Some(base) = last.element.child("BaseMetaCommand") {
        let reference = Reference::of(notes, last.system, base, "metaCommandRef")?;
        let next = shop.space.resolve(Kind::MetaCommand, reference, notes)?;
        if chain.iter().any(|known| known.element == next.element) {
            notes.error(base, format!("{} extends itself", next.element));
            return None;
        }
        if chain.len() >= MAX_EXTENDED {
            notes.error(base, format!("commands extend more than {MAX_EXTENDED} others"));
            return None;
        }
        chain.push(next);
        last = next;
    }
    Some(chain)
}

/// Returns the arguments of a command and of what it extends.
fn arguments<'d>(commands: &[Found<'d>], notes: &mut Diagnostics) -> Vec<Found<'d>> {
    let mut found: Vec<Found<'d>> = Vec::new();
    for command in commands {
        let list = command.element.child("ArgumentList").into_iter();
        for element in list.flat_map(|list| list.children_named("Argument")) {
            let same =
                |known: &Found<'d>| known.element.attribute("name") == element.attribute("name");
            if found.iter().any(same) {
                notes.error(element, "there is an argument of this name already");
            } else {
                found.push(Found { system: command.system, element });
            }
        }
    }
    found
}

/// Makes ids of the values that commands give to inherited arguments.
///
/// Source: XTCE 1.2 schema, BaseMetaCommandType.
fn assignments<'d>(
    commands: &[Found<'d>],
    sheet: &Sheet<'d>,
    criteria: &mut Criteria,
    notes: &mut Diagnostics,
) -> Option<()> {
    let mut complete = Some(());
    for command in commands {
        let base = command.element.child("BaseMetaCommand");
        let Some(list) = base.and_then(|base| base.child("ArgumentAssignmentList")) else {
            continue;
        };
        notes.only(list, &[], &["ArgumentAssignment"]);
        for assignment in list.children_named("ArgumentAssignment") {
            notes.only(assignment, &["argumentName", "argumentValue"], &[]);
            match assigned(sheet, assignment, notes) {
                // What the more special command says counts.
                Some((place, _)) if criteria.ids.iter().any(|(known, _)| *known == place) => {}
                Some(id) => criteria.ids.push(id),
                None => complete = None,
            }
        }
    }
    complete
}

fn assigned(
    sheet: &Sheet<'_>,
    assignment: Element<'_>,
    notes: &mut Diagnostics,
) -> Option<(usize, crate::Value)> {
    let mut attributes = Attributes { element: assignment, notes };
    let name = attributes.text("argumentName")?;
    let text = attributes.text("argumentValue")?;
    let of_argument = |source: &Source<'_>| match source {
        Source::Parameter { parameter, part } => {
            parameter.argument && part.is_empty() && parameter.name == name
        }
        Source::Entry { .. } => false,
    };
    let Some(place) = sheet.placed.iter().position(|placed| of_argument(&placed.source)) else {
        notes.error(assignment, "the containers have no such argument");
        return None;
    };
    let Source::Parameter { parameter, .. } = &sheet.placed[place].source else { return None };
    let Type::Scalar(scalar) = &*parameter.kind else {
        notes.error(assignment, "only single values can be assigned");
        return None;
    };
    let Some(value) = values::value(scalar, text, Form::Calibrated) else {
        let shown: String = text.chars().take(40).collect();
        notes.error(assignment, format!("\"{shown}\" is no value of the argument"));
        return None;
    };
    if scalar.item.write_conversion.is_some() {
        notes.error(assignment, "a calibrated argument cannot be assigned");
        return None;
    }
    Some((place, value))
}

/// Makes a hazard of the significance that a command has or inherits.
///
/// Source: XTCE 1.2 schema, SignificanceType, ConsequenceLevelType; 1.0 and 1.1 have the levels of
/// alarms.
fn significance(commands: &[Found<'_>], packet: &mut Packet, notes: &mut Diagnostics) {
    let mut inherited = commands.iter();
    let Some(element) = inherited.find_map(|it| it.element.child("DefaultSignificance")) else {
        return;
    };
    let level = element.attribute("consequenceLevel").unwrap_or("normal");
    match level {
        "normal" | "none" => return,
        "vital" | "critical" | "forbidden" | "user1" | "user2" | "watch" | "warning"
        | "distress" | "severe" => {}
        other => {
            notes.error(element, format!("consequenceLevel=\"{other}\" is not known"));
            return;
        }
    }
    let reason = element.attribute("reasonForWarning").unwrap_or_default();
    packet.hazardous = Some(reason.to_owned());
    if level != "critical" {
        packet.meta.insert(CONSEQUENCE_LEVEL.to_owned(), vec![level.to_owned()]);
    }
}
