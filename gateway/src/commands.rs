//! Commands as events: what the gateway appends, and what it knows by following them.
//!
//! ```text
//!  gateway   REJECTED                      refused here: definitions, range, state, hazard
//!            REQUESTED ──► owner of the interface: RELEASED ──► SENT | FAILED | UNCERTAIN
//!                                                  REJECTED | EXPIRED
//! ```
//!
//! The fold of all events ([`CommandState`]) answers `get_cmd_*`; the same pass over the topic
//! wakes the callers that wait for the end of their command.

mod fold;
mod projection;
mod snapshot;
mod submit;
mod waiters;

pub(crate) use fold::LastCommand;
pub(crate) use projection::CommandProjection;
pub(crate) use submit::{Commands, NewCommand, SubmitError};
pub(crate) use waiters::Outcome;

use groundlog_proto::wire::CommandState as State;

/// Returns whether a caller who waits for a command is answered by this state.
fn answers(state: State) -> bool {
    matches!(
        state,
        State::Sent
            | State::Verified
            | State::Rejected
            | State::Expired
            | State::Failed
            | State::TimedOut
            | State::Uncertain
    )
}
