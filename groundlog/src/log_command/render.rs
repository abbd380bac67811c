use groundlog_log::RecordRef;
use groundlog_proto::{
    DefinitionHash, TopicKind, TopicPartition,
    prost::Message,
    wire::{self, raw_record::Body as RawBody},
};
use serde_json::{Value as Json, json};

use super::Source;
use crate::{hex, time_text, values::DecomValues};

/// Turns records into lines: JSON objects, or one line of text that leads with the essentials.
pub(super) struct Renderer<'a> {
    source: &'a Source,
    values: DecomValues,
}

impl<'a> Renderer<'a> {
    /// Makes a renderer for the topics of a log.
    pub(super) fn new(source: &'a Source) -> Self {
        let values = DecomValues::new(source.log.clone(), &source.names);
        Self { source, values }
    }

    /// Renders one record. What no version of groundlog wrote is shown in hex with the reason.
    pub(super) async fn line(&mut self, at: &TopicPartition, record: RecordRef<'_>) -> String {
        let body = match self.body(at, record).await {
            Ok(body) => body,
            Err(reason) => json!({ "unreadable": reason, "value": hex::encode(record.value) }),
        };
        if !self.source.json {
            return text_line(at, record, &body);
        }
        let mut line = json!({
            "topic": at.topic.as_str(),
            "partition": at.partition,
            "offset": record.offset,
            "append_time": time_text::format(record.append_time),
            "key": key_text(record.key),
        });
        if let (Json::Object(line), Json::Object(body)) = (&mut line, body) {
            line.extend(body);
        }
        line.to_string()
    }

    async fn body(&mut self, at: &TopicPartition, record: RecordRef<'_>) -> Result<Json, String> {
        let value = record.value;
        Ok(match self.source.names.kind(&at.topic) {
            Some(TopicKind::Raw | TopicKind::RawStored) => raw(&read(value)?),
            Some(TopicKind::Decom | TopicKind::DecomStored) => self.decom(read(value)?).await,
            Some(TopicKind::Limits) => limits(&read(value)?),
            Some(TopicKind::Commands | TopicKind::CommandPayload) => command(&read(value)?),
            Some(TopicKind::Definitions) => definition(&read(value)?),
            Some(TopicKind::Settings) => setting(&read(value)?),
            Some(TopicKind::Control) => directive(&read(value)?),
            Some(TopicKind::Status) => status(&read(value)?),
            Some(TopicKind::State) => state(&read(value)?),
            Some(TopicKind::DeadLetter) => dead_letter(&read(value)?),
            None => json!({ "value": hex::encode(value) }),
        })
    }

    async fn decom(&mut self, record: wire::DecomRecord) -> Json {
        use wire::decom_record::Body;
        let mut line = json!({
            "source": record.source.as_ref().map(position),
            "target": record.target, "packet": record.packet,
            "received_time": time(record.received_time_ns),
            "packet_time": time(record.packet_time_ns),
            "received_count": record.received_count,
            "stored": record.flags & 1 != 0,
            "definitions": hex::encode(&record.definitions),
        });
        let body = match &record.body {
            Some(Body::Values(_)) => self.values.of(&record).await,
            Some(Body::Set(set)) => json!({ "set": set_items(set) }),
            Some(Body::Barrier(id)) => json!({ "barrier": id }),
            None => json!({}),
        };
        if let (Json::Object(line), Json::Object(body)) = (&mut line, body) {
            line.extend(body);
        }
        line
    }
}

/// Checks that a value is what lies in topics of that kind.
pub(super) fn check(kind: TopicKind, value: &[u8]) -> Result<(), String> {
    match kind {
        TopicKind::Raw | TopicKind::RawStored => read::<wire::RawRecord>(value).map(drop),
        TopicKind::Decom | TopicKind::DecomStored => read::<wire::DecomRecord>(value).map(drop),
        TopicKind::Limits => read::<wire::LimitsEvent>(value).map(drop),
        TopicKind::Commands | TopicKind::CommandPayload => {
            read::<wire::CommandEvent>(value).map(drop)
        }
        TopicKind::Definitions => read::<wire::DefinitionChunk>(value).map(drop),
        TopicKind::Settings => read::<wire::Setting>(value).map(drop),
        TopicKind::Control => read::<wire::Directive>(value).map(drop),
        TopicKind::Status => read::<wire::StatusRecord>(value).map(drop),
        TopicKind::State => read::<wire::StateSnapshot>(value).map(drop),
        TopicKind::DeadLetter => read::<wire::DeadLetter>(value).map(drop),
    }
}

