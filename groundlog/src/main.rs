//! The groundlog binary: command line, configuration, roles, shutdown.
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 it
//! could not be done (the reason is on standard error), 2 wrong usage.

mod client;
mod config;
mod config_command;
mod decode;
mod hex;
mod log_command;
mod operate;
mod output;
mod plugin;
mod replay;
mod roles;
mod run;
mod sim;
mod time_text;
mod values;
mod xtce_command;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Command and telemetry ground system on an immutable log.
///
/// Without a command: `run` with embedded defaults and the demo target live.
#[derive(Debug, Parser)]
#[command(name = "groundlog", version)]
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
            eprintln!("groundlog: {error:#}");
            ExitCode::FAILURE
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
        eprintln!("groundlog: GROUNDLOG_LOG={wanted}: {error}; logging at level info");
        Targets::new().with_default(LevelFilter::INFO)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(filter).init();
}
