//! What a start has to fold depends on the snapshots, not on how much the log holds.

use std::{net::TcpStream, path::Path, time::Duration};

use groundlog_tests::{Spacecraft, Stack, StackOptions, bare_target, packet, send, wait_for};
use serde_json::json;

const LONG: Duration = Duration::from_secs(180);
/// Records between two snapshots.
const SNAPSHOT: u32 = 20_000;
/// What may be folded beyond that: a snapshot is taken after a batch, and is behind by one commit.
const FOLDED_MAX: u64 = 100_000;
/// Packets of each round.
const ROUND: u32 = 400_000;

fn options(folder: &Path, spacecraft: &Spacecraft) -> StackOptions {
    let connect = format!("tcp://{}", spacecraft.address());
    let target = bare_target(folder);
    let words = ["--plugin", &target.to_string_lossy(), "--connect", &connect];
    let mut options = StackOptions::with(&words).data(&folder.join("data"));
    options.arguments.extend(["--protocol", "LENGTH 0 16 2"].map(str::to_owned));
    let snapshot = SNAPSHOT.to_string();
    options
        .env("GROUNDLOG__DECOM__SNAPSHOT_RECORDS", &snapshot)
        .env("GROUNDLOG__CVT__SNAPSHOT_RECORDS", &snapshot)
}

fn feed(stream: &mut TcpStream, counters: std::ops::Range<u32>) {
    for first in counters.clone().step_by(1000) {
        let batch: Vec<u8> = (first..counters.end.min(first + 1000)).flat_map(packet).collect();
        assert!(send(stream, &batch));
    }
}

/// Records that a fold has applied since its process started.
fn folded(stack: &Stack, consumer: &str) -> u64 {
    let metrics = stack.http.get("/metrics").expect("metrics").text;
    let name = format!("groundlog_projection_records_total{{consumer=\"{consumer}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name)).expect("a metric");
    line.parse().expect("a number")
}

#[test]
fn a_start_folds_as_little_of_a_long_log_as_of_a_short_one() {
    let (folder, spacecraft) = (tempfile::tempdir().expect("folder"), Spacecraft::new());
    let options = options(folder.path(), &spacecraft);
    let mut stack = Stack::start(&options);
    for round in 0..3 {
        let mut stream = spacecraft.accept();
        feed(&mut stream, round * ROUND..(round + 1) * ROUND);
        let last = u64::from((round + 1) * ROUND - 1);
        let shown = |stack: &Stack| {
            stack.http.call("tlm", json!(["TEST", "DATA", "COUNTER"])).as_u64() == Some(last)
        };
        wait_for("all packets are current", LONG, || shown(&stack).then_some(()));
        if round == 1 {
            assert_eq!(stack.interrupt(), 0, "{}", stack.said());
        } else {
            stack.kill();
        }
        stack = Stack::start(&options);
        assert!(shown(&stack), "the newest packet is there from the start");
        for consumer in ["decom", "cvt"] {
            let folded = folded(&stack, consumer);
            assert!(folded <= FOLDED_MAX, "round {round}: {consumer} folded {folded} records");
        }
    }
}
