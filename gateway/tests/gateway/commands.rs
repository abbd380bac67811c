//! Commands as events (cosmos-api §2.1, §2.2, §3.2, §3.3).

use std::time::{Duration, Instant};

use groundlog_gateway::GatewayOptions;
use groundlog_proto::wire::CommandState as State;
use serde_json::{Value, json};

use crate::{
    owner::{Plan, answer, events},
    stack::Stack,
};

#[tokio::test]
async fn a_good_command_is_requested_sent_and_remembered() {
    let stack = Stack::start().await;
    let client = &stack.client;
    let owner = answer(&stack, 2, Plan::Send).await;
    let sent = client.call("cmd", json!(["inst collect with type 'NORMAL', duration 5"])).await;
    assert_eq!(sent["target_name"], "INST");
    assert_eq!(sent["cmd_name"], "COLLECT");
    assert_eq!(sent["cmd_params"], json!({ "TYPE": "NORMAL", "DURATION": 5 }));
    for (member, text) in [
        ("range_check", "true"),
        ("hazardous_check", "true"),
        ("raw", "false"),
        ("username", "anonymous"),
        ("validate", "true"),
        ("manual", "false"),
        ("log_message", "true"),
        ("obfuscated_items", "[]"),
    ] {
        assert_eq!(sent[member], text, "{member}");
    }
    assert!(sent["cmd_string"].as_str().unwrap().starts_with("cmd(\"INST COLLECT with TYPE "));
    let parameters = json!({ "TYPE": 0, "DURATION": 2.0 });
    client.call("cmd_raw", json!(["INST", "COLLECT", parameters])).await;
    owner.await.unwrap();

    let history = events(&stack).await;
    let states: Vec<_> = history.iter().map(|event| event.state()).collect();
    let once = [State::Requested, State::Released, State::Sent];
    assert_eq!(states, [once, once].concat());
    let request = history[0].request.as_ref().unwrap();
    assert_eq!(request.packet.as_ref(), [7, 0, 0, 0x40, 0xA0, 0, 0]);
    assert!(request.expires_ns > history[0].time_ns && !request.raw && request.hazardous_check);
    assert!(history[3].request.as_ref().unwrap().raw);

    assert_eq!(client.call("get_cmd_cnt", json!(["INST COLLECT"])).await, 2);
    let cnts = json!([[["INST", "COLLECT"], ["INST", "CLEAR"]]]);
    assert_eq!(client.call("get_cmd_cnts", cnts).await, json!([2, 0]));
    assert_eq!(client.call("get_cmd_value", json!(["INST COLLECT DURATION"])).await, 2.0);
    assert_eq!(client.call("get_cmd_value", json!(["INST", "COLLECT", "TYPE"])).await, "NORMAL");
    let raw =
        client.rpc("get_cmd_value", json!(["INST COLLECT TYPE"]), json!({ "type": "RAW" })).await;
    assert_eq!(raw.result(), 0);
    assert_eq!(client.call("get_cmd_value", json!(["INST COLLECT RECEIVED_COUNT"])).await, 2);
    assert_eq!(client.call("get_cmd_value", json!(["INST CLEAR OPCODE"])).await, Value::Null);
    let buffer = client.call("get_cmd_buffer", json!(["INST COLLECT"])).await;
    assert_eq!(buffer["buffer"]["raw"], json!([7, 0, 0, 0x40, 0, 0, 0]));
    assert_eq!(buffer["received_count"], "2");
    assert_eq!(client.call("get_cmd_buffer", json!(["INST CLEAR"])).await, Value::Null);
    let time = client.call("get_cmd_time", json!([null, null])).await;
    assert_eq!((&time[0], &time[1]), (&json!("INST"), &json!("COLLECT")));
    assert!(time[2].as_i64().unwrap() > 1_700_000_000);
    let never = client.call("get_cmd_time", json!(["INST", "CLEAR"])).await;
    assert_eq!(never, json!(["INST", "CLEAR", 0, 0]));

    // The fold survives: snapshot and tail.
    let log = stack.stop().await;
    let stack = Stack::on(log, GatewayOptions::default()).await;
    stack
        .until("the fold is restored", async || {
            stack.client.call("get_cmd_cnt", json!(["INST", "COLLECT"])).await == 2
        })
        .await;
    stack.stop().await;
}

