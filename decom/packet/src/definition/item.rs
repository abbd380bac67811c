//! One item of a packet.

use std::sync::Arc;

use indexmap::IndexMap;

use super::conversion::ConversionDefinition;
use super::format_string::FormatString;
use super::limits::Limits;
use super::packet::Packet;
use super::states::States;
use super::types::{DataType, Endianness, Overflow, ValueType};
use crate::value::Value;

/// The unit of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    /// Full name, such as `Celsius`.
    pub full: String,
    /// Abbreviation, shown after formatted values.
    pub abbreviation: String,
}

/// A size that differs from packet to packet (cosmos-packets §3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableBitSize {
    /// What gives the count.
    pub length: VariableLength,
    /// Bits per count.
    pub bits_per_count: i64,
    /// Bits added to count × bits per count.
    pub bit_offset: i64,
    /// Bits that the layout holds free for the item; later items move by what it is longer.
    pub reserved_bits: i64,
    /// Whether the item always takes its reserved bits and its value only the first of them, so
    /// that nothing behind it moves.
    pub in_field: bool,
}

/// What gives the size of an item of variable size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableLength {
    /// An item of the same packet.
    Item {
        /// Upper-cased name.
        name: String,
        /// The form of its value that is the count.
        value_type: ValueType,
    },
    /// These bytes, which end the value and are not part of it; a value that nothing ends goes to
    /// the end of its field or of the packet.
    Terminator(Vec<u8>),
}

impl VariableBitSize {
    /// Returns the name of the item that holds the count.
    #[must_use]
    pub fn length_item(&self) -> Option<&str> {
        match &self.length {
            VariableLength::Item { name, .. } => Some(name),
            VariableLength::Terminator(_) => None,
        }
    }
}

/// What makes an item a child of a structure item of the same packet (cosmos-packets §3.8).
#[derive(Debug, Clone)]
pub struct StructureChild {
    /// Name of the structure item whose bytes hold the child.
    pub parent: String,
    /// Name of the child in the structure's packet.
    pub child: String,
}

/// One item of a packet: where it lies, what it means and how it is shown.
///
/// # Layout
/// `bit_offset` counts from the start, bit 0 being the most significant bit of byte 0; a negative
/// one counts back from the end of the actual buffer. `bit_size` of strings and blocks may be 0
/// (to the end) or −k (to k bits before the end); for arrays it is the element's width.
#[derive(Debug, Clone)]
pub struct Item {
    /// Upper-cased name.
    pub name: String,
    /// Path for accessors that are not binary; the name by default.
    pub key: String,
    /// Bits from the start, or back from the end if negative.
    pub bit_offset: i64,
    /// Bits of the item, or of one element of an array.
    pub bit_size: i64,
    /// Bits of the whole array; `None` for single values. 0 and negative as for `bit_size`.
    pub array_size: Option<i64>,
    /// Type of the raw value.
    pub data_type: DataType,
    /// Byte order.
    pub endianness: Endianness,
    /// What happens to values that do not fit.
    pub overflow: Overflow,
    /// Whether overlapping the item before is meant.
    pub overlap: bool,
    /// Place in the order of creation within the packet, from 0.
    pub create_index: usize,
    /// Whether tools and decommutated records leave the item out.
    pub hidden: bool,
    /// Size given by another item.
    pub variable_bit_size: Option<VariableBitSize>,
    /// For a structure item: the packet that lies in its bytes.
    pub structure: Option<Arc<Packet>>,
    /// For an item inside a structure: where it belongs.
    pub structure_child: Option<StructureChild>,
    /// Description.
    pub description: Option<String>,
    /// Value that identifies the packet.
    pub id_value: Option<Value>,
    /// Default of a command parameter.
    pub default: Option<Value>,
    /// Lower end of a command parameter's range.
    pub minimum: Option<Value>,
    /// Upper end of a command parameter's range.
    pub maximum: Option<Value>,
    /// Whether the parameter must be given.
    pub required: bool,
    /// printf text for FORMATTED.
    pub format_string: Option<FormatString>,
    /// Unit.
    pub units: Option<Units>,
    /// Conversion from raw to converted.
    pub read_conversion: Option<Arc<ConversionDefinition>>,
    /// Conversion from converted to raw.
    pub write_conversion: Option<Arc<ConversionDefinition>>,
    /// Names of values.
    pub states: Option<States>,
    /// Limits; an item has them if sets exist or a state has a colour.
    pub limits: Limits,
    /// `META` entries by upper-cased name.
    pub meta: IndexMap<String, Vec<String>>,
    /// Whether the value is blanked in texts and logs.
    pub obfuscate: bool,
}

impl Item {
    /// Makes an item with everything else absent; the name is upper-cased.
    #[must_use]
    pub fn new(
        name: &str,
        bit_offset: i64,
        bit_size: i64,
        data_type: DataType,
        endianness: Endianness,
    ) -> Self {
        let name = name.to_uppercase();
        Self {
            key: name.clone(),
            name,
            bit_offset,
            bit_size,
            array_size: None,
            data_type,
            endianness,
            overflow: Overflow::Error,
            overlap: false,
            create_index: 0,
            hidden: false,
            variable_bit_size: None,
            structure: None,
            structure_child: None,
            description: None,
            id_value: None,
            default: None,
            minimum: None,
            maximum: None,
            required: false,
            format_string: None,
            units: None,
            read_conversion: None,
            write_conversion: None,
            states: None,
            limits: Limits::default(),
            meta: IndexMap::new(),
            obfuscate: false,
        }
    }

    /// Returns whether the item has no bytes of its own.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        self.data_type == DataType::Derived
    }

    /// Returns whether limits can be checked: it has sets, or a state with a colour.
    #[must_use]
    pub fn has_limits(&self) -> bool {
        !self.limits.sets.is_empty() || self.states.as_ref().is_some_and(States::has_colors)
    }

    /// Returns whether a decommutated record has a converted value of its own (§5.5):
    /// states, or a read conversion on an item that is not derived.
    #[must_use]
    pub fn has_converted(&self) -> bool {
        self.states.is_some() || (self.read_conversion.is_some() && !self.is_derived())
    }

    /// Returns whether a decommutated record has a formatted value of its own (§5.5).
    #[must_use]
    pub fn has_formatted(&self) -> bool {
        self.format_string.is_some() || self.units.is_some()
    }

    /// Returns whether an integer's bits are read as a bit field rather than as whole bytes
    /// at a byte boundary (§3.1).
    #[must_use]
    pub fn is_bit_field(&self) -> bool {
        self.data_type.is_integer()
            && !(self.bit_offset % 8 == 0 && matches!(self.bit_size, 8 | 16 | 32 | 64))
    }
}
