//! The fields of packets and items that decide about decoding and encoding, as texts.

use std::fmt::Debug;

use super::Facts;
use crate::definition::{Accessor, CodeClass, ConversionDefinition, Item, Packet};
use crate::value::Value;

pub(super) fn of_packet(packet: &Packet) -> Facts {
    let ids = packet.id_items.iter();
    let ids: Vec<String> = ids
        .map(|id| {
            let value = id.id_value.as_ref().map(Value::to_string).unwrap_or_default();
            format!("{} at bit {} = {value}", id.name, id.bit_offset)
        })
        .collect();
    let processors = packet.processors.iter();
    let processors: Vec<String> =
        processors.map(|p| format!("{} {}", p.name, code(&p.class))).collect();
    vec![
        ("length", packet.defined_length().to_string()),
        ("byte order", packet.endianness.to_string()),
        ("ids", ids.join(", ")),
        ("condition", optional(packet.condition.as_ref())),
        ("accessor", accessor(&packet.accessor)),
        ("template", optional(packet.template.as_ref())),
        ("processors", processors.join(", ")),
        ("subpacketizer", packet.subpacketizer.as_ref().map(code).unwrap_or_default()),
        ("validator", packet.validator.as_ref().map(code).unwrap_or_default()),
        ("short buffers", packet.short_buffer_allowed.to_string()),
        ("hazardous", optional(packet.hazardous.as_ref())),
        ("messages disabled", packet.messages_disabled.to_string()),
        ("hidden", packet.hidden.to_string()),
        ("disabled", packet.disabled.to_string()),
        ("virtual", packet.is_virtual.to_string()),
        ("subpacket", packet.subpacket.to_string()),
        ("restricted", packet.restricted.to_string()),
    ]
}

pub(super) fn of_item(item: &Item) -> Facts {
    let value = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
    let conversion = |one: Option<&ConversionDefinition>| {
        one.map(|one| {
            let shape = (one.converted_type, one.converted_bit_size, one.converted_array_size);
            format!("{} {} {:?} {shape:?}", one.class, one.params.join(" "), one.conversion)
        })
        .unwrap_or_default()
    };
    let format = item.format_string.as_ref().map(|format| format.as_str().to_owned());
    vec![
        ("bit offset", item.bit_offset.to_string()),
        ("bit size", item.bit_size.to_string()),
        ("array size", optional(item.array_size)),
        ("type", item.data_type.to_string()),
        ("byte order", item.endianness.to_string()),
        ("overflow", item.overflow.to_string()),
        ("key", item.key.clone()),
        ("hidden", item.hidden.to_string()),
        ("variable size", optional(item.variable_bit_size.as_ref())),
        ("structure", structure(item)),
        ("id value", value(&item.id_value)),
        ("default", value(&item.default)),
        ("minimum", value(&item.minimum)),
        ("maximum", value(&item.maximum)),
        ("required", item.required.to_string()),
        ("format string", format.unwrap_or_default()),
        ("units", item.units.as_ref().map(|u| u.abbreviation.clone()).unwrap_or_default()),
        ("read conversion", conversion(item.read_conversion.as_deref())),
        ("write conversion", conversion(item.write_conversion.as_deref())),
        ("states", states(item)),
        ("limits", limits(item)),
        ("obfuscated", item.obfuscate.to_string()),
    ]
}

fn optional(value: Option<impl Debug>) -> String {
    value.map(|value| format!("{value:?}")).unwrap_or_default()
}

fn code(class: &CodeClass) -> String {
    format!("{} {}", class.class, class.args.join(" ")).trim_end().to_owned()
}

fn accessor(accessor: &Accessor) -> String {
    match accessor {
        Accessor::Other(class) => code(class),
        known => format!("{known:?}"),
    }
}

fn structure(item: &Item) -> String {
    let packet = item.structure.as_ref();
    packet.map(|p| format!("{} {} {}", p.kind, p.target_name, p.packet_name)).unwrap_or_default()
}

fn states(item: &Item) -> String {
    let states = item.states.iter().flat_map(|states| states.iter());
    let states: Vec<String> = states
        .map(|(name, state)| {
            let mut text = format!("{name} {}", state.value);
            if !state.ranges.is_empty() {
                text.push_str(&format!(" {:?}", state.ranges));
            }
            if let Some(color) = state.color {
                text.push_str(&format!(" {}", color.word()));
            }
            if state.hazardous.is_some() {
                text.push_str(" HAZARDOUS");
            }
            text
        })
        .collect();
    states.join(", ")
}

fn limits(item: &Item) -> String {
    if !item.has_limits() {
        return String::new();
    }
    let limits = &item.limits;
    let sets = limits.sets.iter().map(|(name, set)| {
        let green = set.green.map(|(low, high)| format!(" {low} {high}")).unwrap_or_default();
        let (low, high) = (set.yellow_low, set.yellow_high);
        format!("{name} {} {low} {high} {}{green}", set.red_low, set.red_high)
    });
    let sets: Vec<String> = sets.collect();
    let enabled = if limits.enabled { "enabled" } else { "disabled" };
    format!("{enabled}, persistence {}: {}", limits.persistence, sets.join(", "))
}
