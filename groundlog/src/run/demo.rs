//! The demo: a simulated spacecraft in this process, on a free loopback port.

use std::net::SocketAddr;

use groundlog_projection::RoleBoard;
use tokio::net::TcpListener;

use crate::{roles::Role, sim};

/// `off` starts the demo's target without its spacecraft: to look at recorded data in peace.
const SIMULATOR_VARIABLE: &str = "GROUNDLOG_DEMO_SIMULATOR";

/// The simulated spacecraft: where it listens, and its task once it is started.
pub(super) struct Demo {
    pub(super) address: SocketAddr,
    listener: Option<TcpListener>,
    role: Option<Role>,
}

impl Demo {
    /// Binds a free port: where the spacecraft will be.
    pub(super) async fn bind() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let off = std::env::var(SIMULATOR_VARIABLE).is_ok_and(|value| value == "off");
        Ok(Self { address, listener: Some(listener).filter(|_| !off), role: None })
    }

    /// Starts the spacecraft, unless it is switched off.
    pub(super) fn start(&mut self, board: &RoleBoard) {
        self.role = self.listener.take().map(|listener| {
            let listener = std::sync::Arc::new(listener);
            Role::start("sim", board, move |stop| sim::serve(listener.clone(), stop))
        });
    }

    /// Ends the spacecraft at once.
    #[cfg(test)]
    pub(super) async fn kill(self) {
        if let Some(role) = self.role {
            role.kill().await;
        }
    }

    /// Stops the spacecraft.
    pub(super) async fn stop(self, bound: std::time::Duration) {
        if let Some(role) = self.role {
            role.stop(bound).await;
        }
    }
}
