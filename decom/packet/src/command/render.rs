//! The text of a command for logs and events (cosmos-packets §7.7).

use crate::access::PacketBuffer;
use crate::config::convert_to_value;
use crate::definition::{DataType, Item, Packet, ValueType, is_reserved_item};
use crate::value::Value;

/// Texts longer than this many characters, opening quote included, are cut.
const MAX_TEXT: usize = 256;

/// What stands in place of a value that must not be shown.
const OBFUSCATED: &str = "*****";

/// Renders a built command with all its parameters; `cmd("T C with K V, …")`.
///
/// Parameters that cannot be read are left out.
#[must_use]
pub fn built_command_text(method: &str, command: &PacketBuffer, raw: bool) -> String {
    let packet = command.packet();
    let value_type = if raw { ValueType::Raw } else { ValueType::Converted };
    let view = command.view();
    let items = packet.items.iter().enumerate();
    let shown = items
        .filter(|(_, item)| !is_reserved_item(&item.name) && item.structure_child.is_none())
        .filter_map(|(index, item)| {
            let value = view.read_item(index, value_type).ok()?;
            Some((item.name.as_str(), value_text(Some(item), &value)))
        });
    whole(method, packet, shown)
}

/// Renders a command with the parameters that a caller gave; `cmd("T C with K V, …")`.
#[must_use]
pub fn given_command_text(method: &str, packet: &Packet, given: &[(String, Value)]) -> String {
    let shown = given.iter().filter(|(name, _)| !is_reserved_item(&name.to_uppercase()));
    let shown = shown.map(|(name, value)| {
        let item = packet.item(&name.to_uppercase());
        (name.as_str(), value_text(item, value))
    });
    whole(method, packet, shown)
}

fn whole<'a>(
    method: &str,
    packet: &Packet,
    parameters: impl Iterator<Item = (&'a str, String)>,
) -> String {
    let mut text = format!("{method}(\"{} {}", packet.target_name, packet.packet_name);
    for (index, (name, value)) in parameters.enumerate() {
        text.push_str(if index == 0 { " with " } else { ", " });
        text.push_str(name);
        text.push(' ');
        text.push_str(&value);
    }
    text.push_str("\")");
    text
}

fn value_text(item: Option<&Item>, value: &Value) -> String {
    if item.is_some_and(|item| item.obfuscate) {
        return OBFUSCATED.to_owned();
    }
    match value {
        Value::Array(values) => {
            let parts: Vec<String> =
                values.iter().map(|element| value_text(item, element)).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::String(text) if !holds_text(item) => convert_to_value(text).to_string(),
        Value::String(text) if printable(text) => quoted(text),
        Value::String(text) => hex(text.as_bytes()),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if printable(text) => quoted(text),
            _ => hex(bytes),
        },
        other => other.to_string(),
    }
}

/// Returns whether texts are meant as such: also when the parameter is not known.
fn holds_text(item: Option<&Item>) -> bool {
    // A state's name is no text to be quoted, whatever the parameter's type is.
    item.is_none_or(|item| matches!(item.data_type, DataType::String | DataType::Block))
}

fn printable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn quoted(text: &str) -> String {
    let text = text.replace('"', "'");
    if text.chars().count() + 2 > MAX_TEXT {
        let kept: String = text.chars().take(MAX_TEXT - 1).collect();
        return format!("'{kept}...'");
    }
    format!("'{text}'")
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        text.push_str(&format!("{byte:02X}"));
    }
    text
}
