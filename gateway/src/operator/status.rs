//! `GET status`: the whole system at a glance.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundlog_log::LogError;
use groundlog_projection::Lag;
use groundlog_proto::{TopicPartition, wire::LinkState};
use serde_json::{Value, json};

use super::{process_status, refuse};
use crate::{processes::View, system::System};

/// `GET status`.
pub(super) async fn status(State(system): State<Arc<System>>) -> Response {
    match collect(&system).await {
        Ok(status) => Json(status).into_response(),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, error),
    }
}

async fn collect(system: &System) -> Result<Value, LogError> {
    let lags = system.metrics.lags().measure(&*system.log).await?;
    let mut processes = vec![system.processes.own().await?];
    processes.extend(system.processes.others());
    let settings = system.settings.current();
    let (hash, plugin) = match &settings.definitions {
        Some((hash, plugin)) => (json!(hash.to_string()), json!(plugin)),
        None => (Value::Null, Value::Null),
    };
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "scope": system.scope,
        "roles": process_status::roles(system, &processes),
        "processes": processes.iter().map(process_status::process).collect::<Vec<_>>(),
        "definitions": hash,
        "plugin": plugin,
        "interfaces": system.interfaces.configured().map(|it| interface(system, &it.name))
            .collect::<Vec<_>>(),
        "partitions": partitions(system, &lags, &processes).await?,
        "commands_waiting": system.commands.waiting(),
    }))
}

fn interface(system: &System, name: &str) -> Value {
    let (time_ns, status) = system.interfaces.status(name);
    json!({
        "name": name,
        "state": state_word(status.state()),
        "reason": status.reason,
        "since_ns": time_ns,
        "clients": status.clients,
        "tx_bytes": status.tx_bytes,
        "rx_bytes": status.rx_bytes,
        "tx_count": status.tx_count,
        "rx_count": status.rx_count,
        "discarded_bytes": status.discarded_bytes,
        "reconnects": status.reconnects,
        "epoch": status.epoch,
        "process": status.process,
    })
}

async fn partitions(
    system: &System,
    lags: &[Lag],
    processes: &[View],
) -> Result<Vec<Value>, LogError> {
    let mut rows = Vec::new();
    for topic in system.log.topics().await? {
        let Some(kind) = system.names.kind(&topic.name) else {
            continue;
        };
        for number in 0..topic.partitions {
            let partition = TopicPartition::new(topic.name.clone(), number);
            let bounds = system.log.bounds(&partition).await?;
            let consumers = lags.iter().filter(|lag| lag.partition == partition);
            let mut consumers: Vec<_> = consumers.map(|lag| consumer(system, lag)).collect();
            consumers.extend(process_status::consumers(processes, kind.short_name(), number));
            rows.push(json!({
                "topic": kind.short_name(),
                "partition": number,
                "generation": topic.generation.to_string(),
                "trim": bounds.trim,
                "tail": bounds.tail,
                "consumers": consumers,
            }));
        }
    }
    Ok(rows)
}

fn consumer(system: &System, lag: &Lag) -> Value {
    json!({
        "consumer": lag.consumer,
        "process": system.processes.name(),
        "next": lag.next,
        "lag_records": lag.records,
        "lag_seconds": lag.seconds,
        "records_per_second": system.rates.of(&lag.consumer, &lag.partition),
    })
}

/// Returns the word for a link's state.
pub(crate) fn state_word(state: LinkState) -> &'static str {
    match state {
        LinkState::Disconnected => "DISCONNECTED",
        LinkState::Attempting => "ATTEMPTING",
        LinkState::Connected => "CONNECTED",
    }
}
