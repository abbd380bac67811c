use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{OperatorArgs, error_document};
use crate::{
    client::ClientError,
    output::{say, tell},
    usage::wrong_usage,
};

/// The code the gateway gives a refused hazardous command (cosmos-api §1.5).
const HAZARDOUS: i64 = -32502;

const EXAMPLES: &str = "\
Examples:
  groundlog cmd \"INST COLLECT with TYPE NORMAL, DURATION 5\"
  groundlog cmd INST CLEAR --hazardous
  groundlog cmd \"INST COLLECT with TYPE 1\" --raw --dry-run

With --json an error is a document on standard output, too: error.message, of the system's refusals
error.code and error.class as in its JSON API. Exit status: 0 sent, 1 refused or failed (the reason
is on standard error), 2 wrong usage, 3 hazardous and not confirmed.";

/// Sends a command and waits for its end
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CmdArgs {
    /// TARGET COMMAND [with PARAMETER VALUE, …]
    #[arg(required = true, num_args = 1.., value_name = "COMMAND")]
    words: Vec<String>,
    /// Send even if the command is hazardous
    #[arg(long)]
    hazardous: bool,
    /// Do not check parameters against their ranges
    #[arg(long)]
    no_range_check: bool,
    /// Parameter values are raw
    #[arg(long)]
    raw: bool,
    /// Only build the packet and print its bytes in hex
    #[arg(long)]
    dry_run: bool,
    /// Seconds to wait for the command's end
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS")]
    timeout: f64,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
}

/// Runs the command.
pub(crate) fn run(args: &CmdArgs) -> anyhow::Result<ExitCode> {
    let text = args.words.join(" ");
    if text.trim().is_empty() {
        return Err(wrong_usage(
            "the command is empty; write TARGET COMMAND [with PARAMETER VALUE, …]",
        ));
    }
    let client = args.operator.client()?;
    if args.dry_run {
        let keywords =
            json!({ "scope": "DEFAULT", "raw": args.raw, "range_check": !args.no_range_check });
        let built = client.rpc_with("build_cmd", vec![json!(text)], keywords)?;
        print_built(&built, args.operator.json);
        return Ok(ExitCode::SUCCESS);
    }
    let keywords = json!({ "scope": "DEFAULT", "timeout": args.timeout });
    match client.rpc_with(method(args), vec![json!(text)], keywords) {
        Ok(result) if args.operator.json => say!("{result}"),
        Ok(result) => say!("sent: {}", result["cmd_string"].as_str().unwrap_or(&text)),
        Err(error @ ClientError::Rpc { code: HAZARDOUS, .. }) => {
            tell!("{error}\nsay --hazardous to send it all the same");
            if args.operator.json {
                say!("{}", error_document(&error.into()));
            }
            return Ok(ExitCode::from(3));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn method(args: &CmdArgs) -> &'static str {
    match (args.raw, args.no_range_check, args.hazardous) {
        (false, false, false) => "cmd",
        (false, true, false) => "cmd_no_range_check",
        (false, false, true) => "cmd_no_hazardous_check",
        (false, true, true) => "cmd_no_checks",
        (true, false, false) => "cmd_raw",
        (true, true, false) => "cmd_raw_no_range_check",
        (true, false, true) => "cmd_raw_no_hazardous_check",
        (true, true, true) => "cmd_raw_no_checks",
    }
}

fn print_built(built: &Value, as_json: bool) {
    // Bytes travel as {"json_class":"String","raw":[…]} (cosmos-api §1.3).
    let bytes: Vec<u8> = built["buffer"]["raw"]
        .as_array()
        .map(|raw| raw.iter().filter_map(|byte| byte.as_u64().map(|byte| byte as u8)).collect())
        .unwrap_or_default();
    let hex = crate::hex::encode(&bytes);
    if as_json {
        let names = (&built["target_name"], &built["packet_name"]);
        say!("{}", json!({ "target": names.0, "command": names.1, "buffer": hex }));
    } else {
        say!("{hex}");
    }
}
