use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::OperatorArgs;
use crate::output::say;

const EXAMPLES: &str = "\
Examples:
  groundlog status
  groundlog status --json

Of an interface, DISCARDED counts bytes that belong to no packet, UNKNOWN packets that nothing
identifies, BAD LENGTH those shorter or longer than their definition; all of them are kept. They
count from the start of the system on.

Exit status: 0 every role serves and nothing is in trouble, 1 otherwise (what is, is on standard
error), 2 wrong usage.";

/// Shows roles, interfaces and how far each consumer is behind the log
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    operator: OperatorArgs,
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
    let health = client.get("/health")?;
    let troubles = rows(&health["degraded"]);
    troubles.iter().for_each(|trouble| eprintln!("degraded: {}", text(trouble)));
    let serving = rows(&status["roles"]).iter().all(|role| role["state"] == "running");
    let well = serving && troubles.is_empty();
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
    say!("\n{:<12} {:<12} DETAIL", "ROLE", "STATE");
    for role in rows(&status["roles"]) {
        say!("{:<12} {:<12} {}", text(&role["name"]), text(&role["state"]), text(&role["detail"]));
    }
    print_interfaces(status);
    say!(
        "\n{:<18} {:<14} {:>4} {:>12} {:>12} {:>8} {:>9} {:>10}",
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
                "{:<18} {:<14} {:>4} {:>12} {:>12} {:>8} {:>9.3} {:>10.0}",
                text(&consumer["consumer"]),
                text(&partition["topic"]),
                text(&partition["partition"]),
                text(&consumer["next"]),
                text(&partition["tail"]),
                text(&consumer["lag_records"]),
                consumer["lag_seconds"].as_f64().unwrap_or_default(),
                consumer["records_per_second"].as_f64().unwrap_or_default(),
            );
        }
    }
}

/// Counts since the process began; UNKNOWN and BAD LENGTH are packets, DISCARDED are bytes that
/// belong to none. All of them are kept.
fn print_interfaces(status: &Value) {
    say!(
        "\n{:<16} {:<13} {:>12} {:>14} {:>10} {:>10} {:>10} {:>10} {:>10}  REASON",
        "INTERFACE",
        "STATE",
        "RX PACKETS",
        "RX BYTES",
        "TX",
        "DISCARDED",
        "UNKNOWN",
        "BAD LENGTH",
        "RECONNECTS"
    );
    for link in rows(&status["interfaces"]) {
        say!(
            "{:<16} {:<13} {:>12} {:>14} {:>10} {:>10} {:>10} {:>10} {:>10}  {}",
            text(&link["name"]),
            text(&link["state"]),
            text(&link["rx_count"]),
            text(&link["rx_bytes"]),
            text(&link["tx_count"]),
            text(&link["discarded_bytes"]),
            text(&link["unknown_packets"]),
            wrong_length(link),
            text(&link["reconnects"]),
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
