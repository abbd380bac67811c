//! The table on a real server, which is emptied, killed, stopped and started under it.

use std::time::Duration;

use groundlog_cvt::test_server::TestServer;
use groundlog_proto::{
    TopicKind, TopicPartition,
    wire::{Scalar, SetItem, SetTelemetry, ValueType, raw_record, scalar},
};
use serde_json::{Value, json};

use crate::{
    direct, memory, rebuilt,
    stack::{Running, Stack, health},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// A table on a server of its own, with a log and decommutation.
async fn started() -> Option<(TestServer, Stack, Running)> {
    let server = TestServer::start()?;
    let stack = memory().await;
    let store = stack.open(&server.url()).await.expect("opens");
    let running = stack.start_with("0", store);
    Some((server, stack, running))
}

/// Waits for a condition, with a bound.
async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect(what);
}

/// Feeds packets of several names on both partitions.
async fn feed(stack: &Stack, temps: std::ops::Range<u16>) {
    for temp in temps {
        stack.packets(u32::from(temp % 2), [health(temp), vec![77, 1]]).await;
        tokio::task::yield_now().await;
    }
}

/// Proves that what lies on the server is what the log folds to.
async fn proved(stack: &Stack, id: &str) {
    direct(stack, id, "earliest", 0).await;
    let status = rebuilt(stack, id).await;
    assert!(status.equal && status.total > 0, "{id}: {}", status.detail);
}

