//! The projection contract and the one runner that drives every fold of the log.
//!
//! Four words, before any code:
//!
//! * A **partition** is one ordered sequence of records of one topic. Everything that may change
//!   what a record means lies before it in the same partition, so a projection is a pure fold of
//!   a partition: same records, same result (D1).
//! * A **position** (generation, topic, partition, offset, sub-index) is the identity of a record
//!   and of everything derived from it. Nothing else is: times repeat, counts restart.
//! * A **checkpoint** of a consumer on a partition is the first offset that is not done yet. It is
//!   never ahead of the data it stands for (P2).
//! * **Exactly once** is nothing but: data and checkpoint become visible together, or the data
//!   can be applied twice without a difference (P1). Which of the two holds is a projection's
//!   [`Target`]:
//!
//! ```text
//!  Target::Log     records, dead letters, snapshot, checkpoint  ── one Txn per polled batch
//!  Target::Store   apply (idempotent by position) → flush → checkpoint
//!  Target::Memory  apply; snapshot + checkpoint ── one Txn now and then: what lies in memory is
//!                  only as durable as its newest snapshot
//!
//!  restart:   snapshot.next ────────► checkpoint ────────► tail
//!             folded without output   folded with output
//! ```
//!
//! The [`Runner`] polls, applies, commits, measures lag, writes dead letters and snapshots, and is
//! the only place that decides what a fault means: a transient one is tried again from the
//! checkpoint with a bounded back-off, a poisonous record becomes a dead letter and the fold goes
//! on, anything else stops the role with an error that names topic, partition, offset and remedy.
//! Batches clock themselves: while one commits the next is applied, and it holds whatever has come
//! in since; there is no timer between a record and its effect.
//!
//! Beside the runner live the stores that every service shares: [`DefinitionStore`] (definition
//! sets by hash), [`SettingsStore`] (durable state as events) and [`MetricsRegistry`];
//! [`Process`], what a process says of itself so that others know of it; and [`Follower`], which reads
//! a partition on through faults that pass.

mod definition_set;
mod definition_store;
mod error;
mod follower;
mod lag;
mod loaded;
mod metrics;
mod outputs;
mod packet_metrics;
mod presence;
mod projection;
mod role_board;
mod runner;
mod settings;
mod settings_snapshot;
mod settings_store;
mod snapshot;

pub use definition_set::definition_set;
pub use definition_store::DefinitionStore;
pub use error::{DefinitionError, RunError, SettingsError};
pub use follower::Follower;
pub use lag::{Lag, LagRegistry, Progress};
pub use loaded::LoadedDefinitions;
pub use metrics::{Counter, Gauge, Labels, Metric, MetricKind, MetricsRegistry};
pub use outputs::Outputs;
pub use packet_metrics::{
    INTERFACE_LABEL, LONG_PACKETS, SHORT_PACKETS, STORED_LABEL, UNKNOWN_PACKETS,
};
pub use presence::{Identity, PERIODS_UNTIL_GONE, PresenceError, Process, heartbeat};
pub use projection::{ApplyError, Assignment, Input, Projection, Start, Target};
pub use role_board::{RoleBoard, RoleState};
pub use runner::{Runner, RunnerOptions};
pub use settings::{ItemName, OneTimeTokens, Sessions, Settings, setting_key};
pub use settings_store::SettingsStore;
pub use snapshot::{Snapshot, SnapshotStore};
