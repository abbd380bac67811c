//! `groundlog run`: puts the system together, keeps it running, stops it in order.
//!
//! ```text
//!  start   configuration, plug-in (all errors at once) → log → definitions → decom, cvt (restored
//!          from snapshot and tail) → ingest → gateway
//!  stop    gateway → ingest (drained) → decom (caught up) → cvt (caught up, snapshot) → log
//! ```

mod announce;
mod demo;
mod drain;
pub(crate) mod interfaces;
mod metrics;
mod system;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{config::Config, plugin::PluginArgs};

const EXAMPLES: &str = "\
Examples:
  groundlog run                                              the demo target, live
  groundlog run --plugin my-plugin host=10.0.0.5 port=8081   a plug-in folder and its variables
  groundlog run --plugin targets/MYSAT --connect tcp://10.0.0.5:8081 --protocol \"LENGTH 32 16 7\"

GROUNDLOG_LOG sets what is logged to standard error (error, warn, info, debug). Exit status: 0
stopped in order, 1 it could not start or stop (the reason is on standard error), 2 wrong usage.";

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
    config.check()?;
    let mut interrupted = std::pin::pin!(interrupt());
    let running = tokio::select! {
        running = system::start(&config, &args.plugin) => running?,
        () = &mut interrupted => return Ok(ExitCode::SUCCESS),
    };
    announce::announce(&running, args.json);
    interrupted.await;
    eprintln!("stopping: draining what was received (interrupt again to stop at once)");
    tokio::select! {
        stopped = running.stop(&config) => stopped.map(|()| ExitCode::SUCCESS),
        () = interrupt() => Ok(ExitCode::FAILURE),
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
