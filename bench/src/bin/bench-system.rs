//! The whole spine: throughput of one link, latency socket to current value, memory of the demo.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use groundlog_bench::{
    disk::sync_latency_us,
    load::{self, Latency},
    pipeline::PACKET_BYTES,
    place::Place,
};

const THROUGHPUT_PACKETS: u32 = 6_000_000;
const LATENCY_SECONDS: u32 = 10;

fn main() {
    println!("whole spine, one link, everything on this machine, simulator included");
    let (p50, p99) = sync_latency_us(500);
    println!("  disk: sync of 4 KiB p50 {p50:.0} µs, p99 {p99:.0} µs");
    throughput();
    for rate in [1_000, 10_000] {
        latency(rate);
    }
    memory();
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
fn memory() {
    let folder = tempfile::tempdir().expect("folder");
    let binary =
        std::env::var("GROUNDLOG_BIN").unwrap_or_else(|_| "target/release/groundlog".into());
    let child = Command::new(&binary)
        .args(["run", "--json", "--data"])
        .arg(folder.path())
        .env("GROUNDLOG__GATEWAY__LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            println!(
                "  memory: {binary} does not start ({error}); build it with cargo build --release"
            );
            return;
        }
    };
    std::thread::sleep(Duration::from_secs(10));
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
    for line in status.unwrap_or_default().lines() {
        if line.starts_with("VmRSS") || line.starts_with("VmHWM") {
            println!("  memory of the demo after 10 s: {}", line.replace('\t', " "));
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}
