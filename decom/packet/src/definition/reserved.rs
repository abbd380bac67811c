//! The derived items that every packet starts with (cosmos-packets §8).

use std::sync::Arc;

use super::conversion::{Conversion, ConversionDefinition};
use super::format_string::FormatString;
use super::item::Item;
use super::packet::Packet;
use super::types::{DataType, Endianness, RESERVED_ITEM_NAMES};

impl Packet {
    /// Adds the five derived items of time and count.
    pub fn add_reserved_items(&mut self) {
        let conversions = [
            (Conversion::PacketTimeSeconds, "PacketTimeSecondsConversion", DataType::Float, 64),
            (Conversion::PacketTimeFormatted, "PacketTimeFormattedConversion", DataType::String, 0),
            (Conversion::ReceivedTimeSeconds, "ReceivedTimeSecondsConversion", DataType::Float, 64),
            (
                Conversion::ReceivedTimeFormatted,
                "ReceivedTimeFormattedConversion",
                DataType::String,
                0,
            ),
            (Conversion::ReceivedCount, "ReceivedCountConversion", DataType::Uint, 32),
        ];
        let descriptions = [
            "Packet time in unix seconds",
            "Packet time, UTC",
            "Time of reception in unix seconds",
            "Time of reception, UTC",
            "Packets of this kind received so far",
        ];
        let named = RESERVED_ITEM_NAMES.iter().zip(descriptions);
        for ((name, description), (conversion, class, data_type, bits)) in named.zip(conversions) {
            let mut item = Item::new(name, 0, 0, DataType::Derived, Endianness::Big);
            item.description = Some(description.to_owned());
            if data_type == DataType::Float {
                item.format_string = FormatString::parse("%0.6f").ok();
            }
            item.read_conversion = Some(Arc::new(ConversionDefinition {
                class: class.to_owned(),
                params: Vec::new(),
                conversion,
                converted_type: Some(data_type),
                converted_bit_size: Some(bits),
                converted_array_size: None,
                location: None,
            }));
            self.insert_item(item);
        }
    }
}
