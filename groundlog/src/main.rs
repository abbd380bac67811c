//! The groundlog binary: command line, configuration, roles, shutdown.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 it
//! could not be done (the reason is on standard error), 2 wrong usage.

// They panic when the reader has gone away: see `output`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod client;
mod config;
mod config_command;
mod decode;
#[cfg(test)]
mod deployment;
mod hex;
mod log_command;
mod operate;
mod output;
mod plugin;
mod replay;
mod role_set;
mod roles;
mod run;
mod sim;
mod time_text;
mod usage;
mod values;
mod xtce_command;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::output::tell;

const EXAMPLES: &str = "\
Examples:
  groundlog
  groundlog cmd \"INST COLLECT with TYPE NORMAL, DURATION 5\"
  groundlog tlm INST HEALTH_STATUS --type formatted

Results go to standard output, everything else to standard error. Exit status: 0 done, 1 it could
not be done (the reason is on standard error), 2 wrong usage; `groundlog COMMAND --help` has the
rest. docs/operations.md explains errors and what to do about them.";

/// Command and telemetry ground system on an immutable log.
///
/// Without a command: `run` with embedded defaults and the demo target live.
#[derive(Debug, Parser)]
#[command(name = "groundlog", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Replay(replay::ReplayArgs),
    Rebuild(operate::RebuildArgs),
    Log(log_command::LogArgs),
    Status(operate::StatusArgs),
    Health(operate::HealthArgs),
    Tlm(operate::TlmArgs),
    Cmd(operate::CmdArgs),
    Decode(decode::DecodeArgs),
    Sim(sim::SimArgs),
    Config(config_command::ConfigArgs),
    Xtce(xtce_command::XtceArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or_else(|| Command::Run(run::RunArgs::default()));
    match dispatch(command) {
        Ok(code) => code,
        Err(error) => {
            tell!("groundlog: {}", usage::told(&error));
            ExitCode::from(usage::exit_code(&error))
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => serve(run::run(args)),
        Command::Replay(args) => replay::run(&args),
        Command::Rebuild(args) => operate::rebuild(&args),
        Command::Log(args) => serve(log_command::run(args)),
        Command::Status(args) => operate::status(&args),
        Command::Health(args) => operate::health(&args),
        Command::Tlm(args) => operate::tlm(&args),
        Command::Cmd(args) => operate::cmd(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Sim(args) => serve(sim::command(args)),
        Command::Config(args) => config_command::run(&args),
        Command::Xtce(args) => xtce_command::run(&args),
    }
}

/// Runs a command that waits for many things at once.
fn serve(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    start_logging();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Logs to standard error what `GROUNDLOG_LOG` asks for: a level, or `target=level,…`.
fn start_logging() {
    let wanted = std::env::var("GROUNDLOG_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = wanted.parse::<Targets>().unwrap_or_else(|error| {
        tell!("groundlog: GROUNDLOG_LOG={wanted}: {error}; logging at level info");
        Targets::new().with_default(LevelFilter::INFO)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // It would tell them by `eprintln!`, which panics where standard error is closed.
        .log_internal_errors(false);
    // It fails only where a subscriber is set already, as between tests.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, error::ErrorKind};

    use super::*;

    /// Splits an example as a shell would: by blanks, outside of quotes; what is behind two blanks
    /// is a remark, behind `>` a file.
    fn words(example: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        let end = example.find("  ").unwrap_or(example.len());
        for c in example[..end].chars() {
            match c {
                '"' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                _ => words.last_mut().expect("one at least").push(c),
            }
        }
        words.truncate(words.iter().position(|word| word == ">").unwrap_or(words.len()));
        words
    }

    fn check(command: &clap::Command, path: &str) {
        let help = command.get_after_help().unwrap_or_else(|| panic!("{path}: no examples"));
        let help = help.to_string();
        assert!(help.contains("Exit status:"), "{path}: {help}");
        let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        assert!(examples.iter().any(|example| example.starts_with(path)), "{path}: {help}");
        for example in examples {
            Cli::try_parse_from(words(example))
                .unwrap_or_else(|error| panic!("{example}: {error}"));
        }
        let ours = command.get_subcommands().filter(|command| command.get_name() != "help");
        ours.for_each(|it| check(it, &format!("{path} {}", it.get_name())));
    }

    #[test]
    fn every_command_shows_examples_that_parse_and_its_exit_codes() {
        let mut cli = Cli::command();
        cli.build();
        check(&cli, "groundlog");
    }

    #[test]
    fn what_cannot_be_meant_is_wrong_usage() {
        for arguments in [
            vec!["nope"],
            vec!["log", "cat", "raw", "--from", "yesterday"],
            vec!["rebuild", "cvt", "--from", "12"],
            vec!["status", "--url", "localhost:2900"],
            vec!["status", "--url", "https://localhost"],
            vec!["run", "--protocol", "LENGTH"],
        ] {
            let error = Cli::try_parse_from(["groundlog"].iter().chain(&arguments));
            assert_eq!(error.expect_err("refused").exit_code(), 2, "{arguments:?}");
        }
        let version = Cli::try_parse_from(["groundlog", "--version"]).expect_err("shown");
        assert_eq!((version.kind(), version.exit_code()), (ErrorKind::DisplayVersion, 0));
    }

    /// What only the command itself can see.
    #[test]
    fn wrong_usage_that_a_command_finds_ends_with_2() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("cmd_tlm")).expect("a target");
        let target = folder.path().to_str().expect("a path");
        for arguments in [
            vec!["run", "--connect", "tcp://127.0.0.1:1"],
            vec!["run", "--plugin", "x=1"],
            vec!["run", "--plugin", target, "--connect", "nowhere"],
            vec!["tlm", "INST"],
            vec!["cmd", ""],
            vec!["cmd", " ", " "],
            vec!["tlm", "INST HEALTH_STATUS TEMP1 X"],
            vec!["replay", target, "--time", "header"],
        ] {
            let cli = Cli::try_parse_from(["groundlog"].iter().chain(&arguments)).expect("parses");
            let error = dispatch(cli.command.expect("a command")).expect_err("refused");
            assert_eq!(usage::exit_code(&error), 2, "{arguments:?}: {error:#}");
        }
    }
}
