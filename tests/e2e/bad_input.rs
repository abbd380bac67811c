//! Bad input gets a clear error that names the thing and the remedy, and loses nothing.

use std::{ffi::OsStr, net::TcpListener, os::unix::ffi::OsStrExt as _, path::Path, time::Duration};

use groundlog_tests::{
    Http, Spacecraft, Stack, StackOptions, bare_target, groundlog, groundlog_command, packet, send,
    wait_for,
};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);

fn test_stack(spacecraft: &Spacecraft, folder: &std::path::Path) -> Stack {
    let target = bare_target(folder);
    Stack::start(&StackOptions::with(&[
        "--plugin",
        &target.to_string_lossy(),
        "--connect",
        &format!("tcp://{}", spacecraft.address()),
        "--protocol",
        "LENGTH 0 16 2",
    ]))
}

fn raw_bytes(stack: &Stack) -> Vec<u8> {
    let data = stack.data().to_string_lossy().into_owned();
    let records = groundlog(&["log", "cat", "raw", "--json", "--data", &data]).json_lines();
    let hex: String = records.iter().filter_map(|record| record["data"].as_str()).collect();
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("hex"))
        .collect()
}

#[test]
fn unknown_ids_are_kept_as_unknown() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let stack = test_stack(&spacecraft, folder.path());
    let mut stream = spacecraft.accept();
    let mut unknown = packet(7);
    unknown[2] = 99;
    assert!(send(&mut stream, &unknown) && send(&mut stream, &packet(8)));
    wait_for("the known packet is decoded", SOON, || {
        (stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])) == 8).then_some(())
    });
    let data = stack.data().to_string_lossy().into_owned();
    let decom = groundlog(&["log", "cat", "decom", "--json", "--data", &data]).json_lines();
    let names: Vec<&Value> = decom.iter().map(|record| &record["target"]).collect();
    assert_eq!(names, ["UNKNOWN", "TEST"]);
    assert_eq!(raw_bytes(&stack), [unknown, packet(8)].concat());
    assert_eq!(stack.interface()["unknown_packets"], 1);
    let table = groundlog(&["status", "--url", stack.url()]).ok();
    let row = |first| table.lines().find(|line| line.starts_with(first)).expect("a row");
    let end = row("INTERFACE").find("UNKNOWN").expect("a column") + "UNKNOWN".len();
    let link = row("TEST_INT");
    assert_eq!(link[..end].split_whitespace().next_back(), Some("1"), "{table}");
}

/// A packet that ends before its last item is decoded as far as it goes, flagged, and counted.
#[test]
fn packets_shorter_than_their_definition_are_kept_and_counted() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let stack = test_stack(&spacecraft, folder.path());
    let mut stream = spacecraft.accept();
    // Its length says five bytes: the counter has two of its four.
    let short = [0, 3, 1, 0, 7];
    assert!(send(&mut stream, &short) && send(&mut stream, &packet(8)));
    wait_for("the whole packet is decoded", SOON, || {
        (stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])) == 8).then_some(())
    });
    assert_eq!(stack.http.call("get_tlm_cnt", json!(["TEST", "DATA"])), 2);
    let link = stack.interface();
    assert_eq!([&link["short_packets"], &link["unknown_packets"]], [1, 0], "{link}");
    let metrics = stack.http.get("/metrics").expect("metrics").text;
    let short = "groundlog_decom_short_packets_total{interface=\"TEST_INT\",stored=\"false\",\
                 target=\"TEST\",packet=\"DATA\"} 1";
    assert!(metrics.contains(short), "{metrics}");
}

/// Garbage, half packets and wrong lengths: every byte received is in the log, in order, and the
/// link recovers.
#[test]
fn garbage_on_the_socket_loses_nothing() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let stack = test_stack(&spacecraft, folder.path());
    let mut sent = Vec::new();
    {
        let mut stream = spacecraft.accept();
        let half = &packet(1)[..10];
        assert!(send(&mut stream, half));
        sent.extend_from_slice(half);
    }
    {
        // Bytes that are no packets at all, and a length that nothing follows.
        let mut stream = spacecraft.accept();
        let garbage: Vec<u8> = (0..300_u32).map(|i| (i * 7 % 251) as u8 | 0x80).collect();
        assert!(send(&mut stream, &garbage));
        sent.extend_from_slice(&garbage);
    }
    let mut stream = spacecraft.accept();
    for counter in 0..10 {
        assert!(send(&mut stream, &packet(counter)));
        sent.extend_from_slice(&packet(counter));
    }
    wait_for("the last packet is decoded", SOON, || {
        (stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])) == 9).then_some(())
    });
    assert_eq!(raw_bytes(&stack), sent);
    assert_eq!(stack.http.get("/health").map(|answer| answer.status), Some(200));
    let link = wait_for("the counters are published", SOON, || {
        Some(stack.interface()).filter(|link| link["rx_bytes"] == sent.len())
    });
    // Half a packet and the garbage, of which nothing could be framed.
    assert_eq!([&link["discarded_bytes"], &link["reconnects"]], [310, 2], "{link}");
}

