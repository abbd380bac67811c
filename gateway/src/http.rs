//! What every route shares: the router, CORS, bodies, credentials.

pub(crate) mod cors;
mod health;
mod panics;
mod rates;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
pub(crate) use rates::{Rates, SAMPLE_EVERY};

use crate::{auth, operator, rpc, system::System};

/// The largest body of a small request: passwords, directives.
const SMALL_BODY_BYTES_MAX: usize = 64 * 1024;

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than allowed.
    TooLarge,
    /// The client stopped sending.
    Incomplete,
}

/// Makes the router of everything the gateway serves.
pub(crate) fn router(system: Arc<System>) -> Router {
    Router::new()
        .merge(auth::routes())
        .merge(operator::routes(&system))
        .route("/openc3-api/ping", get(async || "OK"))
        .merge(health::routes())
        .layer(axum::middleware::from_fn(panics::answer))
        .layer(axum::middleware::from_fn(cors::add))
        // Below the layer: it would cost every call a few allocations.
        .merge(rpc::routes())
        .with_state(system)
}

/// Reads a body up to a limit.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    match tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_length(&error) => Err(BodyError::TooLarge),
        Ok(Err(_)) | Err(_) => Err(BodyError::Incomplete),
    }
}

/// Reads the body of a small request, or refuses it without a body of its own.
pub(crate) async fn read_small(body: Body) -> Result<Bytes, Response> {
    read(body, SMALL_BODY_BYTES_MAX).await.map_err(|error| match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        BodyError::Incomplete => StatusCode::REQUEST_TIMEOUT.into_response(),
    })
}

/// Returns the `Authorization` header, if it is text.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

fn is_length(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.to_string() == "length limit exceeded" {
            return true;
        }
        source = error.source();
    }
    false
}
