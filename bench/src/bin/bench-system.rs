//! The whole spine: throughput of one link, latency socket to current value, memory of the demo.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use groundlog_bench::{
    disk::sync_latency_us,
    load::{self, Latency},
    pipeline::PACKET_BYTES,
    place::Place,
    restart::{Restarts, memory, restarts},
};
use groundlog_tests::Stack;

const THROUGHPUT_PACKETS: u32 = 6_000_000;
const RESTART_PACKETS: u32 = 30_000_000;
const LATENCY_SECONDS: u32 = 10;

fn main() {
    println!("whole spine, one link, everything on this machine, simulator included");
    let (p50, p99) = sync_latency_us(500);
    println!("  disk: sync of 4 KiB p50 {p50:.0} µs, p99 {p99:.0} µs");
    throughput();
    for rate in [1_000, 10_000] {
        latency(rate);
    }
    demo();
    restart();
}

fn throughput() {
    let folder = tempfile::tempdir().expect("folder");
    let rate = load::throughput(&Place::embedded(folder.path()), THROUGHPUT_PACKETS);
    println!(
        "  throughput: {THROUGHPUT_PACKETS} packets of {PACKET_BYTES} bytes, socket → durable log \
         → decommutated → current value: {rate:.0} packets/s"
    );
}

fn latency(rate: u32) {
    let folder = tempfile::tempdir().expect("folder");
    let Latency { p50_ms, p99_ms, max_ms } =
        load::latency(&Place::embedded(folder.path()), rate, LATENCY_SECONDS);
    println!(
        "  latency socket → current value at {rate} packets/s: p50 {p50_ms:.2} ms, p99 \
         {p99_ms:.2} ms, max {max_ms:.2} ms"
    );
}

/// Starts the demo as a user does and reads its resident memory after a while.
fn demo() {
    let stack = Stack::demo();
    std::thread::sleep(Duration::from_secs(10));
    let (now, highest) = (memory(&stack, "VmRSS"), memory(&stack, "VmHWM"));
    println!("  memory of the demo after 10 s: {now:.0} MB resident, {highest:.0} MB at most");
}

fn restart() {
    let folder = tempfile::tempdir().expect("folder");
    let Restarts { resident_mb, highest_mb, stopped, killed } =
        restarts(folder.path(), RESTART_PACKETS);
    println!(
        "  memory after {RESTART_PACKETS} packets of {PACKET_BYTES} bytes: {resident_mb:.0} MB \
         resident, {highest_mb:.0} MB at most"
    );
    println!(
        "  restart on them until all is served: {:.2} s after a stop, {:.2} s after kill -9 under \
         load",
        stopped.as_secs_f64(),
        killed.as_secs_f64()
    );
}
