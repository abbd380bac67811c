//! What goes wrong at `/groundlog/v1/…` and beside it is told in JSON.

use groundlog_gateway::GatewayOptions;
use groundlog_proto::{
    TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{RawPacket, RawRecord, raw_record::Body},
};

use crate::{
    client::Answer,
    held_log::held,
    imports::import_body,
    stack::{Stack, memory_log},
};

fn assert_refused(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(error.contains(text), "{error}");
}

#[tokio::test]
async fn an_import_larger_than_one_append_is_too_large() {
    let stack = Stack::start().await;
    // What the server adds to each of these small records takes them over the limit together.
    let packet = RawPacket { data: vec![1; 40].into(), ..RawPacket::default() };
    let record = RawRecord { body: Some(Body::Packet(packet)), ..RawRecord::default() };
    let mut body = Vec::new();
    for _ in 0..200_000 {
        record.encode_length_delimited(&mut body).unwrap();
    }
    assert!(body.len() < 16 * 1024 * 1024);
    let refused = stack.client.post("/groundlog/v1/append?import_id=i1", &body).await;
    assert_refused(&refused, 413, "send the records before it first");
    // The writer is none the worse for it.
    let path = "/groundlog/v1/append?import_id=i1";
    assert_eq!(stack.client.post(path, &import_body(0..3)).await.json()["appended"], 3);
    stack.stop().await;
}

#[tokio::test]
async fn refusals_of_path_query_and_method_are_json() {
    let stack = Stack::start().await;
    let client = &stack.client;
    for query in ["", "?import_id=a&first_index=x", "?import_id=a&nope=1"] {
        let refused = client.post(&format!("/groundlog/v1/append{query}"), b"").await;
        assert_refused(&refused, 400, "query string");
    }
    for path in ["imports/%ff", "rebuild/%ff"] {
        let refused = client.get(&format!("/groundlog/v1/{path}")).await;
        assert_refused(&refused, 400, "UTF-8");
    }
    let refused = client.post("/groundlog/v1/interfaces/%ff/connect", b"").await;
    assert_refused(&refused, 400, "UTF-8");
    assert_refused(&client.get("/groundlog/v1/append").await, 405, "GET is not for");
    assert_refused(&client.get("/groundlog/v1/nope").await, 404, "is not known");
    let large = client.post("/groundlog/v1/rebuild", &[b' '; 70_000]).await;
    assert_refused(&large, 413, "too large");
    stack.stop().await;
}

#[tokio::test]
async fn a_panic_is_answered_in_json() {
    let (log, control) = held(memory_log().await);
    let stack = Stack::on(log, GatewayOptions::default()).await;
    control.panic(true);
    assert_refused(&stack.client.get("/groundlog/v1/status").await, 500, "internal error");
    control.panic(false);
    assert_eq!(stack.client.get("/groundlog/v1/status").await.status, 200);
    stack.stop().await;
}

#[tokio::test]
async fn a_log_that_failed_for_good_is_no_health() {
    let (log, control) = held(memory_log().await);
    let stack = Stack::on(log, GatewayOptions::default()).await;
    stack.until("it is up", async || stack.client.get("/health").await.status == 200).await;
    control.refuse(true);
    let down = stack.client.get("/health").await;
    assert_eq!((down.status, &down.json()["status"]), (503, &"DOWN".into()));
    control.refuse(false);
    stack.stop().await;
}

/// What other gateways cannot know of is refused, and not done all the same.
#[tokio::test]
async fn a_rebuild_that_cannot_be_announced_is_not_begun() {
    let (log, control) = held(memory_log().await);
    let stack = Stack::on(log, GatewayOptions::default()).await;
    control.refuse(true);
    let refused = stack.client.post("/groundlog/v1/rebuild", br#"{"projection":"cvt"}"#).await;
    control.refuse(false);
    assert_refused(&refused, 503, "log");
    let topic = TopicNames::default().topic(TopicKind::Control);
    let partitions = stack.log.topic(&topic).await.unwrap().partitions;
    for partition in 0..partitions {
        let at = TopicPartition::new(topic.clone(), partition);
        assert_eq!(stack.log.bounds(&at).await.unwrap().tail, 0, "{at}");
    }
    stack.stop().await;
}
