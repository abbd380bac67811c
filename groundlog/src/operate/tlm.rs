use std::{collections::HashSet, process::ExitCode};

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
#[command(after_help = EXAMPLES, override_usage = "groundlog tlm [OPTIONS] <TARGET> <PACKET> [ITEM]")]
pub(crate) struct TlmArgs {
    /// TARGET PACKET for all items, TARGET PACKET ITEM for one
    #[arg(required = true, num_args = 1..=3, value_name = "TARGET PACKET [ITEM]")]
    words: Vec<String>,
    /// Which form of the value
    #[arg(long = "type", value_enum, default_value_t = ValueForm::Converted)]
    form: ValueForm,
    #[command(flatten)]
    pub(super) operator: OperatorArgs,
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
    let params: Vec<Value> = names.iter().map(|name| json!(name)).collect();
    let method = if names.len() == 2 { "get_tlm_packet" } else { "tlm" };
    let answer = client.rpc_with(method, params.clone(), keywords)?;
    if args.operator.json {
        say!("{}", if names.len() == 2 { packet_json(&answer) } else { answer });
    } else if names.len() == 2 {
        let packet = client.rpc("get_tlm", params)?;
        let blocks = blocks_of(packet["items"].as_array().map_or(&[], Vec::as_slice));
        print_packet(&answer, &blocks);
    } else {
        let item = client.rpc("get_item", params)?;
        say!("{}", shown(&answer, is_block(&item)));
    }
    Ok(ExitCode::SUCCESS)
}

fn packet_json(items: &Value) -> Value {
    let members = rows(items).iter().map(|row| {
        let name = row[0].as_str().unwrap_or_default().to_owned();
        (name, json!({ "value": row[1], "limits": row[2] }))
    });
    Value::Object(members.collect())
}

fn rows(items: &Value) -> &[Value] {
    items.as_array().map_or(&[], Vec::as_slice)
}

fn print_packet(items: &Value, blocks: &HashSet<&str>) {
    for row in rows(items) {
        let name = row[0].as_str().unwrap_or_default();
        let limits = row[2].as_str().unwrap_or_default();
        say!("{name:<24} {limits:<14} {}", shown(&row[1], blocks.contains(name)));
    }
}

/// Returns the names of the items whose values are bytes.
fn blocks_of(items: &[Value]) -> HashSet<&str> {
    items.iter().filter(|item| is_block(item)).filter_map(|item| item["name"].as_str()).collect()
}

/// Returns whether the values of an item are bytes, whatever text they may look like.
fn is_block(item: &Value) -> bool {
    let makes_text = ["states", "read_conversion", "format_string"];
    item["data_type"] == "BLOCK" && makes_text.iter().all(|key| item[*key].is_null())
}

/// Bytes in hexadecimal, as COSMOS shows them; everything else as text.
fn shown(value: &Value, block: bool) -> String {
    match value {
        // Bytes that are harmless text come as the characters of their UTF-8.
        Value::String(bytes) if block => hexadecimal(bytes.as_bytes()),
        other => text(other),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    format!("0x{}", crate::hex::encode(bytes).to_uppercase())
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
                hexadecimal(&bytes)
            }
            other => other.as_str().unwrap_or_default().to_owned(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_hexadecimal_even_where_they_are_text() {
        let items = [
            json!({"name": "DUMP", "data_type": "BLOCK"}),
            json!({"name": "NAME", "data_type": "STRING"}),
            json!({"name": "TEXT", "data_type": "BLOCK", "format_string": "%s"}),
        ];
        assert_eq!(blocks_of(&items), HashSet::from(["DUMP"]));
        assert_eq!(shown(&json!("Aÿ"), true), "0x41C3BF");
        assert_eq!(shown(&json!({"json_class": "String", "raw": [0, 255]}), true), "0x00FF");
        assert_eq!(shown(&json!("A\u{1b}[2J"), false), r"A\u{1b}[2J");
        assert_eq!(shown(&json!(1.5), false), "1.5");
    }
}
