//! Conversion keywords (cosmos-packets §2.5, §2.8, §10).

use std::sync::Arc;

use super::arguments::Arguments;
use super::lines::{Lexer, Verbatim};
use super::parser::{FileParser, NOT_BUILT_IN};
use super::words;
use crate::definition::{
    Conversion, ConversionDefinition, DataType, OpaqueKind, Segment, SelectedItem, SourceLocation,
    ValueType, class_name,
};
use crate::value::integer_text;

/// Class of code that stands in the definition itself.
const GENERIC: &str = "GenericConversion";
/// Why code that stands in the definition is not run.
const BEYOND: &str = "its code is more than the expression engine runs";

impl FileParser<'_> {
    pub(super) fn conversion(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let keyword = arguments.keyword();
        let read = keyword.contains("READ");
        let location = self.location();
        let definition = match keyword {
            "POLY_READ_CONVERSION" | "POLY_WRITE_CONVERSION" => {
                polynomial(&arguments.rest(0), location)?
            }
            "SEG_POLY_READ_CONVERSION" | "SEG_POLY_WRITE_CONVERSION" => {
                self.segment(arguments, read, location)?
            }
            "READ_CONVERSION" | "WRITE_CONVERSION" => {
                let class = class_name(arguments.text(0)?);
                built_in(&class, &arguments.rest(1), location)?
            }
            // An END word that closes nothing.
            _ => return Err(format!("{keyword} without its START")),
        };
        self.set_conversion(definition, read)
    }

    fn set_conversion(
        &mut self,
        definition: ConversionDefinition,
        read: bool,
    ) -> Result<(), String> {
        if definition.is_opaque() {
            let kind = if read { OpaqueKind::ReadConversion } else { OpaqueKind::WriteConversion };
            let generic = definition.class == GENERIC;
            self.opaque(kind, &definition.class, if generic { BEYOND } else { NOT_BUILT_IN });
        }
        let item = self.current_item()?;
        let slot = if read { &mut item.read_conversion } else { &mut item.write_conversion };
        *slot = Some(Arc::new(definition));
        Ok(())
    }

    /// Adds a segment to the item's segmented polynomial, or starts a new one.
    fn segment(
        &mut self,
        arguments: Arguments<'_>,
        read: bool,
        location: SourceLocation,
    ) -> Result<ConversionDefinition, String> {
        let segment = Segment {
            lower_bound: arguments.float(0)?,
            coefficients: (1..arguments.len())
                .map(|index| arguments.float(index))
                .collect::<Result<_, _>>()?,
        };
        let item = self.current_item()?;
        let existing = if read { &item.read_conversion } else { &item.write_conversion };
        let (mut segments, mut params) = match existing.as_deref() {
            Some(ConversionDefinition {
                conversion: Conversion::SegmentedPolynomial { segments },
                params,
                ..
            }) => (segments.clone(), params.clone()),
            _ => (Vec::new(), Vec::new()),
        };
        let place = segments.iter().position(|s| s.lower_bound < segment.lower_bound);
        segments.insert(place.unwrap_or(segments.len()), segment);
        params.push(arguments.rest(0).join(" "));
        let conversion = Conversion::SegmentedPolynomial { segments };
        let mut definition = make("SegmentedPolynomialConversion", params, conversion, location);
        (definition.converted_type, definition.converted_bit_size) =
            (Some(DataType::Float), Some(64));
        Ok(definition)
    }

    pub(super) fn converted_data(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let bits = arguments.integer(0)?;
        let data_type = converted_type(arguments.text(1)?)?;
        let array = if arguments.len() > 2 { Some(arguments.integer(2)?) } else { None };
        let item = self.current_item()?;
        if item.read_conversion.is_none() && item.write_conversion.is_none() {
            return Err("CONVERTED_DATA requires a conversion on the item".to_owned());
        }
        for slot in [&mut item.read_conversion, &mut item.write_conversion].into_iter().flatten() {
            let mut changed = (**slot).clone();
            changed.converted_type = Some(data_type);
            changed.converted_bit_size = Some(bits);
            changed.converted_array_size = array;
            *slot = Arc::new(changed);
        }
        Ok(())
    }

    pub(super) fn generic_conversion(
        &mut self,
        lexer: &mut Lexer<'_>,
        arguments: Arguments<'_>,
    ) -> Result<(), String> {
        let location = self.location();
        let mut code = String::new();
        let mut read = None;
        while let Some(line) = lexer.next_verbatim() {
            match line {
                Verbatim::Code(line) => {
                    code.push_str(line);
                    code.push('\n');
                }
                Verbatim::End(statement) => {
                    // The word of the end line decides, as in the reference.
                    read = Some(statement.keyword.contains("READ"));
                    break;
                }
            }
        }
        let read = read.ok_or_else(|| {
            let keyword = arguments.keyword();
            format!("The end of the file comes before the _END of {keyword}.")
        })?;
        // Checked after the block is consumed, so that its code is not taken for keywords.
        let declared = arguments.optional(0).map(converted_type).transpose()?;
        let accepted =
            [DataType::Int, DataType::Uint, DataType::Float, DataType::String, DataType::Block];
        if let Some(data_type) = declared.filter(|data_type| !accepted.contains(data_type)) {
            return Err(format!("Invalid type {data_type}"));
        }
        let bits = if arguments.len() > 1 { Some(arguments.integer(1)?) } else { None };
        let conversion = Conversion::generic(&code, self.python());
        let mut definition = make(GENERIC, vec![code], conversion, location);
        definition.converted_type = declared;
        definition.converted_bit_size = bits;
        self.set_conversion(definition, read)
    }
}

fn converted_type(word: &str) -> Result<DataType, String> {
    DataType::from_word(word)
        .filter(|data_type| *data_type != DataType::Derived)
        .ok_or_else(|| format!("Invalid converted_type: {word}"))
}

fn make(
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

fn polynomial(args: &[String], location: SourceLocation) -> Result<ConversionDefinition, String> {
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

/// Makes a conversion of a class name; classes that are not built in are kept by name.
///
/// # Errors
/// A message when the arguments of a built-in class are wrong.
pub(super) fn built_in(
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
        _ => (C::Opaque, None, None),
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
