//! Issue "the spine", point 4: commands are events, reach the spacecraft and come back.

use std::time::Duration;

use groundlog_tests::{Spacecraft, Stack, StackOptions, bare_target, groundlog, receive, wait_for};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);

fn command_events(stack: &Stack) -> Vec<Value> {
    let data = stack.data().to_string_lossy().into_owned();
    groundlog(&["log", "cat", "commands", "--json", "--data", &data]).json_lines()
}

#[test]
fn a_command_changes_the_spacecraft_and_leaves_its_events() {
    let stack = Stack::demo();
    let tlm = |item: &str| stack.http.call("tlm", json!(["INST", "HEALTH_STATUS", item]));
    let collects = wait_for("telemetry arrives", SOON, || tlm("COLLECTS").as_i64());
    let result = stack.http.call("cmd", json!(["INST COLLECT with TYPE NORMAL, DURATION 5"]));
    assert_eq!(result["target_name"], "INST");
    assert_eq!(result["cmd_params"], json!({ "TYPE": "NORMAL", "DURATION": 5 }));
    wait_for("COLLECTS counts up", SOON, || (tlm("COLLECTS") == collects + 1).then_some(()));
    assert_eq!(tlm("COLLECT_TYPE"), "NORMAL");
    assert_eq!(tlm("DURATION").as_f64(), Some(5.0));

    let events = command_events(&stack);
    let states: Vec<&str> = events.iter().filter_map(|event| event["state"].as_str()).collect();
    assert_eq!(states, ["requested", "released", "sent"], "{events:?}");
    assert!(events.iter().all(|event| event["command_id"] == events[0]["command_id"]));
    assert!(events[0]["text"].as_str().is_some_and(|text| text.contains("COLLECT")));
}

#[test]
fn a_hazardous_command_is_refused_with_409_until_confirmed() {
    let stack = Stack::demo();
    let refused = stack.http.rpc("cmd", json!(["INST CLEAR"]), json!({}));
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["error"]["code"], -32502);
    assert_eq!(refused.json()["error"]["data"]["class"], "HazardousError");
    let special = "INST COLLECT with TYPE SPECIAL, DURATION 1";
    assert_eq!(stack.http.rpc("cmd", json!([special]), json!({})).status, 409);

    let events = command_events(&stack);
    assert!(events.iter().all(|event| event["state"] == "rejected"), "{events:?}");
    wait_for("the link is up", SOON, || {
        let confirmed = stack.http.rpc("cmd_no_hazardous_check", json!(["INST CLEAR"]), json!({}));
        (confirmed.status == 200).then_some(())
    });
    let line = groundlog(&["cmd", "INST CLEAR", "--json", "--url", stack.url()]);
    assert_eq!(line.code, 3, "{}", line.stderr);
    assert!(line.stdout.contains(r#""class":"HazardousError""#), "{}", line.stdout);
    groundlog(&["cmd", "--hazardous", "INST CLEAR", "--url", stack.url()]).ok();
}

#[test]
fn a_command_for_a_link_that_is_down_is_refused_with_the_reason() {
    let spacecraft = Spacecraft::new();
    let address = spacecraft.address();
    drop(spacecraft);
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let stack = Stack::start(&StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        &format!("tcp://{address}"),
    ]));
    let refused = stack.http.rpc("cmd", json!(["TEST SET with VALUE 1"]), json!({}));
    let message = refused.json()["error"]["data"]["message"].as_str().unwrap_or("").to_owned();
    assert!(message.contains("Interface not connected: TEST_INT"), "{message}");
    assert_eq!(refused.status, 500);
}

/// Bytes on the wire are exactly the packet; the same idempotency key twice is one uplink (X21).
#[test]
fn the_exact_bytes_go_out_once_per_idempotency_key() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let stack = Stack::start(&StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        &format!("tcp://{}", spacecraft.address()),
    ]));
    let mut stream = spacecraft.accept();
    let send = |value: u32, key: &str| {
        wait_for("the link takes the command", SOON, || {
            let text = format!("TEST SET with VALUE {value}");
            let keywords = json!({ "idempotency_key": key });
            let answer = stack.http.rpc("cmd", json!([text]), keywords);
            (answer.status == 200).then_some(())
        });
    };
    send(0x0102_0304, "a");
    send(0x0102_0304, "a");
    send(0x0506_0708, "b");
    assert_eq!(receive(&mut stream, 7), [0, 5, 7, 1, 2, 3, 4]);
    assert_eq!(receive(&mut stream, 7), [0, 5, 7, 5, 6, 7, 8]);
}

/// kill -9 between the steps of commands: no command goes out twice, and what the log says of each
/// agrees with what the spacecraft received (C1, X21).
#[test]
fn nothing_is_sent_twice_after_a_crash() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let options = StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        &format!("tcp://{}", spacecraft.address()),
    ])
    .data(&folder.path().join("data"));
    let mut received = Vec::new();
    for round in 0..5_u32 {
        let mut stack = Stack::start(&options);
        let reader = read_all(spacecraft.accept());
        for value in 0..20 {
            // Fire and forget: the kill below falls between the steps of some of them.
            let text = format!("TEST SET with VALUE {}", round * 100 + value);
            stack.http.rpc("cmd", json!([text]), json!({ "timeout": 0 }));
        }
        stack.kill();
        received.extend(whole_packets(reader));
    }
    let mut stack = Stack::start(&options);
    let reader = read_all(spacecraft.accept());
    let ends = wait_for("every command has reached its end", SOON, || {
        let ends = command_ends(&stack);
        let ended = |(_, state): &(u64, String)| {
            ["sent", "uncertain", "rejected", "expired", "failed"].contains(&state.as_str())
        };
        ends.iter().all(ended).then_some(ends)
    });
    stack.kill();
    received.extend(whole_packets(reader));

    assert!(!received.is_empty(), "no command went out at all");
    let mut once = received.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), received.len(), "a command went out twice: {received:?}");
    for value in once {
        let state = ends.iter().find(|(one, _)| *one == value).map(|(_, state)| state.as_str());
        // Of a released command without a *sent* nobody knows; any other end excludes arrival.
        assert!(matches!(state, Some("sent" | "uncertain")), "{value} arrived and is {state:?}");
    }
}

fn read_all(mut stream: std::net::TcpStream) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A reset by the killed process ends the stream like its close does.
        let _ = std::io::Read::read_to_end(&mut stream, &mut bytes);
        bytes
    })
}

/// Returns the values of the SET commands that arrived whole on one connection.
fn whole_packets(reader: std::thread::JoinHandle<Vec<u8>>) -> Vec<u64> {
    let bytes = reader.join().expect("reader");
    let value =
        |packet: &[u8]| packet[3..].iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    bytes.chunks_exact(7).map(value).collect()
}

/// Returns VALUE and newest state of each command.
fn command_ends(stack: &Stack) -> Vec<(u64, String)> {
    let mut commands = std::collections::BTreeMap::<String, (u64, String)>::new();
    for event in command_events(stack) {
        let id = event["command_id"].to_string();
        let state = event["state"].as_str().unwrap_or_default().to_owned();
        let entry = commands.entry(id).or_default();
        if let Some(value) = event["parameters"]["VALUE"].as_u64() {
            entry.0 = value;
        }
        entry.1 = state;
    }
    commands.into_values().collect()
}
