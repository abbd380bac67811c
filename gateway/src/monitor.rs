//! `/health` and `/metrics` of a process, for those without a gateway (and beside one).

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use groundlog_log::Log;
use groundlog_projection::{Process, RoleState};
use serde_json::json;
use tokio::{net::TcpListener, sync::watch};

use crate::{GatewayError, http};

/// Few look here: supervisors and Prometheus.
const CONNECTIONS_MAX: usize = 64;

/// A listener that tells how one process is; no credentials.
pub struct Monitor {
    listener: TcpListener,
    address: SocketAddr,
    seen: Arc<Seen>,
}

struct Seen {
    log: Arc<dyn Log>,
    process: Process,
}

impl Monitor {
    /// Binds the address.
    ///
    /// # Errors
    /// [`GatewayError::Bind`]: the address is not free, or not this machine's.
    pub async fn build(
        log: Arc<dyn Log>,
        process: Process,
        listen: SocketAddr,
    ) -> Result<Self, GatewayError> {
        let bind = |source| GatewayError::Bind { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        process.serves_metrics(address);
        Ok(Self { listener, address, seen: Arc::new(Seen { log, process }) })
    }

    /// Returns the address it listens on, with the port it was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` turns true.
    pub async fn run(self, shutdown: watch::Receiver<bool>) {
        let router = Router::new()
            .route("/health", get(health))
            .route("/metrics", get(metrics))
            .with_state(self.seen);
        let limits = http::ConnectionLimits::new(CONNECTIONS_MAX);
        http::serve(self.listener, router, limits, shutdown).await;
    }
}

/// Answers 200 while the log can be used and every role of this process runs.
async fn health(State(seen): State<Arc<Seen>>) -> Response {
    let roles = seen.process.roles().all();
    let down = roles.iter().find(|(_, state)| *state != RoleState::Running);
    let reason = match (seen.log.health(), down) {
        (Err(error), _) => Some(error.to_string()),
        (Ok(()), Some((role, state))) => {
            Some(format!("role {role} is {}: {}", state.word(), state.detail()))
        }
        (Ok(()), None) => None,
    };
    let status = if reason.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if reason.is_none() { "UP" } else { "DOWN" },
        "reason": reason,
        "process": seen.process.identity().process,
        "roles": roles.iter().map(|(role, _)| role).collect::<Vec<_>>(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    (status, Json(body)).into_response()
}

async fn metrics(State(seen): State<Arc<Seen>>) -> Response {
    let mut text = seen.process.metrics().render();
    match seen.process.metrics().lags().measure(&*seen.log).await {
        Ok(lags) => http::render_lags(&mut text, &lags),
        Err(error) => tracing::warn!(%error, "lag could not be measured"),
    }
    http::prometheus(text)
}
