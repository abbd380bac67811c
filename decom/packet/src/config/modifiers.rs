//! Keywords that describe the current item (cosmos-packets §2.5).

use super::arguments::Arguments;
use super::checks::MAX_PACKET_BITS;
use super::lines::Lexer;
use super::parser::FileParser;
use super::values;
use crate::definition::{
    DataType, FormatString, Overflow, PacketKind, Units, ValueType, VariableBitSize, VariableLength,
};
use crate::value::Value;

/// Largest unit of a length item, in bits; a mebibyte.
const MAX_BITS_PER_COUNT: i64 = 1 << 23;

/// Bits of the smallest selector integer (cosmos-packets §3.6).
const SELECTOR_BITS: i64 = 6;

impl FileParser<'_> {
    pub(super) fn item_level(
        &mut self,
        lexer: &mut Lexer<'_>,
        arguments: Arguments<'_>,
    ) -> Result<(), String> {
        match arguments.keyword() {
            "STATE" => self.state(arguments),
            "LIMITS" => self.limits(arguments),
            "LIMITS_RESPONSE" => self.limits_response(arguments),
            "CONVERTED_DATA" => self.converted_data(arguments),
            "GENERIC_READ_CONVERSION_START" | "GENERIC_WRITE_CONVERSION_START" => {
                self.generic_conversion(lexer, arguments)
            }
            keyword if keyword.contains("CONVERSION") => self.conversion(arguments),
            "FORMAT_STRING" => self.format_string(arguments),
            "REQUIRED" | "MINIMUM_VALUE" | "MAXIMUM_VALUE" => self.command_item(arguments),
            "DEFAULT_VALUE" => {
                let token = arguments.token(0).ok_or("DEFAULT_VALUE needs a value")?;
                let item = self.current_item()?;
                item.default = Some(values::default(item, token, false)?);
                Ok(())
            }
            "VARIABLE_BIT_SIZE" => self.variable_bit_size(arguments),
            _ => self.simple(arguments),
        }
    }

    fn simple(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let item = self.current_item()?;
        match arguments.keyword() {
            "UNITS" => {
                item.units = Some(Units {
                    full: arguments.text(0)?.to_owned(),
                    abbreviation: arguments.text(1)?.to_owned(),
                });
            }
            "DESCRIPTION" => item.description = Some(arguments.text(0)?.to_owned()),
            "OVERFLOW" => {
                let word = arguments.text(0)?;
                item.overflow = Overflow::from_word(word).ok_or_else(|| {
                    format!(
                        "Invalid overflow type {word}. Must be ERROR, ERROR_ALLOW_HEX, TRUNCATE or SATURATE."
                    )
                })?;
            }
            "OVERLAP" => item.overlap = true,
            "KEY" => item.key = arguments.text(0)?.to_owned(),
            _ => item.obfuscate = true,
        }
        Ok(())
    }

    fn command_item(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let keyword = arguments.keyword();
        if self.current_packet()?.kind != PacketKind::Command {
            return Err(format!("{keyword} only applies to command parameters"));
        }
        let item = self.current_item()?;
        match keyword {
            "REQUIRED" => item.required = true,
            "MINIMUM_VALUE" => item.minimum = values::range_end(item, arguments.text(0)?)?,
            _ => item.maximum = values::range_end(item, arguments.text(0)?)?,
        }
        Ok(())
    }

    fn format_string(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let text = arguments.text(0)?;
        let item = self.current_item()?;
        let invalid = |reason: &dyn std::fmt::Display| {
            format!("{}: format_string invalid '{text}': {reason}", item.name)
        };
        let format = FormatString::parse(text).map_err(|error| invalid(&error))?;
        if item.read_conversion.is_none() {
            let trial = match item.data_type {
                DataType::Int | DataType::Uint => Some(Value::Int(0)),
                DataType::Float => Some(Value::Float(0.0)),
                DataType::String | DataType::Block => Some(Value::from("Text")),
                _ => None,
            };
            if let Some(Err(error)) = trial.map(|value| format.format(&value)) {
                return Err(invalid(&error));
            }
        }
        item.format_string = Some(format);
        Ok(())
    }

    fn variable_bit_size(&mut self, arguments: Arguments<'_>) -> Result<(), String> {
        let length_item = arguments.upper(0)?;
        let bits_per_count = if arguments.len() > 1 { arguments.integer(1)? } else { 8 };
        let bit_offset = if arguments.len() > 2 { arguments.integer(2)? } else { 0 };
        if !(1..=MAX_BITS_PER_COUNT).contains(&bits_per_count) {
            return Err(format!("Bits per count must be 1 to {MAX_BITS_PER_COUNT}."));
        }
        if bit_offset.abs() > MAX_PACKET_BITS {
            return Err(format!("The bit offset must be within {MAX_PACKET_BITS} bits."));
        }
        let item = self.current_item()?;
        if item.is_derived() || item.data_type == DataType::Float && item.array_size.is_none() {
            return Err(format!("{} has no size that could vary", item.name));
        }
        let declared = item.array_size.unwrap_or(item.bit_size).max(0);
        let is_selector = item.data_type.is_integer() && item.array_size.is_none();
        let end = item.bit_offset + declared;
        let start = item.bit_offset;
        let wanted = match (is_selector, bit_offset > 0) {
            (true, _) => declared.max(SELECTOR_BITS),
            (false, true) => declared.max(bit_offset.saturating_mul(bits_per_count)),
            (false, false) => declared,
        };
        if wanted > MAX_PACKET_BITS {
            return Err("The item is longer than the longest packet".to_owned());
        }
        let packet = self.current_packet()?;
        let at_end = start >= 0 && end == packet.append_offset();
        if at_end {
            packet.reserve(start + wanted);
        }
        packet.fixed_size = false;
        let reserved_bits = if at_end { wanted } else { declared };
        self.current_item()?.variable_bit_size = Some(VariableBitSize {
            length: VariableLength::Item { name: length_item, value_type: ValueType::Converted },
            bits_per_count,
            bit_offset,
            reserved_bits,
            in_field: false,
        });
        Ok(())
    }
}
