//! Whether the log answers: what tells a partition that has moved from a group that has lost sight
//! of its members.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use groundlog_log::Log;
use groundlog_proto::TopicPartition;
use tokio::{
    task::AbortHandle,
    time::{sleep, timeout},
};

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(1);

/// How long after the last trouble a lost partition is put down to it: a group misses its members
/// some seconds after it cannot be reached, and again when it can.
const TROUBLE: Duration = Duration::from_secs(15);

#[derive(Debug)]
struct Seen {
    /// The last answer.
    answer: Instant,
    /// The last time without one.
    trouble: Option<Instant>,
}

/// Asks the log now and then; ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Contact {
    seen: Arc<Mutex<Seen>>,
    period: Duration,
    asking: AbortHandle,
}

impl Contact {
    pub(crate) fn start(log: Arc<dyn Log>, partition: TopicPartition, period: Duration) -> Self {
        let seen = Arc::new(Mutex::new(Seen { answer: Instant::now(), trouble: None }));
        let noted = Arc::clone(&seen);
        let asking = tokio::spawn(async move {
            loop {
                let began = Instant::now();
                sleep(period).await;
                let answered = timeout(ANSWER_MAX, log.bounds(&partition)).await;
                let now = Instant::now();
                let paused = now.duration_since(began) > period + 2 * ANSWER_MAX;
                let mut seen = lock(&noted);
                if paused || !matches!(answered, Ok(Ok(_))) {
                    seen.trouble = Some(now);
                }
                if matches!(answered, Ok(Ok(_))) {
                    seen.answer = now;
                }
            }
        });
        Self { seen, period, asking: asking.abort_handle() }
    }

    /// Returns whether the log did not answer lately, or this process did not ask: it was paused.
    pub(crate) fn was_troubled(&self) -> bool {
        let seen = lock(&self.seen);
        let paused = seen.answer.elapsed() > self.period + 2 * ANSWER_MAX;
        paused || seen.trouble.is_some_and(|at| at.elapsed() < TROUBLE)
    }

    /// Returns whether the last question was answered.
    pub(crate) fn is_there(&self) -> bool {
        self.undisturbed() > Duration::ZERO
    }

    /// Returns how long the log has been answering.
    pub(crate) fn undisturbed(&self) -> Duration {
        let seen = lock(&self.seen);
        match seen.trouble {
            Some(trouble) if trouble > seen.answer => Duration::ZERO,
            Some(trouble) => trouble.elapsed(),
            None => Duration::MAX,
        }
    }
}

impl Drop for Contact {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
