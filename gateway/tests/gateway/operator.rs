//! `/groundlog/v1/…`, and interfaces.

use groundlog_log::Records;
use groundlog_proto::{
    TopicKind, TopicPartition, partition_of,
    prost::Message,
    wire::{
        Directive, InterfaceStatus, LinkState, RawPacket, RawRecord, StatusRecord, directive::Kind,
        raw_record::Body, status_record,
    },
};
use serde_json::json;

use crate::{
    client::Client,
    stack::{Stack, health_status},
};

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

async fn append(stack: &Stack, query: &str, body: &[u8]) -> (u16, serde_json::Value) {
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
    let expected =
        json!({ "import_id": "i1", "object": "a b.bin", "next_index": 12, "complete": true });
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

#[tokio::test]
async fn a_rebuild_is_asked_for_and_followed() {
    let stack = Stack::start().await;
    let wish = br#"{"projection":"cvt","from":"earliest","verify":true}"#;
    stack.receive(&health_status(1, 1, 0)).await;
    let asked = stack.client.post("/groundlog/v1/rebuild", wish).await;
    assert_eq!(asked.status, 202);
    let id = asked.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/groundlog/v1/rebuild/{id}");
    stack
        .until("the rebuild has finished", async || {
            stack.client.get(&path).await.json()["finished"] == true
        })
        .await;
    let status = stack.client.get(&path).await.json();
    assert_eq!(
        (&status["equal"], &status["projection"]),
        (&json!(true), &json!("cvt")),
        "{status}"
    );
    assert_eq!(stack.client.get("/groundlog/v1/rebuild/nope").await.status, 404);
    let wrong = stack.client.post("/groundlog/v1/rebuild", br#"{"projection":"cvt","x":1}"#).await;
    assert_eq!(wrong.status, 400);
    stack.stop().await;
}

#[tokio::test]
async fn interfaces_are_shown_and_asked() {
    let stack = Stack::start().await;
    let client = &stack.client;
    assert_eq!(client.call("get_interface_names", json!([])).await, json!(["INST_INT"]));
    assert_eq!(client.call("get_interface", json!(["INST_INT"])).await["state"], "DISCONNECTED");
    let status = InterfaceStatus {
        interface: "INST_INT".to_owned(),
        state: LinkState::Connected as i32,
        rx_count: 7,
        tx_bytes: 21,
        ..InterfaceStatus::default()
    };
    let record = StatusRecord { time_ns: 5, kind: Some(status_record::Kind::Interface(status)) };
    let mut records = Records::new();
    records.push(b"interface/INST_INT", &record.encode_to_vec());
    stack.log.append(&stack.partition(TopicKind::Status), records).await.unwrap();
    stack
        .until("the state is known", async || {
            client.call("get_interface", json!(["inst_int"])).await["state"] == "CONNECTED"
        })
        .await;
    let info = client.call("get_all_interface_info", json!([])).await;
    assert_eq!(info, json!([["INST_INT", "CONNECTED", 0, 0, 0, 21, 0, 0, 7, false]]));

    client.call("disconnect_interface", json!(["INST_INT"])).await;
    client.call("connect_interface", json!(["INST_INT", "host", 8080])).await;
    client.call("connect_interface", json!(["NOPE"])).await;
    let path = "/groundlog/v1/interfaces/INST_INT/disconnect";
    assert_eq!(client.post(path, b"").await.status, 200);
    assert_eq!(client.post("/groundlog/v1/interfaces/NOPE/connect", b"").await.status, 404);
    // Where the owner of the interface looks for them.
    let topic = stack.log.topic(&stack.names.topic(TopicKind::Control)).await.unwrap();
    assert_eq!(topic.partitions, 8);
    let control = TopicPartition::new(topic.name, partition_of("INST_INT", topic.partitions));
    let mut reader = stack.log.reader(&control, 0).await.unwrap();
    let batch = reader.poll(1 << 20).await.unwrap();
    let directives: Vec<_> =
        batch.iter().filter_map(|it| Directive::decode(it.value).unwrap().kind).collect();
    assert_eq!(directives.len(), 3, "{directives:?}");
    assert!(matches!(&directives[0], Kind::Disconnect(it) if it.interface == "INST_INT"));
    assert!(matches!(&directives[1], Kind::Connect(it) if it.parameters == ["host", "8080"]));
    stack.stop().await;
}

#[tokio::test]
async fn the_status_page_wants_a_password_and_shows_the_system() {
    let stack = Stack::start().await;
    let nobody = Client { authorization: None, ..stack.client.clone() };
    assert_eq!(nobody.get("/groundlog/v1/status").await.status, 401);
    stack.receive(&health_status(1, 1, 0)).await;
    let status = stack.client.get("/groundlog/v1/status").await.json();
    let role = &status["roles"][0];
    assert_eq!((&role["name"], &role["state"]), (&json!("gateway"), &json!("running")), "{role}");
    assert_eq!((&role["process"], &role["partitions"]), (&json!("gateway"), &json!(1)), "{role}");
    assert_eq!(status["processes"][0]["host"], "here");
    assert_eq!(status["interfaces"][0]["name"], "INST_INT");
    assert_eq!(status["definitions"], stack.definitions.active().unwrap().to_string());
    let partitions = status["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), TopicKind::ALL.len() + 7, "control has eight");
    let raw = partitions.iter().find(|it| it["topic"] == "raw").unwrap();
    assert_eq!((&raw["trim"], &raw["tail"]), (&json!(0), &json!(1)));
    assert_eq!(raw["consumers"][0]["consumer"], "decom");
    stack.stop().await;
}
