//! A simulated spacecraft on TCP, which is also the load generator.
//!
//! ```text
//!  every 100 ms ─▶ Spacecraft ─▶ packets ─▶ broadcast ─▶ each connection
//!  each connection ─▶ commands ─▶ Spacecraft ─▶ HEALTH_STATUS at once
//! ```
//!
//! It speaks CCSDS space packets as the demo target INST defines them.

mod ccsds;
mod commands;
#[cfg(test)]
mod definition_tests;
mod load;
mod packets;
mod physics;
mod server;
mod spacecraft;

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Args;
use tokio::{net::TcpListener, sync::watch};

use crate::output::announce;

/// Simulate a spacecraft on TCP, or generate load.
///
/// Without --rate it speaks the packets of the demo target INST and obeys its commands. With
/// --rate every connection gets packets as fast as asked; at 70 bytes they decode as INST ADCS,
/// PACKET_COUNT counting them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  groundlog sim --listen 127.0.0.1:4000
  groundlog sim --rate 0 --size 70 --count 1000000 --json

Runs until it is interrupted. Exit status: 0 stopped, 1 it cannot listen there, 2 wrong usage.")]
pub(crate) struct SimArgs {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Generate load: packets per second and connection; 0 is up to the link's limit.
    #[arg(long, value_name = "PACKETS/S")]
    rate: Option<u64>,

    /// Bytes of a load packet, 24 to 65542.
    #[arg(long, value_name = "BYTES", default_value_t = 70, requires = "rate",
          value_parser = clap::value_parser!(u32).range(24..=65542))]
    size: u32,

    /// Load packets per connection, after which it is closed; without, it goes on.
    #[arg(long, value_name = "PACKETS", requires = "rate")]
    count: Option<u64>,

    /// Print the address as a JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs `groundlog sim` until Ctrl-C. The first line of standard output says where it listens.
pub(crate) async fn command(args: SimArgs) -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another --listen", args.listen))?;
    let address = listener.local_addr()?;
    if args.json {
        announce!("{}", serde_json::json!({ "listening": address.to_string() }));
    } else {
        announce!("listening on {address}");
    }
    let (stop, stopped) = watch::channel(false);
    let interrupted = tokio::spawn(async move {
        // Without a signal handler the process ends by the signal, which is as good.
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.send_replace(true);
        } else {
            std::future::pending::<()>().await;
        }
    });
    let listener = Arc::new(listener);
    match args.rate {
        None => serve(listener, stopped).await?,
        Some(rate) => {
            let load = load::Load { rate, size: args.size as usize, count: args.count };
            load::serve(listener, load, stopped).await?;
        }
    }
    interrupted.abort();
    Ok(ExitCode::SUCCESS)
}

/// Runs the spacecraft on a listener until `stop` turns true.
pub(crate) async fn serve(
    listener: Arc<TcpListener>,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    server::serve(listener, stop).await
}

/// Waits until `stop` turns true, or nobody can set it any more. What the channel lends is given
/// back here: it must not live across other waits.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}
