//! Which commands are hazardous, and which are sent without a message (cosmos-packets §7.3, §7.5).

use crate::access::PacketBuffer;
use crate::definition::{Packet, ValueType};
use crate::value::Value;

/// Returns the hazard description of a built command; first hit in item order.
pub(super) fn of_packet(packet: &PacketBuffer) -> Option<String> {
    let definition = packet.packet();
    if definition.hazardous.is_some() {
        return definition.hazardous.clone();
    }
    let view = packet.view();
    definition.items.iter().enumerate().find_map(|(index, item)| {
        let states = item.states.as_ref()?;
        states.iter().find(|(_, state)| state.hazardous.is_some())?;
        let Value::String(name) = view.read_item(index, ValueType::Converted).ok()? else {
            return None;
        };
        states.get(&name)?.hazardous.clone()
    })
}

/// Returns the hazard description that given parameters select, by state name or state value;
/// unknown parameters are ignored.
#[must_use]
pub fn hazard_of_given(packet: &Packet, given: &[(String, Value)]) -> Option<String> {
    if packet.hazardous.is_some() {
        return packet.hazardous.clone();
    }
    given.iter().find_map(|(name, value)| {
        let states = packet.item(&name.to_uppercase())?.states.as_ref()?;
        let by_name = states.get(&value.to_string()).and_then(|state| state.hazardous.clone());
        by_name.or_else(|| {
            let mut matching = states.iter().filter(|(_, state)| state.has(value));
            matching.find_map(|(_, state)| state.hazardous.clone())
        })
    })
}

/// Returns whether a command with these parameters is sent without a log message.
#[must_use]
pub fn messages_disabled(packet: &Packet, given: &[(String, Value)]) -> bool {
    packet.messages_disabled
        || given.iter().any(|(name, value)| {
            let item = packet.item(&name.to_uppercase());
            let states = item.and_then(|item| item.states.as_ref());
            let state = states.zip(value.as_str()).and_then(|(states, text)| {
                states.iter().find(|(known, _)| *known == text).map(|(_, state)| state)
            });
            state.is_some_and(|state| state.messages_disabled)
        })
}