#[tokio::test]
async fn refusals_are_answered_and_recorded() {
    let stack = Stack::start().await;
    let client = &stack.client;
    let cases = [
        (
            "INST COLLECT with TYPE NORMAL, DURATION 11",
            "Command parameter 'INST COLLECT DURATION' = 11 not in valid range of 0.0 to 10.0",
        ),
        (
            "INST COLLECT with TYPE OTHER",
            "Command parameter 'INST COLLECT TYPE' = OTHER not one of NORMAL, SPECIAL",
        ),
        (
            "INST COLLECT with DURATION 5",
            "Required command parameter 'INST COLLECT TYPE' not given",
        ),
        ("INST COLLECT with NOPE 5, TYPE 0", "Item 'INST COLLECT NOPE' does not exist (Packet)"),
        ("INST NOPE", "Packet definition 'INST NOPE' does not exist"),
        ("NOPE NOPE", "Packet definition 'NOPE NOPE' does not exist"),
        ("INST OFF", "INST OFF is Disabled"),
        (
            "LONELY GO",
            "No interface takes commands of target 'LONELY': map one with MAP_TARGET or \
             MAP_CMD_TARGET",
        ),
    ];
    for (text, message) in cases {
        let refused = client.rpc("cmd", json!([text]), json!({})).await;
        assert_eq!((refused.status, refused.error().as_str()), (500, message));
    }
    let history = events(&stack).await;
    assert_eq!(history.len(), cases.len());
    for (event, (text, message)) in history.iter().zip(cases) {
        assert_eq!((event.state(), event.reason.as_str()), (State::Rejected, message), "{text}");
    }
    // It is told even to those who do not wait for the end.
    for (text, message) in cases {
        let refused = client.rpc("cmd", json!([text]), json!({ "timeout": 0 })).await;
        assert_eq!(refused.error(), message);
    }
    // What is no command at all leaves no trace.
    for (params, message) in [
        (json!([""]), "ERROR: text must not be empty"),
        (json!(["INST"]), "ERROR: Both Target Name and Command Name must be given : INST"),
        (json!([]), "ERROR: Invalid number of arguments (0) passed to cmd()"),
        (json!([1, 2, 3, 4]), "ERROR: Invalid number of arguments (4) passed to cmd()"),
    ] {
        assert_eq!(client.rpc("cmd", params, json!({})).await.error(), message);
    }
    let abort = json!(["INST COLLECT with TYPE 0"]);
    for (keywords, message) in [
        (json!({ "timeout": true }), "Invalid timeout parameter: true. Must be numeric."),
        (
            json!({ "log_message": "YES" }),
            "Invalid log_message parameter: YES. Must be true or false.",
        ),
        (json!({ "queue": "Q1" }), "Queue 'Q1' not found in scope 'DEFAULT'"),
    ] {
        assert_eq!(client.rpc("cmd", abort.clone(), keywords).await.error(), message);
    }
    stack.stop().await;
}

#[tokio::test]
async fn hazardous_commands_want_a_second_call() {
    let stack = Stack::start().await;
    let client = &stack.client;
    let refused = client.rpc("cmd", json!(["INST CLEAR"]), json!({})).await;
    let error = refused.json()["error"].clone();
    assert_eq!((refused.status, error["code"].clone()), (409, json!(-32502)));
    assert_eq!(error["data"]["class"], "HazardousError");
    assert_eq!(
        error["data"]["instance_variables"],
        json!({
            "@target_name": "INST", "@cmd_name": "CLEAR", "@cmd_params": {},
            "@hazardous_description": "Clearing counters", "@formatted": "cmd(\"INST CLEAR\")",
        })
    );
    let state = "INST COLLECT with TYPE SPECIAL";
    let refused = client.rpc("cmd_no_range_check", json!([state]), json!({})).await;
    assert_eq!(refused.status, 409);
    assert!(refused.error().contains("is Hazardous due to 'Uses power'."), "{}", refused.error());
    for (text, hazardous) in
        [("INST CLEAR", true), (state, true), ("INST COLLECT with TYPE NORMAL", false)]
    {
        assert_eq!(client.call("get_cmd_hazardous", json!([text])).await, hazardous, "{text}");
    }
    let owner = answer(&stack, 2, Plan::Send).await;
    client.call("cmd_no_hazardous_check", json!(["INST CLEAR"])).await;
    let out_of_range = "INST COLLECT with TYPE SPECIAL, DURATION 99";
    client.call("cmd_no_checks", json!([out_of_range])).await;
    owner.await.unwrap();
    assert_eq!(client.call("get_cmd_cnt", json!(["INST CLEAR"])).await, 1);
    stack.stop().await;
}

