//! Conversions by the names of their classes (cosmos-packets §2.8, §10).

use super::words;
use crate::definition::{
    Conversion, ConversionDefinition, DataType, ObjectPacket, PacketKind, SelectedItem,
    SourceLocation, ValueType,
};
use crate::registry::Registry;
use crate::value::integer_text;

pub(super) fn converted_type(word: &str) -> Result<DataType, String> {
    DataType::from_word(word)
        .filter(|data_type| *data_type != DataType::Derived)
        .ok_or_else(|| format!("Invalid converted_type: {word}"))
}

pub(super) fn make(
    class: &str,
    params: Vec<String>,
    conversion: Conversion,
    location: SourceLocation,
) -> ConversionDefinition {
    ConversionDefinition {
        class: class.to_owned(),
        params,
        conversion,
        converted_type: None,
        converted_bit_size: None,
        converted_array_size: None,
        location: Some(location),
    }
}

pub(super) fn polynomial(
    args: &[String],
    location: SourceLocation,
) -> Result<ConversionDefinition, String> {
    let coefficients = args
        .iter()
        .map(|text| {
            super::arguments::float(text)
                .ok_or_else(|| format!("Polynomial coefficient {text} must be a number"))
        })
        .collect::<Result<Vec<f64>, String>>()?;
    if coefficients.is_empty() {
        return Err("PolynomialConversion needs at least one coefficient".to_owned());
    }
    let conversion = Conversion::Polynomial { coefficients };
    let mut definition = make("PolynomialConversion", args.to_vec(), conversion, location);
    (definition.converted_type, definition.converted_bit_size) = (Some(DataType::Float), Some(64));
    Ok(definition)
}

/// Makes a conversion of a class name; classes that are neither built in nor registered are kept by
/// name.
///
/// # Errors
/// A message when the arguments of the class are wrong.
pub(super) fn of(
    registry: &Registry,
    class: &str,
    args: &[String],
    location: SourceLocation,
) -> Result<ConversionDefinition, String> {
    use Conversion as C;
    let (conversion, converted_type, bits) = match class {
        "PolynomialConversion" => return polynomial(args, location),
        "UnixTimeConversion" => {
            let (seconds, microseconds) = unix_items(class, args)?;
            (C::UnixTime { seconds, microseconds }, Some(DataType::Time), Some(0))
        }
        "UnixTimeFormattedConversion" => {
            let (seconds, microseconds) = unix_items(class, args)?;
            (C::UnixTimeFormatted { seconds, microseconds }, Some(DataType::String), Some(0))
        }
        "UnixTimeSecondsConversion" => {
            let (seconds, microseconds) = unix_items(class, args)?;
            (C::UnixTimeSeconds { seconds, microseconds }, Some(DataType::Float), Some(64))
        }
        "PacketTimeSecondsConversion" => (C::PacketTimeSeconds, Some(DataType::Float), Some(64)),
        "PacketTimeFormattedConversion" => {
            (C::PacketTimeFormatted, Some(DataType::String), Some(0))
        }
        "ReceivedTimeSecondsConversion" => {
            (C::ReceivedTimeSeconds, Some(DataType::Float), Some(64))
        }
        "ReceivedTimeFormattedConversion" => {
            (C::ReceivedTimeFormatted, Some(DataType::String), Some(0))
        }
        "ReceivedCountConversion" => (C::ReceivedCount, Some(DataType::Uint), Some(32)),
        "BitReverseConversion" => {
            let (data_type, bit_size) = bit_reverse(args)?;
            (C::BitReverse { data_type, bit_size }, Some(data_type), Some(i64::from(bit_size)))
        }
        "IpReadConversion" => (C::IpRead, Some(DataType::String), Some(120)),
        "IpWriteConversion" => (C::IpWrite, Some(DataType::Uint), Some(32)),
        "ProcessorConversion" => return processor(class, args, location),
        "ObjectReadConversion" => {
            (C::ObjectRead(object(class, args)?), Some(DataType::Object), Some(0))
        }
        "ObjectWriteConversion" => {
            (C::ObjectWrite(object(class, args)?), Some(DataType::Object), Some(0))
        }
        _ => match registry.make_conversion(class, args)? {
            Some(code) => {
                let (data_type, bits) = code.result().unzip();
                (C::Registered(code), data_type, bits)
            }
            None => (C::Opaque, None, None),
        },
    };
    let mut definition = make(class, args.to_vec(), conversion, location);
    definition.converted_type = converted_type;
    definition.converted_bit_size = bits;
    Ok(definition)
}

