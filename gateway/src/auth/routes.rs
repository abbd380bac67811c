//! `/openc3-api/auth/*` and logout.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use groundlog_packet::Value;
use serde_json::json;

use super::{AuthError, Refusal};
use crate::{http, json, system::System};

/// Makes the routes.
pub(crate) fn routes() -> Router<Arc<System>> {
    Router::new()
        .route("/openc3-api/auth/token-exists", get(token_exists))
        .route("/openc3-api/auth/verify", post(verify))
        .route("/openc3-api/auth/verify_service", post(verify_service))
        .route("/openc3-api/auth/set", post(set))
        .route("/openc3-api/auth/otp", get(one_time))
        .route("/openc3-api/users/logout/{user}", put(logout))
}

async fn token_exists(State(system): State<Arc<System>>) -> Response {
    Json(json!({ "result": system.auth.has_password() })).into_response()
}

/// Answers the bare token: clients put the body into a header as it is, so a refusal has no body.
async fn verify(State(system): State<Arc<System>>, body: Body) -> Response {
    let given = match member_of(body, "password").await {
        Ok(given) => given.unwrap_or_default(),
        Err(refusal) => return refusal,
    };
    match system.auth.log_in(&given).await {
        Ok(()) => session(&system).await,
        Err(refusal) => refused(refusal),
    }
}

async fn verify_service(State(system): State<Arc<System>>, body: Body) -> Response {
    let given = match member_of(body, "password").await {
        Ok(given) => given.unwrap_or_default(),
        Err(refusal) => return refusal,
    };
    match system.auth.service_password(&given) {
        Ok(()) => session(&system).await,
        Err(refusal) => refused(refusal),
    }
}

async fn set(State(system): State<Arc<System>>, body: Body) -> Response {
    let members = match members_of(body).await {
        Ok(members) => members,
        Err(refusal) => return refusal,
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let new = text("password").unwrap_or_default();
    match system.auth.change(text("old_password").as_deref(), &new).await {
        Ok(()) => session(&system).await,
        Err(error) => failed(&error),
    }
}

async fn one_time(State(system): State<Arc<System>>, headers: HeaderMap) -> Response {
    if let Err(refusal) = system.auth.check(http::credential(&headers)).await {
        return refused(refusal);
    }
    match system.auth.one_time_token().await {
        Ok(token) => text(token),
        Err(error) => failed(&error),
    }
}

async fn logout(State(system): State<Arc<System>>, headers: HeaderMap) -> Response {
    let credential = http::credential(&headers);
    if let Err(refusal) = system.auth.check(credential).await {
        return refused(refusal);
    }
    match system.auth.close_session(credential.unwrap_or_default()).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => failed(&error),
    }
}

async fn session(system: &System) -> Response {
    match system.auth.open_session().await {
        Ok(token) => text(token),
        Err(error) => failed(&error),
    }
}

fn text(token: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], token).into_response()
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::RateLimited => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Refusal::Missing | Refusal::Invalid => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn failed(error: &AuthError) -> Response {
    let body = json!({ "status": "error", "message": error.to_string(), "type": "RuntimeError" });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}

type Members = indexmap::IndexMap<String, Value>;

/// Reads the members of a JSON object; what is none says nothing about who asks.
async fn members_of(body: Body) -> Result<Members, Response> {
    let body: Bytes = http::read_small(body).await?;
    match json::parse(&body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(StatusCode::BAD_REQUEST.into_response()),
    }
}

async fn member_of(body: Body, name: &str) -> Result<Option<String>, Response> {
    let members = members_of(body).await?;
    Ok(members.get(name).and_then(Value::as_str).map(str::to_owned))
}