/// A link that works is not left for parameters that are wrong, and who gave them is told.
#[test]
fn wrong_connect_parameters_leave_the_link_alone() {
    let spacecraft = Spacecraft::new();
    let folder = tempfile::tempdir().expect("folder");
    let stack = test_stack(&spacecraft, folder.path());
    let mut stream = spacecraft.accept();
    assert!(send(&mut stream, &packet(1)));
    wait_for("the packet is decoded", SOON, || {
        (stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])) == 1).then_some(())
    });
    for parameters in [json!(["TEST_INT", "x"]), json!(["TEST_INT", "h", 1, 1, "fast", "nil"])] {
        let refused = stack.http.rpc("connect_interface", parameters, json!({}));
        let message = refused.json()["error"]["data"]["message"].to_string();
        assert!(refused.status == 500 && message.contains("connect TEST_INT: "), "{message}");
        assert!(message.contains("port") || message.contains("write timeout"), "{message}");
    }
    // A directive that was given after all would be followed before this command is sent.
    stack.http.call("cmd", json!(["TEST SET with VALUE 1"]));
    assert!(send(&mut stream, &packet(2)), "the connection is the same");
    wait_for("the next packet is decoded", SOON, || {
        (stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])) == 2).then_some(())
    });
    assert_eq!([&stack.interface()["state"]], ["CONNECTED"]);
    assert_eq!([&stack.interface()["reconnects"]], [0]);
}

/// Nobody listens, for a while: said at once, then ever more seldom, and when it is over.
#[test]
fn a_refused_connection_does_not_fill_the_screen() {
    let folder = tempfile::tempdir().expect("folder");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    bare_target(&folder.path().join("plugin/targets"));
    let port = address.port();
    let plugin = format!(
        "TARGET TEST TEST\nINTERFACE TEST_INT tcpip_client_interface.rb 127.0.0.1 {port} {port} 10 \
         nil LENGTH 0 16 2\n  MAP_TARGET TEST\n  RECONNECT_DELAY 0.02\n"
    );
    std::fs::write(folder.path().join("plugin/plugin.txt"), plugin).expect("plugin.txt");
    let path = folder.path().join("plugin");
    let stack = Stack::start(&StackOptions::with(&["--plugin", &path.to_string_lossy()]));
    let failed = || stack.interface()["failed_attempts"].as_u64().unwrap_or_default();
    let attempts = wait_for("many attempts", SOON, || Some(failed()).filter(|it| *it >= 100));
    let told = stack.said().matches("interface not connected").count();
    // 1, 2, 4 … 64, and those since the count was published.
    assert!((2..=12).contains(&told), "{told} times for {attempts} attempts:\n{}", stack.said());
    assert!(stack.said().contains("Connection refused"), "{}", stack.said());
    let status = groundlog(&["status", "--url", stack.url()]);
    assert_eq!(status.code, 1);
    assert!(status.stderr.contains("degraded: TEST_INT: connection failed"), "{}", status.stderr);
    let listener = std::net::TcpListener::bind(address).expect("the port again");
    let _stream = listener.accept().expect("a connection");
    let line = wait_for("the connection is told", SOON, || {
        stack.said().lines().find(|line| line.contains("interface connected")).map(str::to_owned)
    });
    assert!(line.contains("failed_attempts="), "{line}");
}

#[test]
fn a_wrong_password_is_refused_and_says_so() {
    let stack = Stack::demo();
    let mut http = Http::new(stack.url());
    http.authorization = "wrong".into();
    let refused = http.rpc("tlm", json!(["INST HEALTH_STATUS TEMP1"]), json!({}));
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["error"]["code"], -32500);
    let verify = http.post("/openc3-api/auth/verify", "application/json", br#"{"password":"x"}"#);
    let verify = verify.expect("answer");
    assert_eq!((verify.status, verify.text.as_str()), (401, ""));
    let output = groundlog_command(&["status", "--url", stack.url()])
        .env("OPENC3_API_PASSWORD", "wrong")
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("OPENC3_API_PASSWORD"), "{said}");
}