fn counter(running: &Running, name: &str) -> u64 {
    let text = running.metrics.render();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{text}"));
    line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// What a client of COSMOS's reads: its key, its field, its JSON.
fn cosmos(server: &TestServer, target: &str, packet: &str) -> Value {
    let text = server.ask(&["HGET", &format!("DEFAULT__tlm__{target}"), packet]).text();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_the_store_find_what_they_expect() {
    let Some((server, stack, running)) = started().await else { return };
    stack.packets(0, [health(240), health(250), vec![99]]).await;
    stack.caught_up(&running).await;
    let found = cosmos(&server, "INST", "HEALTH");
    let time = found["RECEIVED_TIMESECONDS"].as_f64().expect("a time");
    assert!(time > 1.6e9, "{found}");
    let formatted = found["RECEIVED_TIMEFORMATTED"].as_str().expect("a text").to_owned();
    let seconds = format!("{time:.6}");
    assert_eq!(
        found,
        json!({
            "PACKET_TIMESECONDS": time, "PACKET_TIMESECONDS__F": seconds,
            "PACKET_TIMEFORMATTED": formatted,
            "RECEIVED_TIMESECONDS": time, "RECEIVED_TIMESECONDS__F": seconds,
            "RECEIVED_TIMEFORMATTED": formatted,
            "RECEIVED_COUNT": 2, "ID": 1,
            "TEMP": 250, "TEMP__C": 25.0, "TEMP__F": "25.0 C", "TEMP__L": "GREEN",
        })
    );
    assert_eq!(cosmos(&server, "UNKNOWN", "UNKNOWN")["RECEIVED_COUNT"], 1);

    let scalar = Scalar { kind: Some(scalar::Kind::Integer(-1)) };
    let item = |form: ValueType| SetItem {
        item: "TEMP".into(),
        r#type: form as i32,
        value: Some(scalar.clone()),
    };
    let items = vec![item(ValueType::Converted), item(ValueType::Formatted)];
    let set = SetTelemetry { target: "INST".into(), name: "HEALTH".into(), items };
    stack.append(TopicKind::Raw, 0, vec![stack.raw(raw_record::Body::Set(set))]).await;
    stack.stored(0, [health(900)]).await;
    stack.caught_up(&running).await;
    let found = cosmos(&server, "INST", "HEALTH");
    assert_eq!(
        [&found["TEMP"], &found["TEMP__C"], &found["TEMP__F"], &found["RECEIVED_COUNT"]],
        [&json!(250), &json!(-1), &json!("-1"), &json!(2)],
        "stored data moves nothing"
    );
    let counts = running.values.counts(&[("INST", "HEALTH")]).await.expect("readable");
    assert_eq!(counts, [(2, 1)]);
    stack.packets(0, [health(260)]).await;
    stack.caught_up(&running).await;
    assert_eq!(cosmos(&server, "INST", "HEALTH")["TEMP__C"], 26.0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_a_rebuild_on_a_running_system_equals_the_server() {
    let Some((server, stack, running)) = started().await else { return };
    feed(&stack, 0..200).await;
    stack.stored(0, [health(3)]).await;
    stack.caught_up(&running).await;
    tokio::join!(feed(&stack, 200..400), proved(&stack, "r1"));
    stack.caught_up(&running).await;
    // It is the server that is compared: what somebody else did there shows.
    let field = "groundlog.cvt:{DEFAULT__tlm__UNKNOWN}";
    assert_eq!(server.ask(&["HDEL", field, "UNKNOWN"]).text(), "1");
    direct(&stack, "r2", "earliest", 0).await;
    let status = rebuilt(&stack, "r2").await;
    assert!(!status.equal && status.detail.contains("UNKNOWN UNKNOWN"), "{}", status.detail);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_flushall_the_table_comes_back_by_itself() {
    let Some((server, stack, running)) = started().await else { return };
    feed(&stack, 0..50).await;
    stack.caught_up(&running).await;
    // While nothing comes in.
    let packet = running.packet("INST", "HEALTH").await.expect("received");
    server.ask(&["FLUSHALL"]);
    assert!(running.packet("INST", "HEALTH").await.is_none());
    until("the packet is back", async || {
        let found = running.packet("INST", "HEALTH").await;
        found.is_some_and(|it| it.position == packet.position && it.record == packet.record)
    })
    .await;
    stack.caught_up(&running).await;
    proved(&stack, "idle").await;
    // While packets come in, again and again.
    let emptying = async {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            server.ask(&["FLUSHALL"]);
        }
    };
    tokio::join!(feed(&stack, 50..400), emptying);
    stack.caught_up(&running).await;
    proved(&stack, "busy").await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_under_load_loses_nothing() {
    let Some((mut server, stack, running)) = started().await else { return };
    feed(&stack, 0..50).await;
    stack.caught_up(&running).await;
    let decom = TopicPartition::new(stack.names.topic(TopicKind::Decom), 0);
    for round in 1..=3 {
        let retries = "groundlog_projection_retries_total{consumer=\"cvt\"}";
        let before = counter(&running, retries);
        server.kill();
        feed(&stack, round * 100..round * 100 + 50).await;
        until("it is tried again", async || counter(&running, retries) > before + 1).await;
        assert!(running.values.packet("INST", "HEALTH").await.is_err());
        let lags = running.metrics.lags().measure(&*stack.log).await.expect("lags");
        let lag = lags.iter().find(|lag| lag.consumer == "cvt" && lag.partition == decom);
        assert!(lag.expect("a lag").records > 0, "visible meanwhile");
        // It comes back empty.
        tokio::join!(feed(&stack, round * 100 + 50..round * 100 + 100), async {
            server.resume();
        });
        stack.caught_up(&running).await;
        let counts = running.values.counts(&[("INST", "HEALTH")]).await.expect("readable");
        assert_eq!(counts, [(u64::from(round) * 100 + 50, 0)]);
        proved(&stack, &format!("round {round}")).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_goes_on_from_the_servers_checkpoint() {
    let Some((server, stack, running)) = started().await else { return };
    feed(&stack, 0..100).await;
    stack.caught_up(&running).await;
    running.kill().await;
    feed(&stack, 100..110).await;
    let running = stack.start_with("0", stack.open(&server.url()).await.expect("opens"));
    stack.caught_up(&running).await;
    let applied = counter(&running, "groundlog_projection_records_total{consumer=\"cvt\"}");
    assert!(applied <= 25, "{applied} records were applied again");
    let counts = running.values.counts(&[("INST", "HEALTH")]).await.expect("readable");
    assert_eq!(counts, [(110, 0)]);
    proved(&stack, "after").await;
    running.stop().await;
}

/// Two processes share the table: each writes what it owns, each reads all of it; one takes over
/// when the other dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_fill_one_table() {
    let Some((server, stack, first)) = started().await else { return };
    let second = stack.start_with("1", stack.open(&server.url()).await.expect("opens"));
    feed(&stack, 0..100).await;
    let all = async |running: &Running, count: u64| {
        let counts = running.values.counts(&[("INST", "HEALTH")]).await.expect("readable");
        counts == [(count, 0)]
    };
    until("both read everything", async || all(&first, 100).await && all(&second, 100).await).await;
    first.kill().await;
    feed(&stack, 100..150).await;
    until("the other goes on", async || all(&second, 150).await).await;
    stack.caught_up(&second).await;
    proved(&stack, "survivor").await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_others_stop_the_role_and_are_left_alone() {
    let Some(server) = TestServer::start() else { return };
    server.ask(&["HSET", "DEFAULT__tlm__INST", "HEALTH", "{\"TEMP\":1}"]);
    let stack = memory().await;
    let running = stack.start_with("0", stack.open(&server.url()).await.expect("opens"));
    stack.packets(0, [health(1)]).await;
    let error = running.ended().await.expect_err("stops").to_string();
    for part in ["DEFAULT__tlm__INST", "holds packet HEALTH", &server.url(), "system.scope"] {
        assert!(error.contains(part), "'{part}' is not in: {error}");
    }
    assert_eq!(cosmos(&server, "INST", "HEALTH"), json!({ "TEMP": 1 }));
    // The remedy works.
    server.ask(&["DEL", "DEFAULT__tlm__INST"]);
    let running = stack.start_with("0", stack.open(&server.url()).await.expect("opens"));
    stack.caught_up(&running).await;
    assert_eq!(cosmos(&server, "INST", "HEALTH")["RECEIVED_COUNT"], 1);
    running.stop().await;
}
