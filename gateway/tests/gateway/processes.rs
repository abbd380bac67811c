//! What a gateway knows of other processes: by their heartbeats alone.

use std::time::Duration;

use groundlog_gateway::{GatewayOptions, Monitor};
use groundlog_log::Records;
use groundlog_projection::{MetricsRegistry, RoleState};
use groundlog_proto::{
    Nanos, TopicKind,
    prost::Message,
    wire::{
        ConsumerStatus, CounterStatus, InterfaceStatus, LinkState, PartitionStatus, ProcessState,
        ProcessStatus, RoleStatus, StatusRecord, status_record::Kind,
    },
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    client::Client,
    stack::{Stack, memory_log, process},
};

/// A heartbeat of a process that runs one role in a state.
fn heartbeat(process: &str, role: &str, state: &str, period_ms: u32) -> ProcessStatus {
    let partition = PartitionStatus {
        partition: 0,
        next: 3,
        lag_records: 4,
        lag_seconds: 0.5,
        records_per_second: 10.0,
    };
    ProcessStatus {
        process: process.to_owned(),
        instance: "1".to_owned(),
        state: ProcessState::Running as i32,
        started_ns: 1,
        period_ms,
        host: "there".to_owned(),
        pid: 7,
        roles: vec![RoleStatus {
            role: role.to_owned(),
            state: state.to_owned(),
            detail: if state == "running" { String::new() } else { "disk on fire".to_owned() },
        }],
        consumers: vec![ConsumerStatus {
            role: role.to_owned(),
            consumer: role.to_owned(),
            topic: "raw".to_owned(),
            partitions: vec![partition],
        }],
        counters: vec![CounterStatus {
            name: "work_total".to_owned(),
            value: 9.0,
            ..Default::default()
        }],
        ..ProcessStatus::default()
    }
}

async fn say(stack: &Stack, kind: Kind) {
    let record = StatusRecord { time_ns: Nanos::now().0, kind: Some(kind) };
    let mut records = Records::new();
    records.push(b"", &record.encode_to_vec());
    stack.log.append(&stack.partition(TopicKind::Status), records).await.unwrap();
}

async fn health(stack: &Stack) -> (u16, Value) {
    let answer = stack.client.get("/health").await;
    (answer.status, answer.json())
}

async fn until_reason(stack: &Stack, part: &str) {
    stack
        .until(part, async || {
            let (status, body) = health(stack).await;
            status == 503 && body["reason"].as_str().is_some_and(|it| it.contains(part))
        })
        .await;
}

async fn with_roles(roles: &[&str]) -> Stack {
    let roles_expected = roles.iter().map(|&role| role.to_owned()).collect();
    Stack::with(GatewayOptions { roles_expected, ..GatewayOptions::default() }).await
}

#[tokio::test]
async fn a_role_without_a_live_process_is_missing() {
    let stack = with_roles(&["gateway", "decom"]).await;
    until_reason(&stack, "role decom is missing: no process runs it").await;
    let row = |status: &Value, name: &str| {
        let rows = status["roles"].as_array().unwrap();
        rows.iter().filter(|row| row["name"] == name).cloned().collect::<Vec<_>>()
    };
    let status = stack.client.get("/groundlog/v1/status").await.json();
    assert_eq!(row(&status, "decom")[0]["state"], "missing", "{status}");

    let up = async || health(&stack).await.0 == 200;
    say(&stack, Kind::Process(heartbeat("far", "decom", "running", 10_000))).await;
    stack.until("it is up", up).await;
    let status = stack.client.get("/groundlog/v1/status").await.json();
    let rows = row(&status, "decom");
    assert_eq!(rows.len(), 1, "{rows:?}");
    let shown = |key: &str| rows[0][key].clone();
    assert_eq!((shown("process"), shown("state")), (json!("far"), json!("running")));
    assert_eq!((shown("partitions"), shown("lag_records")), (json!(1), json!(4)));
    assert!(shown("heartbeat_seconds").as_f64().is_some_and(|age| age < 10.0));
    let raw = status["partitions"].as_array().unwrap().iter().find(|it| it["topic"] == "raw");
    let consumers = raw.unwrap()["consumers"].as_array().unwrap().clone();
    let far = consumers.iter().find(|it| it["process"] == "far").unwrap();
    assert_eq!((&far["next"], &far["lag_records"]), (&json!(3), &json!(4)));
    let process = status["processes"].as_array().unwrap().iter().find(|it| it["process"] == "far");
    assert_eq!(process.unwrap()["counters"]["work_total{}"], 9.0, "{status}");

    // It fails there; another process serves; both stop in their way.
    say(&stack, Kind::Process(heartbeat("far", "decom", "restarting", 10_000))).await;
    until_reason(&stack, "role decom is restarting in far: disk on fire").await;
    say(&stack, Kind::Process(heartbeat("near", "decom", "running", 10_000))).await;
    stack.until("it is up again", up).await;
    let degraded = health(&stack).await.1["degraded"].to_string();
    assert!(degraded.contains("far: decom is restarting: disk on fire"), "{degraded}");
    for name in ["near", "far"] {
        let stopped = ProcessStatus {
            state: ProcessState::Stopped as i32,
            ..heartbeat(name, "decom", "stopped", 10_000)
        };
        say(&stack, Kind::Process(stopped)).await;
    }
    until_reason(&stack, "role decom is missing: ").await;
    stack.stop().await;
}

