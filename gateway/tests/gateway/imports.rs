//! `/groundlog/v1/append` and what is known of imports.

use groundlog_gateway::{GatewayOptions, InterfaceInfo};
use groundlog_proto::{
    TopicKind, TopicPartition,
    prost::Message,
    wire::{Origin, RawPacket, RawRecord, raw_record::Body},
};
use serde_json::json;

use crate::stack::{Stack, health_status, interface, memory_log_of};

pub(crate) fn import_body(range: std::ops::Range<u16>) -> Vec<u8> {
    let mut body = Vec::new();
    for index in range {
        let data = health_status(0, index, 0).into();
        let packet = RawPacket { data, ..RawPacket::default() };
        let record = RawRecord {
            received_time_ns: i64::from(index) + 1,
            interface: "INST_INT".to_owned(),
            body: Some(Body::Packet(packet)),
            ..RawRecord::default()
        };
        record.encode_length_delimited(&mut body).unwrap();
    }
    body
}

pub(crate) async fn append(stack: &Stack, query: &str, body: &[u8]) -> (u16, serde_json::Value) {
    let answer = stack.client.post(&format!("/groundlog/v1/append?{query}"), body).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn each_record_of_an_import_is_taken_once() {
    let stack = Stack::start().await;
    let known = stack.client.get("/groundlog/v1/imports/i1").await;
    assert_eq!(known.status, 404);
    let first = append(&stack, "import_id=i1&object=a%20b.bin", &import_body(0..10)).await;
    assert_eq!(first, (200, json!({ "appended": 10, "skipped": 0, "next_index": 10 })));
    let query = "import_id=i1&object=a%20b.bin&first_index=5&complete=true";
    let overlap = append(&stack, query, &import_body(5..12)).await;
    assert_eq!(overlap, (200, json!({ "appended": 2, "skipped": 5, "next_index": 12 })));
    let again = append(&stack, "import_id=i1", &import_body(0..12)).await;
    assert_eq!(again, (200, json!({ "appended": 0, "skipped": 12, "next_index": 12 })));
    let gap = append(&stack, "import_id=i1&first_index=20", &import_body(20..21)).await;
    assert_eq!(gap.0, 409);
    assert!(gap.1["error"].as_str().unwrap().contains("go on at index 12"), "{}", gap.1);
    let mut half = import_body(12..14);
    half.truncate(half.len() - 3);
    let broken = append(&stack, "import_id=i1&first_index=12", &half).await;
    assert_eq!(broken.0, 400);
    assert!(broken.1["error"].as_str().unwrap().starts_with("record 13: "), "{}", broken.1);
    let progress = stack.client.get("/groundlog/v1/imports/i1").await.json();
    let expected = json!({
        "import_id": "i1", "object": "a b.bin", "next_index": 12, "complete": true,
        "content": "0000000000000000",
    });
    assert_eq!(progress, expected);

    let partition = stack.partition(TopicKind::RawStored);
    let mut reader = stack.log.reader(&partition, 0).await.unwrap();
    let batch = reader.poll(1 << 20).await.unwrap();
    assert_eq!(batch.len(), 12);
    let hash = stack.definitions.active().unwrap();
    for (index, record) in batch.iter().enumerate() {
        let record = RawRecord::decode(record.value).unwrap();
        let origin = record.origin.unwrap();
        assert!(record.stored && record.definitions.as_ref() == hash.as_bytes());
        assert_eq!((origin.index, origin.import_id.as_str()), (index as u64, "i1"));
        assert_eq!(record.received_time_ns, index as i64 + 1);
    }
    stack
        .until("stored packets are counted", async || {
            stack.client.call("get_tlm_cnt", json!(["INST HEALTH_STATUS"])).await == 12
        })
        .await;
    let live = stack.client.call("tlm", json!(["INST HEALTH_STATUS COLLECTS"])).await;
    assert_eq!(live, serde_json::Value::Null);
    stack.stop().await;
}

/// Records with a running hash: 0x1_0000 and the index, as if all files began alike.
pub(crate) fn content_body(range: std::ops::Range<u64>, file: u64) -> Vec<u8> {
    let mut body = Vec::new();
    for index in range {
        let origin = Origin { content: file << 16 | index, ..Origin::default() };
        let packet = RawPacket { data: vec![1].into(), ..RawPacket::default() };
        let record = RawRecord {
            origin: Some(origin),
            body: Some(Body::Packet(packet)),
            ..RawRecord::default()
        };
        record.encode_length_delimited(&mut body).unwrap();
    }
    body
}

#[tokio::test]
async fn an_import_knows_what_its_records_say() {
    let stack = Stack::start().await;
    for (id, records) in [("lead", 0..10), ("lead.2", 0..3), ("leader", 0..1), ("lea", 0..1)] {
        let body = content_body(records, 1);
        assert_eq!(append(&stack, &format!("import_id={id}"), &body).await.0, 200, "{id}");
    }
    let listed = stack.client.get("/groundlog/v1/imports?lead=lead").await.json();
    let shown: Vec<_> = listed["imports"].as_array().unwrap().iter().collect();
    let shown: Vec<_> = shown.iter().map(|it| (&it["import_id"], &it["content"])).collect();
    let (first, second) = (json!("0000000000010009"), json!("0000000000010002"));
    assert_eq!(shown, [(&json!("lead"), &first), (&json!("lead.2"), &second)]);

    // Of another import and later ones in between, of one that goes on later.
    let query = "import_id=lead&first_index=10";
    assert_eq!(append(&stack, query, &content_body(10..12, 1)).await.0, 200);
    for index in [0, 9, 11] {
        let path = format!("/groundlog/v1/imports/lead/content/{index}");
        let content = stack.client.get(&path).await.json()["content"].clone();
        assert_eq!(content, format!("{:016x}", 0x1_0000 + index), "{index}");
    }
    for (path, status) in
        [("lead/content/12", 410), ("nope/content/0", 404), ("lead/content/x", 400)]
    {
        let answer = stack.client.get(&format!("/groundlog/v1/imports/{path}")).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn another_file_cannot_go_on_with_an_import() {
    let stack = Stack::start().await;
    assert_eq!(append(&stack, "import_id=i1", &content_body(0..10, 1)).await.0, 200);
    let other = append(&stack, "import_id=i1", &content_body(0..20, 2)).await;
    assert_eq!(other.0, 412, "{}", other.1);
    assert!(other.1["error"].as_str().unwrap().starts_with("record 9 "), "{}", other.1);
    let same = append(&stack, "import_id=i1", &content_body(0..20, 1)).await;
    assert_eq!(same, (200, json!({ "appended": 10, "skipped": 10, "next_index": 20 })));
    stack.stop().await;
}

/// Packets of two interface groups by turns: those of even indexes by their target, by their bytes,
/// the others by interface.
fn two_groups(range: std::ops::Range<u64>) -> Vec<u8> {
    let mut body = Vec::new();
    for index in range {
        let (interface, target) = match index % 4 {
            0 => ("", "INST"),
            2 => ("", ""),
            _ => ("LONELY_INT", ""),
        };
        let data = health_status(20, 0, 0).into();
        let packet = RawPacket { target: target.to_owned(), data, ..RawPacket::default() };
        let record = RawRecord {
            interface: interface.to_owned(),
            origin: Some(Origin { content: 100 + index, ..Origin::default() }),
            body: Some(Body::Packet(packet)),
            ..RawRecord::default()
        };
        record.encode_length_delimited(&mut body).unwrap();
    }
    body
}

#[tokio::test]
async fn packets_go_to_the_partition_of_their_group_wherever_bodies_are_cut() {
    let lonely = InterfaceInfo {
        name: "LONELY_INT".to_owned(),
        cmd_target_names: vec!["LONELY".to_owned()],
        tlm_target_names: vec!["LONELY".to_owned()],
        raw_partition: 0,
        ..interface()
    };
    let inst = InterfaceInfo { raw_partition: 1, ..interface() };
    let options = GatewayOptions { interfaces: vec![inst, lonely], ..GatewayOptions::default() };
    let stack = Stack::on(memory_log_of(2).await, options).await;
    for cuts in [&[0, 10][..], &[0, 1, 4, 10]] {
        let id = format!("cut{}", cuts.len());
        for ends in cuts.windows(2) {
            let query = format!("import_id={id}&first_index={}", ends[0]);
            let sent = append(&stack, &query, &two_groups(ends[0]..ends[1])).await;
            assert_eq!((sent.0, &sent.1["next_index"]), (200, &json!(ends[1])));
        }
        let again = append(&stack, &format!("import_id={id}"), &two_groups(0..10)).await;
        assert_eq!(again, (200, json!({ "appended": 0, "skipped": 10, "next_index": 10 })));
        for (number, expected) in [(1, [0, 2, 4, 6, 8]), (0, [1, 3, 5, 7, 9])] {
            let stored = TopicPartition::new(stack.names.topic(TopicKind::RawStored), number);
            let mut reader = stack.log.reader(&stored, 0).await.unwrap();
            let batch = reader.poll(1 << 20).await.unwrap();
            let mine = batch.iter().filter(|record| record.key == id.as_bytes());
            let origin = |value| RawRecord::decode(value).unwrap().origin.unwrap();
            let indexes: Vec<_> = mine.map(|record| origin(record.value).index).collect();
            assert_eq!(indexes, expected, "{id}, partition {number}");
        }
        for index in [8, 9] {
            let path = format!("/groundlog/v1/imports/{id}/content/{index}");
            let content = stack.client.get(&path).await.json()["content"].clone();
            assert_eq!(content, format!("{:016x}", 100 + index), "{index}");
        }
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_body_that_grows_beyond_what_the_log_takes_is_not_read_to_its_end() {
    let stack = Stack::start().await;
    // Kept twice beside each record: as its key and in its origin.
    let id = "x".repeat(4000);
    let mut body = content_body(0..5000, 1);
    body.push(1);
    let query = format!("import_id={id}");
    let refused = append(&stack, &query, &body).await;
    let why = refused.1["error"].as_str().unwrap();
    assert_eq!(refused.0, 413, "the broken record at the end was not reached: {why}");
    let first: u64 = why.split_whitespace().nth(2).unwrap().parse().unwrap();
    let stored = stack.partition(TopicKind::RawStored);
    assert_eq!(stack.log.bounds(&stored).await.unwrap().tail, 0, "nothing of it is there");
    let sent = append(&stack, &query, &content_body(0..first, 1)).await;
    assert_eq!((sent.0, &sent.1["appended"]), (200, &json!(first)));
    // Of a record that the log cannot take nothing but its length (2 MiB) is read.
    let announced = append(&stack, "import_id=i2", &[0x80, 0x80, 0x80, 0x01]).await;
    assert_eq!(announced.0, 413, "{}", announced.1);
    stack.stop().await;
}
