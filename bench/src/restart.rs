//! How large a running system gets, and how soon it serves again after a stop: the release binary,
//! as a user runs it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use groundlog_tests::{Spacecraft, Stack, StackOptions, bare_target, packet_sized, send, wait_for};
use serde_json::json;

use crate::pipeline::PACKET_BYTES;

const LONG: Duration = Duration::from_secs(600);
/// Packets that go out in one write.
const BATCH: u32 = 1000;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Restarts {
    /// Resident memory of the process after the packets, in MB.
    pub resident_mb: f64,
    /// The highest until then.
    pub highest_mb: f64,
    /// From the start of a process that was stopped to `/health` UP with the newest packet shown.
    pub stopped: Duration,
    /// The same of a process that was killed (-9) while packets came in.
    pub killed: Duration,
}

/// Fills a log with packets and starts the system on it again and again.
pub fn restarts(folder: &Path, packets: u32) -> Restarts {
    let spacecraft = Spacecraft::new();
    let connect = format!("tcp://{}", spacecraft.address());
    let target = bare_target(folder);
    let words = ["--plugin", &target.to_string_lossy(), "--connect", &connect];
    let mut options = StackOptions::with(&words).data(&folder.join("data"));
    options.arguments.extend(["--protocol", "LENGTH 0 16 2"].map(str::to_owned));

    let mut stack = Stack::start(&options);
    feed(&spacecraft, 0..packets);
    wait_for("all packets are current", LONG, || (shown(&stack)? + 1 == packets).then_some(()));
    let (resident_mb, highest_mb) = (memory(&stack, "VmRSS"), memory(&stack, "VmHWM"));
    assert_eq!(stack.interrupt(), 0, "{}", stack.said());

    let began = Instant::now();
    let mut stack = Stack::start(&options);
    let stopped = began.elapsed();
    assert_eq!(shown(&stack), Some(packets - 1));

    let more = packets / 10;
    feed(&spacecraft, packets..packets + more);
    wait_for("packets come in", LONG, || (shown(&stack)? >= packets + more / 2).then_some(()));
    stack.kill();
    let began = Instant::now();
    let stack = Stack::start(&options);
    wait_for("nothing is behind", LONG, || {
        let health = stack.http.get("/health")?.json();
        (health["lag_records"] == 0).then_some(())
    });
    let killed = began.elapsed();
    assert!(shown(&stack) >= Some(packets + more / 2));
    Restarts { resident_mb, highest_mb, stopped, killed }
}

/// Sends packets to whoever connects next, in a thread of its own, until that end is gone.
fn feed(spacecraft: &Spacecraft, counters: std::ops::Range<u32>) {
    let mut stream = spacecraft.accept();
    std::thread::spawn(move || {
        for first in counters.clone().step_by(BATCH as usize) {
            let batch = first..counters.end.min(first + BATCH);
            let bytes: Vec<u8> = batch.flat_map(|it| packet_sized(it, PACKET_BYTES)).collect();
            if !send(&mut stream, &bytes) {
                return;
            }
        }
        // Open until the other end has read everything and is stopped.
        let _ = std::io::Read::read(&mut stream, &mut [0]);
    });
}

fn shown(stack: &Stack) -> Option<u32> {
    let counter = stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])).as_u64()?;
    u32::try_from(counter).ok()
}

/// Returns a size from the process's status in /proc, in MB.
pub fn memory(stack: &Stack, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stack.pid()));
    let status = status.expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("a field");
    let kilobytes = line.trim_matches(|it: char| !it.is_ascii_digit()).parse::<f64>();
    kilobytes.expect("a number") / 1024.0
}