/// Reads `processor, result, [type, bits, array bits]`.
fn processor(
    class: &str,
    args: &[String],
    location: SourceLocation,
) -> Result<ConversionDefinition, String> {
    let [processor, result, declared @ ..] = args else {
        return Err(format!("{class} needs the names of a processor and of a result"));
    };
    let conversion = Conversion::Processor {
        processor: processor.to_uppercase(),
        result: result.to_uppercase(),
    };
    let given = |index: usize| declared.get(index).filter(|word| !words::is_null_word(word));
    let bits = |index: usize| {
        let number = given(index).map(|text| {
            let bits = integer_text(text).and_then(|bits| i64::try_from(bits).ok());
            bits.ok_or_else(|| format!("{class}: {text} must be a number of bits"))
        });
        number.transpose()
    };
    let mut definition = make(class, args.to_vec(), conversion, location);
    definition.converted_type = given(0).map(|word| converted_type(word)).transpose()?;
    definition.converted_bit_size = bits(1)?;
    definition.converted_array_size = bits(2)?;
    Ok(definition)
}

/// Reads `CMD|TLM|nil, target, packet`.
fn object(class: &str, args: &[String]) -> Result<ObjectPacket, String> {
    let [kind, target, packet] = args else {
        return Err(format!("{class} needs CMD, TLM or nil, a target and a packet"));
    };
    let kind = match kind.to_uppercase().as_str() {
        "CMD" | "COMMAND" => Some(PacketKind::Command),
        "TLM" | "TELEMETRY" => Some(PacketKind::Telemetry),
        word if words::is_null_word(word) => None,
        _ => return Err(format!("{class}: packet type {kind} must be CMD, TLM or nil")),
    };
    let (target, packet) = (target.to_uppercase(), packet.to_uppercase());
    Ok(ObjectPacket { kind, target, packet, definition: None })
}

/// Reads `seconds item, [microseconds item], [RAW|CONVERTED twice]`.
fn unix_items(
    class: &str,
    args: &[String],
) -> Result<(SelectedItem, Option<SelectedItem>), String> {
    let seconds = args.first().ok_or_else(|| format!("{class} needs the name of an item"))?;
    let value_type = |index: usize| match args.get(index) {
        None => Ok(ValueType::Raw),
        Some(word) => ValueType::from_word(word)
            .ok_or_else(|| format!("{class}: value type {word} must be RAW or CONVERTED")),
    };
    let selected = |name: &String, index| -> Result<SelectedItem, String> {
        Ok(SelectedItem { name: name.to_uppercase(), value_type: value_type(index)? })
    };
    let microseconds = args.get(1).filter(|name| !words::is_null_word(name));
    Ok((selected(seconds, 2)?, microseconds.map(|name| selected(name, 3)).transpose()?))
}

fn bit_reverse(args: &[String]) -> Result<(DataType, u32), String> {
    let data_type = args.first().and_then(|word| DataType::from_word(word));
    let bits = args.get(1).and_then(|text| integer_text(text));
    let bits = bits.and_then(|bits| u32::try_from(bits).ok()).filter(|b| (1..=127).contains(b));
    match (data_type, bits) {
        (Some(data_type @ (DataType::Int | DataType::Uint)), Some(bits)) => Ok((data_type, bits)),
        (Some(DataType::Float), _) => Err("BitReverseConversion cannot reverse a FLOAT".to_owned()),
        _ => Err("BitReverseConversion needs a type (INT or UINT) and a bit size".to_owned()),
    }
}
