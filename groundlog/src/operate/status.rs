use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::OperatorArgs;
use crate::output::{say, tell};

const EXAMPLES: &str = "\
Examples:
  groundlog status
  groundlog status --json

Of an interface, DISCARDED counts bytes that belong to no packet, UNKNOWN packets that nothing
identifies, BAD LENGTH those shorter or longer than their definition; all of them are kept. They
count from the start of the system on. Of a role, HEARTBEAT is how long ago its process was heard,
in seconds; a role that no process runs is missing.

Exit status: 0 every role serves and nothing is in trouble, 1 otherwise (what is, is on standard
error), 2 wrong usage.";

/// Shows roles with the processes that run them, interfaces, and how far consumers are behind
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// Runs the command.
pub(crate) fn run(args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let client = args.operator.client()?;
    let status = client.get("/groundlog/v1/status")?;
    if args.operator.json {
        say!("{status}");
    } else {
        print(&status);
    }
    let health = match client.get("/health") {
        Ok(health) => health,
        Err(error) => {
            tell!("not serving: {error}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let troubles = rows(&health["degraded"]);
    troubles.iter().for_each(|trouble| tell!("degraded: {}", text(trouble)));
    // A role that fails in one process may be served by another: health knows.
    let well = health["status"] == "UP" && troubles.is_empty();
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn print(status: &Value) {
    say!("groundlog {}  definitions {}", text(&status["version"]), text(&status["definitions"]));
    print_roles(status);
    print_interfaces(status);
    say!(
        "\n{:<12} {:<14} {:>4} {:>12} {:>12} {:>8} {:>9} {:>10}  PROCESS",
        "CONSUMER",
        "TOPIC",
        "PART",
        "DONE",
        "TAIL",
        "LAG",
        "SECONDS",
        "RECORDS/S"
    );
    for partition in rows(&status["partitions"]) {
        for consumer in rows(&partition["consumers"]) {
            say!(
                "{:<12} {:<14} {:>4} {:>12} {:>12} {:>8} {:>9.3} {:>10.0}  {}",
                text(&consumer["consumer"]),
                text(&partition["topic"]),
                text(&partition["partition"]),
                text(&consumer["next"]),
                text(&partition["tail"]),
                text(&consumer["lag_records"]),
                consumer["lag_seconds"].as_f64().unwrap_or_default(),
                consumer["records_per_second"].as_f64().unwrap_or_default(),
                text(&consumer["process"]),
            );
        }
    }
}

/// HEARTBEAT is the time since the process was last heard, in seconds.
fn print_roles(status: &Value) {
    say!(
        "\n{:<10} {:<11} {:>10} {:>10} {:>9} {:>9}  {:<28} DETAIL",
        "ROLE",
        "STATE",
        "PARTITIONS",
        "LAG",
        "SECONDS",
        "HEARTBEAT",
        "PROCESS"
    );
    let seconds = |value: &Value, digits: usize| match value.as_f64() {
        Some(seconds) => format!("{seconds:.digits$}"),
        None => "-".to_owned(),
    };
    for role in rows(&status["roles"]) {
        say!(
            "{:<10} {:<11} {:>10} {:>10} {:>9} {:>9}  {:<28} {}",
            text(&role["name"]),
            text(&role["state"]),
            text(&role["partitions"]),
            text(&role["lag_records"]),
            seconds(&role["lag_seconds"], 3),
            seconds(&role["heartbeat_seconds"], 1),
            text(&role["process"]),
            text(&role["detail"]),
        );
    }
}

/// Counts since the process began; UNKNOWN and BAD LENGTH are packets, DISCARDED are bytes that
/// belong to none. All of them are kept.
fn print_interfaces(status: &Value) {
    say!(
        "\n{:<16} {:<13} {:>12} {:>14} {:>10} {:>10} {:>10} {:>10} {:>10}  {:<24} REASON",
        "INTERFACE",
        "STATE",
        "RX PACKETS",
        "RX BYTES",
        "TX",
        "DISCARDED",
        "UNKNOWN",
        "BAD LENGTH",
        "RECONNECTS",
        "OWNER"
    );
    for link in rows(&status["interfaces"]) {
        say!(
            "{:<16} {:<13} {:>12} {:>14} {:>10} {:>10} {:>10} {:>10} {:>10}  {:<24} {}",
            text(&link["name"]),
            text(&link["state"]),
            text(&link["rx_count"]),
            text(&link["rx_bytes"]),
            text(&link["tx_count"]),
            text(&link["discarded_bytes"]),
            text(&link["unknown_packets"]),
            wrong_length(link),
            text(&link["reconnects"]),
            text(&link["process"]),
            text(&link["reason"]),
        );
    }
    let stored = &status["stored"];
    if number(&stored["unknown_packets"]) + wrong_length(stored) > 0 {
        say!(
            "imports: {} unknown packets, {} of a wrong length",
            text(&stored["unknown_packets"]),
            wrong_length(stored)
        );
    }
}

fn wrong_length(counts: &Value) -> u64 {
    number(&counts["short_packets"]) + number(&counts["long_packets"])
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}
