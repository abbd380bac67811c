//! Measures decoding on one core: `cargo run --release -p groundlog-bench --bin bench-decode`.

fn main() {
    groundlog_bench::decode::run();
}
