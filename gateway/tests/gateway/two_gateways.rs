//! Two gateways on one log: what one was told the other knows.

use std::collections::BTreeMap;

use groundlog_gateway::GatewayOptions;
use groundlog_log::Records;
use groundlog_proto::{
    TopicKind,
    prost::Message,
    wire::{CommandEvent, CommandState as State, RawRecord},
};
use serde_json::json;

use crate::{
    client::Client,
    imports::import_body,
    owner::events,
    stack::{Stack, health_status, memory_log},
};

async fn two() -> [Stack; 2] {
    let log = memory_log().await;
    let named = |member: &str| GatewayOptions { member: member.to_owned(), ..Default::default() };
    let first = Stack::on(log.clone(), named("first")).await;
    [first, Stack::on(log, named("second")).await]
}

async fn stop(both: [Stack; 2]) {
    for stack in both {
        stack.stop().await;
    }
}

async fn works(stack: &Stack, credential: &str) -> bool {
    let client = Client { authorization: Some(credential.to_owned()), ..stack.client.clone() };
    client.rpc("get_target_names", json!([]), json!({})).await.status == 200
}

#[tokio::test]
async fn sessions_and_passwords_are_good_at_both() {
    let both = two().await;
    let [first, second] = &both;
    let body = json!({ "password": "password" }).to_string();
    let login = first.client.post("/openc3-api/auth/verify", body.as_bytes()).await;
    second.until("the session is known", async || works(second, &login.body).await).await;
    let leaving = Client { authorization: Some(login.body.clone()), ..second.client.clone() };
    leaving.send("PUT", "/openc3-api/users/logout/anonymous", &[], b"").await;
    first.until("the session has ended", async || !works(first, &login.body).await).await;
    let body = json!({ "password": "changed there", "old_password": "password" }).to_string();
    second.client.post("/openc3-api/auth/set", body.as_bytes()).await;
    first.until("the new password holds", async || works(first, "changed there").await).await;
    assert!(!works(first, "password").await, "the old one does not");
    stop(both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_one_time_token_is_good_once_at_either() {
    let both = two().await;
    let [first, second] = &both;
    for round in 0..20 {
        let token = first.client.get("/openc3-api/auth/otp?scope=DEFAULT").await.body;
        assert!(token.starts_with("otp_"), "{token}");
        if round == 0 {
            second.until("it is known there", async || works(second, &token).await).await;
            assert!(!works(first, &token).await, "used up there");
            continue;
        }
        let (here, there) = tokio::join!(works(first, &token), works(second, &token));
        // The other one may not know it yet; used twice it must not be.
        assert!(here ^ there, "round {round}: {here} {there}");
    }
    stop(both).await;
}

/// Plays the owner of the interface as it is: of one key the first request in the log wins.
async fn own(stack: &Stack, from: u64) {
    let partition = stack.partition(TopicKind::Commands);
    let mut reader = stack.log.reader(&partition, from).await.unwrap();
    let mut first = BTreeMap::<String, String>::new();
    loop {
        for record in reader.next(1 << 20).await.unwrap().iter() {
            let event = CommandEvent::decode(record.value).unwrap();
            let Some(request) = event.request.filter(|_| event.state == State::Requested as i32)
            else {
                continue;
            };
            let holder = first.entry(request.idempotency_key).or_insert(event.command_id.clone());
            let steps: &[State] = match *holder == event.command_id {
                true => &[State::Released, State::Sent],
                false => &[State::Rejected],
            };
            // The duplicate's refusal comes before the first one's end: its gateway has to wait.
            if steps.len() > 1 {
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            }
            for step in steps {
                let next = CommandEvent {
                    command_id: event.command_id.clone(),
                    state: *step as i32,
                    reason: "idempotency key was already used".to_owned(),
                    ..CommandEvent::default()
                };
                let mut records = Records::new();
                records.push(b"INST", &next.encode_to_vec());
                stack.log.append(&partition, records).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn one_key_at_both_is_one_command_and_both_are_told_its_end() {
    let both = two().await;
    let send = |stack: &Stack, key: &str| {
        let (client, key) =
            (stack.client.clone(), json!({ "idempotency_key": key, "timeout": 10 }));
        async move { client.rpc("cmd", json!(["INST COLLECT with TYPE 0"]), key).await }
    };
    for round in 0..5 {
        let key = format!("key {round}");
        let started = events(&both[0]).await.len();
        let commands = both[0].partition(TopicKind::Commands);
        let from = both[0].log.bounds(&commands).await.unwrap().tail;
        let answers = async { tokio::join!(send(&both[0], &key), send(&both[1], &key)) };
        let owner = tokio::time::timeout(std::time::Duration::from_secs(20), async {
            tokio::select! { () = own(&both[0], from) => unreachable!(), it = answers => it }
        });
        let (here, there) = owner.await.expect("both are answered");
        assert_eq!((here.status, there.status), (200, 200), "{here:?} {there:?}");
        let all = events(&both[0]).await.split_off(started);
        let sent = all.iter().filter(|event| event.state() == State::Sent).count();
        assert_eq!(sent, 1, "round {round}: one uplink, {all:?}");
    }
    stop(both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_import_sent_to_both_is_written_once() {
    const RECORDS: u16 = 300;
    let both = two().await;
    let send = |stack: &Stack| {
        let client = stack.client.clone();
        tokio::spawn(async move {
            let mut appended = 0;
            for first in (0..RECORDS).step_by(10) {
                let path = format!("/groundlog/v1/append?import_id=i1&first_index={first}");
                let body = import_body(first..first + 10);
                // Whoever loses the writer too often is asked to come again.
                loop {
                    let answer = client.post(&path, &body).await;
                    match answer.status {
                        200 => {
                            appended += answer.json()["appended"].as_u64().unwrap();
                            break;
                        }
                        status => assert_eq!(status, 503, "{answer:?}"),
                    }
                }
            }
            appended
        })
    };
    let (here, there) = (send(&both[0]), send(&both[1]));
    let appended = (here.await.unwrap(), there.await.unwrap());
    assert_eq!(appended.0 + appended.1, u64::from(RECORDS), "{appended:?}");
    let partition = both[0].partition(TopicKind::RawStored);
    let mut reader = both[0].log.reader(&partition, 0).await.unwrap();
    let mut found = Vec::new();
    while found.len() < usize::from(RECORDS) {
        let batch = reader.poll(1 << 20).await.unwrap();
        assert!(!batch.is_empty(), "{} records", found.len());
        let index = |value| RawRecord::decode(value).unwrap().origin.unwrap().index;
        found.extend(batch.iter().map(|record| index(record.value)));
    }
    assert!(reader.poll(1 << 20).await.unwrap().is_empty(), "nothing twice");
    assert!(found.into_iter().eq(0..u64::from(RECORDS)));
    stop(both).await;
}

#[tokio::test]
async fn values_commands_and_rebuilds_are_shown_by_both() {
    let both = two().await;
    let [first, second] = &both;
    first.receive(&health_status(5, 7, 0)).await;
    let collects = async |stack: &Stack| {
        stack.client.call("tlm_raw", json!(["INST HEALTH_STATUS COLLECTS"])).await == 7
    };
    second.until("the value is there too", async || collects(second).await).await;
    let started = first.client.post("/groundlog/v1/rebuild", br#"{"projection":"cvt"}"#).await;
    let path = format!("/groundlog/v1/rebuild/{}", started.json()["id"].as_str().unwrap());
    second
        .until("both tables were compared", async || {
            let status = second.client.get(&path).await;
            // Told by the gateway that was asked: known everywhere within a moment.
            status.status == 200 && status.json()["finished"] == true
        })
        .await;
    let status = second.client.get(&path).await.json();
    assert_eq!(status["equal"], true, "{status}");
    let detail = status["detail"].as_str().unwrap();
    assert!(detail.contains("first: ") && detail.contains("second: "), "{detail}");
    stop(both).await;
}
