//! Benchmarks against peers and physical limits.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

pub mod bare;
mod best;
pub mod decode;
pub mod decom;
pub mod definitions;
pub mod disk;
pub mod kafka;
pub mod link;
pub mod load;
pub mod log;
pub mod peers;
pub mod pipeline;
pub mod place;
pub mod restart;
pub mod rpc;
mod synthetic;
pub mod valkey;
pub mod wide;
pub mod xtce;
