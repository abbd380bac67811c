use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use groundlog_proto::wire::{CommandEvent, CommandState as State};
use tokio::sync::oneshot;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Its last state.
    pub(crate) state: State,
    /// Why, unless it was sent.
    pub(crate) reason: String,
}

impl Outcome {
    /// Takes it from the event.
    pub(super) fn of(event: &CommandEvent) -> Self {
        Self { state: event.state(), reason: event.reason.clone() }
    }
}

type Waiting = HashMap<String, Vec<(u64, oneshot::Sender<Outcome>)>>;

/// Callers that wait for the end of a command, by its id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<(Waiting, u64)>>);

/// One caller's wait; dropping it forgets the caller.
#[derive(Debug)]
pub(crate) struct Waiter {
    waiters: Waiters,
    id: String,
    number: u64,
    receiver: oneshot::Receiver<Outcome>,
}

impl Waiters {
    /// Registers a caller; to be done before the event that starts the command is appended.
    pub(crate) fn register(&self, id: &str) -> Waiter {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        state.1 += 1;
        let number = state.1;
        state.0.entry(id.to_owned()).or_default().push((number, sender));
        drop(state);
        Waiter { waiters: self.clone(), id: id.to_owned(), number, receiver }
    }

    /// Wakes everyone who waits for a command.
    pub(crate) fn wake(&self, id: &str, outcome: &Outcome) {
        let waiting = self.lock().0.remove(id);
        for (_, sender) in waiting.into_iter().flatten() {
            // A caller that went away does not need the answer.
            let _ = sender.send(outcome.clone());
        }
    }

    /// Sends everyone away: the gateway stops.
    pub(crate) fn close(&self) {
        self.lock().0.clear();
    }

    /// Returns how many callers wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().0.values().map(Vec::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, (Waiting, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Returns the id of the command that is waited for.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Waits for the end of the command; `None` when the gateway stops first.
    ///
    /// Cancel safe.
    pub(crate) async fn outcome(&mut self) -> Option<Outcome> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut state = self.waiters.lock();
        if let Some(waiting) = state.0.get_mut(&self.id) {
            waiting.retain(|(number, _)| *number != self.number);
            if waiting.is_empty() {
                state.0.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn callers_are_woken_or_forgotten() {
        let waiters = Waiters::default();
        let (mut first, mut second) = (waiters.register("a"), waiters.register("a"));
        drop(waiters.register("b"));
        assert_eq!(waiters.len(), 2);
        let outcome = Outcome { state: State::Failed, reason: "why".to_owned() };
        waiters.wake("a", &outcome);
        assert_eq!(first.outcome().await, Some(outcome.clone()));
        assert_eq!(second.outcome().await, Some(outcome));
        assert_eq!(waiters.len(), 0);
    }
}
