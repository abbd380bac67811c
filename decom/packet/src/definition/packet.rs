//! One packet: its items, flags and metadata.

use std::collections::HashMap;
use std::fmt;

use indexmap::IndexMap;

use super::accessor::Accessor;
use super::code::{CodeClass, ProcessorDefinition};
use super::condition::Condition;
use super::item::Item;
use super::types::{Endianness, SourceLocation};
use crate::registry::{Code, ValidatorCode};

/// Dense number of a packet within its [`super::Definitions`]; commands and telemetry share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketId(pub u32);

impl PacketId {
    /// Returns the number as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Whether a packet goes up or comes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PacketKind {
    /// Sent to the target.
    Command,
    /// Received from the target.
    Telemetry,
}

impl fmt::Display for PacketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "command",
            Self::Telemetry => "telemetry",
        })
    }
}

/// Another packet named by a command (`RESPONSE`, `ERROR_RESPONSE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketReference {
    /// Upper-cased target.
    pub target: String,
    /// Upper-cased packet.
    pub packet: String,
}

/// A screen that belongs to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandScreen {
    /// Upper-cased target.
    pub target: String,
    /// Upper-cased screen.
    pub screen: String,
}

/// An item that belongs to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedItem {
    /// Upper-cased target.
    pub target: String,
    /// Upper-cased packet.
    pub packet: String,
    /// Upper-cased item.
    pub item: String,
}

/// A command or telemetry packet.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Number within the definitions.
    pub id: PacketId,
    /// Command or telemetry.
    pub kind: PacketKind,
    /// Upper-cased target name.
    pub target_name: String,
    /// Upper-cased packet name.
    pub packet_name: String,
    /// Default byte order of its items.
    pub endianness: Endianness,
    /// Description.
    pub description: Option<String>,
    /// Where the packet was defined.
    pub location: SourceLocation,
    /// Items in stored order (§3.5): derived, then by offset, then by negative offset.
    pub items: Vec<Item>,
    /// Id items in stored order; copies, because deleting an item leaves it an id (§2.2).
    pub id_items: Vec<Item>,
    /// What a buffer must meet beside the id values to be this packet.
    pub condition: Option<Condition>,
    /// Places of the items that have limits, in the order they were registered.
    pub limits_items: Vec<usize>,
    /// Whether a buffer shorter than defined is accepted.
    pub short_buffer_allowed: bool,
    /// Hazard description, when the whole command is hazardous; may be empty.
    pub hazardous: Option<String>,
    /// Whether sending is not logged as a message.
    pub messages_disabled: bool,
    /// Whether missing id items are meant.
    pub catchall: bool,
    /// Whether the command cannot be sent.
    pub disabled: bool,
    /// Whether tools leave it out.
    pub hidden: bool,
    /// Whether it only serves structures: hidden, disabled, never identified.
    pub is_virtual: bool,
    /// Whether it is identified among subpackets only.
    pub subpacket: bool,
    /// Class that splits the packet; kept, not run yet.
    pub subpacketizer: Option<CodeClass>,
    /// Whether critical-command mode asks for approval.
    pub restricted: bool,
    /// How items are found in the buffer.
    pub accessor: Accessor,
    /// Class that checks a command before and after sending.
    pub validator: Option<CodeClass>,
    /// What is called for it, if the class is registered.
    pub validator_code: Option<Code<dyn ValidatorCode>>,
    /// Initial buffer.
    pub template: Option<Vec<u8>>,
    /// Processors in definition order.
    pub processors: Vec<ProcessorDefinition>,
    /// `META` entries by upper-cased name.
    pub meta: IndexMap<String, Vec<String>>,
    /// Expected reply.
    pub response: Option<PacketReference>,
    /// Expected error reply.
    pub error_response: Option<PacketReference>,
    /// Related screen.
    pub screen: Option<CommandScreen>,
    /// Related items.
    pub related_items: Vec<RelatedItem>,
    /// Whether overlap warnings are off for the packet.
    pub ignore_overlap: bool,
    pub(crate) names: HashMap<String, usize>,
    /// Names of the items that have limits, in the order they were registered.
    pub(crate) limits_names: Vec<String>,
    pub(crate) positive_bits: i64,
    pub(crate) negative_bits: i64,
    pub(crate) fixed_size: bool,
    pub(crate) created_items: usize,
}

impl Packet {
    /// Makes a packet without items; not even the reserved ones.
    #[must_use]
    pub fn new(
        kind: PacketKind,
        target_name: &str,
        packet_name: &str,
        endianness: Endianness,
        location: SourceLocation,
    ) -> Self {
        Self {
            id: PacketId(u32::MAX),
            kind,
            target_name: target_name.to_uppercase(),
            packet_name: packet_name.to_uppercase(),
            endianness,
            description: None,
            location,
            items: Vec::new(),
            id_items: Vec::new(),
            condition: None,
            limits_items: Vec::new(),
            short_buffer_allowed: false,
            hazardous: None,
            messages_disabled: false,
            catchall: false,
            disabled: false,
            hidden: false,
            is_virtual: false,
            subpacket: false,
            subpacketizer: None,
            restricted: false,
            accessor: Accessor::Binary,
            validator: None,
            validator_code: None,
            template: None,
            processors: Vec::new(),
            meta: IndexMap::new(),
            response: None,
            error_response: None,
            screen: None,
            related_items: Vec::new(),
            ignore_overlap: false,
            names: HashMap::new(),
            limits_names: Vec::new(),
            positive_bits: 0,
            negative_bits: 0,
            fixed_size: true,
            created_items: 0,
        }
    }

    /// Returns the place of an item; the name in capitals.
    #[must_use]
    pub fn item_index(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// Returns an item; the name in capitals.
    #[must_use]
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.item_index(name).map(|index| &self.items[index])
    }

    /// Returns an item for changing it; the name in capitals.
    pub(crate) fn item_mut(&mut self, name: &str) -> Option<&mut Item> {
        let index = self.item_index(name)?;
        self.items.get_mut(index)
    }

    /// Returns the defined length in bits (§3.5).
    #[must_use]
    pub fn defined_bits(&self) -> i64 {
        self.positive_bits + self.negative_bits
    }

    /// Returns the defined length in bytes, rounded up.
    #[must_use]
    pub fn defined_length(&self) -> usize {
        usize::try_from((self.defined_bits() + 7) / 8).unwrap_or(0)
    }

    /// Returns whether every buffer of this packet has the defined length.
    #[must_use]
    pub fn is_fixed_size(&self) -> bool {
        self.fixed_size
    }

    /// Returns whether some item's size is given by another item, so that offsets move.
    #[must_use]
    pub fn has_variable_items(&self) -> bool {
        self.items.iter().any(|item| item.variable_bit_size.is_some())
    }

    /// Returns whether an item's place is given by its offset, in this packet and in the structure
    /// that it may belong to; otherwise a key names what it is in a document.
    pub(crate) fn has_place(&self, item: &Item) -> bool {
        if !self.accessor.is_binary() || self.accessor.http_part(item).is_some() {
            return false;
        }
        let parent = item.structure_child.as_ref().and_then(|child| self.item(&child.parent));
        let inner = parent.and_then(|parent| parent.structure.as_ref());
        inner.is_none_or(|inner| inner.accessor.is_binary())
    }

    /// Iterates over the names of the items that are blanked in texts and logs.
    pub fn obfuscated_items(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter(|item| item.obfuscate).map(|item| item.name.as_str())
    }
}
