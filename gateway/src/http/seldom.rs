use std::time::{Duration, Instant};

/// The time between two words about trouble that lasts.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Trouble of one kind: told at once, then once a minute while it lasts.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    told: Option<Instant>,
    since: u64,
}

impl Seldom {
    /// Counts a case; returns how many there were since the last word, where another one is due.
    pub(super) fn count(&mut self, now: Instant) -> Option<u64> {
        self.since += 1;
        if self.told.is_some_and(|at| now.duration_since(at) < TELL_EVERY) {
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_that_lasts_is_told_once_a_minute() {
        let (mut seldom, start) = (Seldom::default(), Instant::now());
        let told = [0, 1, 59, 60, 61, 130].map(|s| seldom.count(start + Duration::from_secs(s)));
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
