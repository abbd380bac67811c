//! Numbers of the gateway itself.

use std::time::Duration;

use groundlog_projection::{Counter, Gauge, Metric, MetricKind, MetricsRegistry};

const REQUESTS: Metric = Metric {
    name: "groundlog_gateway_requests_total",
    kind: MetricKind::Counter,
    unit: "requests",
    description: "JSON-RPC requests answered.",
};
const REFUSED: Metric = Metric {
    name: "groundlog_gateway_refusals_total",
    kind: MetricKind::Counter,
    unit: "requests",
    description: "JSON-RPC requests answered with an error, by its code.",
};
const BUSY: Metric = Metric {
    name: "groundlog_gateway_busy_microseconds_total",
    kind: MetricKind::Counter,
    unit: "microseconds",
    description: "Time from the head of a JSON-RPC request to its answer, waiting included.",
};
const WAITING: Metric = Metric {
    name: "groundlog_gateway_commands_waiting",
    kind: MetricKind::Gauge,
    unit: "callers",
    description: "Callers that wait for the end of their command.",
};

/// Codes that are counted apart, with their labels.
const CODES: [(i32, &str); 7] = [
    (-32600, "-32600"),
    (-32601, "-32601"),
    (-32602, "-32602"),
    (-32500, "-32500"),
    (-32502, "-32502"),
    (-32503, "-32503"),
    (-1, "-1"),
];

/// Counters taken out of the registry once, so that counting takes no lock.
#[derive(Debug)]
pub(crate) struct GatewayMetrics {
    requests: Counter,
    busy: Counter,
    refused: Vec<(i32, Counter)>,
    waiting: Gauge,
}

impl GatewayMetrics {
    pub(crate) fn new(registry: &MetricsRegistry) -> Self {
        let refused = CODES
            .iter()
            .map(|(code, label)| (*code, registry.counter(&REFUSED, &[("code", *label)])));
        Self {
            requests: registry.counter(&REQUESTS, &[]),
            busy: registry.counter(&BUSY, &[]),
            refused: refused.collect(),
            waiting: registry.gauge(&WAITING, &[]),
        }
    }

    /// Counts one answered request.
    pub(crate) fn answered(&self, took: Duration, code: Option<i32>) {
        self.requests.add(1);
        self.busy.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let counter = self.refused.iter().find(|(of, _)| Some(*of) == code);
        if let Some((_, counter)) = counter {
            counter.add(1);
        }
    }

    /// Says how many callers wait.
    pub(crate) fn waiting(&self, callers: usize) {
        self.waiting.set(callers as f64);
    }
}
