//! Benchmarks against peers and physical limits.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

pub mod bare;
pub mod decode;
pub mod decom;
pub mod definitions;
pub mod disk;
pub mod kafka;
pub mod link;
pub mod load;
pub mod log;
pub mod pipeline;
pub mod place;
pub mod restart;
pub mod rpc;
pub mod valkey;
