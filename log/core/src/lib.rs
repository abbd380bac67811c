//! The log: an ordered, durable, immutable sequence of records per topic partition.
//!
//! ```text
//!  offset   0 .......... trim ..................... committed tail ..... written
//!           |  trimmed   |  readable by everyone   |  not visible yet   |
//!           |  (gone)    |  [trim, tail)           |  (open txn, sync)  |
//! ```
//!
//! Three contracts, one conformance suite (feature `conformance`) that every backend passes:
//!
//! * [`Log`]: topics, bounds, find by append time, readers, appends.
//! * [`Member`] of a consumer group: partitions come and go, records arrive, checkpoints are kept.
//! * [`Txn`]: records on several partitions and a checkpoint become visible together or not at all.
//!
//! Backends are chosen by URL ([`open`]): `memory:`, `embedded:DIR`, `kafka://HOST:PORT`. Nothing
//! outside this crate knows which one runs.

mod chain;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod embedded;
mod error;
mod kafka;
mod limits;
mod memory;
mod records;
mod session;
mod topic;
mod url;

pub use chain::Chain;
pub use contract::{
    AppendAck, Appending, Checkpoint, GroupSpec, Log, Member, MemberEvent, Reader, Transactor, Txn,
};
pub use embedded::{EmbeddedLog, EmbeddedOptions, PartitionReport, VerifyReport, verify};
pub use error::LogError;
pub use kafka::{KafkaLog, KafkaOptions, SecurityProtocol};
pub use limits::{APPEND_BYTES_MAX, RECORD_BYTES_MAX, TXN_BYTES_MAX};
pub use memory::MemoryLog;
pub use records::{Batch, RecordRef, Records};
pub use topic::{Bounds, Durability, Retention, TopicInfo, TopicSpec};
pub use url::{LogOptions, open, open_read_only};
