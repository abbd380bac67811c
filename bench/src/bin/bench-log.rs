//! Embedded log: append against a bare writer with the same bytes and syncs, read against a bare
//! reader. Medians of interleaved rounds; the disk's own sync times beside them.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use groundlog_bench::{
    disk::sync_latency_us,
    log::{self, BATCH_RECORDS, RECORD_BYTES},
};
use groundlog_log::Durability;

const ROUNDS: usize = 5;

fn main() {
    println!("embedded log: batches of {BATCH_RECORDS} x {RECORD_BYTES} B, one partition");
    let (p50, p99) = sync_latency_us(1000);
    println!("  disk: sync of 4 KiB p50 {p50:.0} µs, p99 {p99:.0} µs");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        for (batches, in_flight) in [(1_000, 1), (10_000, 16), (20_000, 256)] {
            append(Durability::Synced, batches, in_flight).await;
        }
        append(Durability::Unsynced, 20_000, 64).await;
        read().await;
    });
}

async fn append(durability: Durability, batches: usize, in_flight: usize) {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().expect("folder");
        let log = log::append(folder.path(), durability, batches, in_flight).await;
        drop(folder);
        let folder = tempfile::tempdir().expect("folder");
        let bare = log::write_bare(folder.path(), log.bytes, batches, log.syncs, 0);
        let folder = tempfile::tempdir().expect("folder");
        let ahead = log::write_bare(folder.path(), log.bytes, batches, log.syncs, 256 << 10);
        rounds.push((log, bare, ahead));
    }
    let log = median(rounds.iter().map(|(log, ..)| log.took));
    let bare = median(rounds.iter().map(|(_, bare, _)| *bare));
    let ratio =
        median_f64(rounds.iter().map(|(log, bare, _)| bare.as_secs_f64() / log.took.as_secs_f64()));
    let (appended, ..) = rounds[0];
    let records = (batches * BATCH_RECORDS) as f64;
    println!(
        "  append {durability:?}, {in_flight} in flight: {:.2} M records/s, {:.0} MB/s, \
         {:.0} kB a sync; bare writer {:.0} MB/s; ratio {ratio:.2}",
        records / log.as_secs_f64() / 1e6,
        appended.bytes as f64 / log.as_secs_f64() / 1e6,
        appended.bytes as f64 / appended.syncs.max(1) as f64 / 1e3,
        appended.bytes as f64 / bare.as_secs_f64() / 1e6,
    );
    if durability == Durability::Synced && in_flight == 1 {
        let ratio =
            rounds.iter().map(|(log, _, ahead)| ahead.as_secs_f64() / log.took.as_secs_f64());
        println!(
            "    against a bare writer that fills its file ahead, as the log does here: {:.2}",
            median_f64(ratio)
        );
    }
}

async fn read() {
    let folder = tempfile::tempdir().expect("folder");
    let written = log::append(folder.path(), Durability::Unsynced, 50_000, 64).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (read, records) = log::read(folder.path()).await;
        rounds.push((read, records, log::read_bare(folder.path())));
    }
    let took = median(rounds.iter().map(|(read, _, _)| *read));
    let bare = median(rounds.iter().map(|(_, _, bare)| *bare));
    let records = rounds[0].1 as f64;
    println!(
        "  read, cached, checksums verified: {:.1} M records/s, {:.0} MB/s; bare read {:.0} MB/s; \
         ratio {:.2}",
        records / took.as_secs_f64() / 1e6,
        written.bytes as f64 / took.as_secs_f64() / 1e6,
        written.bytes as f64 / bare.as_secs_f64() / 1e6,
        bare.as_secs_f64() / took.as_secs_f64(),
    );
    let open = log::open(folder.path()).await;
    println!("  open of {:.1} GB: {:.1} ms", written.bytes as f64 / 1e9, open.as_secs_f64() * 1e3);
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort();
    times[times.len() / 2]
}

fn median_f64(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
