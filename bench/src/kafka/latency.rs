//! From the append of a record to a reader of what was made of it, at a steady rate.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use groundlog_log::{Checkpoint, KafkaLog, Log, MemberEvent, Records};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{READ_BYTES, acknowledged, join, topic};

/// How often records are appended.
const TICK: Duration = Duration::from_millis(5);

/// Percentiles of one run, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    /// Half of the records took no longer.
    pub p50: f64,
    /// All but one in a hundred took no longer.
    pub p99: f64,
    /// None took longer.
    pub max: f64,
}

/// Appends so many records a second, transforms each in transactions and reads the result, for so
/// long; the first second is left out.
pub async fn latency(log: Arc<KafkaLog>, records_per_second: u64, seconds: u64) -> Latency {
    let from = topic(&*log, "latency-in").await;
    let to = topic(&*log, "latency-out").await;
    let per_tick = records_per_second * TICK.as_millis() as u64 / 1000;
    let ticks = seconds * 1000 / TICK.as_millis() as u64;
    let total = per_tick * ticks;
    let mut member = join(&*log, &from).await;
    let (input, output) = (from.clone(), to.clone());
    let transforming = tokio::spawn(async move {
        let mut done = 0;
        while done < total {
            let MemberEvent::Records(batch) = member.next(READ_BYTES).await.expect("event") else {
                continue;
            };
            done += batch.len() as u64;
            let mut changed = Records::with_capacity(batch.len(), READ_BYTES);
            batch.iter().for_each(|record| changed.push(record.key, record.value));
            let mut txn = member.begin().await.expect("begin");
            txn.append(&output, changed).await.expect("append");
            let checkpoint = Checkpoint { partition: input.clone(), next: batch.next() };
            txn.commit(vec![checkpoint]).await.expect("committed");
        }
        member.leave().await.expect("left");
    });
    let mut reader = log.reader(&to, 0).await.expect("reader");
    let reading = tokio::spawn(async move {
        let start = Instant::now();
        let (mut seen, mut took) = (0, Vec::new());
        while seen < total {
            let batch = reader.next(READ_BYTES).await.expect("records");
            let now = now();
            seen += batch.len() as u64;
            if start.elapsed() > Duration::from_secs(1) {
                took.extend(batch.iter().map(|record| {
                    let sent = record.value[..8].try_into().map(u64::from_le_bytes);
                    now.saturating_sub(sent.expect("eight bytes")) as f64 / 1e6
                }));
            }
        }
        took
    });
    let mut clock = interval(TICK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut waiting = Vec::with_capacity(ticks as usize);
    for _ in 0..ticks {
        clock.tick().await;
        let mut records = Records::new();
        (0..per_tick).for_each(|_| {
            records.push_with(b"key", |value| {
                value.extend_from_slice(&now().to_le_bytes());
                value.extend_from_slice(&[7; 62]);
            });
        });
        waiting.push(log.append(&from, records));
    }
    for appending in waiting {
        acknowledged(appending).await;
    }
    transforming.await.expect("no panic");
    let mut took = reading.await.expect("no panic");
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    Latency { p50: at(0.5), p99: at(0.99), max: at(1.0) }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}
