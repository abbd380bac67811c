//! Processes of a system know of each other by what they say on `status`.
//!
//! Every process has a name and, for each start, a random instance. Its heartbeats say how it is.
//!
//! ```text
//!  is anybody of my name alive? ──yes──▶ refuse to start
//!        │ no: for three periods not a word
//!        ▼
//!  claim (first heartbeat, STARTING) ──▶ heartbeats … ──▶ STOPPED
//!        │
//!        └─ another instance's claim to my name comes behind mine: it took me for dead; I stop
//! ```
//!
//! The newest claim counts. So of two processes of one name exactly one goes on, whether they start
//! together, one after the other, or one was paused and wakes up.

mod claim;
mod heartbeat;
mod process;

use groundlog_log::LogError;

pub use heartbeat::heartbeat;
pub use process::{Identity, Process};

/// After so many periods without a heartbeat a process counts as gone.
pub const PERIODS_UNTIL_GONE: u32 = 5;

/// Why a process cannot be who it is.
#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    /// A process of this name is alive.
    #[error(
        "a process named '{process}' is running already: host {host}, process id {pid}. Give this \
         one another name (--process NAME or system.process), or stop that one first"
    )]
    Taken {
        /// The name.
        process: String,
        /// Where the other one runs.
        host: String,
        /// Its process id there.
        pid: u32,
    },
    /// Another process of this name has started since.
    #[error(
        "another process has taken the name '{process}' over: host {host}, process id {pid}. This \
         one had been silent for long and was taken for dead, or both started at once; it stops. \
         Where both are wanted, give one another name (--process NAME or system.process)"
    )]
    Replaced {
        /// The name.
        process: String,
        /// Where the other one runs.
        host: String,
        /// Its process id there.
        pid: u32,
    },
    /// The log refused.
    #[error("heartbeats: {0}")]
    Log(#[from] LogError),
}
