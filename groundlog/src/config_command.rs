//! `groundlog config`: what the configuration is, and whether it holds together.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use crate::config::Config;
use crate::output::say;

/// Checks or prints the configuration.
#[derive(Debug, Args)]
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
    ///
    /// Example: groundlog config check --config groundlog.toml
    Check,
    /// Prints the configuration that would be used, defaults included
    ///
    /// Example: groundlog config dump > groundlog.toml
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
