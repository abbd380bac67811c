//! Tests of what users deploy: command lines and configuration in compose.yaml and Dockerfile are
//! those that this binary accepts, and nothing in them gives away what it should protect.
//!
//! No container engine runs here. The files' own form is checked by `cargo xtask check`.

use std::path::PathBuf;

use clap::Parser;

use crate::{Cli, config::Config};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Finds the lists behind a key that stand on one line, `KEY: ["…", …]`: they are JSON.
fn lists(text: &str, key: &str) -> Vec<Vec<String>> {
    let values = text.lines().filter_map(|line| line.trim_start().strip_prefix(key));
    values
        .filter(|value| value.trim_start().starts_with('['))
        .map(|value| {
            serde_json::from_str(value).unwrap_or_else(|error| panic!("{key}{value}: {error}"))
        })
        .collect()
}

fn parses(arguments: &[String]) {
    let line = arguments.join(" ");
    let words = std::iter::once("groundlog").chain(arguments.iter().map(String::as_str));
    if let Err(error) = Cli::try_parse_from(words) {
        panic!("groundlog {line}: {error}");
    }
}

/// The instructions of a Dockerfile, continued lines joined.
fn instructions(text: &str) -> Vec<(String, String)> {
    let joined = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("\\\n", " ");
    let split = |line: &str| {
        line.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.trim().to_owned()))
    };
    joined.lines().filter_map(split).collect()
}

#[test]
fn every_command_line_of_compose_is_accepted() {
    let compose = text("compose.yaml");
    let commands: Vec<_> = lists(&compose, "command:")
        .into_iter()
        .filter(|command| command[0] != "valkey-server")
        .collect();
    let services =
        compose.matches("<<: *groundlog").count() + compose.matches("<<: *gateway").count();
    // One of the former makes the latter.
    assert_eq!(
        commands.len(),
        services - 1,
        "a command on several lines is not seen: {commands:?}"
    );
    commands.iter().for_each(|command| parses(command));
    let mut roles: Vec<_> = commands
        .iter()
        .filter_map(|command| {
            let at = command.iter().position(|word| word == "--role")?;
            command.get(at + 1)
        })
        .collect();
    roles.sort();
    assert_eq!(roles, ["cvt", "decom", "decom", "gateway", "gateway", "ingest"]);
    let checks: Vec<_> = lists(&compose, "test:")
        .into_iter()
        .filter(|test| test.get(1).is_some_and(|program| program == "groundlog"))
        .collect();
    assert_eq!(checks.len(), 2);
    checks.iter().for_each(|check| parses(&check[2..]));
}

#[test]
fn every_key_of_the_shipped_configurations_is_accepted() {
    for path in ["deploy/groundlog.toml", "deploy/container.toml"] {
        let config = Config::load(Some(&root().join(path)))
            .unwrap_or_else(|error| panic!("{path}: {error:#}"));
        config.check().unwrap_or_else(|error| panic!("{path}: {error:#}"));
        assert_eq!(config.system.data, PathBuf::from("/var/lib/groundlog"));
        assert!(!config.gateway.listen.ip().is_loopback(), "{path}: nobody outside reaches it");
    }
}

#[test]
fn compose_publishes_on_loopback_and_demands_a_password() {
    let compose = text("compose.yaml");
    let published: Vec<_> = compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- $"))
        .filter(|line| line.contains("}:") && !line.contains('/'))
        .collect();
    assert_eq!(published.len(), 3, "{published:?}");
    assert!(published.iter().all(|port| port.starts_with("{GROUNDLOG_ADDRESS:-127.0.0.1}:")));
    assert!(compose.contains("OPENC3_API_PASSWORD: ${GROUNDLOG_PASSWORD:?"));
    let example = text(".env.example");
    for line in compose.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for variable in line.split("${").skip(1) {
            let name = variable.split([':', '}']).next().unwrap_or_default();
            let known = name == "GROUNDLOG_IMAGE" || example.contains(&format!("{name}="));
            assert!(known, "{name} is not in .env.example");
        }
    }
    assert!(example.lines().any(|line| line == "GROUNDLOG_PASSWORD="), "no password is shipped");
    // What the image acknowledges must be on the disk.
    assert!(compose.contains("--unsafe-bypass-fsync=false"));
    assert!(compose.contains("redpanda.write_caching_default=false"));
    assert!(!compose.contains("dev-container") && !compose.contains(":latest"));
}

#[test]
fn the_image_is_built_by_the_toolchain_and_runs_without_root() {
    let toolchain: toml::Table = text("rust-toolchain.toml").parse().expect("TOML");
    let channel = toolchain["toolchain"]["channel"].as_str().expect("channel");
    let dockerfile = instructions(&text("Dockerfile"));
    let all = |name: &str| -> Vec<&str> {
        let of = dockerfile.iter().filter(|(instruction, _)| instruction == name);
        of.map(|(_, rest)| rest.as_str()).collect()
    };
    let stages = all("FROM");
    assert!(stages[0].starts_with(&format!("rust:{channel}-")), "{}", stages[0]);
    assert_eq!(all("ENV"), [format!("RUSTUP_TOOLCHAIN={channel}")]);
    for stage in &stages {
        let tag = stage.split(' ').next().and_then(|image| image.split_once(':'));
        assert!(
            tag.is_some_and(|(_, tag)| tag.starts_with(|c: char| c.is_ascii_digit())),
            "{stage}"
        );
    }
    let last = dockerfile.iter().rposition(|(name, _)| name == "FROM").expect("a stage");
    let in_last = |wanted: &str| dockerfile[last..].iter().find(|(name, _)| name == wanted);
    let (_, user) = in_last("USER").expect("a user");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    let (_, check) = in_last("HEALTHCHECK").expect("a health check");
    let check = check.split_once("CMD ").expect("a command").1;
    let check: Vec<String> = serde_json::from_str(check).expect("JSON");
    assert_eq!(check[0], "groundlog");
    parses(&check[1..]);
    let (_, command) = in_last("CMD").expect("a command");
    parses(&serde_json::from_str::<Vec<String>>(command).expect("JSON"));
    assert!(in_last("VOLUME").is_some());
    assert!(all("ADD").is_empty(), "COPY does what is needed, ADD fetches addresses");
    assert!(text(".dockerignore").lines().any(|line| line == ".env"), "secrets stay outside");
}

#[test]
fn the_image_is_built_with_features_that_exist() {
    let manifest: toml::Table = text("groundlog/Cargo.toml").parse().expect("TOML");
    let dockerfile = text("Dockerfile");
    let (_, rest) = dockerfile.split_once("--features ").expect("features");
    let features = rest.split_whitespace().next().expect("a name").split(',');
    for feature in features {
        let known = manifest.get("features").is_some_and(|all| all.get(feature).is_some());
        assert!(known, "groundlog/Cargo.toml has no feature {feature}");
    }
}
