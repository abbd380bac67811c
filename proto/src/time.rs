use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time: nanoseconds since 1970-01-01T00:00:00 UTC (POSIX, no leap seconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(pub i64);

impl Nanos {
    /// Reads the system's clock.
    pub fn now() -> Self {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Self(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
            Err(before) => {
                Self(i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns))
            }
        }
    }

    /// Returns seconds since 1970 as COSMOS shows them.
    pub fn seconds(self) -> f64 {
        // Whole seconds and the rest apart: a double holds both, not their sum in nanoseconds.
        self.0.div_euclid(1_000_000_000) as f64 + self.0.rem_euclid(1_000_000_000) as f64 * 1e-9
    }
}

impl From<SystemTime> for Nanos {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self(since.as_nanos() as i64),
            Err(before) => Self(-(before.duration().as_nanos() as i64)),
        }
    }
}
