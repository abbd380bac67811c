use std::fmt::Display;

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};

use super::refuse;

/// What a path or query gives; a refusal of it is JSON like every other.
pub(super) struct Given<T>(pub(super) T);

impl<S, T> FromRequestParts<S> for Given<T>
where
    S: Send + Sync,
    T: FromRequestParts<S>,
    T::Rejection: Display + IntoResponse,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        T::from_request_parts(parts, state).await.map(Self).map_err(|rejection| {
            let why = rejection.to_string();
            refuse(rejection.into_response().status(), why)
        })
    }
}
