//! `groundlog config check`: whether the configuration holds together, what plug-ins define, and
//! what is wrong with them.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use groundlog_packet::{
    PacketKind, Target,
    definition::is_reserved_item,
    identify::{Identifier, PacketPool},
};
use serde_json::{Value as Json, json};

use crate::{
    config::{Config, environment, unread_variables},
    output::say,
    plugin::{self, LoadErrors, LoadedPlugin, PluginArgs, load_folders, variables},
};

const EXAMPLES: &str = "\
Examples:
  groundlog config check --config groundlog.toml
  groundlog config check ./my-plugin
  groundlog config check ./bus ./payload --variable port=4000 --strict
  groundlog config check ./my-plugin --json

Without a folder the configuration is checked, the environment's part of it and the plug-in that it
names included. Exit status: 0 fine, 1 errors, or warnings with --strict, 2 wrong usage.";

/// Says whether configuration, or plug-ins, are valid, and what the plug-ins define
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArgs {
    /// Plug-in folders or bare target folders, loaded together
    #[arg(value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Value of a variable of the plug-ins
    #[arg(long, value_name = "NAME=VALUE", requires = "folders")]
    variable: Vec<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
    /// Fails when there are warnings, such as of names that stand for code that is not run
    #[arg(long)]
    strict: bool,
}