#[test]
fn malformed_requests_are_answered_with_json() {
    let stack = Stack::demo();
    for body in ["", "{", "[]", "null", "\u{0}", r#"{"jsonrpc":"2.0"}"#, "[[[[[[[[[[[[[[[["] {
        let answer = stack.http.post("/openc3-api/api", "text/plain", body.as_bytes());
        let answer = answer.expect("answer");
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert_eq!(answer.json()["error"]["code"], -32600, "{body}");
        assert_eq!(answer.json()["id"], Value::Null);
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = stack.http.post("/openc3-api/api", "application/json", deep.as_bytes());
    assert_eq!(answer.expect("answer").json()["error"]["code"], -32600);
    let unknown = stack.http.rpc("rm_rf", json!([]), json!({})).json();
    assert_eq!(unknown["error"]["message"], "Cannot call unauthorized methods");
}

#[test]
fn unknown_names_are_named() {
    let stack = Stack::demo();
    for (method, params, text) in [
        ("cmd", json!(["NOPE COLLECT"]), "Packet definition 'NOPE COLLECT' does not exist"),
        ("cmd", json!(["INST NOPE"]), "Packet definition 'INST NOPE' does not exist"),
        ("tlm", json!(["INST NOPE X"]), "Packet definition 'INST NOPE' does not exist"),
        (
            "tlm",
            json!(["INST HEALTH_STATUS NOPE"]),
            "Item 'INST HEALTH_STATUS NOPE' does not exist",
        ),
    ] {
        let answer = stack.http.rpc(method, params, json!({}));
        let message = answer.json()["error"]["data"]["message"].as_str().unwrap_or("").to_owned();
        assert!(message.contains(text), "{method}: {message}");
        assert_eq!(answer.status, 500);
    }
}

#[test]
fn a_definition_file_with_errors_lists_them_all_by_file_and_line() {
    let folder = tempfile::tempdir().expect("folder");
    let target = bare_target(folder.path());
    let file = target.join("cmd_tlm/data.txt");
    let mut text = std::fs::read_to_string(&file).expect("definitions");
    text.push_str("TELEMETRY TEST BAD BIG_ENDIAN\n  APPEND_ITEM X 8\n  NONSENSE 1\n");
    std::fs::write(&file, text).expect("written");
    let data = folder.path().join("data");
    let (target, data) = (target.to_string_lossy(), data.to_string_lossy());
    let arguments = ["run", "--plugin", &target, "--connect", "tcp://127.0.0.1:1", "--data", &data];
    let output = groundlog(&arguments);
    assert_ne!(output.code, 0);
    for part in ["data.txt:11", "data.txt:12", "APPEND_ITEM", "NONSENSE"] {
        assert!(output.stderr.contains(part), "{part} is missing in {}", output.stderr);
    }
}

#[test]
fn a_data_folder_in_use_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("folder");
    let _first = Stack::start(&StackOptions::default().data(folder.path()));
    let path = folder.path().to_string_lossy();
    let second = groundlog_command(&["run", "--data", &path])
        .env("GROUNDLOG__GATEWAY__LISTEN", "127.0.0.1:0")
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(said.contains(&*path) && said.contains("in use"), "{said}");
}

#[test]
fn the_demo_password_stays_on_loopback() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().to_string_lossy();
    let output = groundlog_command(&["run", "--data", &path])
        .env("GROUNDLOG__GATEWAY__LISTEN", "0.0.0.0:0")
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("password"), "{said}");
}

/// What was made for a start that fails is taken back; what was there before stays.
#[test]
fn a_failed_start_leaves_no_folder_behind() {
    let folder = tempfile::tempdir().expect("folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let start = |data: &Path| {
        let mut command = groundlog_command(&["run", "--data"]);
        command.arg(data).env("GROUNDLOG__GATEWAY__LISTEN", &address);
        let output = command.output().expect("runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(&address), "{said}");
    };
    let new = folder.path().join("new");
    start(&new);
    assert!(!new.exists());
    let there = folder.path().join("there");
    std::fs::create_dir(&there).expect("folder");
    start(&there);
    assert_eq!(std::fs::read_dir(&there).expect("still there").count(), 0);
}

/// Variables of others may be no text; those that look like ours and are none of ours are named.
#[test]
fn odd_variables_of_the_environment_do_no_harm() {
    let mut command = groundlog_command(&["config", "check"]);
    command.env("SOMEBODYS", OsStr::from_bytes(b"\xff")).env("GROUNDLOG_GATEWAY_LISTEN", "x");
    let output = command.output().expect("runs");
    let (said, printed) =
        (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{said}");
    assert!(printed.contains("GROUNDLOG__GATEWAY__LISTEN?"), "{printed}{said}");
}

/// For want of a descriptor an append fails, whichever of its files it meets; the next one works.
#[test]
fn a_want_of_descriptors_passes() {
    let stack = Stack::demo();
    let limit = |descriptors: &str| {
        let pid = stack.pid().to_string();
        let soft = format!("--nofile={descriptors}:");
        let set = std::process::Command::new("prlimit").args(["--pid", &pid, &soft]).status();
        assert!(set.is_ok_and(|status| status.success()), "prlimit of util-linux");
    };
    // The connection for it is there, the first segment of the topic `commands` is not.
    let command = || stack.http.rpc("cmd", json!(["INST ABORT"]), json!({ "timeout": 5 })).status;
    let proc = format!("/proc/{}/fd", stack.pid());
    let open = std::fs::read_dir(proc).expect("its descriptors").count();
    let mut refused = 0;
    for free in 0..4 {
        limit(&(open + free).to_string());
        refused += u32::from(command() != 200);
    }
    assert!(refused > 0, "descriptors were short");
    limit("4096");
    wait_for("commands go out again", SOON, || (command() == 200).then_some(()));
    wait_for("all is well", SOON, || {
        stack.http.get("/health").filter(|answer| answer.status == 200)
    });
}
