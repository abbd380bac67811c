//! `/groundlog/v1/…`, and interfaces.

use groundlog_gateway::{GatewayOptions, ParameterCheck};
use groundlog_log::Records;
use groundlog_proto::{
    TopicKind,
    prost::Message,
    wire::{
        Directive, InterfaceStatus, LinkState, RawPacket, RawRecord, StatusRecord, directive::Kind,
        raw_record::Body, status_record,
    },
};
use serde_json::json;

use crate::{
    client::Client,
    imports::{append, content_body},
    stack::{Stack, health_status},
};

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
    let mut reader = stack.log.reader(&stack.partition(TopicKind::Control), 0).await.unwrap();
    let batch = reader.poll(1 << 20).await.unwrap();
    let directives: Vec<_> =
        batch.iter().filter_map(|it| Directive::decode(it.value).unwrap().kind).collect();
    assert_eq!(directives.len(), 3, "{directives:?}");
    assert!(matches!(&directives[0], Kind::Disconnect(it) if it.interface == "INST_INT"));
    assert!(matches!(&directives[1], Kind::Connect(it) if it.parameters == ["host", "8080"]));
    stack.stop().await;
}

/// Who asks for a connection with wrong parameters is told, and nothing is asked of the interface.
#[tokio::test]
async fn wrong_parameters_are_refused_before_a_directive_is_given() {
    let parameter_check = ParameterCheck::new(|interface, parameters| {
        let right = parameters.first().is_none_or(|host| host == "host");
        if right { Ok(()) } else { Err(format!("connect {interface}: parameter 1 is wrong")) }
    });
    let options = GatewayOptions { parameter_check, ..GatewayOptions::default() };
    let stack = Stack::with(options).await;
    let refused = stack.client.rpc("connect_interface", json!(["inst_int", 7]), json!({})).await;
    assert_eq!(refused.status, 500);
    let message = refused.json()["error"]["data"]["message"].clone();
    assert_eq!(message, "connect INST_INT: parameter 1 is wrong");
    let control = stack.partition(TopicKind::Control);
    assert_eq!(stack.log.bounds(&control).await.unwrap().tail, 0, "no directive was given");
    let settings = stack.log.bounds(&stack.partition(TopicKind::Settings)).await.unwrap().tail;
    stack.client.call("connect_interface", json!(["INST_INT", "host"])).await;
    assert_eq!(stack.log.bounds(&control).await.unwrap().tail, 1);
    let after = stack.log.bounds(&stack.partition(TopicKind::Settings)).await.unwrap().tail;
    assert_eq!(after, settings + 1, "what is wanted is kept only of what was accepted");
    stack.stop().await;
}

/// Unknown packets, wrong lengths, and what the interface itself says of its troubles.
#[tokio::test]
async fn what_is_wrong_with_packets_is_counted_in_sight() {
    let stack = Stack::start().await;
    let hash = stack.definitions.active().unwrap();
    let whole = health_status(1, 1, 0);
    let mut records = Records::new();
    for data in [vec![99], vec![98, 1], whole[..5].to_vec(), [whole.clone(), vec![0]].concat()] {
        let packet = RawPacket { data: data.into(), ..RawPacket::default() };
        let record = RawRecord {
            interface: "INST_INT".to_owned(),
            definitions: hash.as_bytes().to_vec().into(),
            body: Some(Body::Packet(packet)),
            ..RawRecord::default()
        };
        records.push(b"INST_INT", &record.encode_to_vec());
    }
    stack.log.append(&stack.partition(TopicKind::Raw), records).await.unwrap();
    assert_eq!(append(&stack, "import_id=i1", &content_body(0..1, 1)).await.0, 200);
    let status = InterfaceStatus {
        interface: "INST_INT".to_owned(),
        failed_attempts: 3,
        framing_errors: 4,
        unframed_bytes: 5,
        ..InterfaceStatus::default()
    };
    let record = StatusRecord { time_ns: 5, kind: Some(status_record::Kind::Interface(status)) };
    let mut records = Records::new();
    records.push(b"interface/INST_INT", &record.encode_to_vec());
    stack.log.append(&stack.partition(TopicKind::Status), records).await.unwrap();
    stack
        .until("all are counted", async || {
            let status = stack.client.get("/groundlog/v1/status").await.json();
            let (link, stored) = (&status["interfaces"][0], &status["stored"]);
            let counts = |of: &serde_json::Value| {
                ["unknown_packets", "short_packets", "long_packets"].map(|name| of[name].clone())
            };
            counts(link) == [2, 1, 1]
                && counts(stored) == [0, 1, 0]
                && [&link["failed_attempts"], &link["framing_errors"], &link["unframed_bytes"]]
                    == [3, 4, 5]
        })
        .await;
    let metrics = stack.client.get("/metrics").await.body;
    let unknown =
        "groundlog_decom_unknown_packets_total{interface=\"INST_INT\",stored=\"false\"} 2";
    assert!(metrics.contains(unknown), "{metrics}");
    stack.stop().await;
}

#[tokio::test]
async fn the_status_page_wants_a_password_and_shows_the_system() {
    let stack = Stack::start().await;
    let nobody = Client { authorization: None, ..stack.client.clone() };
    assert_eq!(nobody.get("/groundlog/v1/status").await.status, 401);
    stack.receive(&health_status(1, 1, 0)).await;
    let status = stack.client.get("/groundlog/v1/status").await.json();
    assert_eq!(status["roles"], json!([{ "name": "gateway", "state": "running", "detail": "" }]));
    assert_eq!(status["interfaces"][0]["name"], "INST_INT");
    assert_eq!(status["definitions"], stack.definitions.active().unwrap().to_string());
    let partitions = status["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), TopicKind::ALL.len());
    let raw = partitions.iter().find(|it| it["topic"] == "raw").unwrap();
    assert_eq!((&raw["trim"], &raw["tail"]), (&json!(0), &json!(1)));
    assert_eq!(raw["consumers"][0]["consumer"], "decom");
    stack.stop().await;
}