#[tokio::test]
async fn a_process_that_falls_silent_is_gone_and_its_interfaces_with_it() {
    let stack = with_roles(&["ingest"]).await;
    let link = InterfaceStatus {
        interface: "INST_INT".to_owned(),
        state: LinkState::Connected as i32,
        epoch: 5,
        process: "far".to_owned(),
        ..InterfaceStatus::default()
    };
    let state = async |wanted: &str| {
        stack.client.call("get_interface", json!(["INST_INT"])).await["state"] == wanted
    };
    say(&stack, Kind::Process(heartbeat("far", "ingest", "running", 10_000))).await;
    say(&stack, Kind::Interface(link.clone())).await;
    stack.until("it is connected", async || state("CONNECTED").await).await;
    // An earlier owner's last word comes late.
    let late = InterfaceStatus { epoch: 4, state: 0, process: "old".to_owned(), ..link.clone() };
    say(&stack, Kind::Interface(late)).await;
    // Five periods of 10 ms pass without a word.
    say(&stack, Kind::Process(heartbeat("far", "ingest", "running", 10))).await;
    until_reason(&stack, "role ingest is missing: far is gone, last heard ").await;
    assert!(state("DISCONNECTED").await);
    let degraded = health(&stack).await.1["degraded"].to_string();
    assert!(degraded.contains("INST_INT: its process far is gone"), "{degraded}");
    let taken = InterfaceStatus { epoch: 6, process: "heir".to_owned(), ..link };
    say(&stack, Kind::Process(heartbeat("heir", "ingest", "running", 10_000))).await;
    say(&stack, Kind::Interface(taken)).await;
    stack.until("the heir has it", async || state("CONNECTED").await).await;
    stack.until("it is up", async || health(&stack).await.0 == 200).await;
    stack.stop().await;
}

#[tokio::test]
async fn a_process_with_another_plug_in_is_named() {
    let stack = with_roles(&[]).await;
    let mut other = heartbeat("far", "ingest", "running", 10_000);
    other.definitions = vec![7; 16].into();
    say(&stack, Kind::Process(other)).await;
    stack
        .until("the difference is told", async || {
            let (status, body) = health(&stack).await;
            status == 200 && body["degraded"].to_string().contains("far has loaded another plug-in")
        })
        .await;
    stack.stop().await;
}

#[tokio::test]
async fn any_process_can_be_watched() {
    let log = memory_log().await;
    let metrics = MetricsRegistry::new();
    let process = process(&log, "far", &metrics);
    process.roles().set("decom", RoleState::Running);
    let raw = groundlog_proto::TopicPartition::new(
        groundlog_proto::TopicNames::default().topic(TopicKind::Raw),
        0,
    );
    metrics.lags().progress("decom", &raw);
    let listen = "127.0.0.1:0".parse().unwrap();
    let monitor = Monitor::build(log, process.clone(), listen).await.unwrap();
    let client = Client { address: monitor.address(), authorization: None };
    assert_eq!(process.status().await.unwrap().metrics, monitor.address().to_string());
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(monitor.run(stopped));
    let health = client.get("/health").await;
    assert_eq!((health.status, &health.json()["process"]), (200, &json!("far")));
    process.roles().set("decom", RoleState::Restarting("disk on fire".to_owned()));
    let health = client.get("/health").await;
    assert_eq!(health.status, 503);
    assert!(health.json()["reason"].as_str().unwrap().contains("disk on fire"));
    let text = client.get("/metrics").await.body;
    assert!(text.contains("groundlog_lag_records{consumer=\"decom\""), "{text}");
    stop.send_replace(true);
    tokio::time::timeout(Duration::from_secs(10), running).await.expect("it stops").unwrap();
}
