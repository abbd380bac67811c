//! From bytes to bytes: reads a request, runs its method, writes the answer.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::post,
};
use futures_util::FutureExt;
use groundlog_packet::Value;

use super::{call::Call, error::RpcError, request::RpcRequest, table};
use crate::{
    auth::Refusal,
    http::{self, BODY_BYTES_MAX, BodyError, SMALL_BODY_BYTES_MAX, cors},
    json::write_value,
    system::System,
};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json-rpc");
const IGNORE_ERRORS: HeaderName = HeaderName::from_static("ignore-errors");
const MANUAL: HeaderName = HeaderName::from_static("manual");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Makes the route.
pub(crate) fn routes() -> Router<Arc<System>> {
    Router::new().route("/openc3-api/api", post(answer).fallback(refuse_other_methods))
}

async fn refuse_other_methods(request: Request) -> Response {
    if let Some(answer) = cors::preflight(request.method(), request.headers()) {
        return answer;
    }
    (StatusCode::METHOD_NOT_ALLOWED, "Request not allowed").into_response()
}

async fn answer(State(system): State<Arc<System>>, request: Request) -> Response {
    let started = Instant::now();
    let (Parts { headers, .. }, body) = request.into_parts();
    // Whatever fell over, the answer is JSON: a client would send the same call again.
    let guarded = AssertUnwindSafe(run(&system, &headers, body)).catch_unwind().await;
    let (id, result) = guarded.unwrap_or_else(|_| (None, Err(panicked())));
    system.count(started.elapsed(), result.as_ref().err().map(RpcError::code));
    let mut response = write(id, &result);
    if cors::is_foreign(&headers) {
        cors::mark(&mut response);
    }
    if let Some(codes) = headers.get(IGNORE_ERRORS) {
        response.headers_mut().insert(IGNORE_ERRORS, codes.clone());
    }
    response
}

async fn run(
    system: &System,
    headers: &HeaderMap,
    body: Body,
) -> (Option<i64>, Result<Value, RpcError>) {
    let admit = async || system.auth.admits(http::credential(headers)).await;
    // Kept until the answer: its values are as large as the text.
    let body = match system.bodies.read(body, admit).await {
        Ok(body) => body,
        Err(error) => return (None, Err(not_read(error))),
    };
    let request = match RpcRequest::parse(&body.bytes) {
        Ok(request) => request,
        Err(error) => return (None, Err(error)),
    };
    let id = request.id;
    // A panic inside a method must still answer with the id of the request.
    let guarded = AssertUnwindSafe(dispatch(system, headers, request)).catch_unwind().await;
    (Some(id), guarded.unwrap_or_else(|_| Err(panicked())))
}

fn not_read(error: BodyError<Refusal>) -> RpcError {
    match error {
        BodyError::TooLarge => RpcError::too_large(BODY_BYTES_MAX, ""),
        BodyError::Refused(Refusal::Missing) => {
            let whom = " for calls without a token in the Authorization header";
            RpcError::too_large(SMALL_BODY_BYTES_MAX, whom)
        }
        BodyError::Refused(Refusal::Invalid) => RpcError::auth("Token is invalid"),
        BodyError::Refused(Refusal::RateLimited) => RpcError::rate_limited(),
        BodyError::Incomplete => RpcError::invalid_request("the request body is incomplete"),
    }
}

fn panicked() -> RpcError {
    tracing::error!("a JSON-RPC call panicked; the caller was told");
    RpcError::runtime("internal error, see the log of the gateway")
}

async fn dispatch(
    system: &System,
    headers: &HeaderMap,
    request: RpcRequest,
) -> Result<Value, RpcError> {
    let method = table::find(&request.method).ok_or_else(RpcError::unauthorized_method)?;
    let Some(handler) = method.handler else {
        return Err(RpcError::not_supported(method.name));
    };
    let mut keywords = request.keywords;
    let mut copy = |header: &HeaderName, keyword: &str| {
        let value = headers.get(header).and_then(|value| value.to_str().ok());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            keywords.push((keyword.to_owned(), Value::from(value)));
        }
    };
    copy(&MANUAL, "manual");
    if method.keywords.contains(&"idempotency_key") {
        copy(&IDEMPOTENCY_KEY, "idempotency_key");
    }
    let credential = http::credential(headers).map(str::to_owned);
    let call = Call::new(system, method.name, request.params, keywords, credential);
    table::check(method, &call)?;
    handler(call).await
}

fn write(id: Option<i64>, result: &Result<Value, RpcError>) -> Response {
    let mut body = Vec::with_capacity(128);
    body.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    write_value(&mut body, &id.map_or(Value::Null, Value::from));
    let status = match result {
        Ok(value) => {
            body.extend_from_slice(b",\"result\":");
            write_value(&mut body, value);
            StatusCode::OK
        }
        Err(error) => {
            body.extend_from_slice(b",\"error\":");
            error.write(&mut body);
            error.status()
        }
    };
    body.push(b'}');
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
    response
}
