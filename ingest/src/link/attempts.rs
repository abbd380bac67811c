//! When an operator is told of connections that do not come about: at once, on change, and then
//! ever more seldom.

use std::time::{Duration, Instant};

/// The longest time between two words about the same trouble.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Reasons remembered, so that two that take turns are no news each time.
const REASONS_MAX: usize = 8;

/// How long a connection holds until it counts as one that works, though nothing came or went.
pub(super) const SETTLED: Duration = Duration::from_secs(5);

/// Attempts to connect since the last connection that worked.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: u64,
    /// How many had failed when it was last told, and when that was.
    told: Option<(u64, Instant)>,
    reasons: Vec<String>,
    /// Whether the last failure was kept quiet.
    quiet: bool,
}

impl Attempts {
    /// Counts a failed attempt, or a connection lost before anything came or went. Returns
    /// whether it is told: the first, the second, the fourth …, at least one a minute, and any
    /// with a new reason.
    pub(super) fn fail(&mut self, reason: &str, now: Instant) -> bool {
        self.failed += 1;
        let news = !self.reasons.iter().any(|known| known == reason);
        if news {
            if self.reasons.len() == REASONS_MAX {
                self.reasons.remove(0);
            }
            self.reasons.push(reason.to_owned());
        }
        let due = self.told.is_none_or(|(count, at)| {
            self.failed >= count.saturating_mul(2) || now.duration_since(at) >= TELL_EVERY
        });
        self.quiet = !(news || due);
        if !self.quiet {
            self.told = Some((self.failed, now));
        }
        !self.quiet
    }

    /// Returns how many attempts have failed.
    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// Returns whether a connection is told at once: not while the other side takes connections
    /// and drops them, as often as that is kept quiet itself.
    pub(super) fn tells_connection(&self) -> bool {
        !self.quiet || !self.reasons.last().is_some_and(|reason| reason.starts_with(LOST))
    }
}

/// How the reason of a lost connection begins.
pub(super) const LOST: &str = "connection lost";

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails every `period` and returns the numbers of the attempts that were told.
    fn told(attempts: &mut Attempts, count: u64, period: Duration, reason: &str) -> Vec<u64> {
        let start = Instant::now();
        let mut told = Vec::new();
        for number in 0..count {
            let now = start + period * u32::try_from(number).unwrap();
            if attempts.fail(reason, now) {
                told.push(attempts.failed());
            }
        }
        told
    }

    #[test]
    fn the_distance_grows_up_to_a_minute() {
        let second = Duration::from_secs(1);
        let told = told(&mut Attempts::default(), 300, second, "refused");
        assert_eq!(told, [1, 2, 4, 8, 16, 32, 64, 124, 184, 244]);
    }

    #[test]
    fn a_slow_link_is_told_once_a_minute() {
        let told = told(&mut Attempts::default(), 30, Duration::from_secs(20), "refused");
        assert_eq!(told, [1, 2, 4, 7, 10, 13, 16, 19, 22, 25, 28]);
    }

    #[test]
    fn a_new_reason_is_told_at_once_and_two_that_take_turns_are_not() {
        let mut attempts = Attempts::default();
        let now = Instant::now();
        let mut fail = |reason: &str| attempts.fail(reason, now);
        assert!(fail("refused") && fail("refused") && !fail("refused"));
        assert!(fail("no route") && !fail("refused") && !fail("no route") && !fail("refused"));
        assert!(fail("no route"), "the eighth");
    }

    #[test]
    fn a_connection_is_told_unless_they_are_dropped_all_the_time() {
        let mut attempts = Attempts::default();
        let now = Instant::now();
        for _ in 0..7 {
            attempts.fail("connection failed: refused", now);
        }
        assert!(attempts.tells_connection(), "whatever was kept quiet before");
        let lost = format!("{LOST}: closed");
        assert!(attempts.fail(&lost, now) && attempts.tells_connection());
        assert!(!attempts.fail(&lost, now) && !attempts.tells_connection());
        attempts = Attempts::default();
        assert!(attempts.tells_connection());
    }
}
