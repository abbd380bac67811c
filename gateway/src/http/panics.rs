use std::panic::AssertUnwindSafe;

use axum::{extract::Request, http::StatusCode, middleware::Next, response::Response};
use futures_util::FutureExt;

use crate::operator;

/// Answers for a handler that panicked, instead of closing the connection without a word.
pub(crate) async fn answer(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(path, "a request panicked; the caller was told");
        let why = "internal error, see the log of the gateway";
        operator::refuse(StatusCode::INTERNAL_SERVER_ERROR, why)
    })
}
