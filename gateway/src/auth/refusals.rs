use groundlog_projection::{Counter, Metric, MetricKind, MetricsRegistry};

use super::Refusal;

const REFUSED: Metric = Metric {
    name: "groundlog_gateway_refused_credentials_total",
    kind: MetricKind::Counter,
    unit: "requests",
    description: "Requests refused for their password or token: missing, wrong, or too many wrong \
                  ones before",
};

/// Counts who may not call, by the reason.
#[derive(Debug, Clone)]
pub(crate) struct RefusalCounters {
    missing: Counter,
    wrong: Counter,
    limited: Counter,
}

impl RefusalCounters {
    pub(crate) fn new(registry: &MetricsRegistry) -> Self {
        let counter = |reason| registry.counter(&REFUSED, &[("reason", reason)]);
        Self { missing: counter("missing"), wrong: counter("wrong"), limited: counter("limited") }
    }

    /// Counts a refusal and passes it on.
    pub(super) fn count(&self, checked: Result<(), Refusal>) -> Result<(), Refusal> {
        match &checked {
            Ok(()) => {}
            Err(Refusal::Missing) => self.missing.add(1),
            Err(Refusal::Invalid) => self.wrong.add(1),
            Err(Refusal::RateLimited) => self.limited.add(1),
        }
        checked
    }
}
