//! Measures decoding on one core: `cargo run --release -p groundlog-bench --bin bench-wide`.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

fn main() {
    groundlog_bench::wide::run();
}
