//! Vectors of kinds `packet` and `identify`.

use std::sync::Arc;

use groundlog_packet::Value;
use groundlog_packet::access::{PacketBuffer, decommutated};
use groundlog_packet::definition::{Definitions, Packet, PacketKind, ValueType, is_reserved_item};
use groundlog_packet::identify::{Identifier, PacketPool};
use groundlog_packet::limits::{LimitsColor, LimitsState, Transition};
use groundlog_packet::plan::DecodePlan;
use groundlog_packet::record::PacketMeta;
use serde_json::Value as Json;

use super::parse::{TARGET, definitions, texts};
use super::{Outcome, json};

fn kind(vector: &Json) -> PacketKind {
    if json::text(vector, "cmd_or_tlm") == "CMD" {
        PacketKind::Command
    } else {
        PacketKind::Telemetry
    }
}

pub(super) fn identify(vector: &Json) -> Result<Outcome, String> {
    let definitions = match definitions(&json::text(vector, "config")) {
        Ok(definitions) => definitions,
        Err(errors) => return Ok(Outcome::of(json::error(&errors))),
    };
    let identifier = Identifier::new(&definitions);
    let target = identifier.target(kind(vector), TARGET).ok_or("no target")?;
    let subpackets = ["subpackets", "subpacket"].iter().any(|key| json::flag(vector, key, false));
    let pool = if subpackets { PacketPool::Subpackets } else { PacketPool::Normal };
    let buffers = vector.get("buffers").and_then(Json::as_array).ok_or("no buffers")?;
    let mut names = Vec::new();
    for buffer in buffers {
        let bytes = json::bytes(buffer.as_str().ok_or("buffer is no text")?)?;
        let found = target.identify(&bytes, pool).and_then(|id| definitions.packet_by_id(id));
        names.push(found.map_or(Value::Null, |packet| Value::from(packet.packet_name.as_str())));
    }
    let found = json::object([
        ("unique_id_mode", target.unique_id_mode(pool).into()),
        ("packets", Value::Array(names)),
    ]);
    Ok(Outcome { found, unsupported: definitions.unsupported().to_vec() })
}

pub(super) fn steps(vector: &Json) -> Result<Outcome, String> {
    let definitions = match definitions(&json::text(vector, "config")) {
        Ok(definitions) => definitions,
        Err(errors) => return Ok(Outcome::of(json::error(&errors))),
    };
    let name = json::text(vector, "packet");
    let Ok(packet) = definitions.packet(kind(vector), TARGET, &name) else {
        return Ok(Outcome::of(json::error(&"no such packet")));
    };
    let mut bench = Bench::new(packet.clone(), &definitions);
    let steps = vector.get("steps").and_then(Json::as_array).ok_or("no steps")?;
    let results = steps.iter().map(|step| bench.step(step)).collect::<Result<Vec<_>, _>>();
    let unsupported = definitions.unsupported().to_vec();
    match results {
        Ok(results) => Ok(Outcome { found: Value::Array(results), unsupported }),
        Err(reason) if unsupported.is_empty() => Err(reason),
        Err(_) => Err(unsupported.join("; ")),
    }
}

/// A packet with everything that the steps act upon.
struct Bench<'a> {
    packet: Arc<Packet>,
    definitions: &'a Definitions,
    buffer: PacketBuffer,
    plan: DecodePlan,
    limits: LimitsState,
}

impl<'a> Bench<'a> {
    fn new(packet: Arc<Packet>, definitions: &'a Definitions) -> Self {
        Self {
            buffer: PacketBuffer::new(packet.clone()),
            plan: DecodePlan::compile(&packet),
            limits: LimitsState::new(&packet),
            packet,
            definitions,
        }
    }

    /// Runs a step; an error is a step that this suite does not know.
    fn step(&mut self, step: &Json) -> Result<Value, String> {
        let item = json::text(step, "item");
        Ok(match json::text(step, "op").as_str() {
            "buffer" => {
                let logged = self.buffer.set_buffer(json::bytes(&json::text(step, "hex"))?);
                json::object([("length_error_logged", logged.is_err().into())])
            }
            "get_buffer" => Value::Bytes(self.buffer.buffer().to_vec()),
            "get_extra" => extra(&self.buffer),
            "read" => self.read(&item, step),
            "write" => self.write(&item, step)?,
            "defined_length" => Value::Array(vec![
                Value::Int(self.packet.defined_length() as i128),
                Value::from(self.packet.defined_bits()),
            ]),
            "offsets" => self.offsets(),
            "order" => {
                let names = self.packet.items.iter().map(|item| item.name.as_str());
                let names = names.filter(|name| !is_reserved_item(name)).map(Value::from);
                Value::Array(names.collect())
            }
            "warnings" => texts(self.definitions.warnings()),
            "received" => {
                self.received(step);
                Value::from("ok")
            }
            "restore_defaults" => ok_or_error(self.buffer.restore_defaults(&|_| false)),
            "obfuscate" => ok_or_error(self.buffer.obfuscate()),
            "process" => {
                self.buffer.process();
                Value::from("ok")
            }
            "read_all" => self.read_all(),
            "decom" => self.decom(),
            "check_limits" => self.check_limits(step),
            "limits_state" => {
                let place = self.packet.item_index(&item).ok_or("no item")?;
                state_text(self.limits.state(place))
            }
            "enable_limits" => {
                self.limits.enable(self.packet.item_index(&item).ok_or("no item")?);
                Value::from("ok")
            }
            "disable_limits" => {
                let place = self.packet.item_index(&item).ok_or("no item")?;
                let event = self.limits.disable(place);
                let events = event.iter().map(|event| self.event(event, Value::Null));
                json::object([("events", Value::Array(events.collect()))])
            }
            other => return Err(format!("step '{other}' is not supported yet")),
        })
    }