#[tokio::test]
async fn callers_get_the_end_that_the_owner_gave() {
    let stack = Stack::start().await;
    let client = &stack.client;
    let text = json!(["INST COLLECT with TYPE 0"]);
    for (plan, message) in [
        (Plan::Refuse("Interface not connected: INST_INT"), "Interface not connected: INST_INT"),
        (Plan::Lose, "the socket broke"),
    ] {
        let owner = answer(&stack, 1, plan).await;
        let refused = client.rpc("cmd", text.clone(), json!({})).await;
        assert_eq!((refused.status, refused.error().as_str()), (500, message));
        owner.await.unwrap();
    }
    let started = Instant::now();
    let silent = client.rpc("cmd", text.clone(), json!({ "timeout": "0.2" })).await;
    assert_eq!(silent.error(), "Timeout of 0.2s waiting for cmd ack");
    assert!(started.elapsed() >= Duration::from_millis(200));
    // Nobody waits, nobody is told.
    client.rpc("cmd", text.clone(), json!({ "timeout": -1 })).await.result();
    let last = events(&stack).await.pop().unwrap();
    assert_eq!(last.state(), State::Requested);
    let status = client.get("/groundlog/v1/status").await.json();
    assert_eq!(status["commands_waiting"], 0, "callers that went away are forgotten");
    stack.stop().await;
}

#[tokio::test]
async fn one_key_is_one_command() {
    let stack = Stack::start().await;
    let client = &stack.client;
    let text = json!(["INST COLLECT with TYPE 0"]);
    let key = json!({ "idempotency_key": "k1" });
    let owner = answer(&stack, 1, Plan::Refuse("not now")).await;
    assert_eq!(client.rpc("cmd", text.clone(), key.clone()).await.error(), "not now");
    owner.await.unwrap();
    // Nothing went out, so the key is free; from now on it names one command.
    let owner = answer(&stack, 1, Plan::Send).await;
    let (a, b, c) = tokio::join!(
        client.rpc("cmd", text.clone(), key.clone()),
        client.rpc("cmd", text.clone(), key.clone()),
        client.rpc("cmd", text.clone(), key.clone()),
    );
    owner.await.unwrap();
    assert_eq!((a.status, b.status, c.status), (200, 200, 200));
    assert_eq!(client.rpc("cmd", text, key).await.status, 200);
    let requested = events(&stack).await.iter().filter(|it| it.state() == State::Requested).count();
    assert_eq!(requested, 2);
    stack.stop().await;
}

#[tokio::test]
async fn built_commands_are_not_sent() {
    let stack = Stack::start().await;
    let client = &stack.client;
    let text = json!(["INST COLLECT with TYPE NORMAL, DURATION 5"]);
    let built = client.call("build_cmd", text).await;
    assert_eq!(built["result"], "SUCCESS");
    assert_eq!(built["buffer"]["raw"], json!([7, 0, 0, 0x40, 0xA0, 0, 0]));
    assert!(built["time"].is_string() && built["received_count"].is_string());
    let out = json!(["INST COLLECT with TYPE NORMAL, DURATION 11"]);
    let refused = client.rpc("build_cmd", out.clone(), json!({})).await;
    assert!(refused.error().contains("not in valid range of 0.0 to 10.0"));
    client.rpc("build_cmd", out, json!({ "range_check": false })).await.result();
    let count = client.rpc("build_cmd", json!([]), json!({})).await;
    assert_eq!(count.error(), "ERROR: Invalid number of arguments (0) passed to build_command()");
    assert!(events(&stack).await.is_empty());
    stack.stop().await;
}

#[tokio::test]
async fn validators_are_asked_before_and_after() {
    let stack = Stack::start().await;
    let client = &stack.client;
    let owner = answer(&stack, 3, Plan::Send).await;
    let text =
        |duration: u8| json!([format!("INST COLLECT with TYPE NORMAL, DURATION {duration}")]);
    for (duration, what, states) in [
        // The refusal is all that remains of it.
        (7, "was stopped by its validator", vec![State::Rejected]),
        (
            8,
            "was sent, but its validator reports a failure",
            vec![State::Requested, State::Released, State::Sent],
        ),
    ] {
        let before = events(&stack).await.len();
        let refused = client.rpc("cmd", text(duration), json!({})).await;
        let message = format!("Command 'INST COLLECT' {what}: a duration of {duration}");
        assert_eq!((refused.status, refused.error().as_str()), (500, message.as_str()));
        let history = events(&stack).await;
        let found: Vec<_> = history[before..].iter().map(|event| event.state()).collect();
        assert_eq!(found, states);
        let sent = client.rpc("cmd", text(duration), json!({ "validate": false })).await;
        assert_eq!(sent.result()["cmd_params"]["DURATION"], duration);
    }
    owner.await.unwrap();
    stack.stop().await;
}
