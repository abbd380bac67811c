//! What outsiders need to know of packed items, and the fingerprint of it.

use super::form::{ConvertedForm, Element, RawForm};
use crate::definition::{DataType, Item, Packet};

/// Wider fields are kept in the variable part, so that one record cannot claim gigabytes.
const MAX_INLINE_BITS: i64 = 1 << 20;

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
    pub(super) fn of(packet: &Packet, item: &Item) -> Self {
        let in_document = !item.is_derived() && !packet.has_place(item);
        // No size is kept to in a document, and forms hold texts whatever the item's type.
        let (data_type, (bit_size, array_bit_size)) = match in_document {
            true => (DataType::Any, (0, 0)),
            false => (item.data_type, sizes(item)),
        };
        Self {
            name: item.name.clone(),
            data_type,
            bit_size,
            array_bit_size,
            converted: ConvertedForm::of(packet, item).word(),
            limits: item.has_limits(),
            states: item.states.iter().flat_map(|s| s.names()).map(str::to_owned).collect(),
        }
    }

    pub(super) fn raw_form(&self) -> RawForm {
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
    pub(super) fn hash(&self, hash: &mut Fnv) {
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

/// Returns the bits of an item that has a place in the bytes, and those of its array.
fn sizes(item: &Item) -> (u32, i64) {
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
    (bit_size, array_bit_size)
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
pub(super) struct Fnv(pub(super) u32);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x811c_9dc5)
    }
}

impl Fnv {
    fn text(&mut self, text: &str) {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
}