fn read<M: Message + Default>(value: &[u8]) -> Result<M, String> {
    M::decode(value).map_err(|error| error.to_string())
}

fn time(nanos: i64) -> String {
    time_text::format(groundlog_proto::Nanos(nanos))
}

fn key_text(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => hex::encode(key),
    }
}

fn text_line(at: &TopicPartition, record: RecordRef<'_>, body: &Json) -> String {
    let mut line = format!("{}@{} {}", at, record.offset, time_text::format(record.append_time));
    let Json::Object(members) = body else {
        return line;
    };
    for (name, value) in members {
        match value {
            Json::Null | Json::Bool(false) => continue,
            Json::String(text) if text.is_empty() => continue,
            Json::String(text) => line.push_str(&format!(" {name}={}", one_line(text))),
            other => line.push_str(&format!(" {name}={other}")),
        }
    }
    line
}

/// Keeps a record on its line, and control characters away from the terminal.
fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(shown).collect()
}

fn position(position: &wire::Position) -> Json {
    json!({
        "generation": format!("{:016x}", position.generation), "topic": position.topic,
        "partition": position.partition, "offset": position.offset,
        "sub_index": position.sub_index,
    })
}

fn raw(record: &wire::RawRecord) -> Json {
    let mut line = json!({
        "interface": record.interface,
        "received_time": time(record.received_time_ns),
        "packet_time": record.packet_time_ns.map(time),
        "stored": record.stored,
        "definitions": DefinitionHash::from_wire(&record.definitions).map(|hash| hash.to_string()),
        "epoch": record.epoch,
    });
    if !record.extra.is_empty() {
        line["extra"] = json!(record.extra);
    }
    if let Some(origin) = &record.origin {
        let kind = origin.kind().as_str_name().trim_start_matches("ORIGIN_KIND_").to_lowercase();
        line["origin"] = json!({
            "kind": kind, "object": origin.object, "index": origin.index,
            "import_id": origin.import_id,
        });
    }
    match &record.body {
        Some(RawBody::Packet(packet)) => {
            line["target"] = json!(packet.target);
            line["packet"] = json!(packet.name);
            line["data"] = json!(hex::encode(&packet.data));
        }
        Some(RawBody::Values(values)) => line["values"] = json!(values.values),
        Some(RawBody::Set(set)) => line["set"] = set_items(set),
        Some(RawBody::Marker(it)) => line["marker"] = marker(it),
        None => line["unknown_kind"] = json!(true),
    }
    line
}

fn set_items(set: &wire::SetTelemetry) -> Json {
    let items: Vec<Json> = set
        .items
        .iter()
        .map(|item| {
            let value = item.value.as_ref().map(scalar);
            json!({ "item": item.item, "type": item.r#type().as_str_name(), "value": value })
        })
        .collect();
    json!({ "target": set.target, "packet": set.name, "items": items })
}

fn scalar(value: &wire::Scalar) -> Json {
    use wire::scalar::Kind;
    match &value.kind {
        None | Some(Kind::Null(_)) => Json::Null,
        Some(Kind::Boolean(boolean)) => json!(boolean),
        Some(Kind::Integer(integer)) => json!(integer),
        Some(Kind::BigInteger(digits)) => json!(digits),
        Some(Kind::Float(float)) if float.is_finite() => json!(float),
        Some(Kind::Float(float)) => json!(float.to_string()),
        Some(Kind::Text(text)) => json!(text),
        Some(Kind::Block(bytes)) => json!(hex::encode(bytes)),
        Some(Kind::List(list)) => list.values.iter().map(scalar).collect(),
        Some(Kind::Map(map)) => scalar_map(map),
    }
}

fn scalar_map(map: &wire::ScalarMap) -> Json {
    let entries = map
        .entries
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.as_ref().map_or(Json::Null, scalar)));
    Json::Object(entries.collect())
}

