//! `/groundlog/v1/…`: what the command line needs beyond the COSMOS interface.
//!
//! Authenticated like the JSON API; answers are JSON, refusals `{"error": "…"}`.

mod append;
mod batch;
mod definitions;
mod directives;
mod given;
mod imports;
mod process_status;
mod status;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use serde_json::json;

pub(crate) use append::Importer;
pub(crate) use directives::{connect, disconnect};
pub(crate) use status::state_word;

use crate::{auth::Refusal, http, system::System};

/// Makes the routes.
pub(crate) fn routes(system: &Arc<System>) -> Router<Arc<System>> {
    Router::new()
        .route("/groundlog/v1/status", get(status::status))
        .route("/groundlog/v1/definitions", get(definitions::definitions))
        .route("/groundlog/v1/append", post(append::append))
        .route("/groundlog/v1/imports", get(imports::list))
        .route("/groundlog/v1/imports/{id}", get(imports::progress))
        .route("/groundlog/v1/imports/{id}/content/{index}", get(imports::content))
        .route("/groundlog/v1/rebuild", post(directives::rebuild))
        .route("/groundlog/v1/rebuild/{id}", get(directives::rebuild_status))
        .route("/groundlog/v1/interfaces/{name}/{action}", post(directives::interface))
        .route("/groundlog/v1/{*rest}", any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(system.clone(), authenticate))
}

async fn authenticate(State(system): State<Arc<System>>, request: Request, next: Next) -> Response {
    match system.auth.check(http::credential(request.headers())).await {
        Ok(()) => next.run(request).await,
        Err(Refusal::Missing) => refuse(
            StatusCode::UNAUTHORIZED,
            "Token is required: send the password in the Authorization header",
        ),
        Err(Refusal::Invalid) => refuse(StatusCode::UNAUTHORIZED, "Token is invalid"),
        Err(Refusal::RateLimited) => refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many bad passwords, try again in two minutes",
        ),
    }
}

async fn unknown(request: Request) -> Response {
    refuse(StatusCode::NOT_FOUND, format!("{} is not known", request.uri().path()))
}

async fn wrong_method(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    refuse(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not for {path}"))
}

/// Makes a refusal.
pub(crate) fn refuse(status: StatusCode, why: impl std::fmt::Display) -> Response {
    (status, Json(json!({ "error": why.to_string() }))).into_response()
}
