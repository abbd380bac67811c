//! Conversion keywords (cosmos-packets §2.5, §2.8, §10).

use std::sync::Arc;

use super::arguments::Arguments;
use super::conversion_classes::{self as classes, converted_type, make};
use super::lines::{Lexer, Verbatim};
use super::parser::{FileParser, NOT_BUILT_IN};
use crate::definition::{
    Conversion, ConversionDefinition, DataType, OpaqueKind, Segment, SourceLocation, class_name,
};

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
                classes::polynomial(&arguments.rest(0), location)?
            }
            "SEG_POLY_READ_CONVERSION" | "SEG_POLY_WRITE_CONVERSION" => {
                self.segment(arguments, read, location)?
            }
            "READ_CONVERSION" | "WRITE_CONVERSION" => {
                let class = class_name(arguments.text(0)?);
                classes::of(&self.draft.registry, &class, &arguments.rest(1), location)?
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