fn limits(event: &wire::LimitsEvent) -> Json {
    json!({
        "time": time(event.time_ns), "target": event.target, "packet": event.packet,
        "item": event.item, "old_state": event.old_state, "new_state": event.new_state,
        "message": event.message, "stored": event.stored,
        "source": event.source.as_ref().map(position),
    })
}

fn command(event: &wire::CommandEvent) -> Json {
    let state = event.state().as_str_name().trim_start_matches("COMMAND_STATE_").to_lowercase();
    let mut line = json!({
        "state": state, "command_id": event.command_id, "time": time(event.time_ns),
        "target": event.target, "command": event.command, "interface": event.interface,
        "reason": event.reason, "epoch": event.epoch,
    });
    if let Some(request) = &event.request {
        line["user"] = json!(request.user);
        line["text"] = json!(request.text);
        line["packet"] = json!(hex::encode(&request.packet));
        line["parameters"] = request.parameters.as_ref().map_or(json!({}), scalar_map);
        line["definitions"] = json!(hex::encode(&request.definitions));
        line["idempotency_key"] = json!(request.idempotency_key);
        line["expires"] = json!((request.expires_ns != 0).then(|| time(request.expires_ns)));
    }
    line
}

fn definition(chunk: &wire::DefinitionChunk) -> Json {
    json!({
        "hash": hex::encode(&chunk.hash), "chunk": chunk.index, "chunks": chunk.count,
        "bytes": chunk.data.len(),
    })
}

fn setting(setting: &wire::Setting) -> Json {
    use wire::setting::Kind;
    let what = match &setting.kind {
        None => json!({ "unknown_kind": true }),
        Some(Kind::Definitions(active)) => {
            json!({ "active_definitions": hex::encode(&active.hash), "plugin": active.plugin })
        }
        Some(Kind::Override(set)) => json!({ "override": {
            "target": set.target, "packet": set.packet, "item": set.item,
            "type": set.r#type().as_str_name(), "value": set.value.as_ref().map(scalar),
        }}),
        Some(Kind::Normalize(item)) => json!({ "normalize": {
            "target": item.target, "packet": item.packet, "item": item.item,
            "type": item.r#type().as_str_name(),
        }}),
        Some(Kind::Interface(wanted)) => {
            json!({ "interface": wanted.interface, "connected": wanted.connected })
        }
        Some(Kind::Import(import)) => json!({ "import": {
            "id": import.import_id, "object": import.object, "next_index": import.next_index,
            "complete": import.complete,
        }}),
        Some(Kind::Limits(limits)) => json!({ "limits": {
            "target": limits.target, "packet": limits.packet, "item": limits.item,
            "enabled": limits.enabled,
        }}),
        // Secrets stay out of listings even as hashes.
        Some(Kind::Password(_)) => json!({ "password": "set" }),
        Some(Kind::Session(session)) => {
            json!({ "session": if session.revoked { "revoked" } else { "opened" } })
        }
        Some(Kind::LimitsSet(set)) => json!({ "limits_set": set.set }),
        Some(Kind::OneTime(token)) => {
            json!({ "one_time_token": if token.expires_ns == 0 { "used" } else { "issued" } })
        }
    };
    let mut line = json!({ "time": time(setting.time_ns), "user": setting.user });
    if let (Json::Object(line), Json::Object(what)) = (&mut line, what) {
        line.extend(what);
    }
    line
}

fn directive(directive: &wire::Directive) -> Json {
    json!({
        "id": directive.id, "time": time(directive.time_ns),
        "expires": time(directive.expires_ns), "directive": wish(directive.kind.as_ref()),
    })
}

