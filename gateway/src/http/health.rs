//! `GET /health` and `GET /metrics`, for supervisors and Prometheus; no credentials.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use groundlog_projection::Lag;
use serde_json::json;

use crate::system::System;

/// Makes the routes.
pub(crate) fn routes() -> Router<Arc<System>> {
    Router::new().route("/health", get(health)).route("/metrics", get(metrics))
}

/// Lag from which on current values are called behind, in seconds.
const BEHIND_SECONDS: f64 = 5.0;

/// Answers 200 while the log can be used and definitions are active; says beside it how far
/// current values are behind, and which interfaces are in trouble.
async fn health(State(system): State<Arc<System>>) -> Response {
    let problem = system.problem().await;
    let lags = system.metrics.lags().measure(&*system.log).await.unwrap_or_default();
    let lag_seconds = lags.iter().map(|lag| lag.seconds).fold(0.0, f64::max);
    let mut degraded: Vec<String> = system.interfaces.troubles();
    if lag_seconds > BEHIND_SECONDS {
        degraded.push(format!("current values are {lag_seconds:.0} s behind"));
    }
    if let Err(error) = system.current.health().await {
        degraded.push(error.to_string());
    }
    let status = if problem.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if problem.is_none() { "UP" } else { "DOWN" },
        "reason": problem,
        "lag_seconds": lag_seconds,
        "degraded": degraded,
        "version": env!("CARGO_PKG_VERSION"),
    });
    (status, Json(body)).into_response()
}

async fn metrics(State(system): State<Arc<System>>) -> Response {
    let mut text = system.metrics.render();
    match system.metrics.lags().measure(&*system.log).await {
        Ok(lags) => render_lags(&mut text, &lags, &system),
        Err(error) => tracing::warn!(%error, "lag could not be measured"),
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn render_lags(text: &mut String, lags: &[Lag], system: &System) {
    type Number<'a> = &'a dyn Fn(&Lag) -> f64;
    let rate = |lag: &Lag| system.rates.of(&lag.consumer, &lag.partition);
    let families: [(&str, &str, Number<'_>); 3] = [
        ("groundlog_lag_records", "Records a consumer has not applied yet.", &|lag| {
            lag.records as f64
        }),
        ("groundlog_lag_seconds", "Age of the oldest record not applied yet.", &|lag| lag.seconds),
        ("groundlog_rate_records_per_second", "Records a consumer applied lately.", &rate),
    ];
    for (name, help, number) in families {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for lag in lags {
            let (consumer, partition) = (&lag.consumer, &lag.partition);
            let _ = writeln!(
                text,
                "{name}{{consumer=\"{consumer}\",topic=\"{}\",partition=\"{}\"}} {}",
                partition.topic,
                partition.partition,
                number(lag)
            );
        }
    }
}
