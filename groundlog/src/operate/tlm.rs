use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::OperatorArgs;
use crate::{output::say, usage::wrong_usage};

const EXAMPLES: &str = "\
Examples:
  groundlog tlm INST HEALTH_STATUS
  groundlog tlm INST HEALTH_STATUS TEMP1 --type formatted
  groundlog tlm INST HEALTH_STATUS --json

Exit status: 0 printed, 1 there is no such item, or the system does not answer, 2 wrong usage.";

/// Prints current values
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TlmArgs {
    /// TARGET PACKET for all items, TARGET PACKET ITEM for one
    #[arg(required = true, num_args = 1.., value_name = "NAME")]
    words: Vec<String>,
    /// Which form of the value
    #[arg(long = "type", value_enum, default_value_t = ValueForm::Converted)]
    form: ValueForm,
    #[command(flatten)]
    operator: OperatorArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ValueForm {
    Raw,
    Converted,
    Formatted,
}

impl ValueForm {
    fn cosmos(self) -> &'static str {
        match self {
            Self::Raw => "RAW",
            Self::Converted => "CONVERTED",
            Self::Formatted => "FORMATTED",
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &TlmArgs) -> anyhow::Result<ExitCode> {
    let names: Vec<&str> = args.words.iter().flat_map(|word| word.split_whitespace()).collect();
    if !(2..=3).contains(&names.len()) {
        let text = format!("give TARGET PACKET or TARGET PACKET ITEM, not {} names", names.len());
        return Err(wrong_usage(text));
    }
    let client = args.operator.client()?;
    let keywords = json!({ "scope": "DEFAULT", "type": args.form.cosmos() });
    let params = names.iter().map(|name| json!(name)).collect();
    if names.len() == 2 {
        let items = client.rpc_with("get_tlm_packet", params, keywords)?;
        print_packet(&items, args.operator.json);
    } else {
        let value = client.rpc_with("tlm", params, keywords)?;
        say!("{}", if args.operator.json { value.to_string() } else { text(&value) });
    }
    Ok(ExitCode::SUCCESS)
}

fn print_packet(items: &Value, as_json: bool) {
    let rows = items.as_array().map(Vec::as_slice).unwrap_or_default();
    if as_json {
        let members = rows.iter().map(|row| {
            let name = row[0].as_str().unwrap_or_default().to_owned();
            (name, json!({ "value": row[1], "limits": row[2] }))
        });
        say!("{}", Value::Object(members.collect()));
        return;
    }
    for row in rows {
        let limits = row[2].as_str().unwrap_or_default();
        say!("{:<24} {:<14} {}", row[0].as_str().unwrap_or_default(), limits, text(&row[1]));
    }
}

/// Text as it is, anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        // Bytes from a spacecraft must not control the terminal.
        Value::String(text) => {
            let shown =
                |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
            text.chars().map(shown).collect()
        }
        Value::Object(object) if object.contains_key("raw") => match &object["raw"] {
            Value::Array(bytes) => {
                let bytes: Vec<u8> =
                    bytes.iter().filter_map(|b| b.as_u64().map(|b| b as u8)).collect();
                format!("0x{}", crate::hex::encode(&bytes))
            }
            other => other.as_str().unwrap_or_default().to_owned(),
        },
        other => other.to_string(),
    }
}
