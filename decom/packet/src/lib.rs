//! COSMOS packet definitions and bit-level truth: parse, decode, encode, identify, build.
//!
//! The crate is pure and synchronous: texts and bytes come in as arguments, values and texts go
//! out; there is no file, socket, clock or runtime in it, and nothing panics on received bytes.
//!
//! From text to definitions
//! - [`plugin`] reads plugin.txt, [`target`] the files of a target folder, [`template`] renders
//!   the tags in them, [`config`] parses command and telemetry files.
//! - [`xtce`] reads XTCE documents into the same definitions, and writes them.
//! - [`registry`] holds code in Rust for classes that definitions name.
//! - [`definition`] is what comes out: targets, packets, items; immutable, shared.
//! - [`compare`] says what two of them decode differently.
//!
//! From bytes to values
//! - [`identify`] says which packet a buffer is.
//! - [`plan`] decodes whole packets fast into a packed [`record`]; [`limits`] and what [`process`]
//!   gathers are its only state.
//! - [`access`] reads and writes single items, as the definition stands; [`bits`] is what a place
//!   in a buffer means; [`value`] is what comes out.
//!
//! From values to bytes
//! - [`command`] parses command texts, builds and checks commands, and renders them.

pub mod access;
pub mod bits;
pub mod command;
pub mod compare;
pub mod config;
pub mod definition;
mod document;
pub mod identify;
pub mod limits;
pub mod plan;
pub mod plugin;
pub mod process;
pub mod record;
pub mod registry;
pub mod target;
pub mod template;
pub mod time;
pub mod value;
pub mod xtce;

pub use definition::{Definitions, Item, Packet, PacketId, PacketKind, Target};
pub use value::Value;
