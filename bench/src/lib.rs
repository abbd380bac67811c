//! Benchmarks against peers and physical limits.

pub mod decode;
pub mod decom;

pub mod disk;
pub mod link;
pub mod log;
pub mod pipeline;
pub mod rpc;
