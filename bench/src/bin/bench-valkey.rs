//! `cargo run --release -p groundlog-bench --bin bench-valkey`: decommutated records per second
//! into current values on a Valkey server, and how long reading one takes.
//!
//! The server is the one that GROUNDLOG_TEST_VALKEY names, else one of its own on loopback; it
//! shares the machine's cores with what is measured.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use groundlog_bench::valkey::{Filled, Mix, bare, read};
use groundlog_cvt::test_server::{AnyServer, unique};

const RECORDS: u32 = 400_000;
const ROUNDS: usize = 3;

const MIXES: [(&str, Mix); 4] = [
    ("one packet (all of a batch conflated)", Mix { packets: 1, targets: 1 }),
    ("40 packets of 4 targets", Mix { packets: 40, targets: 4 }),
    ("400 packets of 10 targets", Mix { packets: 400, targets: 10 }),
    ("8 000 packets of 10 targets (none conflated)", Mix { packets: 8_000, targets: 10 }),
];

fn rate(records: u32, took: Duration) -> f64 {
    f64::from(records) / took.as_secs_f64()
}

fn micros(times: &[Duration], percent: usize) -> f64 {
    times[times.len() * percent / 100].as_secs_f64() * 1e6
}

fn main() {
    let Some(server) = AnyServer::get() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime");
    println!(
        "{RECORDS} decommutated records in a log in memory → current values; best of {ROUNDS} \
         (to reach: 50 000 records/s)"
    );
    // A number picks one of the mixes.
    let only: Option<usize> = std::env::args().nth(1).and_then(|place| place.parse().ok());
    let chosen = |place: &usize| only.is_none_or(|only| only == *place);
    for (_, (what, mix)) in MIXES.into_iter().enumerate().filter(|(place, _)| chosen(place)) {
        let filled = runtime.block_on(Filled::with(mix, RECORDS));
        // Once: from the second time on there is a snapshot.
        let store = runtime.block_on(filled.store("memory:", ""));
        let memory = rate(RECORDS, runtime.block_on(filled.fill(store)).0);
        let mut best = Duration::MAX;
        let mut last = None;
        for _ in 0..ROUNDS {
            // Each time into a table that has everything to learn.
            let scope = unique();
            let store = runtime.block_on(filled.store(&server.url(), &scope));
            let (took, reader) = runtime.block_on(filled.fill(store));
            best = best.min(took);
            if let Some((scope, _)) = last.replace((scope, reader)) {
                filled.remove(&server, &scope);
            }
        }
        let (scope, values) = last.expect("a round was run");
        let valkey = rate(RECORDS, best);
        println!(
            "{what}\n  Valkey {valkey:>9.0} records/s   in the process {memory:>9.0} records/s"
        );
        let (json, block) = filled.written(&server, &scope);
        if mix.packets > 1_000 {
            let took = bare(&server, RECORDS, 2_000, &json, &block);
            let bare = rate(RECORDS / 2_000 * 2_000, took);
            println!(
                "  bare pipelined HSET of the same bytes {bare:>9.0} packets/s; ratio {:.2}",
                valkey / bare
            );
        }
        println!(
            "  {} bytes of JSON and {} of position and record a packet",
            json.len(),
            block.len()
        );
        let name = filled.name(0);
        let times = runtime.block_on(async {
            tokio::spawn(async move { read(&values, &name, 20_000).await }).await.expect("reads")
        });
        println!(
            "  reading one: p50 {:.0} µs, p99 {:.0} µs",
            micros(&times, 50),
            micros(&times, 99)
        );
        filled.remove(&server, &scope);
    }
}
