//! `groundlog run`: puts the system together, keeps it running, stops it in order.
//!
//! ```text
//!  start   configuration, plug-in (all errors at once) → log → name → definitions → decom, cvt
//!          (restored from snapshot and tail) → gateway → ingest
//!  stop    gateway → ingest (drained) → decom (caught up) → cvt (caught up, snapshot) → log
//! ```
//!
//! A process has the roles that it was given; which needs what, and how processes know of each
//! other, is written in docs/adr/0004-roles.md.

mod announce;
mod core;
mod demo;
mod descriptors;
mod drain;
mod fresh;
mod identity;
pub(crate) mod interfaces;
mod metrics;
mod system;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    config::{Config, environment, unread_variables},
    output::tell,
    plugin::PluginArgs,
    role_set::RoleName,
};

const EXAMPLES: &str = "\
Examples:
  groundlog run                                              the demo target, live
  groundlog run --plugin my-plugin host=10.0.0.5 port=8081   a plug-in folder and its variables
  groundlog run --plugin targets/MYSAT --connect tcp://10.0.0.5:8081 --protocol \"LENGTH 32 16 7\"
  groundlog run --config shared.toml --role decom            one of several processes on one log

GROUNDLOG_LOG sets what is logged to standard error (error, warn, info, debug). Exit status: 0
stopped in order, 1 it could not start or stop, or another process took its name (the reason is on
standard error), 2 wrong usage.";

/// Starts the whole system (the default command)
#[derive(Debug, Default, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    plugin: PluginArgs,
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for everything that must survive a restart
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Roles of this process; the others run in processes of their own on the same log
    #[arg(long = "role", value_name = "ROLE,…", value_delimiter = ',', value_enum)]
    roles: Vec<RoleName>,
    /// Name of this process among all of the system
    #[arg(long, value_name = "NAME")]
    process: Option<String>,
    /// One JSON line when everything is up, instead of text
    #[arg(long)]
    json: bool,
}

/// Runs until interrupted.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let mut config = Config::load(args.config.as_deref())?;
    if let Some(data) = &args.data {
        config.system.data = data.clone();
    }
    if !args.roles.is_empty() {
        config.system.roles = args.roles.iter().copied().collect();
    }
    if args.process.is_some() {
        config.system.process.clone_from(&args.process);
    }
    config.check()?;
    unread_variables(environment()).for_each(|unread| tracing::warn!("{unread}"));
    descriptors::raise();
    let mut interrupted = std::pin::pin!(interrupt());
    let mut running = tokio::select! {
        running = system::start(&config, &args.plugin) => running?,
        () = &mut interrupted => return Ok(ExitCode::SUCCESS),
    };
    match args.json {
        true => announce::announce_json(&running),
        false => announce::announce(&running, &config, args.config.as_deref()),
    }
    let replaced = tokio::select! {
        () = &mut interrupted => None,
        error = running.replaced() => Some(error),
    };
    match &replaced {
        None => tell!("stopping: draining what was received (interrupt again to stop at once)"),
        Some(error) => tracing::error!(error = format!("{error:#}"), "stopping"),
    }
    let stopped = tokio::select! {
        stopped = running.shut_down(&config) => stopped,
        () = interrupt() => return Ok(ExitCode::FAILURE),
    };
    match replaced {
        None => stopped.map(|()| ExitCode::SUCCESS),
        Some(error) => Err(error),
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn interrupt() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be caught; use Ctrl-C");
                let _ = tokio::signal::ctrl_c().await;
                return;
            }
        };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
