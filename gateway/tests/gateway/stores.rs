//! Telemetry is answered alike wherever current values lie; and what a server adds: it may be gone.

use groundlog_cvt::test_server::TestServer;
use serde_json::{Value, json};

use crate::stack::{Stack, health_status};

macro_rules! on_every_store {
    ($($module:ident::$case:ident;)+) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$module::$case(crate::stack::Stack::start().await).await;
            })+
        }

        mod valkey {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(server) = groundlog_cvt::test_server::TestServer::start() {
                    crate::$module::$case(crate::stack::Stack::on_server(&server.url()).await).await;
                }
            })+
        }
    };
}

on_every_store! {
    telemetry::values_in_all_forms;
    telemetry::packets_and_lists_of_values;
    telemetry::definitions_as_objects;
    telemetry::a_list_of_values_never_mixes_two_receptions_of_a_packet;
    telemetry_changes::what_is_set_lasts_until_the_next_packet;
    telemetry_changes::overrides_outlast_packets_and_restarts;
    telemetry_changes::an_element_of_an_array_is_not_changed_alone;
    telemetry_changes::injected_packets_are_packets;
}

/// Every question that needs the server, with what it answers when there is nothing.
fn questions() -> Vec<(&'static str, Value)> {
    vec![
        ("tlm", json!(["INST HEALTH_STATUS TEMP1"])),
        ("tlm", json!(["INST LATEST TEMP1"])),
        ("get_tlm_packet", json!(["INST HEALTH_STATUS"])),
        ("get_tlm_values", json!([["INST__HEALTH_STATUS__TEMP1__RAW"]])),
        ("get_tlm_available", json!([["INST__LATEST__TEMP1__RAW"]])),
        ("get_tlm_cnt", json!(["INST HEALTH_STATUS"])),
        ("get_tlm_buffer", json!(["INST HEALTH_STATUS"])),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_named_and_comes_back() {
    let Some(mut server) = TestServer::start() else { return };
    let stack = Stack::on_server(&server.url()).await;
    stack.receive(&health_status(19494, 3, 1)).await;
    server.kill();
    for (method, params) in questions() {
        let answer = stack.client.rpc(method, params, json!({})).await;
        let text = answer.error();
        assert!(text.contains(&server.url()) && text.contains("cannot be reached"), "{text}");
    }
    let health = stack.client.send("GET", "/health", &[], b"").await;
    assert_eq!(health.status, 200, "commands and the log do not need it: {}", health.body);
    assert!(health.json()["degraded"].to_string().contains(&server.url()), "{}", health.body);

    server.resume();
    stack
        .until("the values come back", async || {
            let answer = stack.client.rpc("tlm_raw", json!([TEMP1]), json!({})).await;
            answer.status == 200 && answer.result() == 19494
        })
        .await;
    assert_eq!(stack.client.call("get_tlm_cnt", json!(["INST HEALTH_STATUS"])).await, 1);
    let health = stack.client.send("GET", "/health", &[], b"").await;
    assert!(!health.json()["degraded"].to_string().contains("valkey"), "{}", health.body);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_one_round_trip() {
    let Some(server) = TestServer::start() else { return };
    let stack = Stack::on_server(&server.url()).await;
    stack.receive(&health_status(19494, 3, 1)).await;
    let values = json!([["INST__LATEST__COLLECTS__RAW", "INST__ADCS__COLLECTS__RAW", null]]);
    let both = json!([[["INST", "HEALTH_STATUS"], ["INST", "ADCS"]]]);
    for (method, params) in
        questions().into_iter().chain([("get_tlm_values", values), ("get_tlm_cnts", both)])
    {
        server.ask(&["CONFIG", "RESETSTAT"]);
        stack.client.call(method, params.clone()).await;
        // The writer looks after its keys by other commands.
        let stats = server.ask(&["INFO", "commandstats"]).text();
        let reads = stats.lines().find(|line| line.starts_with("cmdstat_hmget:"));
        let reads = reads.unwrap_or_default();
        assert!(reads.starts_with("cmdstat_hmget:calls=1,"), "{method} {params}: '{reads}'");
    }
    stack.stop().await;
}

const TEMP1: &str = "INST HEALTH_STATUS TEMP1";
