//! The flat map of a packet's values (cosmos-packets §5.5).

use indexmap::IndexMap;

use super::error::AccessError;
use super::view::PacketView;
use crate::definition::{Item, PacketKind, ValueType};
use crate::value::Value;

/// Returns `NAME`, `NAME__C`, `NAME__F` and `NAME__L` of every item that is not hidden.
///
/// `limits_state` yields the limits state of an item by its place; hidden items are left out.
///
/// # Errors
/// [`AccessError`] of the first item that cannot be read.
pub fn decommutated(
    view: &PacketView<'_>,
    limits_state: &dyn Fn(usize) -> Option<&'static str>,
) -> Result<IndexMap<String, Value>, AccessError> {
    let mut map = IndexMap::new();
    let kind = view.packet().kind;
    for (index, item) in view.packet().items.iter().enumerate().filter(|(_, item)| !item.hidden) {
        map.insert(item.name.clone(), view.read_item(index, ValueType::Raw)?);
        if has_converted(item, kind) {
            let value = match given(view, item) {
                Some(given) => given.clone(),
                None => view.read_item(index, ValueType::Converted)?,
            };
            map.insert(format!("{}__C", item.name), value);
        }
        let formatted = match kind {
            PacketKind::Telemetry => item.has_formatted(),
            PacketKind::Command => item.format_string.is_some(),
        };
        if formatted {
            let value = view.read_item(index, ValueType::Formatted)?;
            map.insert(format!("{}__F", item.name), value);
        }
        if let Some(state) = limits_state(index) {
            map.insert(format!("{}__L", item.name), Value::from(state));
        }
    }
    Ok(map)
}

/// Returns the value that a parameter was given, where its write conversion leaves nothing else to
/// tell it by.
fn given<'a>(view: &PacketView<'a>, item: &Item) -> Option<&'a Value> {
    let given = view.given.filter(|given| !given.raw)?;
    let tells = item.write_conversion.is_some() && item.states.is_none();
    let found = given.values.iter().find(|(name, _)| tells && *name == item.name);
    found.map(|(_, value)| value)
}

fn has_converted(item: &Item, kind: PacketKind) -> bool {
    match kind {
        PacketKind::Telemetry => item.has_converted(),
        PacketKind::Command => item.states.is_some() || item.write_conversion.is_some(),
    }
}