fn wish(kind: Option<&wire::directive::Kind>) -> Json {
    use wire::directive::Kind;
    match kind {
        None => json!({ "kind": "unknown" }),
        Some(Kind::Connect(it)) => {
            json!({ "kind": "connect", "interface": it.interface, "parameters": it.parameters })
        }
        Some(Kind::Disconnect(it)) => json!({ "kind": "disconnect", "interface": it.interface }),
        Some(Kind::Rebuild(it)) => json!({
            "kind": "rebuild", "projection": it.projection, "from": it.from, "verify": it.verify,
        }),
        Some(Kind::Owner(it)) => json!({
            "kind": "owner", "interface": it.interface, "epoch": it.epoch, "process": it.process,
        }),
    }
}

fn marker(marker: &wire::Marker) -> Json {
    use wire::marker::Kind;
    match &marker.kind {
        None => json!({ "kind": "unknown" }),
        Some(Kind::Setting(it)) => json!({ "kind": "setting", "setting": setting(it) }),
        Some(Kind::WriterEpoch(epoch)) => json!({ "kind": "writer_epoch", "epoch": epoch }),
        Some(Kind::TickNs(at)) => json!({ "kind": "tick", "time": time(*at) }),
        Some(Kind::Barrier(id)) => json!({ "kind": "barrier", "id": id }),
    }
}

fn status(status: &wire::StatusRecord) -> Json {
    use wire::status_record::Kind;
    let mut line = json!({ "time": time(status.time_ns) });
    let what = match &status.kind {
        None => json!({ "unknown_kind": true }),
        Some(Kind::Interface(link)) => json!({
            "interface": link.interface,
            "state": link.state().as_str_name().trim_start_matches("LINK_STATE_"),
            "reason": link.reason, "rx_bytes": link.rx_bytes, "rx_count": link.rx_count,
            "tx_bytes": link.tx_bytes, "tx_count": link.tx_count,
            "discarded_bytes": link.discarded_bytes, "reconnects": link.reconnects,
            "epoch": link.epoch, "process": link.process,
        }),
        Some(Kind::Rebuild(rebuild)) => json!({
            "rebuild": rebuild.id, "projection": rebuild.projection, "done": rebuild.done,
            "total": rebuild.total, "finished": rebuild.finished, "equal": rebuild.equal,
            "detail": rebuild.detail, "process": rebuild.process,
        }),
        Some(Kind::Process(it)) => process(it),
        Some(Kind::Message(message)) => json!({
            "severity": message.severity, "role": message.role, "text": message.text,
        }),
    };
    if let (Json::Object(line), Json::Object(what)) = (&mut line, what) {
        line.extend(what);
    }
    line
}

fn process(process: &wire::ProcessStatus) -> Json {
    let role = |it: &wire::RoleStatus| (it.role.clone(), json!([it.state, it.detail]));
    let consumers = process.consumers.iter().map(|it| {
        let partitions = it.partitions.iter().map(|at| {
            json!({ "partition": at.partition, "next": at.next, "lag_records": at.lag_records })
        });
        json!({
            "consumer": it.consumer, "topic": it.topic,
            "partitions": partitions.collect::<Vec<_>>(),
        })
    });
    json!({
        "process": process.process, "instance": process.instance,
        "state": process.state().as_str_name().trim_start_matches("PROCESS_STATE_"),
        "started": time(process.started_ns), "period_ms": process.period_ms,
        "host": process.host, "pid": process.pid, "version": process.version,
        "definitions": hex::encode(&process.definitions),
        "gateway": process.gateway, "metrics": process.metrics,
        "roles": process.roles.iter().map(role).collect::<serde_json::Map<_, _>>(),
        "consumers": consumers.collect::<Vec<_>>(),
    })
}

fn state(snapshot: &wire::StateSnapshot) -> Json {
    json!({
        "consumer": snapshot.consumer, "of": snapshot.topic,
        "of_partition": snapshot.partition, "next_offset": snapshot.next_offset,
        "version": snapshot.version, "bytes": snapshot.data.len(),
        "chunk": snapshot.chunk, "chunks": snapshot.chunks,
    })
}

fn dead_letter(letter: &wire::DeadLetter) -> Json {
    json!({
        "source": letter.source.as_ref().map(position), "consumer": letter.consumer,
        "reason": letter.reason, "definitions": hex::encode(&letter.definitions),
        "time": time(letter.time_ns),
    })
}
