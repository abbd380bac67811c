//! `groundlog config diff OLD NEW`: what decodes differently.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use groundlog_packet::compare::{Change, Difference, differences};
use serde_json::{Value as Json, json};

use crate::{
    output::{say, tell},
    plugin::{load_folders, variables},
    usage::told,
};

const EXAMPLES: &str = "\
Examples:
  groundlog config diff ./released ./my-plugin
  groundlog config diff ./released ./my-plugin --json

What counts is what decodes or encodes; descriptions and other words for people do not. Exit status:
0 equal, 1 different, 2 trouble: definitions with errors, wrong usage.";

/// Lists what two plug-ins or targets define differently
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DiffArgs {
    /// Plug-in folder or bare target folder
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The same, later
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Value of a variable of both
    #[arg(long, value_name = "NAME=VALUE")]
    variable: Vec<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When a value of a variable is no assignment; errors of definitions are in the exit status.
pub(super) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let values = variables(&args.variable)?;
    let load = |folder: &PathBuf| load_folders(std::slice::from_ref(folder), &values);
    let (old, new) = match (load(&args.old), load(&args.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            for error in [old.err(), new.err()].into_iter().flatten() {
                tell!("groundlog: {}", told(&error));
            }
            return Ok(ExitCode::from(2));
        }
    };
    let found = differences(&old.definitions, &new.definitions);
    if args.json {
        let listed: Vec<Json> = found.iter().map(as_json).collect();
        say!("{:#}", json!({ "equal": found.is_empty(), "differences": listed }));
    } else if found.is_empty() {
        say!("nothing that decodes or encodes has changed");
    } else {
        found.iter().for_each(|difference| say!("{}", line(difference)));
    }
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Shows what differs: `target`, `target telemetry packet`, and so on.
fn subject(difference: &Difference) -> String {
    let mut text = difference.target.clone();
    if let Some((kind, packet)) = &difference.packet {
        text.push_str(&format!(" {kind} {packet}"));
    }
    if let Some(item) = &difference.item {
        text.push_str(&format!(" {item}"));
    }
    text
}

fn line(difference: &Difference) -> String {
    let subject = subject(difference);
    match &difference.change {
        Change::Added => format!("+ {subject}"),
        Change::Removed => format!("- {subject}"),
        Change::Changed { field, old, new } => {
            let shown =
                |value: &str| if value.is_empty() { "none".into() } else { value.to_owned() };
            format!("~ {subject}: {field}: {} -> {}", shown(old), shown(new))
        }
    }
}

fn as_json(difference: &Difference) -> Json {
    let Difference { target, packet, item, change } = difference;
    let mut object = json!({ "target": target });
    if let Some((kind, packet)) = packet {
        object["kind"] = json!(kind.to_string());
        object["packet"] = json!(packet);
    }
    if let Some(item) = item {
        object["item"] = json!(item);
    }
    match change {
        Change::Added => object["change"] = json!("added"),
        Change::Removed => object["change"] = json!("removed"),
        Change::Changed { field, old, new } => {
            object["change"] = json!("changed");
            object["field"] = json!(field);
            object["old"] = json!(old);
            object["new"] = json!(new);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_exit_status_is_that_of_diff() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = |version: &str, text: &str| {
            let root = folder.path().join(version).join("SAT");
            fs::create_dir_all(root.join("cmd_tlm")).expect("a folder");
            fs::write(root.join("cmd_tlm/t.txt"), text).expect("a file");
            root
        };
        let text = "TELEMETRY SAT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n";
        let old = target("1", text);
        let same = target("2", &format!("# words\n{text}"));
        let other = target("3", &text.replace("8 UINT", "16 UINT"));
        let bad = target("4", "BOGUS\n");
        let code = |old: &PathBuf, new: &PathBuf| {
            let (old, new) = (old.clone(), new.clone());
            let args = DiffArgs { old, new, variable: Vec::new(), json: false };
            format!("{:?}", run(&args).expect("an end"))
        };
        let wanted = |code: u8| format!("{:?}", ExitCode::from(code));
        assert_eq!(code(&old, &same), wanted(0));
        assert_eq!(code(&old, &other), wanted(1));
        assert_eq!(code(&old, &bad), wanted(2));
    }

    #[test]
    fn a_line_says_what_and_how() {
        let change = Change::Changed { field: "bit size", old: "8".into(), new: String::new() };
        let difference = Difference {
            target: "SAT".into(),
            packet: Some((groundlog_packet::PacketKind::Telemetry, "P".into())),
            item: Some("ID".into()),
            change,
        };
        assert_eq!(line(&difference), "~ SAT telemetry P ID: bit size: 8 -> none");
        assert_eq!(as_json(&difference)["field"], "bit size");
    }
}
