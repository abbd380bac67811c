//! `get_tlm_packet`, `get_tlm_values`, `get_tlm_available`.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use groundlog_cvt::{CurrentPacket, Latest, candidates, latest_of};
use groundlog_packet::{
    Packet, PacketKind, Value,
    definition::{Item, ValueType, is_reserved_item},
};
use groundlog_projection::{LoadedDefinitions, Settings};

use super::{
    arguments::{ItemPath, telemetry_packet},
    call::Call,
    error::RpcError,
    lookup::{self, LATEST},
    table::{Arity, Method},
};
use crate::{
    system::System,
    values::{PacketValues, Place, Reading, has_item, place_of},
};

/// Seconds after which a value is stale unless the caller says otherwise.
const STALE_SECONDS: f64 = 30.0;

pub(super) fn methods() -> Vec<Method> {
    const PACKET: &[&str] = &["type", "stale_time", "cache_timeout"];
    const VALUES: &[&str] = &["stale_time", "cache_timeout", "start_time", "end_time"];
    vec![
        Method::new("get_tlm_packet", Arity::Any, PACKET, |call| Box::pin(get_tlm_packet(call))),
        Method::new("get_tlm_values", Arity::Between(1, 1), VALUES, |call| {
            Box::pin(get_tlm_values(call))
        }),
        Method::new("get_tlm_available", Arity::Between(1, 1), &["manual"], |call| {
            Box::pin(get_tlm_available(call))
        }),
    ]
}

async fn get_tlm_packet(call: Call<'_>) -> Result<Value, RpcError> {
    let name = telemetry_packet(&call)?;
    let definitions = call.definitions().await?;
    let packet = lookup::packet(&definitions, PacketKind::Telemetry, &name)?;
    let form = lookup::form(&call, "CONVERTED", |word| {
        RpcError::argument(format!("Unknown type '{word}' for {} {}", name.target, name.packet))
    })?;
    let stale = call.number("stale_time", STALE_SECONDS)?;
    let system = call.authorise().await?;
    let values = PacketValues::now(system, &definitions, &packet).await?;
    let rows = shown_items(&packet).into_iter().map(|index| {
        let reading = values.reading(Place { index, element: None }, form, stale);
        let name = Value::from(packet.items[index].name.as_str());
        Value::Array(vec![name, reading.value, reading.limits])
    });
    Ok(Value::Array(rows.collect()))
}

/// Returns the places of the items that are not hidden, as defined, derived ones last.
fn shown_items(packet: &Packet) -> Vec<usize> {
    let mut places: Vec<_> =
        (0..packet.items.len()).filter(|index| !packet.items[*index].hidden).collect();
    places.sort_by_key(|index| {
        let item = &packet.items[*index];
        (item.is_derived(), item.create_index)
    });
    places
}

/// One entry of the list of `get_tlm_values`.
struct Asked {
    path: ItemPath,
    form: String,
}

async fn get_tlm_values(call: Call<'_>) -> Result<Value, RpcError> {
    let asked = asked_items(&call)?;
    if call.keyword("start_time").is_some() {
        return Err(RpcError::not_supported("get_tlm_values with start_time"));
    }
    let stale = call.number("stale_time", STALE_SECONDS)?;
    let definitions = call.definitions().await?;
    let system = call.authorise().await?;
    let reader = Reader {
        definitions: &definitions,
        settings: system.settings.current(),
        moment: Moment::read(system, &definitions, &asked).await?,
    };
    let mut rows = Vec::with_capacity(asked.len());
    for asked in &asked {
        let reading = match asked {
            None => Reading { value: Value::Null, limits: Value::Null },
            Some(asked) => reader.read(&call, asked, stale)?,
        };
        rows.push(Value::Array(vec![reading.value, reading.limits]));
    }
    Ok(Value::Array(rows))
}

/// Reads `["T__P__I__TYPE", null, …]`; item names may hold `__` themselves.
fn asked_items(call: &Call<'_>) -> Result<Vec<Option<Asked>>, RpcError> {
    let wrong =
        || RpcError::argument("items must be array of strings: ['TGT__PKT__ITEM__TYPE', ...]");
    let Some(Value::Array(items)) = call.params.first() else {
        return Err(wrong());
    };
    let entries = items.iter().map(|item| match item {
        Value::Null => Ok(None),
        Value::String(text) => split(text).map(Some),
        _ => Err(wrong()),
    });
    entries.collect()
}

fn split(text: &str) -> Result<Asked, RpcError> {
    let text = text.to_uppercase();
    let path = text.strip_suffix("__LIMITS").unwrap_or(&text);
    let parts: Vec<_> = path.split("__").collect();
    if parts.len() < 4 || parts.iter().any(|part| part.is_empty()) {
        return Err(RpcError::argument("items must be formatted as TGT__PKT__ITEM__TYPE"));
    }
    let last = parts.len() - 1;
    let item = parts[2..last].join("__");
    Ok(Asked { path: ItemPath::new(parts[0], parts[1], &item), form: parts[last].to_owned() })
}

