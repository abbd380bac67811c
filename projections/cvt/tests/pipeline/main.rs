//! raw → decommutation → current values, over a real log, with restarts and rebuilds.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

mod stack;
mod valkey;

use std::time::{Duration, Instant};

use groundlog_log::{EmbeddedOptions, Records, open};
use groundlog_packet::Value;
use groundlog_proto::{
    Nanos, TopicKind, TopicPartition, partition_of,
    prost::Message,
    wire::{
        Directive, RebuildProjection, RebuildStatus, Scalar, SetItem, SetTelemetry, StatusRecord,
        ValueType, directive, raw_record, scalar, status_record,
    },
};
use stack::{Stack, health};

async fn memory() -> Stack {
    Stack::new(open("memory:", &EmbeddedOptions::default()).expect("opens")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_follow_the_packets() {
    let stack = memory().await;
    let running = stack.start();
    stack.packets(0, [health(240), health(250)]).await;
    stack.packets(1, [vec![99]]).await;
    stack.caught_up(&running).await;
    let packet = running.packet("INST", "HEALTH").await.expect("received");
    let place = stack.loaded.plan(packet.id).packet().item_index("TEMP").expect("item");
    assert_eq!(packet.value(place, ValueType::Raw), Value::Int(250));
    assert_eq!(packet.value(place, ValueType::Converted), Value::Float(25.0));
    assert_eq!(packet.value(place, ValueType::Formatted), Value::from("25.0 C"));
    assert_eq!(packet.limits(place).map(|it| it.word()), Some("GREEN"));
    let unknown = running.packet("UNKNOWN", "UNKNOWN").await.expect("received");
    let count = stack.loaded.plan(unknown.id).packet().item_index("RECEIVED_COUNT").expect("item");
    assert_eq!(unknown.value(count, ValueType::Converted), Value::Int(1));

    let scalar = Scalar { kind: Some(scalar::Kind::Integer(-1)) };
    let item = SetItem { item: "TEMP".into(), r#type: 0, value: Some(scalar) };
    let set = SetTelemetry { target: "INST".into(), name: "HEALTH".into(), items: vec![item] };
    stack.append(TopicKind::Raw, 0, vec![stack.raw(raw_record::Body::Set(set))]).await;
    stack.stored(1, [health(900)]).await;
    stack.caught_up(&running).await;
    let packet = running.packet("INST", "HEALTH").await.expect("received");
    assert_eq!(packet.value(place, ValueType::Converted), Value::Int(-1));
    assert_eq!(packet.value(place, ValueType::Raw), Value::Int(250), "stored data moves nothing");
    assert_eq!(running.values.counts(&[("INST", "HEALTH")]).await.expect("read"), [(2, 1)]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_goes_on_from_snapshot_and_tail() {
    let dir = tempfile::tempdir().expect("dir");
    let url = format!("embedded:{}", dir.path().display());
    let mut expected = None;
    for round in 0..6_u16 {
        let log = open(&url, &EmbeddedOptions::default()).expect("opens");
        let stack = Stack::new(log.clone()).await;
        let running = stack.start();
        stack.caught_up(&running).await;
        let found =
            running.packet("INST", "HEALTH").await.map(|it| (it.received_count, it.record.clone()));
        assert_eq!(found, expected, "round {round}");
        for temp in 0..30 {
            stack.packets(0, [health(round * 30 + temp), vec![88]]).await;
        }
        stack.caught_up(&running).await;
        let packet = running.packet("INST", "HEALTH").await.expect("received");
        assert_eq!(packet.received_count, u64::from(round + 1) * 30);
        expected = Some((packet.received_count, packet.record.clone()));
        match round % 2 {
            0 => running.stop().await,
            _ => running.kill().await,
        }
        drop(stack);
        log.close().await.expect("closes");
    }
}

/// Waits for the end of a rebuild.
async fn rebuilt(stack: &Stack, id: &str) -> RebuildStatus {
    let status = TopicPartition::new(stack.names.topic(TopicKind::Status), 0);
    let mut reader = stack.log.reader(&status, 0).await.expect("reader");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let batch = tokio::time::timeout(left, reader.next(1 << 20)).await.expect("in time");
        for record in batch.expect("reads").iter() {
            let record = StatusRecord::decode(record.value).expect("parses");
            match record.kind {
                Some(status_record::Kind::Rebuild(it)) if it.id == id && it.finished => return it,
                _ => {}
            }
        }
    }
}

async fn direct(stack: &Stack, id: &str, from: &str, expires_ns: i64) {
    let wish = RebuildProjection { projection: "cvt".into(), from: from.into(), verify: true };
    let directive = Directive {
        id: id.into(),
        time_ns: Nanos::now().0,
        expires_ns,
        kind: Some(directive::Kind::Rebuild(wish)),
    };
    let mut records = Records::new();
    records.push(b"cvt", &directive.encode_to_vec());
    let topic = stack.log.topic(&stack.names.topic(TopicKind::Control)).await.expect("topic");
    let control = TopicPartition::new(topic.name, partition_of("cvt", topic.partitions));
    stack.log.append(&control, records).await.expect("append");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_a_rebuild_on_a_running_system_equals_the_live_table() {
    let stack = memory().await;
    let running = stack.start();
    stack.ready(&running).await;
    for temp in 0..200 {
        stack.packets(u32::from(temp % 2), [health(temp), vec![77, 1]]).await;
    }
    stack.stored(0, [health(3)]).await;
    // Packets keep coming in while it is rebuilt.
    let feeding = async {
        for temp in 0..300 {
            stack.packets(u32::from(temp % 2), [health(temp)]).await;
            tokio::task::yield_now().await;
        }
    };
    let rebuild = async {
        direct(&stack, "expired", "earliest", 1).await;
        direct(&stack, "r1", "earliest", 0).await;
        rebuilt(&stack, "r1").await
    };
    let ((), status) = tokio::join!(feeding, rebuild);
    assert!(status.equal, "{}", status.detail);
    assert!(status.done == status.total && status.total >= 400, "{status:?}");
    direct(&stack, "r2", "17", 0).await;
    let status = rebuilt(&stack, "r2").await;
    assert!(!status.equal && status.detail.contains("earliest"), "{}", status.detail);
    running.stop().await;
}

/// Retention takes the records that some entries came from: what is left is proved, the rest is
/// named and not called different.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_of_a_trimmed_log_proves_what_is_left() {
    let stack = memory().await;
    let running = stack.start();
    stack.ready(&running).await;
    stack.packets(0, [health(1), vec![77, 1]]).await;
    stack.packets(1, [health(2)]).await;
    stack.stored(1, [health(3)]).await;
    stack.caught_up(&running).await;
    for (kind, partition) in
        [(TopicKind::Decom, 0), (TopicKind::Decom, 1), (TopicKind::DecomStored, 1)]
    {
        let partition = TopicPartition::new(stack.names.topic(kind), partition);
        let tail = stack.log.bounds(&partition).await.expect("bounds").tail;
        stack.log.trim(&partition, tail).await.expect("trimmed");
    }
    stack.packets(1, [health(4)]).await;
    direct(&stack, "trimmed", "earliest", 0).await;
    let status = rebuilt(&stack, "trimmed").await;
    assert!(status.equal, "{}", status.detail);
    let words = "equal bit for bit: 1 entry; retention has removed the records of 3 entries";
    assert!(status.detail.starts_with(words), "{}", status.detail);
    assert!(status.detail.contains("INST HEALTH, UNKNOWN UNKNOWN"), "{}", status.detail);
    assert_eq!(status.done, status.total);
    running.stop().await;
}
