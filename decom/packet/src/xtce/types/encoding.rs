//! Data encodings: which bits a value takes.

use super::size::{self, Size};
use super::{Class, Scalar, TypeReader, blank};
use crate::definition::{Conversion, DataType, Endianness, Item};
use crate::xtce::conversions;
use crate::xtce::diagnostics::Diagnostics;
use crate::xtce::numbers::Attributes;
use crate::xtce::xml::Element;

/// Integers of more bits than this do not fit the values of the model.
const MAX_INTEGER_BITS: i128 = 126;

impl<'d> TypeReader<'_, 'd> {
    /// Reads an encoding into an item and its size.
    ///
    /// Source: XTCE 1.2 schema, DataEncodingType and those derived from it.
    pub(super) fn encoding(
        &mut self,
        class: Class,
        encoding: Element<'d>,
    ) -> Option<(Item, Size<'d>)> {
        use Class as C;
        match (encoding.name(), class) {
            (
                "IntegerDataEncoding",
                C::Integer
                | C::Float
                | C::Enumerated
                | C::Boolean
                | C::AbsoluteTime
                | C::RelativeTime,
            ) => self.integer(encoding),
            ("FloatDataEncoding", C::Float | C::AbsoluteTime | C::RelativeTime) => {
                self.float(encoding)
            }
            ("StringDataEncoding", C::String) => {
                size::string(self.notes, self.space, self.system, encoding)
            }
            ("BinaryDataEncoding", C::Binary) => self.binary(encoding),
            (name, _) => {
                let message = format!("{name} is not supported for values of this type");
                self.notes.error(encoding, message);
                None
            }
        }
    }

    fn integer(&mut self, encoding: Element<'d>) -> Option<(Item, Size<'d>)> {
        self.notes.only(
            encoding,
            &["encoding", "sizeInBits", "bitOrder", "byteOrder", "changeThreshold"],
            &["DefaultCalibrator", "ByteOrderList"],
        );
        let bits = Attributes { element: encoding, notes: self.notes }.integer("sizeInBits");
        let bits = bits.unwrap_or(8);
        if !(1..=MAX_INTEGER_BITS).contains(&bits) {
            let message = format!("sizeInBits=\"{bits}\" must be 1 to {MAX_INTEGER_BITS}");
            self.notes.error(encoding, message);
            return None;
        }
        let data_type = match encoding.attribute("encoding").unwrap_or("unsigned") {
            "unsigned" => DataType::Uint,
            // Misspelt in 1.0 and 1.1.
            "twosComplement" | "twosCompliment" => DataType::Int,
            other => {
                let message = format!(
                    "encoding=\"{other}\" is not supported; unsigned and twosComplement are"
                );
                self.notes.error(encoding, message);
                return None;
            }
        };
        let bits = bits as i64;
        let data_type = if bits == 1 && data_type == DataType::Int {
            // So says the packet language of fields of one bit (cosmos-packets §3.3).
            self.notes.warn(encoding, "a single bit reads as 0 or 1, also in two's complement");
            DataType::Uint
        } else {
            data_type
        };
        let order = byte_order(self.notes, encoding, bits)?;
        let mut item = blank(data_type, bits, order);
        if least_significant_bit_first(self.notes, encoding)? && bits > 1 {
            if order == Endianness::Little && bits > 8 {
                let message = "least significant bit and byte first together are not supported";
                self.notes.error(encoding, message);
                return None;
            }
            let bit_size = u32::try_from(bits).ok()?;
            let reverse = Conversion::BitReverse { data_type, bit_size };
            let location = self.notes.location(encoding);
            let params = vec![data_type.word().to_owned(), bits.to_string()];
            let reverse = conversions::bit_reverse(reverse, params, location);
            item.read_conversion = Some(reverse.clone().into());
            item.write_conversion = self.command.then(|| reverse.into());
        }
        Some((item, Size::Fixed(bits)))
    }

    fn float(&mut self, encoding: Element<'d>) -> Option<(Item, Size<'d>)> {
        self.notes.only(
            encoding,
            &["encoding", "sizeInBits", "bitOrder", "byteOrder", "changeThreshold"],
            &["DefaultCalibrator", "ByteOrderList"],
        );
        let bits = Attributes { element: encoding, notes: self.notes }.integer("sizeInBits");
        let bits = bits.unwrap_or(32);
        let form = encoding.attribute("encoding").unwrap_or("IEEE754_1985");
        if !matches!(form, "IEEE754_1985" | "IEEE754") || !matches!(bits, 32 | 64) {
            let message = format!(
                "encoding=\"{form}\" sizeInBits=\"{bits}\" is not supported; IEEE754 of 32 and 64 \
                 bits is"
            );
            self.notes.error(encoding, message);
            return None;
        }
        if least_significant_bit_first(self.notes, encoding)? {
            self.notes.error(encoding, "bitOrder is not supported for floats");
            return None;
        }
        let order = byte_order(self.notes, encoding, bits as i64)?;
        Some((blank(DataType::Float, bits as i64, order), Size::Fixed(bits as i64)))
    }

    fn binary(&mut self, encoding: Element<'d>) -> Option<(Item, Size<'d>)> {
        self.notes.only(encoding, &["bitOrder", "byteOrder"], &["SizeInBits"]);
        refuse_orders(self.notes, encoding);
        let Some(bits) = encoding.child("SizeInBits") else {
            self.notes.error(encoding, "has no SizeInBits");
            return None;
        };
        let size = size::integer_value(self.notes, self.system, bits)?;
        Some((blank(DataType::Block, 0, Endianness::Big), size))
    }

    /// Reads the calibrator of an encoding into a conversion.
    pub(super) fn calibration(
        &mut self,
        scalar: &mut Scalar<'d>,
        encoding: Element<'d>,
    ) -> Option<()> {
        let Some(calibrator) = encoding.child("DefaultCalibrator") else { return Some(()) };
        let conversion = super::calibrator::read(self.notes, calibrator)?;
        if !matches!(scalar.class, Class::Integer | Class::Float) {
            let message = "calibrators are supported for integer and float types only";
            self.notes.error(calibrator, message);
            return None;
        }
        let item = &mut scalar.item;
        if item.read_conversion.is_some() || item.write_conversion.is_some() {
            let message = "a calibrator with the least significant bit first is not supported";
            self.notes.error(calibrator, message);
            return None;
        }
        if scalar.class == Class::Integer && !conversions::keeps_integers(&conversion.conversion) {
            let message = "the calibrated value of an integer type is not rounded";
            self.notes.warn(calibrator, message);
        }
        // Of arguments the calibrator makes the value to be encoded.
        let slot =
            if self.command { &mut item.write_conversion } else { &mut item.read_conversion };
        *slot = Some(conversion.into());
        Some(())
    }
}

