//! Reading current values: overrides, `set_tlm`, the table, and what stands for "never received"
//! (cosmos-api §2.4).

use std::sync::Arc;

use groundlog_cvt::{CurrentPacket, CvtError, value_of};
use groundlog_packet::{Packet, PacketKind, Value, definition::ValueType};
use groundlog_projection::{ItemName, LoadedDefinitions, Settings};
use groundlog_proto::{Nanos, wire};

use crate::system::System;

/// The item that counts packets; it reads 0, not null, before the first one.
const RECEIVED_COUNT: &str = "RECEIVED_COUNT";

/// One item of a packet, or one element of an array item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Place in [`Packet::items`].
    pub(crate) index: usize,
    /// Element, for names like `ARY[3]`.
    pub(crate) element: Option<usize>,
}

/// Finds an item; a name in brackets that no item has addresses an element of an array.
pub(crate) fn place_of(packet: &Packet, name: &str) -> Option<Place> {
    if let Some(index) = packet.item_index(name) {
        return Some(Place { index, element: None });
    }
    let (array, rest) = name.split_once('[')?;
    let element = rest.strip_suffix(']')?.parse().ok()?;
    let index = packet.item_index(array)?;
    packet.items[index].array_size.is_some().then_some(Place { index, element: Some(element) })
}

/// Says of a packet whether it has an item, or the array that the name is an element of.
pub(crate) fn has_item(name: &str) -> impl Fn(&Packet) -> bool {
    move |packet| place_of(packet, name).is_some()
}

/// The values of one packet at one moment.
pub(crate) struct PacketValues<'a> {
    packet: &'a Packet,
    definitions: &'a LoadedDefinitions,
    current: Option<Arc<CurrentPacket>>,
    settings: Arc<Settings>,
}

/// A value with the limits state beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) value: Value,
    /// Null, `STALE`, or a limits state.
    pub(crate) limits: Value,
}

impl<'a> PacketValues<'a> {
    /// Takes hold of a packet's values as they are now.
    pub(crate) async fn now(
        system: &System,
        definitions: &'a LoadedDefinitions,
        packet: &'a Packet,
    ) -> Result<Self, CvtError> {
        let (target, name) = (&packet.target_name, &packet.packet_name);
        let current = system.current.packet(target, name).await?;
        Ok(Self::of(definitions, packet, current, system.settings.current()))
    }

    /// Takes values that the caller holds already.
    pub(crate) fn of(
        definitions: &'a LoadedDefinitions,
        packet: &'a Packet,
        current: Option<Arc<CurrentPacket>>,
        settings: Arc<Settings>,
    ) -> Self {
        Self { packet, definitions, current, settings }
    }

    /// Returns a value; null before the first packet.
    pub(crate) fn value(&self, place: Place, form: ValueType) -> Value {
        let name = &self.packet.items[place.index].name;
        let whole = self
            .overridden(name, form)
            .or_else(|| self.set(name, form))
            .unwrap_or_else(|| self.received(place.index, form));
        let value = match (place.element, whole) {
            (None, whole) => whole,
            (Some(element), Value::Array(values)) => {
                values.into_iter().nth(element).unwrap_or_default()
            }
            (Some(_), _) => Value::Null,
        };
        if form == ValueType::Formatted { as_text(value) } else { value }
    }

    /// Returns a value with its limits state; `stale_seconds` after its packet was received it is
    /// stale. An overridden value has no state.
    pub(crate) fn reading(&self, place: Place, form: ValueType, stale_seconds: f64) -> Reading {
        let value = self.value(place, form);
        let name = &self.packet.items[place.index].name;
        if self.overridden(name, form).is_some() {
            return Reading { value, limits: Value::Null };
        }
        let received = self.current.as_ref().filter(|current| current.is_received());
        let limits = match received {
            None => Value::Null,
            Some(current) => {
                let age = Nanos(Nanos::now().0.saturating_sub(current.received_time_ns)).seconds();
                if age > stale_seconds {
                    Value::from("STALE")
                } else {
                    self.limits(current, place.index)
                }
            }
        };
        Reading { value, limits }
    }

    fn overridden(&self, item: &str, form: ValueType) -> Option<Value> {
        if self.settings.overrides.is_empty() {
            return None;
        }
        let name = ItemName::new(&self.packet.target_name, &self.packet.packet_name, item);
        self.settings.overridden(&name, wire_type(form)).map(value_of)
    }

    fn set(&self, item: &str, form: ValueType) -> Option<Value> {
        self.current.as_ref()?.overlaid(item, wire_type(form)).map(value_of)
    }

    fn received(&self, index: usize, form: ValueType) -> Value {
        let item = &self.packet.items[index];
        let received = self.current.as_ref().filter(|current| current.is_received());
        match received {
            Some(current) => match self.index_in(current, index) {
                Some(index) => current.value(index, wire_type(form)),
                None => Value::Null,
            },
            None if item.name == RECEIVED_COUNT => Value::Int(0),
            None => Value::Null,
        }
    }

    fn limits(&self, current: &CurrentPacket, index: usize) -> Value {
        let state = self.index_in(current, index).and_then(|index| current.limits(index));
        state.map_or(Value::Null, |color| Value::from(color.word()))
    }

    /// Finds an item in the definitions that the packet was decoded with, which may be older than
    /// the ones in force.
    fn index_in(&self, current: &CurrentPacket, index: usize) -> Option<usize> {
        if current.definitions.hash() == self.definitions.hash() {
            return Some(index);
        }
        let then = current.definitions.definitions().packet_by_id(current.id)?;
        then.item_index(&self.packet.items[index].name)
    }
}

/// Returns the telemetry packets of a target by name, hidden ones only if asked for.
pub(crate) fn packet_names(
    definitions: &LoadedDefinitions,
    kind: PacketKind,
    target: &str,
    hidden: bool,
) -> Vec<String> {
    let definitions = definitions.definitions();
    let Ok(target) = definitions.target(target) else {
        return Vec::new();
    };
    let shown = definitions.packets_of(target, kind).filter(|packet| hidden || !packet.hidden);
    let mut names: Vec<_> = shown.map(|packet| packet.packet_name.clone()).collect();
    names.sort();
    names
}

/// Returns the wire word of a form.
pub(crate) fn wire_type(form: ValueType) -> wire::ValueType {
    match form {
        ValueType::Raw => wire::ValueType::Raw,
        ValueType::Converted => wire::ValueType::Converted,
        ValueType::Formatted => wire::ValueType::Formatted,
    }
}

/// A formatted value is text, bytes that are none, a list of these, or null, whatever was stored.
fn as_text(value: Value) -> Value {
    match value {
        Value::Null | Value::String(_) | Value::Bytes(_) => value,
        Value::Array(values) => Value::Array(values.into_iter().map(as_text).collect()),
        other => Value::String(other.to_string()),
    }
}
