//! `GET status`: the whole system at a glance.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use groundlog_log::LogError;
use groundlog_projection::{
    INTERFACE_LABEL, LONG_PACKETS, Labels, Lag, Metric, SHORT_PACKETS, STORED_LABEL,
    UNKNOWN_PACKETS,
};
use groundlog_proto::{TopicPartition, wire::LinkState};
use serde_json::{Map, Value, json};

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
        "stored": irregular(system, None),
        "commands_waiting": system.commands.waiting(),
    }))
}

fn interface(system: &System, name: &str) -> Value {
    let (time_ns, status) = system.interfaces.status(name);
    let mut shown = json!({
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
        "failed_attempts": status.failed_attempts,
        "framing_errors": status.framing_errors,
        "unframed_bytes": status.unframed_bytes,
    });
    if let Value::Object(shown) = &mut shown {
        shown.extend(irregular(system, Some(name)));
    }
    shown
}

/// Returns how many packets were wrong on the whole since the process began: of what an interface
/// received, or (`None`) of recordings and imports.
fn irregular(system: &System, interface: Option<&str>) -> Map<String, Value> {
    let is = |labels: &Labels, name: &str, value: &str| {
        labels.iter().any(|(label, found)| label == name && found == value)
    };
    let counted = |(labels, _): &(Labels, f64)| match interface {
        Some(interface) => {
            is(labels, INTERFACE_LABEL, interface) && is(labels, STORED_LABEL, "false")
        }
        None => is(labels, STORED_LABEL, "true"),
    };
    let metrics = [
        ("unknown_packets", &UNKNOWN_PACKETS),
        ("short_packets", &SHORT_PACKETS),
        ("long_packets", &LONG_PACKETS),
    ];
    let sum = |metric: &Metric| {
        let mut series = system.metrics.series(metric);
        series.extend(system.processes.series(metric));
        series.iter().filter(|it| counted(it)).map(|(_, count)| *count as u64).sum::<u64>()
    };
    metrics.map(|(name, metric)| (name.to_owned(), json!(sum(metric)))).into_iter().collect()
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
