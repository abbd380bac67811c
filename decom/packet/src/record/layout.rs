//! Where each item of a packet lies in a packed record; the module header of [`crate::record`]
//! is the specification.

use super::number::Kind;
use crate::definition::{Conversion, DataType, Item, Packet, is_reserved_item};

/// Bytes before the raw section.
pub(crate) const HEADER_LENGTH: usize = 8;
/// Stands for "no such slot".
pub(crate) const NO_SLOT: u32 = u32::MAX;
/// State index of a value that has no state.
pub(crate) const NO_STATE: u16 = u16::MAX;
/// Bytes of a reference into the variable part: offset and length or count.
pub(crate) const REFERENCE_LENGTH: u32 = 8;

/// Wider fields are kept in the variable part, so that one record cannot claim gigabytes.
const MAX_INLINE_BITS: i64 = 1 << 20;

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
    fn length(self) -> u64 {
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
    fn of(item: &Item) -> Self {
        use Conversion as C;
        match item.read_conversion.as_ref().map(|definition| &definition.conversion) {
            None | Some(C::Unsupported) => Self::Same,
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
                | C::Generic { .. },
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

    fn word(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Number => "f64",
            Self::Time => "time",
            Self::Tagged => "value",
            Self::Envelope => "envelope",
        }
    }
}

/// One item of the packed form with its slots, counted in bytes from the record's start.
#[derive(Debug, Clone)]
pub(crate) struct PackedItem {
    /// Place in [`Packet::items`].
    pub(crate) place: usize,
    pub(crate) raw: RawForm,
    /// Kind of a single number of up to 64 bits.
    pub(crate) kind: Option<Kind>,
    pub(crate) raw_at: u32,
    pub(crate) converted: ConvertedForm,
    pub(crate) converted_at: u32,
    /// Slot of the state index or indices, or [`NO_SLOT`].
    pub(crate) state_at: u32,
    /// Slot of the limits byte, or [`NO_SLOT`].
    pub(crate) limits_at: u32,
}

impl PackedItem {
    /// Returns how many converted values the item has, if that is fixed.
    pub(crate) fn count(&self) -> Option<u32> {
        match self.raw {
            RawForm::List { count, .. } => Some(count),
            RawForm::VariableList { .. } => None,
            _ => Some(1),
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.raw, RawForm::List { .. } | RawForm::VariableList { .. })
    }
}

/// What an outsider needs to know of one packed item; published with the definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedItem {
    /// Name of the item.
    pub name: String,
    /// Type of the raw value.
    pub data_type: DataType,
    /// Bits of the item or of one element; 0 where the size varies.
    pub bit_size: u32,
    /// Bits of the array: 0 for single values, −1 where the size varies.
    pub array_bit_size: i64,
    /// Code of the converted form: empty, `f64`, `time`, `value` or `envelope`.
    pub converted: &'static str,
    /// Whether the record has a limits byte for it.
    pub limits: bool,
    /// Names of the states in the order of their indices.
    pub states: Vec<String>,
}

impl PublishedItem {
    fn of(item: &Item) -> Self {
        let varies = item.variable_bit_size.is_some();
        let fits = |bits: i64| u32::try_from(bits).unwrap_or(0);
        let texts = matches!(item.data_type, DataType::String | DataType::Block);
        let array_bit_size = match item.array_size {
            None => 0,
            Some(total) if varies || item.bit_size <= 0 || total % item.bit_size != 0 => -1,
            Some(total) if (1..=MAX_INLINE_BITS).contains(&total) => total,
            Some(_) => -1,
        };
        let bit_size = match array_bit_size {
            0 if varies && texts => 0,
            // A selector integer holds up to 62 bits (§3.6).
            0 if varies => 64,
            0 if texts && item.bit_size > MAX_INLINE_BITS => 0,
            _ => fits(item.bit_size),
        };
        Self {
            name: item.name.clone(),
            data_type: item.data_type,
            bit_size,
            array_bit_size,
            converted: ConvertedForm::of(item).word(),
            limits: item.has_limits(),
            states: item.states.iter().flat_map(|s| s.names()).map(str::to_owned).collect(),
        }
    }

    fn raw_form(&self) -> RawForm {
        let element = match self.data_type {
            DataType::Derived | DataType::Time => return RawForm::None,
            DataType::Bool | DataType::Object | DataType::Array | DataType::Any => {
                return RawForm::Tagged;
            }
            DataType::Int | DataType::Uint => Element::Int {
                width: integer_width(self.bit_size),
                signed: self.data_type == DataType::Int,
            },
            DataType::Float if self.bit_size == 32 => Element::Single,
            DataType::Float => Element::Double,
            data_type @ (DataType::String | DataType::Block) => {
                if self.bit_size == 0 && self.array_bit_size == 0 {
                    return RawForm::VariableBytes { data_type };
                }
                Element::Bytes { length: self.bit_size.div_ceil(8), data_type }
            }
        };
        match self.array_bit_size {
            0 => RawForm::One(element),
            total if total < 0 || self.bit_size == 0 => RawForm::VariableList { element },
            total => RawForm::List {
                element,
                count: u32::try_from(total / i64::from(self.bit_size)).unwrap_or(0),
            },
        }
    }

