//! Repetition: the fastest round counts, the others were disturbed.

use std::time::Instant;

/// Returns the seconds of the fastest of several rounds.
pub(crate) fn fastest(rounds: usize, mut round: impl FnMut()) -> f64 {
    let seconds = (0..rounds).map(|_| {
        let start = Instant::now();
        round();
        start.elapsed().as_secs_f64()
    });
    seconds.fold(f64::INFINITY, f64::min)
}
