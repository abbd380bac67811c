//! Any origin may call (cosmos-api §1.1); credentials go in a header, never in cookies.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

const METHODS: HeaderValue =
    HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD");
const DAY_SECONDS: HeaderValue = HeaderValue::from_static("86400");

/// Answers preflight requests and marks answers to other origins.
pub(crate) async fn add(request: Request, next: Next) -> Response {
    if !request.headers().contains_key(header::ORIGIN) {
        return next.run(request).await;
    }
    let asks = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned();
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    if preflight {
        allow(headers, asks);
    }
    response
}

fn allow(headers: &mut HeaderMap, asks: Option<HeaderValue>) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, DAY_SECONDS);
    if let Some(asks) = asks {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asks);
    }
}
