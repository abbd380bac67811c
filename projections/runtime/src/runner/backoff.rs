use std::time::Duration;

use tokio::sync::watch;

/// Waits that double up to a bound and start over after a success.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new((first, longest): (Duration, Duration)) -> Self {
        Self { first, longest, next: first }
    }

    pub(crate) fn succeeded(&mut self) {
        self.next = self.first;
    }

    /// Returns how long to wait this time.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.longest);
        wait
    }

    /// Waits, or returns at once when the role shuts down.
    pub(super) async fn wait(&mut self, shutdown: &mut watch::Receiver<bool>) {
        let wait = self.next();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = shutdown.wait_for(|stop| *stop) => {}
        }
    }
}
