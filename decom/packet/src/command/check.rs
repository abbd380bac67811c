//! The range check of a given parameter (cosmos-packets §7.2).

use std::cmp::Ordering;

use super::error::BuildError;
use crate::access::state_replaced;
use crate::definition::{Item, Packet, States};
use crate::value::Value;

/// Checks a value before its write conversion.
pub(super) fn range(
    packet: &Packet,
    item: &Item,
    value: &Value,
    raw: bool,
) -> Result<(), BuildError> {
    match (value, item.array_size) {
        (Value::Array(values), Some(_)) => {
            let states = item.states.as_ref();
            states.map_or(Ok(()), |states| {
                values.iter().try_for_each(|element| state(packet, item, states, element, raw))
            })
        }
        _ => single(packet, item, value, raw),
    }
}

fn single(packet: &Packet, item: &Item, value: &Value, raw: bool) -> Result<(), BuildError> {
    if let Some(states) = &item.states {
        state(packet, item, states, value, raw)?;
    }
    let checked = state_replaced(item, value);
    let (Some(minimum), Some(maximum)) = (&item.minimum, &item.maximum) else {
        return Ok(());
    };
    let text_default = matches!(item.default, Some(Value::String(_) | Value::Bytes(_)));
    if text_default || item.array_size.is_some() {
        return Ok(());
    }
    let above = |low: &Value| checked.compare_numbers(low).is_some_and(Ordering::is_ge);
    let below = |high: &Value| checked.compare_numbers(high).is_some_and(Ordering::is_le);
    if above(minimum) && below(maximum) {
        return Ok(());
    }
    Err(BuildError::Range {
        parameter: parameter(packet, item),
        value: match &checked {
            Value::String(text) => format!("'{text}'"),
            other => other.to_string(),
        },
        minimum: minimum.to_string(),
        maximum: maximum.to_string(),
    })
}

fn state(
    packet: &Packet,
    item: &Item,
    states: &States,
    value: &Value,
    raw: bool,
) -> Result<(), BuildError> {
    let known = states.get(&value.to_string()).is_some()
        || states.iter().any(|(_, state)| state.has(value));
    if known {
        return Ok(());
    }
    let listed: Vec<String> = if raw {
        states.iter().map(|(_, state)| state.value.to_string()).collect()
    } else {
        states.names().map(str::to_owned).collect()
    };
    Err(BuildError::State {
        parameter: parameter(packet, item),
        value: value.to_string().to_uppercase(),
        states: listed.join(", "),
    })
}

/// Returns target, command and parameter, as messages name it.
pub(super) fn parameter(packet: &Packet, item: &Item) -> String {
    format!("{} {} {}", packet.target_name, packet.packet_name, item.name)
}
