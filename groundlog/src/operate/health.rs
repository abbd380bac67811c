use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use crate::{
    client::{Client, DEFAULT_URL},
    output::{say, tell},
};

const EXAMPLES: &str = "\
Examples:
  groundlog health
  groundlog health --url http://127.0.0.1:2900 --json

Exit status: 0 it serves, 1 it does not, or nobody answers, 2 wrong usage.";

/// Asks a process whether it serves; for supervisors and containers without curl.
///
/// Needs no password. What is in trouble beside that goes to standard error.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct HealthArgs {
    /// Address of the gateway, or of a role's metrics listener
    #[arg(long, value_name = "URL", default_value = DEFAULT_URL, env = "GROUNDLOG_URL")]
    url: String,
    /// The whole answer as one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &HealthArgs) -> anyhow::Result<ExitCode> {
    // Supervisors and dashboards are often given the whole address.
    let url = args.url.trim_end_matches('/').trim_end_matches("/health");
    let health = Client::new(url, "").get("/health")?;
    if args.json {
        say!("{health}");
        return Ok(ExitCode::SUCCESS);
    }
    say!("{}", health["status"].as_str().unwrap_or("UP"));
    for trouble in health["degraded"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        tell!("degraded: {trouble}");
    }
    Ok(ExitCode::SUCCESS)
}
