use std::{
    mem,
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use crate::session::lock;

/// A queue whose reader takes everything at once: the batch of a group commit is whatever arrived
/// while the last one was on its way.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<(Vec<T>, bool)>,
    arrived: Condvar,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { state: Mutex::new((Vec::new(), false)), arrived: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// Adds an item, or gives it back when the queue is closed.
    pub(super) fn push(&self, item: T) -> Result<(), T> {
        let mut state = lock(&self.state);
        if state.1 {
            return Err(item);
        }
        state.0.push(item);
        if state.0.len() == 1 {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for items and takes all of them; `None` once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<T>> {
        let mut state = lock(&self.state);
        loop {
            if !state.0.is_empty() {
                return Some(mem::take(&mut state.0));
            }
            if state.1 {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing more; what is queued is still handed out.
    pub(super) fn close(&self) {
        lock(&self.state).1 = true;
        self.arrived.notify_all();
    }
}

/// Wakes a thread that otherwise works at intervals.
#[derive(Debug, Default)]
pub(super) struct Kick {
    state: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Kick {
    pub(super) fn kick(&self) {
        lock(&self.state).0 = true;
        self.changed.notify_one();
    }

    /// Waits out a time that only the end cuts short.
    pub(super) fn pause(&self, time: Duration) {
        let state = lock(&self.state);
        drop(self.changed.wait_timeout_while(state, time, |(_, stopped)| !*stopped));
    }

    pub(super) fn stop(&self) {
        lock(&self.state).1 = true;
        self.changed.notify_one();
    }

    /// Waits for a kick or the interval. Returns `false` when it is time to stop.
    pub(super) fn wait(&self, interval: Duration) -> bool {
        let state = lock(&self.state);
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, interval, |(kicked, stopped)| !*kicked && !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        state.0 = false;
        !state.1
    }
}
