//! The state of commands: a pure fold of the `commands` topic.

use std::collections::{HashMap, VecDeque};

use groundlog_proto::{
    Offset,
    wire::{CommandEvent, CommandRequest, CommandState},
};

use super::transition::{Command, Released, Requested, begins, leads};

/// What one event did to the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// A command began.
    Began,
    /// A command moved on.
    Moved,
    /// The command was in that state already; nothing changed.
    Repeated,
    /// A *sent* that arrived after *uncertain*: noted, but the end stays what it is.
    Annotated,
    /// The table does not allow it; ignored.
    Illegal {
        /// The state the command is in; `None` before its first event.
        from: Option<CommandState>,
    },
}

/// All commands that are open, and the last ones that ended.
///
/// Restarting needs no more of the topic than [`CommandBook::checkpoint`] says: a fold from there
/// gives every open command and the idempotency keys of the last commands.
#[derive(Debug, Default)]
pub struct CommandBook {
    commands: HashMap<String, Entry>,
    /// First command of each idempotency key.
    keys: HashMap<String, String>,
    /// Ids in the order of their first events.
    order: VecDeque<(Offset, String)>,
    remembered: usize,
    next: Offset,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    state: CommandState,
    target: String,
    command: String,
    interface: String,
    key: String,
    /// Later seen sent although it had been given up.
    annotated: bool,
    /// Dropped when the command ends.
    request: Option<CommandRequest>,
}

impl CommandBook {
    /// Makes an empty book that remembers at least that many commands.
    pub fn new(remembered: usize) -> Self {
        Self { remembered: remembered.max(1), ..Self::default() }
    }

    /// Folds in one event. Pure: depends on the events so far and nothing else.
    pub fn apply(&mut self, offset: Offset, event: CommandEvent) -> Applied {
        self.next = self.next.max(offset + 1);
        let state = event.state();
        let Some(entry) = self.commands.get_mut(&event.command_id) else {
            if event.command_id.is_empty() || !begins(state) {
                return Applied::Illegal { from: None };
            }
            self.begin(offset, event);
            return Applied::Began;
        };
        if entry.state == state {
            return Applied::Repeated;
        }
        if entry.state == CommandState::Uncertain && state == CommandState::Sent {
            entry.annotated = true;
            return Applied::Annotated;
        }
        if !leads(entry.state, state) {
            return Applied::Illegal { from: Some(entry.state) };
        }
        entry.state = state;
        if !event.interface.is_empty() {
            entry.interface = event.interface;
        }
        if !is_open(state) {
            entry.request = None;
            // Nothing went out, so the caller may try again under the same key.
            if matches!(state, CommandState::Rejected | CommandState::Expired)
                && self.keys.get(&entry.key) == Some(&event.command_id)
            {
                self.keys.remove(&entry.key);
            }
            self.forget();
        }
        Applied::Moved
    }

    fn begin(&mut self, offset: Offset, event: CommandEvent) {
        let state = event.state();
        let key = event.request.as_ref().map(|r| r.idempotency_key.clone()).unwrap_or_default();
        // A command that the gateway refused never claimed its key.
        if !key.is_empty() && state == CommandState::Requested {
            self.keys.entry(key.clone()).or_insert_with(|| event.command_id.clone());
        }
        let entry = Entry {
            state,
            target: event.target,
            command: event.command,
            interface: event.interface,
            key,
            annotated: false,
            request: event.request.filter(|_| is_open(state)),
        };
        self.order.push_back((offset, event.command_id.clone()));
        self.commands.insert(event.command_id, entry);
        self.forget();
    }

    /// Forgets the oldest commands beyond the number to remember, up to the first open one.
    fn forget(&mut self) {
        while self.order.len() > self.remembered {
            let Some((_, id)) = self.order.front() else {
                return;
            };
            if self.commands.get(id).is_some_and(|entry| is_open(entry.state)) {
                return;
            }
            if let Some((_, id)) = self.order.pop_front()
                && let Some(entry) = self.commands.remove(&id)
                && self.keys.get(&entry.key) == Some(&id)
            {
                self.keys.remove(&entry.key);
            }
        }
    }

    /// Returns from where a fold gives this book again.
    pub fn checkpoint(&self) -> Offset {
        self.order.front().map_or(self.next, |(offset, _)| *offset)
    }

    /// Returns the state of a command.
    pub fn state(&self, id: &str) -> Option<CommandState> {
        self.commands.get(id).map(|entry| entry.state)
    }

    /// Returns whether a command given up as uncertain was seen sent later.
    pub fn is_annotated(&self, id: &str) -> bool {
        self.commands.get(id).is_some_and(|entry| entry.annotated)
    }

    /// Returns ids of the commands in a state, in the order in which they began.
    pub fn in_state(&self, state: CommandState) -> Vec<String> {
        let ids = self.order.iter().map(|(_, id)| id);
        ids.filter(|id| self.state(id) == Some(state)).cloned().collect()
    }

    /// Returns the earlier command that holds this one's idempotency key.
    pub fn duplicate_of(&self, id: &str) -> Option<&str> {
        let key = &self.commands.get(id)?.key;
        self.keys.get(key).map(String::as_str).filter(|first| *first != id)
    }

    /// Returns target, interface (empty unless the request named it) and request of a command.
    pub(super) fn request(&self, id: &str) -> Option<(&str, &str, &CommandRequest)> {
        let entry = self.commands.get(id)?;
        Some((&entry.target, &entry.interface, entry.request.as_ref()?))
    }

    /// Returns target and interface of a command; the interface is empty while nobody has named one.
    pub(super) fn destination(&self, id: &str) -> Option<(&str, &str)> {
        let entry = self.commands.get(id)?;
        Some((&entry.target, &entry.interface))
    }

    /// Takes up a command that is requested and nothing more.
    pub(super) fn requested(&self, id: &str) -> Option<Command<Requested>> {
        self.found(id, CommandState::Requested)
    }

    /// Takes up a command that is released and nothing more.
    pub(super) fn released(&self, id: &str) -> Option<Command<Released>> {
        self.found(id, CommandState::Released)
    }

    fn found<S: super::Stage>(&self, id: &str, state: CommandState) -> Option<Command<S>> {
        let entry = self.commands.get(id).filter(|entry| entry.state == state)?;
        Some(Command::found(id, &entry.target, &entry.command, &entry.interface))
    }
}

/// Returns whether the owner of the interface still has something to do about a command.
fn is_open(state: CommandState) -> bool {
    use CommandState::{Authorised, Queued, Released, Requested};
    matches!(state, Requested | Authorised | Queued | Released)
}

#[cfg(test)]
#[path = "book/tests.rs"]
mod tests;
