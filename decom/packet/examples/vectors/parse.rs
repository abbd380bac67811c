//! Vectors of text: tokens, value words, command texts, definitions, conversions, templates.

use groundlog_packet::Value;
use groundlog_packet::command;
use groundlog_packet::config::{ConfigErrors, convert_to_value, tokenize};
use groundlog_packet::definition::{Definitions, TargetSource};
use groundlog_packet::template::{self, Sources, Variables};
use serde_json::Value as Json;

use super::{Outcome, json};

/// Target that the definitions of the vectors belong to.
pub(super) const TARGET: &str = "TGT";

/// Reads the vector's definitions.
pub(super) fn definitions(config: &str) -> Result<Definitions, ConfigErrors> {
    let source = TargetSource {
        name: TARGET.to_owned(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/vector.txt".to_owned(), config.to_owned())],
        binary_files: Vec::new(),
    };
    Definitions::builder().add_target(source).build()
}

pub(super) fn tokens(vector: &Json) -> Result<Outcome, String> {
    let keep_quotes = !json::flag(vector, "remove_quotes", true);
    let statements = tokenize(&json::text(vector, "text")).into_iter().map(|statement| {
        let words = statement.parameters.iter().map(|token| {
            // With quotes kept the joined text tells which ones they were.
            let quote = ['"', '\'']
                .into_iter()
                .find(|quote| statement.text.contains(&format!("{quote}{}{quote}", token.text)));
            match quote.filter(|_| keep_quotes && token.quoted) {
                Some(quote) => Value::from(format!("{quote}{}{quote}", token.text)),
                None => Value::from(token.text.as_str()),
            }
        });
        Value::Array(vec![
            Value::from(statement.keyword.as_str()),
            Value::Array(words.collect()),
            Value::from(statement.line),
        ])
    });
    Ok(Outcome::of(Value::Array(statements.collect())))
}

pub(super) fn to_value(vector: &Json) -> Result<Outcome, String> {
    Ok(Outcome::of(convert_to_value(&json::text(vector, "text"))))
}

pub(super) fn command_text(vector: &Json) -> Result<Outcome, String> {
    let found = match command::parse(&json::text(vector, "text"), None) {
        Ok(command) => {
            let pairs = command.parameters.into_iter();
            let pairs = pairs.map(|(name, value)| Value::Array(vec![Value::from(name), value]));
            Value::Array(vec![
                Value::from(command.target),
                Value::from(command.command),
                Value::Array(pairs.collect()),
            ])
        }
        Err(error) => json::error(&error),
    };
    Ok(Outcome::of(found))
}

pub(super) fn config_error(vector: &Json) -> Result<Outcome, String> {
    Ok(Outcome::of(match definitions(&json::text(vector, "config")) {
        Ok(_) => Value::from("no error"),
        Err(errors) => {
            let placed = errors.errors.iter().all(|error| error.line > 0);
            let message = if placed { errors.to_string() } else { "error without line".to_owned() };
            json::error(&message)
        }
    }))
}

pub(super) fn warnings(vector: &Json) -> Result<Outcome, String> {
    Ok(Outcome::of(match definitions(&json::text(vector, "config")) {
        Ok(definitions) => texts(definitions.warnings()),
        Err(errors) => json::error(&errors),
    }))
}

pub(super) fn texts(lines: &[String]) -> Value {
    Value::Array(lines.iter().map(|line| Value::from(line.as_str())).collect())
}

/// Defines an item with the conversion and applies it to each input.
pub(super) fn conversion(vector: &Json) -> Result<Outcome, String> {
    let class = json::text(vector, "class");
    let args = vector.get("args").and_then(Json::as_array).cloned().unwrap_or_default();
    let words = |list: &[Json]| -> String {
        let words = list.iter().map(|word| word.as_str().map_or(word.to_string(), str::to_owned));
        words.collect::<Vec<_>>().join(" ")
    };
    let lines = if class == "segmented_polynomial_conversion" {
        let segments = args.iter().filter_map(Json::as_array);
        segments
            .map(|segment| format!("    SEG_POLY_READ_CONVERSION {}\n", words(segment)))
            .collect()
    } else {
        format!("    READ_CONVERSION {class}.rb {}\n", words(&args))
    };
    let config = format!("TELEMETRY TGT P BIG_ENDIAN\n  APPEND_ITEM A 8 UINT\n{lines}");
    let definitions = match definitions(&config) {
        Ok(definitions) => definitions,
        Err(errors) => return Ok(Outcome::of(json::error(&errors))),
    };
    let packet = definitions.packets().iter().find(|packet| packet.packet_name == "P");
    let item = packet.and_then(|packet| packet.item("A")).ok_or("no item")?;
    let conversion = item.read_conversion.as_ref().ok_or("no conversion")?;
    let inputs = vector.get("inputs").and_then(Json::as_array).ok_or("no inputs")?;
    let outputs: Result<Vec<Value>, String> = inputs
        .iter()
        .map(|input| {
            let applied = conversion.apply(&json::value(input)?);
            Ok(applied.unwrap_or_else(|error| json::error(&error)))
        })
        .collect();
    let unsupported = definitions.unsupported().to_vec();
    Ok(Outcome { found: Value::Array(outputs?), unsupported })
}

pub(super) fn template(vector: &Json) -> Result<Outcome, String> {
    let members = |key: &str| -> Vec<(String, String)> {
        let map = vector.get(key).and_then(Json::as_object);
        let entries = map.into_iter().flatten();
        entries.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect()
    };
    let partials = members("partials");
    let variables: Variables = members("vars").into_iter().collect();
    let source = |path: &str| {
        let found = partials.iter().find(|(name, _)| name == path);
        found.map(|(_, text)| text.clone())
    };
    let sources = Sources { partial: &source, environment: &|_| None };
    let text = json::text(vector, "text");
    let rendered = template::render("vector.txt", &text, &variables, &sources);
    Ok(Outcome::of(match rendered {
        Ok(text) => Value::from(text),
        Err(error) => json::error(&error),
    }))
}
