//! Definitions as objects (cosmos-api §2.7): `get_tlm`, `get_cmd`, `get_item`, `get_param` and
//! the lists of them.

use groundlog_packet::{
    Packet, PacketKind, Value,
    definition::{Item, Limits, States},
};
use indexmap::IndexMap;

use super::{
    arguments::{
        ItemPath, PacketName, command_packet, command_parameter, one_name, telemetry_item,
        telemetry_packet,
    },
    call::Call,
    error::RpcError,
    lookup,
    table::{Arity, Method},
};

pub(super) fn methods() -> Vec<Method> {
    use PacketKind::{Command, Telemetry};
    let one = Arity::Between(1, 1);
    let any = Arity::Any;
    const CACHE: &[&str] = &["cache_timeout"];
    vec![
        Method::new("get_tlm", any, &[], |call| Box::pin(get_packet(call, Telemetry))),
        Method::new("get_telemetry", any, &[], |call| Box::pin(get_packet(call, Telemetry))),
        Method::new("get_cmd", any, &[], |call| Box::pin(get_packet(call, Command))),
        Method::new("get_command", any, &[], |call| Box::pin(get_packet(call, Command))),
        Method::new("get_all_tlm", one, &[], |call| Box::pin(get_all(call, Telemetry))),
        Method::new("get_all_telemetry", one, &[], |call| Box::pin(get_all(call, Telemetry))),
        Method::new("get_all_cmds", one, &[], |call| Box::pin(get_all(call, Command))),
        Method::new("get_all_commands", one, &[], |call| Box::pin(get_all(call, Command))),
        Method::new("get_item", any, CACHE, |call| Box::pin(get_item(call))),
        Method::new("get_param", any, &[], |call| Box::pin(get_param(call))),
        Method::new("get_parameter", any, &[], |call| Box::pin(get_param(call))),
    ]
}

async fn get_packet(call: Call<'_>, kind: PacketKind) -> Result<Value, RpcError> {
    let name = match kind {
        PacketKind::Telemetry => telemetry_packet(&call)?,
        PacketKind::Command => command_packet(&call)?,
    };
    let definitions = call.definitions().await?;
    call.authorise().await?;
    Ok(packet_object(&*lookup::packet(&definitions, kind, &name)?))
}

async fn get_all(call: Call<'_>, kind: PacketKind) -> Result<Value, RpcError> {
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let name = one_name(&call);
    let definitions = definitions.definitions();
    let target =
        definitions.target(&name).map_err(|_| lookup::target_error(&name, call.scope()))?;
    let mut packets: Vec<_> = definitions.packets_of(target, kind).collect();
    packets.sort_by(|a, b| a.packet_name.cmp(&b.packet_name));
    Ok(Value::Array(packets.into_iter().map(|packet| packet_object(packet)).collect()))
}

async fn get_item(call: Call<'_>) -> Result<Value, RpcError> {
    let path = telemetry_item(&call)?;
    let found = lookup::item(&call, &path).await?;
    call.authorise().await?;
    Ok(item_object(&found.packet.items[found.place.index]))
}

async fn get_param(call: Call<'_>) -> Result<Value, RpcError> {
    let path = command_parameter(&call, 3)?;
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let ItemPath { target, packet, item } = path;
    let name = PacketName { target, packet };
    let packet = lookup::packet(&definitions, PacketKind::Command, &name)?;
    let found = packet.item(&item).ok_or_else(|| lookup::no_item(&packet, &item))?;
    Ok(item_object(found))
}

/// An object under construction; members that are not set are left out.
#[derive(Default)]
struct Object(IndexMap<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) -> &mut Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    fn flag(&mut self, key: &str, flag: bool) -> &mut Self {
        if flag { self.put(key, true) } else { self }
    }

    fn maybe(&mut self, key: &str, value: Option<Value>) -> &mut Self {
        if let Some(value) = value { self.put(key, value) } else { self }
    }

    fn finish(&mut self) -> Value {
        Value::Object(std::mem::take(&mut self.0))
    }
}

fn texts<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> Value {
    Value::Array(list.into_iter().map(|text| Value::from(text.as_ref())).collect())
}

fn text(text: &Option<String>) -> Option<Value> {
    text.as_deref().map(Value::from)
}

