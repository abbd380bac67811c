use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// Counts bad attempts in a window; successes never count (cosmos-api §1.6).
#[derive(Debug)]
pub(crate) struct Limiter {
    attempts_max: u32,
    window: Duration,
    state: Mutex<Option<Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    since: Instant,
    bad: u32,
}

impl Limiter {
    /// Allows so many bad attempts per window.
    pub(crate) fn new(attempts_max: u32, window: Duration) -> Self {
        Self { attempts_max, window, state: Mutex::new(None) }
    }

    /// Returns whether one more attempt may be made.
    pub(crate) fn open(&self, now: Instant) -> bool {
        self.current(now).is_none_or(|window| window.bad < self.attempts_max)
    }

    /// Counts a bad attempt.
    pub(crate) fn bad(&self, now: Instant) {
        let current = self.current(now);
        let next = match current {
            Some(window) => Window { bad: window.bad.saturating_add(1), ..window },
            None => Window { since: now, bad: 1 },
        };
        *self.lock() = Some(next);
    }

    fn current(&self, now: Instant) -> Option<Window> {
        self.lock().filter(|window| now.duration_since(window.since) < self.window)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Window>> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_after_the_last_attempt_and_opens_again() {
        let limiter = Limiter::new(2, Duration::from_secs(120));
        let start = Instant::now();
        assert!(limiter.open(start));
        limiter.bad(start);
        assert!(limiter.open(start));
        limiter.bad(start + Duration::from_secs(1));
        assert!(!limiter.open(start + Duration::from_secs(119)));
        assert!(limiter.open(start + Duration::from_secs(120)));
    }
}
