//! Clients that go away in the middle of a call, and come back.

use std::time::Duration;

use groundlog_gateway::GatewayOptions;
use groundlog_proto::{TopicKind, wire::CommandState as State};
use serde_json::json;

use crate::{
    held_log::{Control, held},
    imports::import_body,
    owner::{Plan, answer, events},
    stack::{Stack, memory_log},
};

/// How long an answer is waited for that must not come.
const SILENCE: Duration = Duration::from_millis(300);

async fn start() -> (Stack, std::sync::Arc<Control>) {
    let (log, control) = held(memory_log().await);
    (Stack::on(log, GatewayOptions::default()).await, control)
}

#[tokio::test]
async fn an_import_whose_client_went_away_is_not_written_twice() {
    let (stack, control) = start().await;
    let (client, body) = (stack.client.clone(), import_body(0..10));
    let path = "/groundlog/v1/append?import_id=i1";
    assert_eq!(client.post(path, &[]).await.status, 200, "the import has its writer");
    let before = control.entered();
    control.hold();
    let first = {
        let (client, body) = (client.clone(), body.clone());
        tokio::spawn(async move { client.post(path, &body).await })
    };
    stack.until("the commit is on its way", async || control.entered() == before + 1).await;
    // The connection closes with the task.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let mut again = tokio::spawn(async move { client.post(path, &body).await });
    let early = tokio::time::timeout(SILENCE, &mut again).await;
    assert!(early.is_err(), "answered while the first commit is open");
    control.release();
    let again = again.await.unwrap().json();
    assert_eq!(again, json!({ "appended": 0, "skipped": 10, "next_index": 10 }));
    let partition = stack.partition(TopicKind::RawStored);
    let mut reader = stack.log.reader(&partition, 0).await.unwrap();
    assert_eq!(reader.poll(1 << 20).await.unwrap().len(), 10);
    stack.stop().await;
}

#[tokio::test]
async fn an_import_goes_on_after_a_commit_that_failed() {
    let (stack, control) = start().await;
    let (client, body) = (stack.client.clone(), import_body(0..10));
    let path = "/groundlog/v1/append?import_id=i1";
    control.refuse(true);
    assert_eq!(client.post(path, &body).await.status, 503);
    control.refuse(false);
    assert_eq!(client.post(path, &body).await.json()["appended"], 10);
    assert_eq!(client.post(path, &body).await.json()["appended"], 0);
    stack.stop().await;
}

#[tokio::test]
async fn the_key_of_a_caller_that_went_away_stands_for_its_command() {
    let (stack, control) = start().await;
    let owner = answer(&stack, 1, Plan::Send).await;
    control.hold();
    let send = || {
        let client = stack.client.clone();
        tokio::spawn(async move {
            let key = json!({ "idempotency_key": "k1", "timeout": 5 });
            client.rpc("cmd", json!(["INST COLLECT with TYPE 0"]), key).await
        })
    };
    let first = send();
    stack.until("the request is on its way", async || control.entered() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    control.release();
    assert_eq!(send().await.unwrap().status, 200);
    owner.await.unwrap();
    // Asked again much later, when only the fold knows the key.
    assert_eq!(send().await.unwrap().status, 200);
    let requested = events(&stack).await;
    let requested = requested.iter().filter(|it| it.state() == State::Requested);
    assert_eq!(requested.count(), 1);
    stack.stop().await;
}

#[tokio::test]
async fn the_key_of_a_caller_that_went_away_is_free_when_the_log_refused() {
    let (stack, control) = start().await;
    control.hold();
    control.refuse(true);
    let send = |timeout: f64| {
        let client = stack.client.clone();
        tokio::spawn(async move {
            let key = json!({ "idempotency_key": "k1", "timeout": timeout });
            client.rpc("cmd", json!(["INST COLLECT with TYPE 0"]), key).await
        })
    };
    let first = send(5.0);
    stack.until("the request is on its way", async || control.entered() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    // Whoever asks meanwhile waits for the first one, and is not told that it was sent.
    let meanwhile = send(0.2).await.unwrap();
    assert_eq!(meanwhile.error(), "Timeout of 0.2s waiting for cmd ack");
    control.release();
    control.refuse(false);
    stack
        .until("the key is free", async || {
            let _ = send(0.01).await;
            control.entered() == 2
        })
        .await;
    stack.stop().await;
}

#[tokio::test]
async fn whoever_waits_for_a_request_that_the_log_refused_is_told() {
    let (stack, control) = start().await;
    control.hold();
    control.refuse(true);
    let send = || {
        let client = stack.client.clone();
        tokio::spawn(async move {
            let key = json!({ "idempotency_key": "k1", "timeout": 20 });
            client.rpc("cmd", json!(["INST COLLECT with TYPE 0"]), key).await
        })
    };
    let first = send();
    stack.until("the request is on its way", async || control.entered() == 1).await;
    let second = send();
    stack
        .until("the second one waits too", async || {
            let status = stack.client.get("/groundlog/v1/status").await.json();
            status["commands_waiting"] == 2
        })
        .await;
    control.release();
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert!(first.error().contains("closed"), "{}", first.error());
    assert!(second.error().contains("send it again"), "{}", second.error());
    stack.stop().await;
}
