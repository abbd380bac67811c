//! Values of decommutated records as JSON, for listings of the log.

use std::{collections::HashMap, sync::Arc};

use groundlog_log::Log;
use groundlog_packet::{
    PacketKind, Value,
    plan::DecodePlan,
    record::{PacketMeta, RecordView},
};
use groundlog_projection::{DefinitionStore, SettingsStore};
use groundlog_proto::{
    DefinitionHash, Nanos, TopicNames,
    wire::{DecomRecord, decom_record::Body},
};
use serde_json::{Map, Value as Json, json};

use crate::{hex, time_text};

/// Decodes the values of records with the definitions that each of them names.
pub(crate) struct DecomValues {
    log: Arc<dyn Log>,
    names: TopicNames,
    store: Option<DefinitionStore>,
    plans: HashMap<(DefinitionHash, String, String), Arc<DecodePlan>>,
}

impl DecomValues {
    /// Takes the log that holds the definitions; they are read when first needed.
    pub(crate) fn new(log: Arc<dyn Log>, names: &TopicNames) -> Self {
        Self { log, names: names.clone(), store: None, plans: HashMap::new() }
    }

    /// Returns `raw`, `converted` and `limits` by item name in definition order; `converted` where
    /// it differs from raw, `limits` where there is a state. What cannot be decoded says why.
    pub(crate) async fn of(&mut self, record: &DecomRecord) -> Json {
        let Some(Body::Values(values)) = &record.body else {
            return json!({});
        };
        if values.is_empty() {
            return json!({});
        }
        let plan = match self.plan(record).await {
            Ok(plan) => plan,
            Err(error) => return json!({ "undecoded": format!("{error:#}") }),
        };
        let meta = PacketMeta {
            received_time_ns: Some(record.received_time_ns),
            packet_time_ns: Some(record.packet_time_ns),
            received_count: record.received_count,
        };
        match RecordView::new(&plan, meta, values) {
            Ok(view) => all_items(&plan, &view),
            Err(error) => json!({ "undecoded": error.to_string() }),
        }
    }

    async fn plan(&mut self, record: &DecomRecord) -> anyhow::Result<Arc<DecodePlan>> {
        let hash = DefinitionHash::from_wire(&record.definitions)
            .ok_or_else(|| anyhow::anyhow!("the record names no definitions"))?;
        let key = (hash, record.target.clone(), record.packet.clone());
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan.clone());
        }
        let store = match &self.store {
            Some(store) => store.clone(),
            None => {
                let settings = SettingsStore::open(self.log.clone(), &self.names).await?;
                let store = DefinitionStore::new(self.log.clone(), &self.names, settings);
                self.store.insert(store).clone()
            }
        };
        let loaded = store.get(hash).await?;
        let packet =
            loaded.definitions().packet(PacketKind::Telemetry, &record.target, &record.packet)?;
        let plan = Arc::new(DecodePlan::compile(packet));
        self.plans.insert(key, plan.clone());
        Ok(plan)
    }
}

fn all_items(plan: &DecodePlan, view: &RecordView<'_>) -> Json {
    let (mut raw, mut converted, mut limits) = (Map::new(), Map::new(), Map::new());
    for (place, item) in plan.packet().items.iter().enumerate() {
        if !plan.is_packed(place) {
            continue;
        }
        let (raw_value, value) = (view.raw(place), view.converted(place));
        if value != raw_value {
            converted.insert(item.name.clone(), to_json(&value));
        }
        raw.insert(item.name.clone(), to_json(&raw_value));
        if let Some(state) = view.limits(place) {
            limits.insert(item.name.clone(), json!(state.word()));
        }
    }
    json!({ "raw": raw, "converted": converted, "limits": limits })
}

/// Renders a value: integers exactly (as text beyond 64 bits), bytes in hex, what JSON cannot hold
/// as text.
fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(boolean) => json!(boolean),
        Value::Int(integer) => match (i64::try_from(*integer), u64::try_from(*integer)) {
            (Ok(integer), _) => json!(integer),
            (_, Ok(integer)) => json!(integer),
            _ => json!(integer.to_string()),
        },
        Value::Float(float) if float.is_finite() => json!(float),
        Value::Float(float) => json!(groundlog_packet::value::float_text(*float)),
        Value::String(text) => json!(text),
        Value::Bytes(bytes) => json!(hex::encode(bytes)),
        Value::Array(values) => values.iter().map(to_json).collect(),
        Value::Object(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), to_json(value))).collect())
        }
        Value::Time(nanos) => json!(time_text::format(Nanos(*nanos))),
    }
}
