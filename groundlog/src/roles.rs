//! Roles of this process under supervision: a role that fails is started again, visibly.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use groundlog_projection::{RoleBoard, RoleState};
use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle},
    time::{Instant, timeout},
};

use crate::usage::told;

/// First and longest wait before a failed role is started again.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// A role that ran this long before it failed is started again as after its first failure.
const HEALTHY: Duration = Duration::from_secs(60);

/// A role that runs until it is stopped.
pub(crate) struct Role {
    name: &'static str,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Role {
    /// Starts a role. `make` puts it together and runs it until the receiver turns true; it is
    /// called again when the role fails or panics.
    pub(crate) fn start<F, R>(name: &'static str, board: &RoleBoard, make: F) -> Self
    where
        F: FnMut(watch::Receiver<bool>) -> R + Send + 'static,
        R: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(supervise(name, board.clone(), stopped, make));
        Self { name, stop, task }
    }

    /// Ends the role as a kill of its process does: nothing is drained, nobody is told.
    #[cfg(test)]
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    /// Asks the role to stop and waits for its end, at most `bound`.
    pub(crate) async fn stop(self, bound: Duration) {
        self.stop.send_replace(true);
        if timeout(bound, self.task).await.is_err() {
            tracing::warn!(role = self.name, ?bound, "did not stop in time and is left behind");
        }
    }
}

/// A running attempt, which ends with whoever waits for it.
struct Attempt(JoinHandle<anyhow::Result<()>>);

impl Future for Attempt {
    type Output = Result<anyhow::Result<()>, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn supervise<F, R>(
    name: &'static str,
    board: RoleBoard,
    mut stopped: watch::Receiver<bool>,
    mut make: F,
) where
    F: FnMut(watch::Receiver<bool>) -> R + Send + 'static,
    R: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let (first, longest) = BACKOFF;
    let mut wait = first;
    loop {
        let started = Instant::now();
        board.set(name, RoleState::Running);
        // A task of its own, so that a panic ends the role's attempt and not the process.
        let reason = match Attempt(tokio::spawn(make(stopped.clone()))).await {
            Ok(Ok(())) => break,
            Ok(Err(error)) => told(&error),
            Err(panic) => format!("panicked: {panic}"),
        };
        if *stopped.borrow() {
            tracing::error!(role = name, %reason, "failed while stopping");
            break;
        }
        if started.elapsed() >= HEALTHY {
            wait = first;
        }
        tracing::error!(role = name, %reason, again_in = ?wait, "failed");
        board.set(name, RoleState::Restarting(reason));
        if timeout(wait, stopped.wait_for(|stop| *stop)).await.is_ok() {
            break;
        }
        wait = (wait * 2).min(longest);
    }
    board.set(name, RoleState::Stopped);
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failed_role_is_started_again_and_shown() {
        let board = RoleBoard::new();
        let attempts = Arc::new(AtomicU32::new(0));
        let counter = attempts.clone();
        let role = Role::start("decom", &board, move |mut stop| {
            let attempt = counter.fetch_add(1, Ordering::Relaxed);
            async move {
                match attempt {
                    0 => anyhow::bail!("disk on fire"),
                    1 => panic!("as expected by this test"),
                    _ => {
                        let _ = stop.wait_for(|stop| *stop).await;
                        Ok(())
                    }
                }
            }
        });
        while attempts.load(Ordering::Relaxed) < 3 {
            tokio::task::yield_now().await;
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        assert!(board.healthy());
        role.stop(Duration::from_secs(5)).await;
        assert_eq!(board.all(), [("decom".to_owned(), RoleState::Stopped)]);
    }
}
