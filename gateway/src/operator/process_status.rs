//! Processes and roles as `GET status` shows them.

use groundlog_proto::wire::{ConsumerStatus, CounterStatus, PartitionStatus, RoleStatus};
use serde_json::{Map, Value, json};

use crate::{
    processes::{Life, View},
    system::System,
};

/// Shows a process.
pub(super) fn process(view: &View) -> Value {
    let status = &view.status;
    let definitions: String = status.definitions.iter().map(|it| format!("{it:02x}")).collect();
    json!({
        "process": status.process,
        "state": view.life.word(),
        "heartbeat_seconds": view.age.as_secs_f64(),
        "host": status.host,
        "pid": status.pid,
        "instance": status.instance,
        "version": status.version,
        "started_ns": status.started_ns,
        "definitions": definitions,
        "gateway": status.gateway,
        "metrics": status.metrics,
        "roles": status.roles.iter().map(|role| &role.role).collect::<Vec<_>>(),
        "counters": counters(&view.counters),
    })
}

fn counters(counters: &[CounterStatus]) -> Map<String, Value> {
    let name = |counter: &CounterStatus| {
        let labels: Vec<_> = counter.labels.iter().map(|(key, it)| format!("{key}={it}")).collect();
        format!("{}{{{}}}", counter.name, labels.join(","))
    };
    counters.iter().map(|counter| (name(counter), json!(counter.value))).collect()
}

/// Shows, role by role, who runs it; a role that nobody runs as missing.
pub(super) fn roles(system: &System, processes: &[View]) -> Vec<Value> {
    let mut rows = Vec::new();
    let shown = processes.iter().filter(|view| view.life != Life::Stopped);
    let mut all: Vec<(&RoleStatus, &View)> =
        shown.flat_map(|view| view.status.roles.iter().map(move |role| (role, view))).collect();
    all.sort_by(|(a, left), (b, right)| {
        (&a.role, &left.status.process).cmp(&(&b.role, &right.status.process))
    });
    rows.extend(all.iter().map(|(role, view)| row(role, view)));
    let alive = |name: &String| {
        all.iter().any(|(role, view)| role.role == *name && view.life == Life::Alive)
    };
    for name in system.processes.expected().iter().filter(|name| !alive(name)) {
        rows.push(json!({ "name": name, "state": "missing", "detail": "no process runs it" }));
    }
    rows
}

fn row(role: &RoleStatus, view: &View) -> Value {
    let owned: Vec<&PartitionStatus> = view
        .status
        .consumers
        .iter()
        .filter(|consumer| consumer.role == role.role)
        .flat_map(|consumer| &consumer.partitions)
        .collect();
    let state = if view.life == Life::Gone { view.life.word() } else { role.state.as_str() };
    json!({
        "name": role.role,
        "state": state,
        "detail": role.detail,
        "process": view.status.process,
        "partitions": owned.len(),
        "lag_records": owned.iter().map(|it| it.lag_records).sum::<u64>(),
        "lag_seconds": owned.iter().map(|it| it.lag_seconds).fold(0.0, f32::max),
        "heartbeat_seconds": view.age.as_secs_f64(),
    })
}

/// Shows what consumers in other processes do with a partition.
pub(super) fn consumers(processes: &[View], topic: &str, number: u32) -> Vec<Value> {
    let others = processes.iter().filter(|view| !view.own && view.life == Life::Alive);
    let of = |consumer: &ConsumerStatus, view: &View| {
        let found = consumer.partitions.iter().find(|it| it.partition == number)?;
        Some(json!({
            "consumer": consumer.consumer,
            "process": view.status.process,
            "next": found.next,
            "lag_records": found.lag_records,
            "lag_seconds": found.lag_seconds,
            "records_per_second": found.records_per_second,
        }))
    };
    others
        .flat_map(|view| {
            let here = view.status.consumers.iter().filter(|consumer| consumer.topic == topic);
            here.filter_map(move |consumer| of(consumer, view))
        })
        .collect()
}
