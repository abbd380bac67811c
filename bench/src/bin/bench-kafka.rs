//! The log on Kafka: appends against a bare producer, transactions against a bare loop that reads,
//! changes and writes, both with the same settings, records and broker, in interleaved rounds; and
//! the latency from append to what was made of it.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{process::ExitCode, sync::Arc, time::Duration};

use groundlog_bench::{
    bare::{self, Produce, Transform},
    kafka::{self, BATCH_RECORDS, READ_BYTES, RECORD_BYTES},
};
use groundlog_log::{KafkaLog, Log};

const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let (log, address) = match kafka::connect() {
            Ok(connected) => connected,
            Err(error) => {
                eprintln!("bench-kafka: {error}");
                return ExitCode::FAILURE;
            }
        };
        println!("log on Kafka: batches of {BATCH_RECORDS} x {RECORD_BYTES} B, one partition");
        let log = Arc::new(log);
        let mut first = Vec::new();
        for _ in 0..ROUNDS {
            first.push(kafka::first_append().await.as_secs_f64() * 1e3);
        }
        println!("  first append after a start: {:.1} ms", median(first.into_iter()));
        for (batches, in_flight) in [(2_000, 16), (5_000, 256)] {
            append(&log, &address, batches, in_flight).await;
        }
        transform(&log, &address, 500_000).await;
        for rate in [1_000, 10_000, 50_000] {
            let found = kafka::latency(log.clone(), rate, 8).await;
            println!(
                "  append to read of what a transaction made of it, {rate} records/s: p50 {:.1} ms, \
                 p99 {:.1} ms, max {:.0} ms",
                found.p50, found.p99, found.max
            );
        }
        log.close().await.expect("closed");
        ExitCode::SUCCESS
    })
}

async fn append(log: &KafkaLog, address: &str, batches: usize, in_flight: usize) {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let to = kafka::topic(log, "append").await;
        let took = kafka::append(log, &to, batches, in_flight).await;
        let to = kafka::topic(log, "append-bare").await;
        let bare = bare::produce(Produce {
            brokers: address,
            to: &to,
            key: b"key",
            size: RECORD_BYTES,
            count: (batches * BATCH_RECORDS) as u64,
            in_flight: in_flight * BATCH_RECORDS,
        });
        rounds.push((took, bare));
    }
    let records = (batches * BATCH_RECORDS) as f64;
    report(&format!("append, {in_flight} in flight"), "producer", records, rounds);
}

async fn transform(log: &KafkaLog, address: &str, records: u64) {
    let from = kafka::topic(log, "transform").await;
    kafka::append(log, &from, records as usize / BATCH_RECORDS, 64).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let to = kafka::topic(log, "transformed").await;
        let took = kafka::transform(log, &from, &to, records).await;
        let to = kafka::topic(log, "transformed-bare").await;
        let bare = bare::transform(&Transform {
            brokers: address,
            from: from.clone(),
            to,
            count: records,
            batch_bytes: READ_BYTES,
            out_bytes: RECORD_BYTES,
        });
        rounds.push((took, bare));
    }
    report("read, change, write in transactions", "loop", records as f64, rounds);
}

fn report(what: &str, peer: &str, records: f64, rounds: Vec<(Duration, Duration)>) {
    let rate = |took: f64| records / took / 1e3;
    let log = median(rounds.iter().map(|(log, _)| log.as_secs_f64()));
    let bare = median(rounds.iter().map(|(_, bare)| bare.as_secs_f64()));
    let ratios = rounds.iter().map(|(log, bare)| bare.as_secs_f64() / log.as_secs_f64());
    println!(
        "  {what}: {:.0} k records/s; bare {peer} {:.0} k; ratio {:.2}",
        rate(log),
        rate(bare),
        median(ratios)
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
