//! The one table of what may follow what in the life of a command.
//!
//! From it come types that cannot express anything else ([`Command::advance`]) and a function for
//! events that come from the log ([`leads`]).

use std::marker::PhantomData;

use groundlog_proto::{
    Nanos,
    wire::{CommandEvent, CommandState},
};

/// A state in the life of a command, as a type.
pub trait Stage {
    /// The state on the wire.
    const STATE: CommandState;
}

/// Says that `Next` may follow. Implemented by the table alone.
pub trait LeadsTo<Next: Stage>: Stage {}

macro_rules! stages {
    ($($(#[$doc:meta])* $stage:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $stage {}

        impl Stage for $stage {
            const STATE: CommandState = CommandState::$stage;
        }
    )*};
}

stages! {
    /// Built and checked by the gateway.
    Requested,
    /// Approved by whoever must.
    Authorised,
    /// Held in a queue.
    Queued,
    /// Allowed to go out; from here on its bytes may have left.
    Released,
    /// All its bytes were handed to the transport.
    Sent,
    /// The spacecraft did what it was told.
    Verified,
    /// Refused before release.
    Rejected,
    /// Its time was over before release.
    Expired,
    /// Released, and not all its bytes went out, or the spacecraft refused.
    Failed,
    /// Sent, and nothing confirmed it in time.
    TimedOut,
    /// Released, and nobody knows whether it was sent.
    Uncertain,
}

macro_rules! transitions {
    ($($from:ident => $($to:ident),+;)*) => {
        $($(impl LeadsTo<$to> for $from {})+)*

        /// Returns whether one state may follow another.
        pub fn leads(from: CommandState, to: CommandState) -> bool {
            use CommandState::*;
            matches!((from, to), $($(($from, $to))|+)|*)
        }
    };
}

transitions! {
    Requested => Authorised, Queued, Released, Rejected, Expired;
    Authorised => Queued, Released, Rejected, Expired;
    Queued => Released, Rejected, Expired;
    Released => Sent, Failed, Uncertain;
    Sent => Verified, Failed, TimedOut;
}

/// Returns whether a command's life may begin in this state: requested, or refused at once.
pub(super) fn begins(state: CommandState) -> bool {
    matches!(state, CommandState::Requested | CommandState::Rejected)
}

/// A command in a known state.
///
/// Only what the table allows compiles:
///
/// ```compile_fail
/// # use groundlog_ingest::command::{Command, Detail, Released, Requested};
/// fn send_again(command: Command<Released>) {
///     command.advance::<Requested>(&Detail::default());
/// }
/// ```
///
/// ```
/// # use groundlog_ingest::command::{Command, Detail, Released, Sent};
/// fn sent(command: Command<Released>) {
///     command.advance::<Sent>(&Detail::default());
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Command<S: Stage> {
    id: String,
    target: String,
    name: String,
    interface: String,
    stage: PhantomData<S>,
}

/// What an event says beside the command and its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    /// When it happened.
    pub time: Nanos,
    /// Epoch of the interface's owner.
    pub epoch: u64,
    /// Why, for what is no success.
    pub reason: String,
}

impl<S: Stage> Command<S> {
    /// Takes up a command that the fold found in this state.
    pub(super) fn found(id: &str, target: &str, name: &str, interface: &str) -> Self {
        Self {
            id: id.to_owned(),
            target: target.to_owned(),
            name: name.to_owned(),
            interface: interface.to_owned(),
            stage: PhantomData,
        }
    }

    /// Returns the command's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Names the interface it goes to.
    pub(super) fn on(mut self, interface: &str) -> Self {
        self.interface = interface.to_owned();
        self
    }

    /// Moves on to a state that may follow, and returns the event that says so.
    pub fn advance<Next: Stage>(self, detail: &Detail) -> (Command<Next>, CommandEvent)
    where
        S: LeadsTo<Next>,
    {
        let event = CommandEvent {
            command_id: self.id.clone(),
            state: Next::STATE as i32,
            time_ns: detail.time.0,
            reason: detail.reason.clone(),
            epoch: detail.epoch,
            target: self.target.clone(),
            command: self.name.clone(),
            interface: self.interface.clone(),
            request: None,
        };
        let Self { id, target, name, interface, .. } = self;
        (Command { id, target, name, interface, stage: PhantomData }, event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_lead_nowhere_and_nothing_leads_back() {
        use CommandState::*;
        let all = [
            Requested, Authorised, Queued, Released, Sent, Verified, Rejected, Expired, Failed,
            TimedOut, Uncertain,
        ];
        for end in [Verified, Rejected, Expired, Failed, TimedOut, Uncertain] {
            assert!(all.iter().all(|&to| !leads(end, to)), "{end:?}");
        }
        for from in all {
            assert!(!leads(from, Requested) && !leads(from, from), "{from:?}");
            assert!(!leads(from, Sent) || from == Released, "{from:?} may not be sent");
            assert!(!leads(from, Uncertain) || from == Released);
        }
    }

    #[test]
    fn events_name_command_and_owner() {
        let command = Command::<Requested>::found("7", "INST", "ABORT", "").on("INST_INT");
        let detail = Detail { time: Nanos(5), epoch: 3, reason: String::new() };
        let (released, event) = command.advance::<Released>(&detail);
        assert_eq!(released.id(), "7");
        assert_eq!(event.state(), CommandState::Released);
        assert_eq!((event.epoch, event.time_ns, event.interface.as_str()), (3, 5, "INST_INT"));
    }
}