/// Reads the byte order of an encoding.
fn byte_order(notes: &mut Diagnostics, encoding: Element<'_>, bits: i64) -> Option<Endianness> {
    let attribute = encoding.attribute("byteOrder");
    // 1.0 and 1.1 name the significance of each byte in an element.
    let list = encoding.child("ByteOrderList").map(|list| {
        notes.only(list, &["byteOrder"], &["Byte"]);
        let bytes = list.children_named("Byte").map(|byte| {
            notes.only(byte, &["byteSignificance"], &[]);
            byte.attribute("byteSignificance").unwrap_or_default().to_owned()
        });
        let bytes: Vec<String> = bytes.collect();
        list.attribute("byteOrder").map_or_else(|| bytes.join(","), str::to_owned)
    });
    let order = list.as_deref().or(attribute).unwrap_or("mostSignificantByteFirst");
    let count = (bits + 7) / 8;
    let significances =
        || -> Option<Vec<i64>> { order.split(',').map(|byte| byte.trim().parse().ok()).collect() };
    let big: Vec<i64> = (0..count).rev().collect();
    let found = match order {
        "mostSignificantByteFirst" => Endianness::Big,
        "leastSignificantByteFirst" => Endianness::Little,
        _ => match significances() {
            Some(list) if list == big => Endianness::Big,
            Some(list) if list.iter().rev().eq(big.iter()) => Endianness::Little,
            _ => {
                notes.error(encoding, format!("byteOrder=\"{order}\" is not supported"));
                return None;
            }
        },
    };
    Some(found)
}

fn least_significant_bit_first(notes: &mut Diagnostics, encoding: Element<'_>) -> Option<bool> {
    match encoding.attribute("bitOrder") {
        None | Some("mostSignificantBitFirst") => Some(false),
        Some("leastSignificantBitFirst") => Some(true),
        Some(other) => {
            notes.error(encoding, format!("bitOrder=\"{other}\" is not known"));
            None
        }
    }
}

/// Refuses orders of bits and bytes in texts and blocks, whose bytes have one order only.
pub(super) fn refuse_orders(notes: &mut Diagnostics, encoding: Element<'_>) {
    let usual =
        [("bitOrder", "mostSignificantBitFirst"), ("byteOrder", "mostSignificantByteFirst")];
    for (name, usual) in usual {
        if let Some(other) = encoding.attribute(name).filter(|value| *value != usual) {
            notes.error(encoding, format!("{name}=\"{other}\" is not supported here"));
        }
    }
}
