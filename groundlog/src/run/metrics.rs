//! What ingest counts, in the registry that the gateway renders.

use std::sync::{Arc, Mutex, PoisonError};

use groundlog_ingest::{Handle, METRICS};
use groundlog_projection::{Metric, MetricKind, MetricsRegistry};

/// Adds the interfaces' numbers, and what is owned of `control`, read from whichever ingest runs at
/// the time.
pub(super) fn observe(registry: &MetricsRegistry, current: &Arc<Mutex<Option<Handle>>>) {
    let owner = current.clone();
    registry.lags().observe("ingest", move || {
        let handle = owner.lock().unwrap_or_else(PoisonError::into_inner).clone();
        handle.map(|handle| handle.control()).unwrap_or_default()
    });
    for one in &METRICS {
        let metric = Metric {
            name: one.name,
            kind: match one.kind {
                groundlog_ingest::MetricKind::Counter => MetricKind::Counter,
                groundlog_ingest::MetricKind::Gauge => MetricKind::Gauge,
            },
            unit: "per interface",
            description: one.description,
        };
        let (current, value) = (current.clone(), one.value);
        registry.observe(&metric, move || {
            let handle = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let links = handle.map(|handle| handle.interfaces()).unwrap_or_default();
            let labels = |name: &str| vec![("interface".to_owned(), name.to_owned())];
            links.iter().map(|link| (labels(&link.interface), value(link))).collect()
        });
    }
}
