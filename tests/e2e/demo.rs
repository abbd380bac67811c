//! Issue "the spine", point 1: one command starts everything; stop and start lose nothing.

use std::{process::Command, time::Duration};

use groundlog_tests::{Stack, StackOptions, groundlog, wait_for};
use serde_json::json;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn demo_serves_live_telemetry() {
    let stack = Stack::demo();
    let count = || stack.http.call("get_tlm_cnt", json!(["INST", "HEALTH_STATUS"])).as_i64();
    wait_for("HEALTH_STATUS arrives", SOON, || count().filter(|count| *count > 2));
    for item in ["TEMP1", "TEMP2", "TEMP3", "TEMP4"] {
        let value = stack.http.call("tlm", json!(["INST", "HEALTH_STATUS", item]));
        assert!(value.is_f64(), "{item}: {value}");
        let raw = stack.http.call("tlm_raw", json!(["INST", "HEALTH_STATUS", item]));
        assert!(raw.is_i64(), "{item} raw: {raw}");
        let formatted = stack.http.call("tlm_formatted", json!(["INST", "HEALTH_STATUS", item]));
        assert!(formatted.as_str().is_some_and(|text| text.ends_with(" C")), "{item}: {formatted}");
    }
    let names = stack.http.call("get_all_tlm_names", json!(["INST"]));
    for packet in ["HEALTH_STATUS", "ADCS", "PARAMS"] {
        assert!(names.as_array().is_some_and(|names| names.contains(&json!(packet))), "{names}");
    }
    let rows = stack.http.call("get_tlm_packet", json!(["INST", "ADCS"]));
    let quaternion: f64 = ["Q1", "Q2", "Q3", "Q4"]
        .iter()
        .map(|name| {
            let rows = rows.as_array().expect("rows");
            let row = rows.iter().find(|row| row[0] == *name).expect("a quaternion item");
            row[1].as_f64().expect("a number").powi(2)
        })
        .sum();
    assert!((quaternion - 1.0).abs() < 1e-3, "|Q|² = {quaternion}");
}

/// The document's own example, byte for byte: no content type of ours, plain password.
#[test]
fn the_documents_curl_example_works_as_printed() {
    let stack = Stack::demo();
    let body = r#"{"jsonrpc": "2.0", "method": "tlm", "params": ["INST HEALTH_STATUS TEMP1"], "id": 2, "keyword_params":{"type":"WITH_UNITS","scope":"DEFAULT"}}"#;
    let answer = wait_for("TEMP1 has a value", SOON, || {
        let curl = Command::new("curl")
            .args(["-s", "-d", body, &format!("{}/openc3-api/api", stack.url())])
            .args(["-H", "Authorization: password"])
            .output()
            .expect("curl runs");
        let answer: serde_json::Value = serde_json::from_slice(&curl.stdout).expect("JSON");
        answer["result"].is_string().then_some(answer)
    });
    assert_eq!(answer["jsonrpc"], "2.0");
    assert_eq!(answer["id"], 2);
    assert!(answer["result"].as_str().is_some_and(|text| text.ends_with(" C")), "{answer}");
}

#[test]
fn stop_and_start_continue_from_the_log_with_the_cvt_restored() {
    let folder = tempfile::tempdir().expect("folder");
    let options = StackOptions::default().data(folder.path());
    let mut first = Stack::start(&options);
    let count = |stack: &Stack| {
        stack.http.call("get_tlm_cnt", json!(["INST", "HEALTH_STATUS"])).as_u64().unwrap_or(0)
    };
    wait_for("packets arrive", SOON, || Some(count(&first)).filter(|count| *count > 10));
    first.http.call("override_tlm", json!(["INST", "HEALTH_STATUS", "TEMP2", 12.5]));
    let before = count(&first);
    assert_eq!(first.interrupt(), 0, "{}", first.said());

    // Nothing connects to the interface now: what is shown comes from the snapshot and the log.
    let second = Stack::start(&options.clone().env("GROUNDLOG_DEMO_SIMULATOR", "off"));
    let after = count(&second);
    assert!(after >= before, "{before} before, {after} after");
    assert!(second.http.call("tlm", json!(["INST", "HEALTH_STATUS", "TEMP1"])).is_f64());
    assert_eq!(second.http.call("tlm", json!(["INST", "HEALTH_STATUS", "TEMP2"])), json!(12.5));
    drop(second);

    let verified = groundlog(&["log", "verify", "--data", &folder.path().to_string_lossy()]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
    let third = Stack::start(&options);
    wait_for("counting goes on", SOON, || Some(count(&third)).filter(|count| *count > after));
}

#[test]
fn rebuilt_current_values_equal_the_live_ones() {
    let stack = Stack::demo();
    let count = || stack.http.call("get_tlm_cnt", json!(["INST", "HEALTH_STATUS"])).as_i64();
    wait_for("packets arrive", SOON, || count().filter(|count| *count > 10));
    let arguments =
        ["rebuild", "cvt", "--from", "earliest", "--verify", "--json", "--url", stack.url()];
    let rebuilt = groundlog(&arguments).json_lines();
    assert_eq!(rebuilt[0]["equal"], true, "{rebuilt:?}");
    assert!(rebuilt[0]["done"].as_u64().is_some_and(|done| done > 10), "{rebuilt:?}");
}

#[test]
fn status_and_metrics_show_links_and_lag() {
    let stack = Stack::demo();
    let status = wait_for("the link is connected", SOON, || {
        let status = groundlog(&["status", "--json", "--url", stack.url()]).json_lines().remove(0);
        let connected = status["interfaces"][0]["state"] == "CONNECTED";
        connected.then_some(status)
    });
    assert_eq!(status["interfaces"][0]["name"], "INST_INT");
    assert!(status["roles"].as_array().is_some_and(|roles| roles.len() >= 4), "{status}");
    let metrics = stack.http.get("/metrics").expect("metrics");
    for name in ["groundlog_lag_records", "groundlog_interface_received_packets_total"] {
        assert!(metrics.text.contains(name), "{name} is missing in\n{}", metrics.text);
    }
    assert!(groundlog(&["status", "--url", stack.url()]).ok().contains("INST_INT"));
}

/// What a container's health check runs: no password, no curl.
#[test]
fn health_is_an_exit_code() {
    let mut stack = Stack::demo();
    let whole_address = format!("{}/health", stack.url());
    for url in [stack.url(), &whole_address] {
        let output = groundlog(&["health", "--url", url]);
        assert_eq!((output.code, output.stdout.as_str()), (0, "UP\n"), "{}", output.stderr);
    }
    let document = groundlog(&["health", "--json", "--url", stack.url()]).json_lines().remove(0);
    assert_eq!(document["status"], "UP");
    stack.kill();
    let output = groundlog(&["health", "--url", stack.url()]);
    assert_eq!(output.code, 1);
    assert!(output.stderr.contains(stack.url()), "{}", output.stderr);
}