/// Packets as they were when they were read, all at once: no answer mixes two receptions of one.
struct Moment<'a>(HashMap<(&'a str, &'a str), Option<Arc<CurrentPacket>>>);

impl<'a> Moment<'a> {
    /// Reads every packet that the items are in, or may be in.
    async fn read(
        system: &System,
        definitions: &'a LoadedDefinitions,
        asked: &'a [Option<Asked>],
    ) -> Result<Self, RpcError> {
        let definitions = definitions.definitions();
        let mut names: HashSet<(&str, &str)> = HashSet::new();
        for ItemPath { target, packet, item } in asked.iter().flatten().map(|it| &it.path) {
            if packet == LATEST {
                let packets = candidates(definitions, target, has_item(item));
                names.extend(packets.map(|it| (target.as_str(), it.packet_name.as_str())));
            } else {
                names.insert((target, packet));
            }
        }
        let names: Vec<_> = names.into_iter().collect();
        let packets = system.current.packets(&names).await?;
        Ok(Self(names.into_iter().zip(packets).collect()))
    }

    fn packet(&self, target: &str, packet: &str) -> Option<Arc<CurrentPacket>> {
        self.0.get(&(target, packet)).cloned().flatten()
    }
}

/// Reads items of one moment.
struct Reader<'a> {
    definitions: &'a LoadedDefinitions,
    settings: Arc<Settings>,
    moment: Moment<'a>,
}

impl Reader<'_> {
    fn read(&self, call: &Call<'_>, asked: &Asked, stale: f64) -> Result<Reading, RpcError> {
        let form = ValueType::from_request(&asked.form)
            .ok_or_else(|| RpcError::runtime(format!("Unknown value type '{}'", asked.form)))?;
        let ItemPath { target, packet, item } = &asked.path;
        let (name, current) = if packet == LATEST {
            let latest = self.latest(target, item);
            let latest = latest.ok_or_else(|| lookup::no_latest(call, &asked.path))?;
            (latest.packet, latest.current)
        } else {
            (packet.clone(), self.moment.packet(target, packet))
        };
        let definitions = self.definitions.definitions();
        let packet = definitions.packet(PacketKind::Telemetry, target, &name).map_err(|_| {
            RpcError::runtime(format!("Packet '{target} {name}' has no current values in CVT"))
        })?;
        let Some(place) = place_of(packet, item) else {
            return Ok(Reading { value: Value::Null, limits: Value::Null });
        };
        let settings = self.settings.clone();
        let values = PacketValues::of(self.definitions, packet, current, settings);
        Ok(values.reading(place, form, stale))
    }

    fn latest(&self, target: &str, item: &str) -> Option<Latest> {
        let packets = candidates(self.definitions.definitions(), target, has_item(item));
        latest_of(packets.map(|packet| {
            let name = packet.packet_name.as_str();
            (name, self.moment.packet(target, name))
        }))
    }
}

async fn get_tlm_available(call: Call<'_>) -> Result<Value, RpcError> {
    let asked = asked_items(&call)?;
    let definitions = call.definitions().await?;
    call.authorise().await?;
    let mut best = Vec::with_capacity(asked.len());
    for asked in asked {
        let form = match asked {
            Some(asked) => best_form(&call, &definitions, &asked).await?,
            None => None,
        };
        best.push(form.map_or(Value::Null, Value::String));
    }
    Ok(Value::Array(best))
}

/// Returns the entry with the best form that the item has; `None` for unknown items.
async fn best_form(
    call: &Call<'_>,
    definitions: &LoadedDefinitions,
    asked: &Asked,
) -> Result<Option<String>, RpcError> {
    let ItemPath { target, packet, item: name } = &asked.path;
    let found = match packet.as_str() {
        LATEST => call.latest(definitions, target, name).await?.map(|latest| latest.packet),
        packet => Some(packet.to_owned()),
    };
    let found = found.and_then(|packet| {
        definitions.definitions().packet(PacketKind::Telemetry, target, &packet).ok()
    });
    Ok(found.and_then(|found| {
        let item = &found.items[place_of(found, name)?.index];
        let form = form_of(item, &asked.form);
        let limits = if item.limits.sets.contains_key("DEFAULT") { "__LIMITS" } else { "" };
        Some(format!("{target}__{packet}__{name}__{form}{limits}"))
    }))
}

fn form_of(item: &Item, wanted: &str) -> &'static str {
    let wanted = ValueType::from_request(wanted);
    if is_reserved_item(&item.name) || item.array_size.is_some() {
        return "RAW";
    }
    match wanted {
        Some(ValueType::Formatted) if item.has_formatted() => "FORMATTED",
        Some(ValueType::Formatted | ValueType::Converted) if item.has_converted() => "CONVERTED",
        _ => "RAW",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_split() {
        let asked = split("inst__health_status__a__b__with_units__LIMITS").unwrap();
        assert_eq!(asked.path, ItemPath::new("INST", "HEALTH_STATUS", "A__B"));
        assert_eq!(asked.form, "WITH_UNITS");
        for wrong in ["", "INST", "INST__P__I", "__P__I__RAW", "INST__P____RAW"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }
}
