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

    /// Returns whether one more attempt would be let through.
    pub(crate) fn open(&self, now: Instant) -> bool {
        self.current(*self.lock(), now).is_none_or(|window| window.bad < self.attempts_max)
    }

    /// Counts an attempt as bad before it is made, and says whether it may be: one whose end is
    /// never seen stays counted.
    pub(crate) fn take(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let window = self.current(*state, now).unwrap_or(Window { since: now, bad: 0 });
        if window.bad >= self.attempts_max {
            return false;
        }
        *state = Some(Window { bad: window.bad + 1, ..window });
        true
    }

    /// Takes back what [`Self::take`] counted: the attempt was good.
    pub(crate) fn forgive(&self) {
        if let Some(window) = self.lock().as_mut() {
            window.bad = window.bad.saturating_sub(1);
        }
    }

    fn current(&self, state: Option<Window>, now: Instant) -> Option<Window> {
        state.filter(|window| now.duration_since(window.since) < self.window)
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
        assert!(limiter.take(start));
        assert!(limiter.open(start) && limiter.take(start));
        limiter.forgive();
        assert!(limiter.take(start + Duration::from_secs(1)));
        assert!(!limiter.take(start + Duration::from_secs(1)));
        assert!(!limiter.open(start + Duration::from_secs(119)));
        assert!(limiter.open(start + Duration::from_secs(120)));
    }
}
