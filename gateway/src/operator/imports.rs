//! `GET imports…`: how far imports have got, and what their records say.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundlog_log::LogError;
use groundlog_proto::{
    TopicKind, TopicPartition,
    borrowed::RawRecordRef,
    prost::Message,
    wire::{ImportProgress, Origin},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{given::Given, refuse};
use crate::system::System;

/// Bytes read from `raw.stored` at a time.
const READ_BYTES: usize = 1 << 20;

/// Which imports are listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    lead: String,
}

/// `GET imports?lead=`: the imports whose id is the lead, or the lead with a point and more behind.
pub(super) async fn list(
    State(system): State<Arc<System>>,
    Given(Query(which)): Given<Query<Which>>,
) -> Response {
    let settings = system.settings.current();
    let from_lead = settings.imports.range(which.lead.clone()..);
    let beginning = from_lead.take_while(|(id, _)| id.starts_with(&which.lead));
    let numbered = beginning.filter(|(id, _)| {
        let rest = &id[which.lead.len()..];
        rest.is_empty() || rest.starts_with('.')
    });
    let imports: Vec<Value> = numbered.map(|(_, progress)| shown(progress)).collect();
    Json(json!({ "imports": imports })).into_response()
}

/// `GET imports/{id}`.
pub(super) async fn progress(
    State(system): State<Arc<System>>,
    Given(Path(id)): Given<Path<String>>,
) -> Response {
    match system.settings.current().imports.get(&id) {
        Some(progress) => Json(shown(progress)).into_response(),
        None => unknown(&id),
    }
}

/// `GET imports/{id}/content/{index}`: the running hash that came with a record of an import, as
/// it lies in the log.
pub(super) async fn content(
    State(system): State<Arc<System>>,
    Given(Path((id, index))): Given<Path<(String, u64)>>,
) -> Response {
    let settings = system.settings.current();
    let Some(progress) = settings.imports.get(&id) else {
        return unknown(&id);
    };
    match find(&system, progress, index).await {
        Ok(Some(content)) => Json(json!({ "content": digits(content) })).into_response(),
        Ok(None) => {
            let why = format!("record {index} of import '{id}' is not in the log, or no longer");
            refuse(StatusCode::GONE, why)
        }
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, error),
    }
}

fn unknown(id: &str) -> Response {
    refuse(StatusCode::NOT_FOUND, format!("no import '{id}' is known"))
}

fn shown(progress: &ImportProgress) -> Value {
    json!({
        "import_id": progress.import_id,
        "object": progress.object,
        "next_index": progress.next_index,
        "complete": progress.complete,
        "content": digits(progress.content),
    })
}

/// JSON has no exact 64-bit integers.
fn digits(content: u64) -> String {
    format!("{content:016x}")
}

/// Returns the tails of `raw.stored`: no record of an import that begins now lies before.
pub(super) async fn tails(system: &System) -> Result<Vec<u64>, LogError> {
    let topic = system.log.topic(&system.names.topic(TopicKind::RawStored)).await?;
    let mut tails = Vec::new();
    for number in 0..topic.partitions {
        let partition = TopicPartition::new(topic.name.clone(), number);
        tails.push(system.log.bounds(&partition).await?.tail);
    }
    Ok(tails)
}

/// Looks for a record of an import and returns its content. Seldom asked for: only when a file
/// has fewer records than an import that begins like it.
async fn find(
    system: &System,
    progress: &ImportProgress,
    index: u64,
) -> Result<Option<u64>, LogError> {
    let topic = system.log.topic(&system.names.topic(TopicKind::RawStored)).await?;
    for number in 0..topic.partitions {
        let partition = TopicPartition::new(topic.name.clone(), number);
        let bounds = system.log.bounds(&partition).await?;
        let began = progress.from.get(number as usize).copied().unwrap_or(0);
        let mut reader = system.log.reader(&partition, began.max(bounds.trim)).await?;
        while reader.position() < bounds.tail {
            let batch = reader.poll(READ_BYTES).await?;
            if batch.is_empty() {
                break;
            }
            let id = progress.import_id.as_bytes();
            let found = batch.iter().filter(|record| record.key == id).find_map(|record| {
                let origin = RawRecordRef::parse(record.value).ok()?.origin?;
                Origin::decode(origin).ok().filter(|origin| origin.index == index)
            });
            if let Some(origin) = found {
                return Ok(Some(origin.content));
            }
            tokio::task::yield_now().await;
        }
    }
    Ok(None)
}
