//! Benchmarks against peers and physical limits.
