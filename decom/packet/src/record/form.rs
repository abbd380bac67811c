//! The forms in which a record holds values.

use super::layout::REFERENCE_LENGTH;
use crate::definition::{Conversion, DataType, Item, Packet};

/// Form of one raw value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    /// Two's complement or unsigned, 1, 2, 4, 8 or 16 bytes.
    Int { width: u8, signed: bool },
    /// IEEE 754 single.
    Single,
    /// IEEE 754 double.
    Double,
    /// All bytes of a STRING or BLOCK field.
    Bytes { length: u32, data_type: DataType },
}

impl Element {
    pub(crate) fn width(self) -> u32 {
        match self {
            Self::Int { width, .. } => u32::from(width),
            Self::Single => 4,
            Self::Double => 8,
            Self::Bytes { length, .. } => length,
        }
    }
}

/// Form of an item's raw value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawForm {
    /// Derived: no bytes.
    None,
    One(Element),
    List {
        element: Element,
        count: u32,
    },
    /// Reference to the bytes of a STRING or BLOCK.
    VariableBytes {
        data_type: DataType,
    },
    /// Reference to elements one after the other.
    VariableList {
        element: Element,
    },
    /// Reference to a tagged value.
    Tagged,
}

impl RawForm {
    pub(super) fn length(self) -> u64 {
        match self {
            Self::None => 0,
            Self::One(element) => u64::from(element.width()),
            Self::List { element, count } => u64::from(element.width()) * u64::from(count),
            Self::VariableBytes { .. } | Self::VariableList { .. } | Self::Tagged => {
                u64::from(REFERENCE_LENGTH)
            }
        }
    }
}

/// Form of an item's converted value where it differs from the raw one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConvertedForm {
    /// Same as raw.
    Same,
    /// A double, or one per element.
    Number,
    /// Nanoseconds since 1970 in 64 bits.
    Time,
    /// Reference to a tagged value.
    Tagged,
    /// Times and counts of the packet, which the record's envelope carries.
    Envelope,
}

impl ConvertedForm {
    pub(super) fn of(packet: &Packet, item: &Item) -> Self {
        match Self::of_conversion(item) {
            // What is converted may be a list or a single value, whatever the item is.
            Self::Number | Self::Time if !item.is_derived() && !packet.has_place(item) => {
                Self::Tagged
            }
            Self::Time if item.array_size.is_some() => Self::Tagged,
            form => form,
        }
    }

    fn of_conversion(item: &Item) -> Self {
        use Conversion as C;
        match item.read_conversion.as_ref().map(|definition| &definition.conversion) {
            None => Self::Same,
            Some(
                C::Polynomial { .. }
                | C::SegmentedPolynomial { .. }
                | C::Spline(_)
                | C::UnixTimeSeconds { .. },
            ) => Self::Number,
            Some(C::UnixTime { .. } | C::CountedTime(_)) => Self::Time,
            Some(
                C::UnixTimeFormatted { .. }
                | C::BitReverse { .. }
                | C::IpRead
                | C::IpWrite
                | C::Generic { .. }
                | C::Processor { .. }
                | C::ObjectRead(_)
                | C::ObjectWrite(_)
                | C::Registered(_)
                | C::Opaque,
            ) => Self::Tagged,
            Some(
                C::PacketTimeSeconds
                | C::PacketTimeFormatted
                | C::ReceivedTimeSeconds
                | C::ReceivedTimeFormatted
                | C::ReceivedCount,
            ) => Self::Envelope,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Number => "f64",
            Self::Time => "time",
            Self::Tagged => "value",
            Self::Envelope => "envelope",
        }
    }
}
