//! COSMOS packet definitions and bit-level truth: parse, decode, encode, identify, build.
//!
//! The crate is pure and synchronous: texts and bytes come in as arguments, values and texts go
//! out; there is no file, socket, clock or runtime in it, and nothing panics on received bytes.
//!
//! - [`value`]: the values that items have.
//! - [`definition`]: targets, packets and items as read from configuration, immutable once built.

pub mod access;
pub mod bits;
pub mod command;
pub mod config;
pub mod definition;
pub mod identify;
pub mod target;
pub mod limits;
pub mod plan;
pub mod plugin;
pub mod record;
pub mod template;
pub mod time;
pub mod value;

pub use definition::{Definitions, Item, Packet, PacketId, PacketKind, Target};
pub use value::Value;
