//! Everything that a set of target folders defines.

use std::sync::Arc;

use indexmap::IndexMap;
use thiserror::Error;

use super::item::Item;
use super::opaque::Opaque;
use super::packet::{Packet, PacketId, PacketKind};
use super::target::Target;
use super::types::SourceLocation;
use crate::config::DefinitionsBuilder;

/// Name of the target and of the packets that take what cannot be identified.
const UNKNOWN: &str = "UNKNOWN";

/// Reasons why a name is not found; the texts are the ones that clients of the API match on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LookupError {
    /// No such target.
    #[error("Target '{0}' does not exist")]
    Target(String),
    /// No such packet in the target.
    #[error("Packet definition '{target} {packet}' does not exist")]
    Packet {
        /// Upper-cased target.
        target: String,
        /// Upper-cased packet.
        packet: String,
    },
    /// No such item in the packet.
    #[error("Item '{target} {packet} {item}' does not exist (TargetModel)")]
    Item {
        /// Upper-cased target.
        target: String,
        /// Upper-cased packet.
        packet: String,
        /// Upper-cased item.
        item: String,
    },
}

/// One item of a limits group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsGroupItem {
    /// Upper-cased target; not checked for existence.
    pub target: String,
    /// Upper-cased packet.
    pub packet: String,
    /// Upper-cased item.
    pub item: String,
}

/// The texts of one target, in the order in which they were read, templates already rendered.
///
/// They are what is published and hashed: reading them again gives the same definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSource {
    /// Upper-cased target name.
    pub name: String,
    /// Text of target.txt; empty if there is none.
    pub target_txt: String,
    /// Path and text of each file.
    pub files: Vec<(String, String)>,
    /// Path and content of files that `TEMPLATE_FILE` may name.
    pub binary_files: Vec<(String, Vec<u8>)>,
}

/// Targets, packets and items; immutable, shared as `Arc<Definitions>`.
#[derive(Debug)]
pub struct Definitions {
    pub(crate) targets: IndexMap<String, Target>,
    pub(crate) packets: Vec<Arc<Packet>>,
    pub(crate) unknown_command: PacketId,
    pub(crate) unknown_telemetry: PacketId,
    pub(crate) limits_groups: IndexMap<String, Vec<LimitsGroupItem>>,
    pub(crate) limits_sets: Vec<String>,
    pub(crate) warnings: Vec<String>,
    /// For each warning its place, unless its text names it.
    pub(crate) warning_places: Vec<Option<SourceLocation>>,
    pub(crate) unsupported: Vec<String>,
    pub(crate) opaque: Vec<Opaque>,
    pub(crate) sources: Vec<TargetSource>,
}

impl Definitions {
    /// Starts reading target folders.
    #[must_use]
    pub fn builder() -> DefinitionsBuilder {
        DefinitionsBuilder::default()
    }

    /// Returns the targets in load order; UNKNOWN is not among them.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &Target> {
        self.targets.values()
    }

    /// Returns a target; the name in any case.
    ///
    /// # Errors
    /// [`LookupError::Target`] when there is none.
    pub fn target(&self, name: &str) -> Result<&Target, LookupError> {
        let found = self.targets.get(name).or_else(|| self.targets.get(&name.to_uppercase()));
        found.ok_or_else(|| LookupError::Target(name.to_uppercase()))
    }

    /// Returns every packet by its id, UNKNOWN ones included.
    #[must_use]
    pub fn packets(&self) -> &[Arc<Packet>] {
        &self.packets
    }

    /// Returns the packet of an id, or `None` when the id belongs to other definitions.
    #[must_use]
    pub fn packet_by_id(&self, id: PacketId) -> Option<&Arc<Packet>> {
        self.packets.get(id.index())
    }

    /// Returns a packet by names in any case; `UNKNOWN UNKNOWN` exists for both kinds.
    ///
    /// # Errors
    /// [`LookupError`] that names what is missing.
    pub fn packet(
        &self,
        kind: PacketKind,
        target: &str,
        packet: &str,
    ) -> Result<&Arc<Packet>, LookupError> {
        if target.eq_ignore_ascii_case(UNKNOWN) && packet.eq_ignore_ascii_case(UNKNOWN) {
            return Ok(self.unknown(kind));
        }
        let found_target = self.target(target)?;
        let table = match kind {
            PacketKind::Command => &found_target.commands,
            PacketKind::Telemetry => &found_target.telemetry,
        };
        let id = table.get(packet).or_else(|| table.get(&packet.to_uppercase()));
        id.and_then(|id| self.packets.get(id.index())).ok_or_else(|| LookupError::Packet {
            target: target.to_uppercase(),
            packet: packet.to_uppercase(),
        })
    }

    /// Returns an item by names in any case.
    ///
    /// # Errors
    /// [`LookupError`] that names what is missing.
    pub fn item(
        &self,
        kind: PacketKind,
        target: &str,
        packet: &str,
        item: &str,
    ) -> Result<&Item, LookupError> {
        let found = self.packet(kind, target, packet)?;
        found.item(item).or_else(|| found.item(&item.to_uppercase())).ok_or_else(|| {
            LookupError::Item {
                target: target.to_uppercase(),
                packet: packet.to_uppercase(),
                item: item.to_uppercase(),
            }
        })
    }

    /// Returns the packet that takes what is not identified.
    #[must_use]
    pub fn unknown(&self, kind: PacketKind) -> &Arc<Packet> {
        let id = match kind {
            PacketKind::Command => self.unknown_command,
            PacketKind::Telemetry => self.unknown_telemetry,
        };
        &self.packets[id.index()]
    }

    /// Iterates over the packets of one kind of a target in definition order.
    pub fn packets_of<'a>(
        &'a self,
        target: &'a Target,
        kind: PacketKind,
    ) -> impl Iterator<Item = &'a Arc<Packet>> {
        let table = match kind {
            PacketKind::Command => &target.commands,
            PacketKind::Telemetry => &target.telemetry,
        };
        table.values().filter_map(|id| self.packets.get(id.index()))
    }

    /// Returns the limits groups by upper-cased name.
    #[must_use]
    pub fn limits_groups(&self) -> &IndexMap<String, Vec<LimitsGroupItem>> {
        &self.limits_groups
    }

    /// Returns the names of all limits sets, `DEFAULT` first.
    #[must_use]
    pub fn limits_sets(&self) -> &[String] {
        &self.limits_sets
    }

    /// Returns what the loader warns about (cosmos-packets §1.7); the load succeeds all the same.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Iterates over the warnings with file and line in front of them.
    pub fn placed_warnings(&self) -> impl Iterator<Item = String> {
        self.warnings.iter().zip(&self.warning_places).map(|(text, place)| match place {
            Some(place) => format!("{place}: {text}"),
            None => text.clone(),
        })
    }

    /// Returns what is accepted but not supported yet, each with file and line.
    #[must_use]
    pub fn unsupported(&self) -> &[String] {
        &self.unsupported
    }

    /// Returns the code that is known by name only and not run, in the order in which it is named;
    /// each is among [`Definitions::unsupported`] as a text.
    #[must_use]
    pub fn opaque(&self) -> &[Opaque] {
        &self.opaque
    }

    /// Returns the texts from which these definitions were read.
    #[must_use]
    pub fn sources(&self) -> &[TargetSource] {
        &self.sources
    }
}
