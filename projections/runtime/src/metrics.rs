//! Counters and gauges that every service shares; rendered as Prometheus text by the gateway.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::LagRegistry;

/// Whether a number only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Grows until the process ends.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A number worth watching; declared once, as a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name with `groundlog_` in front and the unit behind, as Prometheus has it.
    pub name: &'static str,
    /// Counter or gauge.
    pub kind: MetricKind,
    /// Unit, such as `records`, `seconds`, `bytes`.
    pub unit: &'static str,
    /// What it says, in a sentence.
    pub description: &'static str,
}

/// A number that only grows. Cheap to clone; lock-free to add to.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Returns it.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down. Cheap to clone; lock-free to set.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Returns it.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// Names and values of a series' labels.
pub type Labels = Vec<(String, String)>;

#[derive(Debug)]
struct Family {
    metric: Metric,
    series: BTreeMap<Labels, Arc<AtomicU64>>,
}

/// Reads the numbers of a metric that another part keeps by itself: labels and value per series.
type Read = Box<dyn Fn() -> Vec<(Labels, f64)> + Send>;

/// All numbers of a process. Cheap to clone; passed to every service.
#[derive(Clone, Default)]
pub struct MetricsRegistry {
    families: Arc<Mutex<BTreeMap<&'static str, Family>>>,
    observed: Arc<Mutex<Vec<(Metric, Read)>>>,
    lags: LagRegistry,
}

impl fmt::Debug for MetricsRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsRegistry").field("families", &self.families).finish_non_exhaustive()
    }
}

impl MetricsRegistry {
    /// Makes an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the counter of a metric with these labels, the same one each time.
    pub fn counter(&self, metric: &Metric, labels: &[(&str, &str)]) -> Counter {
        Counter(self.cell(metric, labels))
    }

    /// Returns the gauge of a metric with these labels, the same one each time.
    pub fn gauge(&self, metric: &Metric, labels: &[(&str, &str)]) -> Gauge {
        Gauge(self.cell(metric, labels))
    }

    /// Adds a metric whose numbers are kept elsewhere and read whenever the registry is rendered.
    pub fn observe(&self, metric: &Metric, read: impl Fn() -> Vec<(Labels, f64)> + Send + 'static) {
        let mut observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        observed.push((*metric, Box::new(read)));
    }

    /// Returns how far every consumer of this process has got.
    pub fn lags(&self) -> &LagRegistry {
        &self.lags
    }

    /// Returns the value of one series, or `None` when nothing was counted under it.
    pub fn value(&self, metric: &Metric, labels: &[(&str, &str)]) -> Option<f64> {
        let families = self.lock();
        let family = families.get(metric.name)?;
        let cell = family.series.get(&owned(labels))?;
        Some(number(family.metric.kind, cell.load(Ordering::Relaxed)))
    }

    /// Returns every series of a metric that was counted, by its labels.
    pub fn series(&self, metric: &Metric) -> Vec<(Labels, f64)> {
        let families = self.lock();
        let series = families.get(metric.name).into_iter().flat_map(|family| &family.series);
        let value = |cell: &AtomicU64| number(metric.kind, cell.load(Ordering::Relaxed));
        series.map(|(labels, cell)| (labels.clone(), value(cell))).collect()
    }

    /// Renders everything in the Prometheus text format, by name and labels in order.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for family in self.lock().values() {
            let kind = family.metric.kind;
            let series = family.series.iter();
            let numbers = series
                .map(|(labels, cell)| (labels.clone(), number(kind, cell.load(Ordering::Relaxed))));
            render_family(&mut text, &family.metric, numbers);
        }
        for (metric, read) in self.observed.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            render_family(&mut text, metric, read().into_iter());
        }
        text
    }

    fn cell(&self, metric: &Metric, labels: &[(&str, &str)]) -> Arc<AtomicU64> {
        let mut families = self.lock();
        let family = families
            .entry(metric.name)
            .or_insert_with(|| Family { metric: *metric, series: BTreeMap::new() });
        family.series.entry(owned(labels)).or_default().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn render_family(text: &mut String, metric: &Metric, series: impl Iterator<Item = (Labels, f64)>) {
    let Metric { name, kind, unit, description } = *metric;
    let kind = match kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {description} [{unit}]\n# TYPE {name} {kind}");
    for (labels, value) in series {
        text.push_str(name);
        render_labels(text, &labels);
        let _ = writeln!(text, " {value}");
    }
}

fn number(kind: MetricKind, bits: u64) -> f64 {
    match kind {
        MetricKind::Counter => bits as f64,
        MetricKind::Gauge => f64::from_bits(bits),
    }
}

fn owned(labels: &[(&str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn render_labels(text: &mut String, labels: &Labels) {
    for (index, (name, value)) in labels.iter().enumerate() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(text, "{}{name}=\"{value}\"", if index == 0 { '{' } else { ',' });
    }
    if !labels.is_empty() {
        text.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: Metric = Metric {
        name: "groundlog_test_records_total",
        kind: MetricKind::Counter,
        unit: "records",
        description: "Records.",
    };
    const LEVEL: Metric = Metric {
        name: "groundlog_test_level",
        kind: MetricKind::Gauge,
        unit: "ratio",
        description: "Level.",
    };

    #[test]
    fn renders_prometheus_text() {
        let registry = MetricsRegistry::new();
        registry.counter(&RECORDS, &[("interface", "A\"B")]).add(3);
        registry.counter(&RECORDS, &[("interface", "A\"B")]).add(4);
        registry.gauge(&LEVEL, &[]).set(0.5);
        assert_eq!(
            registry.render(),
            "# HELP groundlog_test_level Level. [ratio]\n# TYPE groundlog_test_level gauge\n\
             groundlog_test_level 0.5\n\
             # HELP groundlog_test_records_total Records. [records]\n\
             # TYPE groundlog_test_records_total counter\n\
             groundlog_test_records_total{interface=\"A\\\"B\"} 7\n"
        );
        assert_eq!(registry.value(&RECORDS, &[("interface", "A\"B")]), Some(7.0));
        assert_eq!(registry.value(&RECORDS, &[]), None);
        let labels = vec![("interface".to_owned(), "A\"B".to_owned())];
        assert_eq!(registry.series(&RECORDS), [(labels, 7.0)]);
    }
}
