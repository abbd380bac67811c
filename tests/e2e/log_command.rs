//! `groundlog log …` on running and stopped folders.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::Duration,
};

use groundlog_tests::{Stack, groundlog, groundlog_command, wait_for};
use serde_json::json;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn topics_cat_and_tail_show_a_running_system() {
    let stack = Stack::demo();
    let data = stack.data().to_string_lossy().into_owned();
    wait_for("packets arrive", SOON, || {
        stack.http.call("get_tlm_cnt", json!(["INST", "ADCS"])).as_i64().filter(|n| *n > 5)
    });
    let topics = groundlog(&["log", "topics", "--json", "--data", &data]).json_lines();
    for topic in ["groundlog.raw", "groundlog.decom", "groundlog.commands", "groundlog.settings"] {
        assert!(topics.iter().any(|row| row["topic"] == topic), "{topic} is missing: {topics:?}");
    }
    let arguments = ["log", "cat", "raw", "--count", "3", "--json", "--data", &data];
    let raw = groundlog(&arguments).json_lines();
    assert!(raw.iter().all(|record| record["interface"] == "INST_INT"), "{raw:?}");
    let decom = groundlog(&["log", "cat", "groundlog.decom", "--json", "--data", &data]);
    let decom = decom.json_lines();
    let health = decom.iter().find(|record| record["packet"] == "HEALTH_STATUS");
    assert!(health.expect("HEALTH_STATUS")["converted"]["TEMP1"].is_f64());

    let mut tail = groundlog_command(&["log", "tail", "decom", "--json", "--data", &data])
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(tail.stdout.take().expect("piped")).lines();
    assert_eq!(lines.take(100).filter_map(Result::ok).count(), 100, "tail follows");
    let _ = tail.kill();
    let _ = tail.wait();
}

#[test]
fn unknown_topics_and_missing_folders_are_named() {
    let folder = tempfile::tempdir().expect("folder");
    let missing = folder.path().join("nothing").to_string_lossy().into_owned();
    let output = groundlog(&["log", "topics", "--data", &missing]);
    assert_ne!(output.code, 0);
    assert!(output.stderr.contains(&missing), "{}", output.stderr);
    let stack = Stack::demo();
    let data = stack.data().to_string_lossy().into_owned();
    let output = groundlog(&["log", "cat", "rwa", "--data", &data]);
    assert_ne!(output.code, 0);
    assert!(output.stderr.contains("rwa") && output.stderr.contains("groundlog.raw"));
}

/// A flipped bit in the middle of a stopped log is found and named: topic, file, byte; exit code 1.
#[test]
fn verify_names_what_is_damaged() {
    let mut stack = Stack::demo();
    wait_for("packets arrive", SOON, || {
        stack.http.call("get_tlm_cnt", json!(["INST", "ADCS"])).as_i64().filter(|n| *n > 20)
    });
    stack.interrupt();
    let data = stack.data().to_string_lossy().into_owned();
    assert_eq!(groundlog(&["log", "verify", "--data", &data]).code, 0);
    let segment = largest_segment(&stack.data().join("log"));
    let mut bytes = std::fs::read(&segment).expect("segment");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).expect("damaged");
    let output = groundlog(&["log", "verify", "--data", &data]);
    assert_eq!(output.code, 1, "{}", output.stdout);
    let said = format!("{}{}", output.stdout, output.stderr);
    let name = segment.file_name().expect("name").to_string_lossy().into_owned();
    assert!(said.contains(&name) && said.contains("byte"), "{said}");
}

/// Finds the largest file below a folder of a raw partition.
fn largest_segment(folder: &std::path::Path) -> std::path::PathBuf {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("folder").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("groundlog.raw") {
                found.push((entry.metadata().expect("metadata").len(), path));
            }
        }
    }
    found.into_iter().max().expect("a segment of raw").1
}
