//! Targets, packets and items as read from configuration.
//!
//! [`Definitions`] is built once from texts ([`Definitions::builder`]), never changes, and is
//! shared as `Arc<Definitions>`. Packets have a dense [`PacketId`]; the items of a packet are
//! numbered by their place in [`Packet::items`], so decoding plans and records need no names.

mod accessor;
mod class_name;
mod code;
mod condition;
mod conversion;
mod definitions;
mod expression;
mod format_string;
mod item;
mod layout;
mod limits;
mod object;
mod opaque;
mod packet;
mod reserved;
mod states;
mod target;
mod types;

pub(crate) use accessor::HttpPart;
pub use accessor::{Accessor, DocumentFormat};
pub use class_name::class_name;
pub use code::{CodeClass, ProcessorDefinition, ProcessorKind};
pub use condition::{Comparison, Condition, Operand};
pub use conversion::{
    Conversion, ConversionDefinition, ConversionError, CountedTime, Segment, SelectedItem, Spline,
    SplinePoint, TimeOrigin,
};
pub(crate) use conversion::{MAX_CONVERSION_DEPTH, formatted_time, polynomial, unix_nanos};
pub use definitions::{Definitions, LimitsGroupItem, LookupError, TargetSource};
pub use expression::Expression;
pub(crate) use expression::Surroundings;
pub(crate) use format_string::default_text;
pub use format_string::{FormatError, FormatString};
pub use item::{Item, StructureChild, Units, VariableBitSize, VariableLength};
pub(crate) use layout::stored_order;
pub use limits::{Limits, LimitsResponse, LimitsSet};
pub use object::ObjectPacket;
pub use opaque::{Opaque, OpaqueKind};
pub use packet::{CommandScreen, Packet, PacketId, PacketKind, PacketReference, RelatedItem};
pub use states::{Color, State, States};
pub use target::Target;
pub use types::{
    DataType, Endianness, MAX_NAME_LENGTH, Overflow, RESERVED_ITEM_NAMES, SourceLocation,
    ValueType, is_reserved_item,
};
