//! The fold of command events.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use groundlog_proto::{
    Offset,
    wire::{CommandEvent, CommandRequest, CommandState as State},
};

use super::{answers, waiters::Outcome};

/// Idempotency keys remembered: a client that repeats a request does so within seconds.
pub(super) const KEYS_MAX: usize = 4096;

/// The last command of a name that was released.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LastCommand {
    /// When it was released, nanoseconds since 1970 UTC.
    pub(crate) time_ns: i64,
    /// What was asked for, the bytes included.
    pub(crate) request: Arc<CommandRequest>,
    /// The interface it went to.
    pub(crate) interface: String,
}

/// A command that has not ended yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OpenCommand {
    pub(super) target: String,
    pub(super) command: String,
    pub(super) request: Arc<CommandRequest>,
}

/// What is known of a command name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Named {
    pub(super) released: u64,
    pub(super) last: Option<LastCommand>,
}

/// Counts of released commands, the last one of each name, commands under way.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct CommandState {
    pub(super) named: BTreeMap<(String, String), Named>,
    pub(super) open: BTreeMap<String, OpenCommand>,
    /// Command id and, once it ended, how, by idempotency key.
    pub(super) keys: HashMap<String, (String, Option<Outcome>)>,
    pub(super) key_order: VecDeque<String>,
    /// The first offset of the topic that is not folded yet.
    pub(super) next: Offset,
}

impl CommandState {
    /// Says that everything before an offset is folded.
    pub(super) fn advance(&mut self, next: Offset) {
        self.next = next;
    }

    /// Takes one event in. Events that a command cannot have any more change nothing.
    pub(super) fn apply(&mut self, event: &CommandEvent) {
        match event.state() {
            State::Requested => self.requested(event),
            State::Released => self.released(event),
            state if answers(state) => self.ended(event),
            _ => {}
        }
    }

    /// Returns how many commands of a name were released.
    pub(crate) fn count(&self, target: &str, command: &str) -> u64 {
        self.find(target, command).map_or(0, |named| named.released)
    }

    /// Returns the last command of a name.
    pub(crate) fn last(&self, target: &str, command: &str) -> Option<&LastCommand> {
        self.find(target, command)?.last.as_ref()
    }

    /// Returns the newest command of a target, or of all targets: target, name and itself.
    pub(crate) fn newest(&self, target: Option<&str>) -> Option<(&str, &str, &LastCommand)> {
        let commands = self.named.iter().filter(|((of, _), _)| target.is_none_or(|it| it == of));
        let last = commands.filter_map(|((of, name), named)| {
            named.last.as_ref().map(|last| (of.as_str(), name.as_str(), last))
        });
        last.max_by_key(|(_, _, last)| last.time_ns)
    }

    /// Returns the command that was given an idempotency key first, and how it ended.
    pub(super) fn with_key(&self, key: &str) -> Option<(String, Option<Outcome>)> {
        self.keys.get(key).cloned()
    }

    fn find(&self, target: &str, command: &str) -> Option<&Named> {
        self.named.get(&(target.to_owned(), command.to_owned()))
    }

    fn requested(&mut self, event: &CommandEvent) {
        let Some(request) = event.request.clone() else {
            return;
        };
        self.remember_key(&request.idempotency_key, &event.command_id);
        let open = OpenCommand {
            target: event.target.clone(),
            command: event.command.clone(),
            request: Arc::new(request),
        };
        self.open.entry(event.command_id.clone()).or_insert(open);
    }

    fn released(&mut self, event: &CommandEvent) {
        let Some(open) = self.open.get(&event.command_id) else {
            return;
        };
        let named = self.named.entry((open.target.clone(), open.command.clone())).or_default();
        named.released += 1;
        named.last = Some(LastCommand {
            time_ns: event.time_ns,
            request: open.request.clone(),
            interface: event.interface.clone(),
        });
    }

    fn ended(&mut self, event: &CommandEvent) {
        let Some(open) = self.open.remove(&event.command_id) else {
            return;
        };
        let key = &open.request.idempotency_key;
        let Some((id, outcome)) = self.keys.get_mut(key) else {
            return;
        };
        if *id != event.command_id {
            return;
        }
        if matches!(event.state(), State::Rejected | State::Expired) {
            // Nothing went out: the key may be used again.
            self.keys.remove(key);
            self.key_order.retain(|known| known != key);
        } else {
            *outcome = Some(Outcome::of(event));
        }
    }

    fn remember_key(&mut self, key: &str, id: &str) {
        if key.is_empty() || self.keys.contains_key(key) {
            return;
        }
        if self.key_order.len() >= KEYS_MAX
            && let Some(oldest) = self.key_order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        self.keys.insert(key.to_owned(), (id.to_owned(), None));
        self.key_order.push_back(key.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn event(id: &str, state: State, time_ns: i64) -> CommandEvent {
        CommandEvent {
            command_id: id.to_owned(),
            state: state as i32,
            time_ns,
            target: "INST".to_owned(),
            command: "ABORT".to_owned(),
            request: (state == State::Requested).then(|| CommandRequest {
                packet: vec![1, 2].into(),
                idempotency_key: format!("key-{id}"),
                ..CommandRequest::default()
            }),
            ..CommandEvent::default()
        }
    }

    #[test]
    fn released_commands_count() {
        let mut state = CommandState::default();
        for (id, end) in [("a", State::Sent), ("b", State::Failed), ("c", State::Rejected)] {
            state.apply(&event(id, State::Requested, 1));
            if id != "c" {
                state.apply(&event(id, State::Released, 2));
            }
            state.apply(&event(id, end, 3));
        }
        assert_eq!(state.count("INST", "ABORT"), 2);
        assert_eq!(state.count("INST", "OTHER"), 0);
        assert_eq!(state.last("INST", "ABORT").unwrap().request.packet.as_ref(), [1, 2]);
        assert!(state.open.is_empty());
        let (id, outcome) = state.with_key("key-b").unwrap();
        assert_eq!((id.as_str(), outcome.unwrap().state), ("b", State::Failed));
        assert_eq!(state.with_key("key-c"), None);
    }

    #[test]
    fn old_keys_are_forgotten() {
        let mut state = CommandState::default();
        for number in 0..=KEYS_MAX {
            state.apply(&event(&number.to_string(), State::Requested, 1));
        }
        assert_eq!(state.keys.len(), KEYS_MAX);
        assert_eq!(state.with_key("key-0"), None);
    }
}
