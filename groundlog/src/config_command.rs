//! `groundlog config`: whether configuration and definitions hold together, and what changed.

mod check;
mod diff;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::{config::Config, output};

const EXAMPLES: &str = "\
Examples:
  groundlog config check --config groundlog.toml
  groundlog config check ./my-plugin --strict
  groundlog config diff ./released ./my-plugin
  groundlog config dump > groundlog.toml

Exit status: 0 valid, 1 not valid (the reason is on standard error), 2 wrong usage; of `diff`: 0 equal,
1 different, 2 trouble.";

/// Checks configuration and definitions, compares definitions, prints the configuration
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
    Check(check::CheckArgs),
    Diff(diff::DiffArgs),
    /// Prints the configuration that would be used, defaults included
    #[command(after_help = EXAMPLES)]
    Dump,
}

/// Runs the command.
///
/// # Errors
/// When configuration or definitions cannot be used.
pub(crate) fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ConfigCommand::Check(check) => check::run(check, args.config.as_deref()),
        ConfigCommand::Diff(diff) => diff::run(diff),
        ConfigCommand::Dump => {
            let config = Config::load(args.config.as_deref())?;
            config.check()?;
            output::result(format_args!("{}", toml::to_string(&config)?));
            Ok(ExitCode::SUCCESS)
        }
    }
}