/// Runs the command on folders, else on what the configuration file and the environment say.
///
/// # Errors
/// When the configuration cannot hold, a folder cannot be read, or its definitions have errors.
pub(super) fn run(args: &CheckArgs, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let loaded = match load(args, file) {
        Ok(loaded) => loaded,
        Err(error) => match error.downcast_ref::<LoadErrors>() {
            Some(errors) if args.json => {
                say!("{:#}", json!({ "valid": false, "errors": errors.texts() }));
                return Ok(ExitCode::FAILURE);
            }
            _ => return Err(error),
        },
    };
    let valid = !args.strict || loaded.warnings.is_empty();
    if args.json {
        say!("{:#}", as_json(&loaded, valid));
    } else {
        print(&loaded, valid);
    }
    Ok(if valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Loads what is to be checked; a configuration that names no plug-in means the demo.
fn load(args: &CheckArgs, file: Option<&Path>) -> anyhow::Result<LoadedPlugin> {
    if !args.folders.is_empty() {
        return load_folders(&args.folders, &variables(&args.variable)?);
    }
    let config = Config::load(file)?;
    config.check()?;
    let mut loaded = match plugin::configured(&config, &PluginArgs::default())? {
        Some(loaded) => loaded,
        None => plugin::demo(None)?,
    };
    loaded.warnings.extend(unread_variables(environment()));
    Ok(loaded)
}

/// What one kind of a target's packets is.
struct Count {
    packets: usize,
    items: usize,
    identification: &'static str,
}

fn count(
    loaded: &LoadedPlugin,
    identifier: &Identifier,
    target: &Target,
    kind: PacketKind,
) -> Count {
    let packets = loaded.definitions.packets_of(target, kind);
    let items = |packet: &groundlog_packet::Packet| {
        packet.items.iter().filter(|item| !is_reserved_item(&item.name)).count()
    };
    let unique = identifier
        .target(kind, &target.name)
        .is_some_and(|tables| tables.unique_id_mode(PacketPool::Normal));
    let (packets, items) = packets.fold((0, 0), |(p, i), packet| (p + 1, i + items(packet)));
    Count { packets, items, identification: if unique { "unique" } else { "hash" } }
}

fn print(loaded: &LoadedPlugin, valid: bool) {
    let identifier = Identifier::new(&loaded.definitions);
    for target in loaded.definitions.targets() {
        let tlm = count(loaded, &identifier, target, PacketKind::Telemetry);
        let cmd = count(loaded, &identifier, target, PacketKind::Command);
        say!(
            "{}: {} telemetry packets with {} items, identified by {} ids; {} commands with {} \
             parameters, identified by {} ids",
            target.name,
            tlm.packets,
            tlm.items,
            tlm.identification,
            cmd.packets,
            cmd.items,
            cmd.identification
        );
    }
    for interface in &loaded.interfaces {
        say!("interface {} ({})", interface.name, interface.class);
    }
    for other in &loaded.others {
        say!("kept for tools: {} {}", other.head.keyword, other.head.args.join(" "));
    }
    for warning in &loaded.warnings {
        say!("warning: {warning}");
    }
    match loaded.warnings.len() {
        0 => say!("ok"),
        count if valid => say!("ok, with {count} warnings"),
        count => say!("not ok: {count} warnings"),
    }
}

fn as_json(loaded: &LoadedPlugin, valid: bool) -> Json {
    let identifier = Identifier::new(&loaded.definitions);
    let side = |target: &Target, kind| {
        let Count { packets, items, identification } = count(loaded, &identifier, target, kind);
        json!({ "packets": packets, "items": items, "identification": identification })
    };
    let targets: Vec<Json> = loaded
        .definitions
        .targets()
        .map(|target| {
            json!({
                "name": target.name,
                "telemetry": side(target, PacketKind::Telemetry),
                "commands": side(target, PacketKind::Command),
            })
        })
        .collect();
    let interfaces: Vec<Json> = loaded
        .interfaces
        .iter()
        .map(|one| json!({ "name": one.name, "class": one.class, "parameters": one.args }))
        .collect();
    let others: Vec<Json> = loaded
        .others
        .iter()
        .map(|one| json!({ "keyword": one.head.keyword, "parameters": one.head.args }))
        .collect();
    let opaque: Vec<Json> = loaded
        .definitions
        .opaque()
        .iter()
        .map(|one| {
            json!({
                "kind": one.kind.word(),
                "name": one.name,
                "owner": one.owner,
                "place": one.location.to_string(),
                "reason": one.reason,
            })
        })
        .collect();
    json!({
        "valid": valid,
        "targets": targets,
        "interfaces": interfaces,
        "others": others,
        "opaque": opaque,
        "warnings": loaded.warnings,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;
    use groundlog_packet::template::Variables;

    use super::*;
    use crate::usage::exit_code;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        check: CheckArgs,
    }

    /// Checks a target with a text; `@` in a word is its folder.
    fn check(text: &str, words: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("SAT/cmd_tlm")).expect("a folder");
        fs::write(folder.path().join("SAT/cmd_tlm/t.txt"), text).expect("a file");
        let path = folder.path().join("SAT").display().to_string();
        let words = words.replace('@', &path);
        let args = Cli::try_parse_from(["check"].into_iter().chain(words.split(' ')));
        let file = folder.path().join("groundlog.toml");
        fs::write(&file, format!("[plugin]\npath = {path:?}\n")).expect("a file");
        let ended = run(&args.expect("good words").check, Some(&file));
        format!("{:?}", ended.unwrap_or_else(|error| ExitCode::from(exit_code(&error))))
    }

    #[test]
    fn the_exit_status_is_for_scripts() {
        let code = |code: u8| format!("{:?}", ExitCode::from(code));
        let good = "TELEMETRY SAT P BIG_ENDIAN\n  APPEND_ID_ITEM ID 8 UINT 1\n";
        let odd = "TELEMETRY SAT P BIG_ENDIAN\n  APPEND_ITEM A 8 UINT\n";
        assert_eq!(check(good, "@"), code(0));
        assert_eq!(check(good, "@ --strict --json"), code(0));
        assert_eq!(check(odd, "@"), code(0));
        assert_eq!(check(odd, "@ --strict"), code(1));
        assert_eq!(check("BOGUS\n", "@"), code(1));
        assert_eq!(check("BOGUS\n", "@ --json"), code(1));
        assert_eq!(check(good, "@/nowhere"), code(1));
        assert_eq!(check(good, "@ --variable x"), code(2));
        // Without a folder it is the configuration's.
        assert_eq!(check(odd, "--json"), code(0));
        assert_eq!(check(odd, "--strict"), code(1));
        assert_eq!(check("BOGUS\n", "--json"), code(1));
    }

    #[test]
    fn what_is_loaded_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("SAT");
        fs::create_dir_all(root.join("cmd_tlm")).expect("a folder");
        let text = "TELEMETRY SAT P BIG_ENDIAN\n  APPEND_ITEM A 8 UINT\n";
        fs::write(root.join("cmd_tlm/t.txt"), text).expect("a file");
        let loaded = load_folders(std::slice::from_ref(&root), &Variables::new()).expect("good");
        let found = as_json(&loaded, true);
        let side = |packets: u8, items: u8| json!({ "packets": packets, "items": items, "identification": "hash" });
        let target = json!({ "name": "SAT", "telemetry": side(1, 1), "commands": side(0, 0) });
        assert_eq!(found["targets"], json!([target]));
        let file = root.join("cmd_tlm/t.txt");
        let place = format!("{}:1: Telemetry packet SAT P has no ID_ITEMS", file.display());
        assert!(found["warnings"][0].as_str().is_some_and(|w| w.starts_with(&place)), "{found}");
    }
}
