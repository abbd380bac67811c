//! The demo: a simulated spacecraft in this process, on a free loopback port.

use std::net::SocketAddr;

use groundlog_projection::RoleBoard;
use tokio::net::TcpListener;

use crate::{roles::Role, sim};

/// `off` starts the demo's target without its spacecraft: to look at recorded data in peace.
const SIMULATOR_VARIABLE: &str = "GROUNDLOG_DEMO_SIMULATOR";

/// The simulated spacecraft: where it listens, and its task unless it is switched off.
pub(super) struct Demo {
    pub(super) address: SocketAddr,
    role: Option<Role>,
}

impl Demo {
    /// Binds a free port and starts the spacecraft.
    pub(super) async fn start(board: &RoleBoard) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        if std::env::var(SIMULATOR_VARIABLE).is_ok_and(|value| value == "off") {
            return Ok(Self { address, role: None });
        }
        let listener = std::sync::Arc::new(listener);
        let role = Role::start("sim", board, move |stop| sim::serve(listener.clone(), stop));
        Ok(Self { address, role: Some(role) })
    }

    /// Stops the spacecraft.
    pub(super) async fn stop(self, bound: std::time::Duration) {
        if let Some(role) = self.role {
            role.stop(bound).await;
        }
    }
}
