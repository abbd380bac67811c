//! The table on a Valkey (or Redis) server: keys, scripts and what happens when the server loses
//! them are ADR 3's (`docs/adr/0003-cvt-valkey.md`).

mod begin;
mod block;
mod error;
mod json;
mod keys;
mod link;
mod part;
mod reads;
mod render;
mod scripts;
mod server;
mod writer;
mod writes;

pub use error::ValkeyError;
#[cfg(test)]
pub(crate) use keys::Keys;
pub(crate) use link::Credentials;
pub(crate) use reads::ValkeyServer;
pub(crate) use writer::ValkeyStore;
