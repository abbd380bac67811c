//! One link against a bare loop, at housekeeping and at frame size.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use groundlog_bench::{
    link::{with_link, with_loop},
    place::Place,
};

/// Bytes per packet, packets, least ratio to reach.
const CASES: [(usize, usize, f64); 2] = [(70, 4_000_000, 0.4), (1400, 400_000, 0.7)];
const ROUNDS: usize = 3;

fn main() {
    println!("one link against a loop that reads the socket and appends the same records");
    for (size, count, wanted) in CASES {
        let mut best = [0.0_f64; 2];
        // Turn and turn about, so that both meet the same disk and the same machine.
        for _ in 0..ROUNDS {
            for (rate, receive) in best.iter_mut().zip([with_link, with_loop]) {
                let folder = tempfile::tempdir().expect("folder");
                let seconds = receive(&Place::embedded(folder.path()), size, count).as_secs_f64();
                *rate = rate.max(count as f64 / seconds);
            }
        }
        let [link, bare] = best;
        println!(
            "  {size:>4} bytes: link {:>9.0} packets/s, {:>6.1} MB/s; loop {:>9.0} packets/s; \
             ratio {:.2} (to reach: {wanted})",
            link,
            link * size as f64 / 1e6,
            bare,
            link / bare
        );
    }
}
