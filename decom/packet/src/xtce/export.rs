//! Definitions as an XTCE 1.2 document.
//!
//! A parameter that is the same in all packets stands in the target's SpaceSystem, others in one
//! named like their packet. What identifies a packet lies in an abstract container that the
//! packet's extends, because criteria are about what is extended.

mod command;
mod criteria;
mod describe;
mod encoding;
mod layout;
mod limits;
mod names;
mod notes;
mod telemetry;
mod types;
mod writer;

use crate::definition::{Definitions, LookupError, Packet, PacketKind};
use names::Names;
use notes::Notes;
use writer::Writer;

/// The namespace of XTCE 1.2.
const NAMESPACE: &str = "http://www.omg.org/spec/XTCE/20180204";

/// A target as XTCE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The document.
    pub document: String,
    /// What XTCE could not express, each with packet and item; the rest reads as it was.
    pub left_out: Vec<String>,
}

/// Writes a target as an XTCE 1.2 document; the name in any case.
///
/// Reading the document gives the same packets, except for what is listed as left out.
///
/// # Errors
/// [`LookupError::Target`] when there is no such target.
pub fn export(definitions: &Definitions, target: &str) -> Result<Exported, LookupError> {
    let target = definitions.target(target)?;
    let mut notes = Notes::default();
    let mut names = Names::default();
    let packets = |kind: PacketKind| -> Vec<&Packet> {
        definitions.packets_of(target, kind).map(|packet| &**packet).collect()
    };
    let telemetry = telemetry::write(&packets(PacketKind::Telemetry), &mut notes);
    let commands = command::write(&packets(PacketKind::Command), &mut notes);
    let mut out = Writer::default();
    out.declaration();
    let name = names.of(&target.name);
    out.open("SpaceSystem", &[("name", &name), ("xmlns", NAMESPACE)]);
    if let Some(alias) = names::alias(&target.name, &name) {
        out.with("AliasSet", &[], &alias);
    }
    out.raw(&telemetry.sets);
    out.raw(&commands);
    out.raw(&telemetry.systems);
    out.close("SpaceSystem");
    for (group, items) in definitions.limits_groups() {
        if items.iter().any(|item| item.target == target.name) {
            notes.add("the target", format!("the limits group {group}"));
        }
    }
    Ok(Exported { document: out.finish(), left_out: notes.finish() })
}
