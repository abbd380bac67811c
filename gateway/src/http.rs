//! What every route shares: the router, CORS, bodies, credentials.

mod body;
pub(crate) mod cors;
mod health;
mod panics;
mod places;
mod rates;
mod seldom;
mod server;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, header},
    routing::get,
};
pub(crate) use body::{
    BODY_BYTES_MAX, Bodies, BodyError, Buffered, SMALL_BODY_BYTES_MAX, read_small,
};
pub(crate) use health::{prometheus, render_lags};
pub(crate) use rates::{Rates, SAMPLE_EVERY};
pub(crate) use server::{ConnectionLimits, serve};

use crate::{auth, operator, rpc, system::System};

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

/// Returns the `Authorization` header, if it is text.
pub(crate) fn credential(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}