    /// Adds the canonical text of the item to a hash.
    fn hash(&self, hash: &mut Fnv) {
        hash.text(&format!(
            "{}\t{}\t{}\t{}\t{}\t{}",
            self.name,
            self.data_type,
            self.bit_size,
            self.array_bit_size,
            self.converted,
            u8::from(self.limits),
        ));
        for state in &self.states {
            hash.text("\t");
            hash.text(state);
        }
        hash.text("\n");
    }
}

/// Returns the bytes that an integer of so many bits takes in the record.
fn integer_width(bits: u32) -> u8 {
    match bits {
        0..=8 => 1,
        9..=16 => 2,
        17..=32 => 4,
        33..=64 => 8,
        _ => 16,
    }
}

/// FNV-1a in 32 bits.
struct Fnv(u32);

impl Fnv {
    fn text(&mut self, text: &str) {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
}

/// The packed form of one packet.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) items: Vec<PackedItem>,
    /// Index into `items` by place in [`Packet::items`], or [`NO_SLOT`].
    pub(crate) by_place: Vec<u32>,
    /// Bytes of the limits section, which ends the fixed part.
    pub(crate) limits: usize,
    /// Bytes up to the variable part.
    pub(crate) fixed_length: usize,
    /// Whether anything refers into the variable part.
    pub(crate) has_references: bool,
    pub(crate) fingerprint: u32,
    pub(crate) published: Vec<PublishedItem>,
}

impl Layout {
    pub(crate) fn of(packet: &Packet) -> Self {
        let mut layout = Self {
            items: Vec::new(),
            by_place: vec![NO_SLOT; packet.items.len()],
            limits: 0,
            fixed_length: 0,
            has_references: false,
            fingerprint: 0,
            published: Vec::new(),
        };
        let mut hash = Fnv(0x811c_9dc5);
        for (place, item) in packet.items.iter().enumerate() {
            if item.hidden || (item.is_derived() && is_reserved_item(&item.name)) {
                continue;
            }
            let published = PublishedItem::of(item);
            published.hash(&mut hash);
            layout.by_place[place] = layout.items.len() as u32;
            layout.items.push(PackedItem {
                place,
                raw: published.raw_form(),
                kind: match published.raw_form() {
                    RawForm::One(element) => Kind::of(element),
                    _ => None,
                },
                raw_at: NO_SLOT,
                converted: ConvertedForm::of(item),
                converted_at: NO_SLOT,
                state_at: NO_SLOT,
                limits_at: NO_SLOT,
            });
            layout.published.push(published);
        }
        layout.fingerprint = hash.0;
        layout.assign_slots();
        layout
    }

    fn assign_slots(&mut self) {
        let mut next = Next(HEADER_LENGTH as u64);
        for item in &mut self.items {
            item.raw_at = next.take(item.raw.length());
            self.has_references |= matches!(
                item.raw,
                RawForm::VariableBytes { .. } | RawForm::VariableList { .. } | RawForm::Tagged
            );
        }
        for (item, published) in self.items.iter_mut().zip(&self.published) {
            let count = item.count();
            self.has_references |= count.is_none() || item.converted == ConvertedForm::Tagged;
            match item.converted {
                ConvertedForm::Number => {
                    let length = count.map_or(u64::from(REFERENCE_LENGTH), |n| u64::from(n) * 8);
                    item.converted_at = next.take(length);
                }
                ConvertedForm::Time | ConvertedForm::Tagged => item.converted_at = next.take(8),
                ConvertedForm::Same | ConvertedForm::Envelope => {}
            }
            if !published.states.is_empty() && item.converted != ConvertedForm::Envelope {
                let length = count.map_or(u64::from(REFERENCE_LENGTH), |n| u64::from(n) * 2);
                item.state_at = next.take(length);
            }
        }
        for (item, published) in self.items.iter_mut().zip(&self.published) {
            if published.limits {
                item.limits_at = next.take(1);
                self.limits += 1;
            }
        }
        self.fixed_length = next.0 as usize;
    }

    /// Returns the packed item of a place in [`Packet::items`].
    pub(crate) fn at_place(&self, place: usize) -> Option<(usize, &PackedItem)> {
        let index = *self.by_place.get(place)? as usize;
        Some((index, self.items.get(index)?))
    }
}

/// The next free byte.
struct Next(u64);

impl Next {
    /// Takes a slot; beyond 4 GB there is none, and such a packet is refused by the plan.
    fn take(&mut self, length: u64) -> u32 {
        let at = self.0;
        self.0 += length;
        u32::try_from(at).unwrap_or(NO_SLOT)
    }
}
