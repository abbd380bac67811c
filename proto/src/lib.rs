//! The words every part of groundlog shares: wire messages, positions, names, times, fault
//! classes. No I/O.
//!
//! [`wire`] is generated from `groundlog.proto`, the schema that outsiders use; everything else
//! here gives those messages types that cannot be mixed up.

pub mod borrowed;
mod fault;
mod hash;
mod position;
mod spread;
mod time;
mod topic;

/// The messages of `groundlog.proto`.
#[rustfmt::skip]
#[allow(missing_docs, clippy::all, unreachable_pub, rustdoc::all)]
pub mod wire;

pub use fault::{Fault, FaultClass};
pub use hash::DefinitionHash;
pub use position::{Generation, Offset, Position, TopicPartition};
pub use prost;
pub use spread::partition_of;
pub use time::Nanos;
pub use topic::{Namespace, TopicKind, TopicName, TopicNames};