/// Makes the object of a packet.
pub(super) fn packet_object(packet: &Packet) -> Value {
    let mut object = Object::default();
    object
        .put("target_name", packet.target_name.as_str())
        .put("packet_name", packet.packet_name.as_str())
        .put("endianness", packet.endianness.word())
        .put("description", packet.description.as_deref().unwrap_or_default())
        .flag("short_buffer_allowed", packet.short_buffer_allowed)
        .flag("hazardous", packet.hazardous.is_some())
        .maybe("hazardous_description", text(&packet.hazardous))
        .flag("messages_disabled", packet.messages_disabled)
        .flag("catchall", packet.catchall)
        .flag("disabled", packet.disabled)
        .flag("hidden", packet.hidden)
        .flag("virtual", packet.is_virtual)
        .flag("subpacket", packet.subpacket)
        .flag("restricted", packet.restricted);
    object.put("accessor", packet.accessor.class());
    object.put("accessor_args", texts(packet.accessor.args()));
    object.maybe("validator", packet.validator.as_ref().map(|it| Value::from(it.class.as_str())));
    object.put("config_name", "").put("obfuscated_items", texts(packet.obfuscated_items()));
    object.maybe("meta", meta(&packet.meta));
    object.put("items", Value::Array(packet.items.iter().map(item_object).collect()));
    let reference = |it: &groundlog_packet::definition::PacketReference| {
        texts([it.target.as_str(), it.packet.as_str()])
    };
    object.maybe("response", packet.response.as_ref().map(reference));
    object.maybe("error_response", packet.error_response.as_ref().map(reference));
    let screen = packet.screen.as_ref();
    object.maybe("screen", screen.map(|it| texts([it.target.as_str(), it.screen.as_str()])));
    if !packet.related_items.is_empty() {
        let related =
            packet.related_items.iter().map(|it| texts([&it.target, &it.packet, &it.item]));
        object.put("related_items", Value::Array(related.collect()));
    }
    object.finish()
}

/// Makes the object of an item.
fn item_object(item: &Item) -> Value {
    let mut object = Object::default();
    object
        .put("name", item.name.as_str())
        .put("key", item.key.as_str())
        .put("bit_offset", item.bit_offset)
        .put("bit_size", item.bit_size)
        .put("data_type", item.data_type.word())
        .put("endianness", item.endianness.word())
        .put("overflow", item.overflow.word())
        .put("overlap", item.overlap)
        .put("create_index", item.create_index as u64)
        .put("hidden", item.hidden)
        .maybe("array_size", item.array_size.map(Value::from))
        .put("description", item.description.as_deref().unwrap_or_default())
        .maybe("id_value", item.id_value.clone())
        .maybe("default", item.default.clone())
        .maybe("minimum", item.minimum.clone())
        .maybe("maximum", item.maximum.clone())
        .put("required", item.required)
        .maybe("format_string", item.format_string.as_ref().map(|it| Value::from(it.as_str())));
    if let Some(units) = &item.units {
        object.put("units", units.abbreviation.as_str()).put("units_full", units.full.as_str());
    }
    let conversion = |it: &std::sync::Arc<groundlog_packet::definition::ConversionDefinition>| {
        Value::Object([("class".to_owned(), Value::from(it.class.as_str()))].into())
    };
    object.maybe("read_conversion", item.read_conversion.as_ref().map(conversion));
    object.maybe("write_conversion", item.write_conversion.as_ref().map(conversion));
    object.maybe("meta", meta(&item.meta)).put("obfuscate", item.obfuscate);
    object.maybe("states", item.states.as_ref().map(states_object));
    object.put("limits", limits_object(item)).finish()
}

fn meta(meta: &IndexMap<String, Vec<String>>) -> Option<Value> {
    let entries = || meta.iter().map(|(key, values)| (key.clone(), texts(values)));
    (!meta.is_empty()).then(|| Value::Object(entries().collect()))
}

fn states_object(states: &States) -> Value {
    let state = |(name, state): (&str, &groundlog_packet::definition::State)| {
        let mut object = Object::default();
        object
            .put("value", state.value.clone())
            .maybe("hazardous", text(&state.hazardous))
            .flag("messages_disabled", state.messages_disabled)
            .maybe("color", state.color.map(|color| Value::from(color.word())));
        (name.to_owned(), object.finish())
    };
    Value::Object(states.iter().map(state).collect())
}

fn limits_object(item: &Item) -> Value {
    let Limits { sets, enabled, persistence, .. } = &item.limits;
    let mut object = Object::default();
    if !item.has_limits() {
        return object.finish();
    }
    object.put("enabled", *enabled).put("persistence_setting", *persistence);
    for (name, set) in sets {
        let mut numbers = Object::default();
        numbers
            .put("red_low", set.red_low)
            .put("yellow_low", set.yellow_low)
            .put("yellow_high", set.yellow_high)
            .put("red_high", set.red_high);
        if let Some((low, high)) = set.green {
            numbers.put("green_low", low).put("green_high", high);
        }
        object.put(name, numbers.finish());
    }
    object.finish()
}