    fn read(&self, item: &str, step: &Json) -> Value {
        let Some(value_type) = value_type(step) else {
            return json::error(&"unknown type");
        };
        self.buffer.read(item, value_type).unwrap_or_else(|error| json::error(&error))
    }

    fn write(&mut self, item: &str, step: &Json) -> Result<Value, String> {
        let value = json::value(step.get("value").ok_or("no value")?)?;
        let Some(value_type) = value_type(step) else {
            return Ok(json::error(&"unknown type"));
        };
        Ok(ok_or_error(self.buffer.write(item, &value, value_type)))
    }

    fn offsets(&self) -> Value {
        let view = self.buffer.view();
        let items = self.packet.items.iter().enumerate().filter(|(_, item)| !item.is_derived());
        let rows = items.map(|(index, item)| {
            Value::Array(vec![
                Value::from(item.name.as_str()),
                view.bit_offset(index).map_or(Value::Null, Value::from),
                Value::from(item.bit_size),
                item.array_size.map_or(Value::Null, Value::from),
            ])
        });
        Value::Array(rows.collect())
    }

    fn received(&mut self, step: &Json) {
        for (key, json) in step.as_object().into_iter().flatten() {
            let Ok(value) = json::value(json) else {
                continue;
            };
            match value {
                Value::Int(count) if key.contains("count") => {
                    self.buffer.times.received_count = count as u64;
                }
                number => {
                    if let Some(seconds) = number.as_f64() {
                        self.buffer.times.received = Some(json::nanos(seconds));
                    }
                }
            }
        }
    }

    fn read_all(&self) -> Value {
        let items = self.packet.items.iter();
        let shown = items.filter(|item| !item.hidden && !is_reserved_item(&item.name));
        let rows = shown.map(|item| {
            let value = self.buffer.read(&item.name, ValueType::Converted);
            let value = value.unwrap_or_else(|error| json::error(&error));
            Value::Array(vec![Value::from(item.name.as_str()), value])
        });
        Value::Array(rows.collect())
    }

    fn decom(&self) -> Value {
        let state = |place| self.limits.state(place).map(LimitsColor::word);
        match decommutated(&self.buffer.view(), &state) {
            Ok(mut map) => {
                map.retain(|name, _| !is_reserved_item(name.split("__").next().unwrap_or(name)));
                Value::Object(map)
            }
            Err(error) => json::error(&error),
        }
    }

    fn check_limits(&mut self, step: &Json) -> Value {
        let set = json::text(step, "set");
        if !set.is_empty() {
            self.limits.select_set(&self.packet, &set);
        }
        let (mut record, mut transitions) = (Vec::new(), Vec::new());
        let bytes = self.buffer.buffer();
        let meta = PacketMeta::default();
        self.plan.decode_into(bytes, meta, Some(&mut self.limits), &mut record, &mut transitions);
        // The reference fails at run time where numeric limits stand on an array.
        let mut limited = self.packet.limits_items.iter().map(|place| &self.packet.items[*place]);
        if limited.any(|item| item.array_size.is_some() && !item.limits.sets.is_empty()) {
            return json::error(&"limits on an array item");
        }
        let events = transitions.iter().map(|event| {
            let name = &self.packet.items[event.item].name;
            let value = self.buffer.read(name, ValueType::Converted).unwrap_or_default();
            self.event(event, value)
        });
        let events = Value::Array(events.collect());
        let states = self.packet.limits_items.iter().map(|place| {
            let name = self.packet.items[*place].name.clone();
            (name, state_text(self.limits.state(*place)))
        });
        json::object([("states", Value::Object(states.collect())), ("events", events)])
    }

    fn event(&self, event: &Transition, value: Value) -> Value {
        Value::Array(vec![
            Value::from(self.packet.items[event.item].name.as_str()),
            state_text(event.old),
            state_text(event.new),
            value,
            event.new.is_some().into(),
        ])
    }
}

/// Returns what travels with the bytes; null if there is nothing.
pub(super) fn extra(buffer: &PacketBuffer) -> Value {
    match buffer.extra.is_empty() {
        true => Value::Null,
        false => Value::Object(buffer.extra.clone()),
    }
}

fn value_type(step: &Json) -> Option<ValueType> {
    match step.get("type").and_then(Json::as_str) {
        Some(word) => ValueType::from_request(word),
        None => Some(ValueType::Converted),
    }
}

fn state_text(state: Option<LimitsColor>) -> Value {
    state.map_or(Value::Null, |state| Value::from(state.word()))
}

fn ok_or_error<E: std::fmt::Display>(result: Result<(), E>) -> Value {
    match result {
        Ok(()) => Value::from("ok"),
        Err(error) => json::error(&error),
    }
}
