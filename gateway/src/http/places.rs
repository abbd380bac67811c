//! Places for connections: there is a bounded number, and silence does not keep one.
//!
//! Who is being answered keeps its place. Where all are taken, the connection that has been silent
//! longest is closed for the next one, so that idle ones, however many, shut nobody out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::{Notify, oneshot};

/// The places of a server.
pub(super) struct Places {
    max: usize,
    held: Mutex<Held>,
    /// A connection ended, or fell silent.
    changed: Notify,
}

#[derive(Default)]
struct Held {
    next: u64,
    by_id: HashMap<u64, Holder>,
}

struct Holder {
    /// Since when it has been silent; `None` while a request is being answered.
    silent: Option<Instant>,
    /// Tells the connection to close.
    close: oneshot::Sender<()>,
}

/// How a place came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It was free.
    Free,
    /// A silent connection was closed for it.
    OfSilent,
}

/// The place of one connection; free again when this is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    id: u64,
}

/// Keeps the place of a connection that is being answered.
pub(super) struct Answering<'a>(&'a Place);

impl Places {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, held: Mutex::default(), changed: Notify::new() })
    }

    /// Takes a place; waits only while every connection is being answered. The receiver says when
    /// the connection must close for another one.
    ///
    /// # Cancel safety
    /// Nothing is taken when this is dropped.
    pub(super) async fn take(self: &Arc<Self>) -> (Place, Found, oneshot::Receiver<()>) {
        loop {
            let changed = self.changed.notified();
            if let Some(taken) = self.try_take() {
                return taken;
            }
            changed.await;
        }
    }

    fn try_take(self: &Arc<Self>) -> Option<(Place, Found, oneshot::Receiver<()>)> {
        let mut held = self.held();
        let mut found = Found::Free;
        if held.by_id.len() >= self.max {
            let silent = held.by_id.iter().filter_map(|(id, one)| Some((one.silent?, *id)));
            let (_, longest) = silent.min()?;
            if let Some(holder) = held.by_id.remove(&longest) {
                // One that ends at this moment needs no word.
                let _ = holder.close.send(());
            }
            found = Found::OfSilent;
        }
        let (close, closed) = oneshot::channel();
        let id = held.next;
        held.next += 1;
        held.by_id.insert(id, Holder { silent: Some(Instant::now()), close });
        Some((Place { places: self.clone(), id }, found, closed))
    }

    /// Returns whether nobody new would get a place.
    pub(super) fn all_answering(&self) -> bool {
        let held = self.held();
        held.by_id.len() >= self.max && held.by_id.values().all(|one| one.silent.is_none())
    }

    /// Waits until every place is free.
    pub(super) async fn empty(&self) {
        loop {
            let changed = self.changed.notified();
            if self.held().by_id.is_empty() {
                return;
            }
            changed.await;
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Says that a request is being answered, until what is returned is dropped; `None` when the
    /// place was given away a moment before, so that the request must not be begun.
    pub(super) fn answer(&self) -> Option<Answering<'_>> {
        self.places.held().by_id.get_mut(&self.id)?.silent = None;
        Some(Answering(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.held().by_id.remove(&self.id);
        self.places.changed.notify_one();
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        let Place { places, id } = self.0;
        if let Some(holder) = places.held().by_id.get_mut(id) {
            holder.silent = Some(Instant::now());
        }
        places.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_longest_silent_makes_room() {
        let places = Places::new(2);
        let (first, _, mut first_closed) = places.take().await;
        let (second, found, mut second_closed) = places.take().await;
        assert_eq!(found, Found::Free);
        // It speaks later than the second one.
        drop(first.answer());
        let (_third, found, _) = places.take().await;
        assert_eq!(found, Found::OfSilent);
        assert!(second_closed.try_recv().is_ok() && first_closed.try_recv().is_err());
        assert!(second.answer().is_none(), "it must not begin anything any more");
        drop(second);
        assert!(first.answer().is_some());
    }

    #[tokio::test]
    async fn who_is_being_answered_keeps_its_place() {
        let places = Places::new(1);
        let (first, _, mut closed) = places.take().await;
        let answering = first.answer();
        assert!(places.take().now_or_never().is_none() && places.all_answering());
        assert!(places.empty().now_or_never().is_none());
        drop(answering);
        assert!(places.take().now_or_never().is_some_and(|(_, found, _)| found == Found::OfSilent));
        assert!(closed.try_recv().is_ok());
        places.empty().await;
    }
}
