//! Any origin may call (cosmos-api §1.1); credentials go in a header, never in cookies.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

const ANY: HeaderValue = HeaderValue::from_static("*");
const METHODS: HeaderValue =
    HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD");
const DAY_SECONDS: HeaderValue = HeaderValue::from_static("86400");

/// Answers preflight requests and marks answers to other origins.
pub(crate) async fn add(request: Request, next: Next) -> Response {
    if let Some(answer) = preflight(request.method(), request.headers()) {
        return answer;
    }
    let foreign = is_foreign(request.headers());
    let mut response = next.run(request).await;
    if foreign {
        mark(&mut response);
    }
    response
}

/// Returns whether a page of some origin asks.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
}

/// Lets any origin read an answer.
pub(crate) fn mark(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
}

/// Answers a browser that asks whether it may ask.
pub(crate) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = *method == Method::OPTIONS
        && is_foreign(headers)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    mark(&mut response);
    let allowed = response.headers_mut();
    allowed.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    allowed.insert(header::ACCESS_CONTROL_MAX_AGE, DAY_SECONDS);
    if let Some(asks) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        allowed.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asks.clone());
    }
    Some(response)
}
