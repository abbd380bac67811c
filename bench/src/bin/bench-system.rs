//! The whole spine: throughput of one link, latency socket to current value, memory of the demo.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    io::Write,
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use groundlog_bench::{
    disk::sync_latency_us,
    pipeline::{PACKET_BYTES, Pipeline, push_packet},
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

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime")
}

/// Sends as fast as the link takes it; the clock stops when the last packet is a current value.
fn throughput() {
    let folder = tempfile::tempdir().expect("folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address");
    let sender = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("connection");
        let start = Instant::now();
        let mut buffer = Vec::with_capacity(1 << 18);
        let mut counter = 0;
        while counter < THROUGHPUT_PACKETS {
            buffer.clear();
            while counter < THROUGHPUT_PACKETS && buffer.len() + PACKET_BYTES <= 1 << 18 {
                push_packet(&mut buffer, counter);
                counter += 1;
            }
            stream.write_all(&buffer).expect("sent");
        }
        (start, stream)
    });
    let end = runtime().block_on(async {
        let pipeline = Pipeline::start(folder.path(), address).await;
        let mut end = Instant::now();
        pipeline
            .follow(|counter, now| {
                end = now;
                counter + 1 < THROUGHPUT_PACKETS
            })
            .await;
        pipeline.stop().await;
        end
    });
    let (start, _stream) = sender.join().expect("sender");
    let rate = f64::from(THROUGHPUT_PACKETS) / (end - start).as_secs_f64();
    println!(
        "  throughput: {THROUGHPUT_PACKETS} packets of {PACKET_BYTES} bytes, socket → durable log \
         → decommutated → current value: {rate:.0} packets/s"
    );
}

/// Sends packets one by one at a steady rate; each is timed from its send to the moment a reader
/// of the table can see it.
fn latency(rate: u32) {
    let folder = tempfile::tempdir().expect("folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let address = listener.local_addr().expect("address");
    let count = rate * LATENCY_SECONDS;
    let sender = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("connection");
        stream.set_nodelay(true).expect("nodelay");
        let mut sent = Vec::with_capacity(count as usize);
        let mut buffer = Vec::with_capacity(PACKET_BYTES);
        let start = Instant::now() + Duration::from_millis(200);
        let step = Duration::from_secs(1) / rate;
        for counter in 0..count {
            let due = start + step * counter;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            buffer.clear();
            push_packet(&mut buffer, counter);
            sent.push(Instant::now());
            stream.write_all(&buffer).expect("sent");
        }
        (sent, stream)
    });
    let mut seen: Vec<Instant> = Vec::with_capacity(count as usize);
    runtime().block_on(async {
        let pipeline = Pipeline::start(folder.path(), address).await;
        pipeline
            .follow(|counter, now| {
                // Every packet up to the newest one has become visible by now.
                seen.resize(counter as usize + 1, now);
                counter + 1 < count
            })
            .await;
        pipeline.stop().await;
    });
    let (sent, _stream) = sender.join().expect("sender");
    let mut times: Vec<f64> =
        sent.iter().zip(&seen).map(|(sent, seen)| (*seen - *sent).as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "  latency socket → current value at {rate} packets/s: p50 {:.2} ms, p99 {:.2} ms, max \
         {:.2} ms",
        at(50),
        at(99),
        at(100)
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
