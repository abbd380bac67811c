//! The outside world to the raw log: interfaces, protocols, links, release of commands.
//!
//! ```text
//!  socket ─▶ Interface ─▶ ReadProtocol… ─▶ RawRecord ─▶ raw
//!  socket ◀─ Interface ◀─ WriteProtocol… ◀─ released ◀─ commands
//!                 link: one task per interface
//! ```
//!
//! Ingest looks into nothing (I1): which packet the bytes are, what time they carry and how often
//! they came is decommutation's work. It keeps the order of reception per interface (I2), it never
//! drops what was received, and it is the single writer of what follows *requested* in the life
//! of a command (C1).
//!
//! Entry points: [`Ingest::build`] checks the configuration whole before anything starts,
//! [`Ingest::run`] is the role, [`Handle`] shows it to others in this process.

mod class_name;
pub mod command;
mod contact;
mod envelope;
mod error;
mod events;
mod handle;
mod interface;
mod link;
mod metrics;
mod options;
mod owner;
mod ownership;
mod params;
mod protocol;
mod service;
mod session;
mod shutdown;
mod status;

pub use envelope::DISCARDED;
pub use error::{ConfigError, IngestError};
pub use handle::Handle;
pub use link::{InterfaceStatus, LinkState};
pub use metrics::{METRICS, Metric, MetricKind};
pub use options::{
    IngestLimits, IngestOptions, InterfaceOptions, ProtocolDirection, ProtocolOptions, Wanted,
};
pub use service::{Ingest, Running};
