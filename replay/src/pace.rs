use std::time::{Duration, Instant};

use crate::batch::BatchLimits;

/// Keeps an import from going faster than asked for.
#[derive(Debug)]
pub struct Pace {
    records_per_second: Option<f64>,
    started: Option<Instant>,
    sent: u64,
}

impl Pace {
    /// Paces to so many records a second; `None`: as fast as the log takes them.
    pub fn new(records_per_second: Option<f64>) -> Self {
        let records_per_second = records_per_second.filter(|rate| rate.is_finite() && *rate > 0.0);
        Self { records_per_second, started: None, sent: 0 }
    }

    /// Makes batches small enough that ten of them go out in a second.
    pub(crate) fn limit(&self, limits: BatchLimits) -> BatchLimits {
        let records = self
            .records_per_second
            .map_or(limits.records, |rate| ((rate / 10.0) as u64).clamp(1, limits.records));
        BatchLimits { records, ..limits }
    }

    /// Counts records that were sent, and waits until the next may go.
    pub(crate) fn sent(&mut self, records: u64) {
        let started = *self.started.get_or_insert_with(Instant::now);
        self.sent += records;
        if let Some(wait) = self.wait(started.elapsed()) {
            std::thread::sleep(wait);
        }
    }

    /// Returns how long to wait, when so much time has passed.
    fn wait(&self, elapsed: Duration) -> Option<Duration> {
        let due = Duration::try_from_secs_f64(self.sent as f64 / self.records_per_second?).ok()?;
        due.checked_sub(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_what_was_sent_too_soon() {
        let mut pace = Pace::new(Some(100.0));
        pace.sent = 50;
        assert_eq!(pace.wait(Duration::from_millis(200)), Some(Duration::from_millis(300)));
        assert_eq!(pace.wait(Duration::from_millis(600)), None);
        assert_eq!(Pace::new(None).wait(Duration::ZERO), None);
        assert_eq!(Pace::new(Some(0.0)).wait(Duration::ZERO), None);
    }

    #[test]
    fn slow_imports_go_in_small_batches() {
        let limits = BatchLimits::default();
        assert_eq!(Pace::new(Some(50.0)).limit(limits).records, 5);
        assert_eq!(Pace::new(Some(1.0)).limit(limits).records, 1);
        assert_eq!(Pace::new(Some(1e9)).limit(limits), limits);
        assert_eq!(Pace::new(None).limit(limits), limits);
    }
}
