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
use groundlog_proto::{TopicKind, TopicNames};
use serde_json::json;
use tokio::time::timeout;

use crate::system::{LOG_ANSWERS_WITHIN, System};

/// Makes the routes.
pub(crate) fn routes() -> Router<Arc<System>> {
    Router::new().route("/health", get(health)).route("/metrics", get(metrics))
}

/// Lag from which on a consumer is called behind, in seconds.
const BEHIND_SECONDS: f64 = 5.0;

/// Consumers between what was received and what is shown as current.
const CURRENT: [&str; 2] = ["decom", "cvt"];

/// Topics that they read for it.
const LIVE: [TopicKind; 2] = [TopicKind::Raw, TopicKind::Decom];

/// Answers 200 while the log can be used and definitions are active; says beside it how far
/// current values are behind, and which interfaces are in trouble.
async fn health(State(system): State<Arc<System>>) -> Response {
    let problem = system.problem().await;
    let mut degraded: Vec<String> = system.interfaces.troubles();
    let measured = timeout(LOG_ANSWERS_WITHIN, system.metrics.lags().measure(&*system.log)).await;
    let behind = match measured {
        Ok(Ok(lags)) => {
            let (seconds, records) = behind(&system.names, &lags);
            let others = system.processes.behind(&CURRENT, &LIVE.map(TopicKind::short_name));
            let behind = (seconds.max(others.0), records + others.1);
            degraded.extend(late(&system.names, &lags, behind));
            // Of a fold that nobody runs, nobody says how far it is.
            system.processes.missing().is_empty().then_some(behind)
        }
        Ok(Err(error)) => {
            degraded.push(format!("how far current values are behind is not known: {error}"));
            None
        }
        Err(_) => {
            degraded.push("how far current values are behind is not known".to_owned());
            None
        }
    };
    let active = system.definition_store.active();
    let active = active.as_ref().map(|hash| hash.as_bytes().as_slice());
    degraded.extend(system.processes.troubles(active));
    if let Err(error) = system.current.health().await {
        degraded.push(error.to_string());
    }
    let status = if problem.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if problem.is_none() { "UP" } else { "DOWN" },
        "reason": problem,
        "lag_seconds": behind.map(|(seconds, _)| seconds),
        "lag_records": behind.map(|(_, records)| records),
        "degraded": degraded,
        "version": env!("CARGO_PKG_VERSION"),
    });
    (status, Json(body)).into_response()
}

/// Returns how far current values are behind what was received: seconds, records. Imports, which
/// never move them, count apart.
fn behind(names: &TopicNames, lags: &[Lag]) -> (f64, u64) {
    let current = lags.iter().filter(|lag| shows_current(names, lag));
    current
        .fold((0.0, 0), |(seconds, records), lag| (lag.seconds.max(seconds), records + lag.records))
}

fn shows_current(names: &TopicNames, lag: &Lag) -> bool {
    let kind = names.kind(&lag.partition.topic);
    CURRENT.contains(&lag.consumer.as_str()) && kind.is_some_and(|kind| LIVE.contains(&kind))
}

/// Says in words which consumers are late.
fn late(names: &TopicNames, lags: &[Lag], (seconds, records): (f64, u64)) -> Vec<String> {
    let mut late = Vec::new();
    if seconds > BEHIND_SECONDS {
        late.push(format!("current values are {seconds:.0} s behind ({records} records)"));
    }
    let others = lags.iter().filter(|lag| !shows_current(names, lag));
    late.extend(others.filter(|lag| lag.seconds > BEHIND_SECONDS).map(|lag| {
        let topic = names.kind(&lag.partition.topic).map_or("", TopicKind::short_name);
        format!(
            "{} is {:.0} s behind on {topic} ({} records)",
            lag.consumer, lag.seconds, lag.records
        )
    }));
    late
}

async fn metrics(State(system): State<Arc<System>>) -> Response {
    let mut text = system.metrics.render();
    match system.metrics.lags().measure(&*system.log).await {
        Ok(lags) => {
            render_lags(&mut text, &lags);
            let rate = |lag: &Lag| system.rates.of(&lag.consumer, &lag.partition);
            let help = "Records a consumer applied lately.";
            let families: [Family<'_>; 1] = [("groundlog_rate_records_per_second", help, &rate)];
            render(&mut text, &lags, &families);
        }
        Err(error) => tracing::warn!(%error, "lag could not be measured"),
    }
    prometheus(text)
}

/// Answers with numbers in the Prometheus text format.
pub(crate) fn prometheus(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Name, help, and what it says of a lag.
type Family<'a> = (&'a str, &'a str, &'a dyn Fn(&Lag) -> f64);

/// Renders how far consumers are behind.
pub(crate) fn render_lags(text: &mut String, lags: &[Lag]) {
    let families: [Family<'_>; 2] = [
        ("groundlog_lag_records", "Records a consumer has not applied yet.", &|lag| {
            lag.records as f64
        }),
        ("groundlog_lag_seconds", "Age of the oldest record not applied yet.", &|lag| lag.seconds),
    ];
    render(text, lags, &families);
}

fn render(text: &mut String, lags: &[Lag], families: &[Family<'_>]) {
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

#[cfg(test)]
mod tests {
    use groundlog_log::Bounds;
    use groundlog_proto::TopicPartition;

    use super::*;

    fn lag(consumer: &str, kind: TopicKind, records: u64, seconds: f64) -> Lag {
        Lag {
            consumer: consumer.to_owned(),
            partition: TopicPartition::new(TopicNames::default().topic(kind), 0),
            bounds: Bounds { trim: 0, tail: records },
            next: 0,
            records,
            seconds,
        }
    }

    #[test]
    fn imports_that_wait_do_not_make_current_values_late() {
        let names = TopicNames::default();
        let mut lags = vec![
            lag("cvt", TopicKind::Decom, 20, 3.0),
            lag("cvt", TopicKind::DecomStored, 0, 0.0),
            lag("decom", TopicKind::Raw, 10, 4.0),
            lag("decom", TopicKind::RawStored, 7000, 60.0),
        ];
        assert_eq!(behind(&names, &lags), (4.0, 30));
        let imports = "decom is 60 s behind on raw.stored (7000 records)";
        assert_eq!(late(&names, &lags, behind(&names, &lags)), [imports]);
        lags[2].seconds = 9.0;
        let current = "current values are 9 s behind (30 records)";
        assert_eq!(late(&names, &lags, behind(&names, &lags)), [current, imports]);
    }
}
