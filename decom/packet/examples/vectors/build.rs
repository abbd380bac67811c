//! Vectors of kinds `build_cmd` and `format_cmd`.

use groundlog_packet::Value;
use groundlog_packet::command::{self, BuildOptions, BuiltCommand};
use serde_json::Value as Json;

use super::parse::{TARGET, definitions};
use super::{Outcome, json};

type Built = Result<BuiltCommand, Value>;

fn build(vector: &Json, options: BuildOptions) -> Result<(Built, Vec<String>), String> {
    let definitions = match definitions(&json::text(vector, "config")) {
        Ok(definitions) => definitions,
        Err(errors) => return Ok((Err(json::error(&errors)), Vec::new())),
    };
    let params = vector.get("params").and_then(Json::as_array).cloned().unwrap_or_default();
    let mut given = Vec::new();
    for pair in &params {
        let name = pair.get(0).and_then(Json::as_str).ok_or("parameter without a name")?;
        let value = json::value(pair.get(1).ok_or("parameter without a value")?)?;
        given.push((name.to_owned(), value));
    }
    let packet = json::text(vector, "packet");
    let built = command::build(&definitions, TARGET, &packet, &given, options);
    Ok((built.map_err(|error| json::error(&error)), definitions.unsupported().to_vec()))
}

pub(super) fn command(vector: &Json) -> Result<Outcome, String> {
    let options = BuildOptions {
        range_check: json::flag(vector, "range_check", true),
        raw: json::flag(vector, "raw", false),
        required_check: json::flag(vector, "check_required", true),
    };
    let (built, unsupported) = build(vector, options)?;
    let found = match built {
        Ok(command) => {
            let description = command.hazardous.as_deref().map_or(Value::Null, Value::from);
            let hazardous = Value::Array(vec![(!description.is_null()).into(), description]);
            json::object([
                ("hex", Value::from(hex(command.packet.buffer()))),
                ("hazardous", hazardous),
                ("extra", super::packet::extra(&command.packet)),
            ])
        }
        Err(error) => error,
    };
    Ok(Outcome { found, unsupported })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn formatted(vector: &Json) -> Result<Outcome, String> {
    let raw = json::flag(vector, "raw", false);
    let options = BuildOptions { range_check: false, raw, required_check: false };
    let (built, unsupported) = build(vector, options)?;
    let method = if raw { "cmd_raw" } else { "cmd" };
    let found = match built {
        Ok(command) => Value::from(command::built_command_text(method, &command.packet, raw)),
        Err(error) => error,
    };
    Ok(Outcome { found, unsupported })
}
