//! The disk's own speed, beside every latency.

use std::{fs::File, io::Write, time::Instant};

/// Syncs a growing file `rounds` times, 4 KiB each; returns p50 and p99 in microseconds.
pub fn sync_latency_us(rounds: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut file = File::create(folder.path().join("sync")).expect("a file");
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            file.write_all(&[7; 4096]).expect("written");
            let start = Instant::now();
            file.sync_data().expect("synced");
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[rounds / 2], times[rounds * 99 / 100])
}
