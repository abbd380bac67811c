//! `groundlog config`: what the configuration is, and whether it holds together.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::config::Config;
use crate::output::say;

const EXAMPLES: &str = "\
Examples:
  groundlog config check --config groundlog.toml
  groundlog config dump > groundlog.toml

Exit status: 0 the configuration is valid, 1 it is not (the reason is on standard error), 2 wrong
usage.";

/// Checks or prints the configuration
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Says whether file and environment make a valid configuration
    #[command(after_help = EXAMPLES)]
    Check,
    /// Prints the configuration that would be used, defaults included
    #[command(after_help = EXAMPLES)]
    Dump,
}

/// Runs the command.
pub(crate) fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(args.config.as_deref())?;
    config.check()?;
    match args.command {
        ConfigCommand::Check => say!("ok"),
        ConfigCommand::Dump => print!("{}", toml::to_string(&config)?),
    }
    Ok(ExitCode::SUCCESS)
}
