use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::OperatorArgs;
use crate::output::{say, tell};

/// How often a running rebuild is asked for its progress.
const POLL: Duration = Duration::from_millis(100);

const EXAMPLES: &str = "\
Examples:
  groundlog rebuild cvt --from earliest --verify

The rebuilt table is compared with the live one at one position of the log, bit for bit.
Exit status: 0 rebuilt (with --verify: and equal), 1 different, or it could not be done, 2 wrong
usage.";

/// Rebuilds a projection of the running system from the log, beside the live one
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RebuildArgs {
    /// Which projection
    #[arg(value_enum)]
    projection: Projection,
    /// Where to start: current values can only be compared when rebuilt from the earliest record
    #[arg(long, default_value = "earliest", value_name = "WHERE", value_parser = ["earliest"])]
    from: String,
    /// Exit with 1 when rebuilt and live differ
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Projection {
    Cvt,
}

/// Runs the command.
pub(crate) fn run(args: &RebuildArgs) -> anyhow::Result<ExitCode> {
    let Projection::Cvt = args.projection;
    let client = args.operator.client()?;
    let request = json!({ "projection": "cvt", "from": args.from, "verify": args.verify });
    let body = request.to_string();
    let started = client.post("/groundlog/v1/rebuild", "application/json", body.as_bytes())?;
    let id = started["id"].as_str().context("the gateway gave the rebuild no id")?.to_owned();
    let progress = std::io::stderr().is_terminal();
    loop {
        let status = client.get(&format!("/groundlog/v1/rebuild/{id}"))?;
        let (done, total) = (status["done"].as_u64(), status["total"].as_u64());
        if progress && let (Some(done), Some(total)) = (done, total) {
            show_progress(done, total);
        }
        if status["finished"] == true {
            if progress {
                tell!("");
            }
            return Ok(report(&status, args));
        }
        std::thread::sleep(POLL);
    }
}

/// Writes over the line before.
fn show_progress(done: u64, total: u64) {
    let mut error = std::io::stderr().lock();
    // Progress that cannot be shown is no reason to stop.
    let _ = write!(error, "\r{done} of {total} records").and_then(|()| error.flush());
}

fn report(status: &serde_json::Value, args: &RebuildArgs) -> ExitCode {
    let equal = status["equal"] == true;
    let detail = status["detail"].as_str().unwrap_or_default();
    if args.operator.json {
        say!("{status}");
    } else if args.verify {
        let verdict = if equal { "equal: rebuilt = live" } else { "DIFFERENT" };
        say!("{verdict} ({} records) {detail}", status["done"]);
    } else {
        say!("rebuilt from {} records {detail}", status["done"]);
    }
    if args.verify && !equal { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
