//! The worked vectors of ../shared, as the example `vectors` runs them.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

#[path = "../../../tests/src/shared.rs"]
#[allow(unreachable_pub)]
mod shared;
#[path = "../examples/vectors/suite.rs"]
mod suite;

use shared::shared;

#[test]
fn every_vector_passes() {
    let Some(file) = shared("vectors/vectors.json") else { return };
    let text = std::fs::read_to_string(file).unwrap();
    let report = suite::run(&text).unwrap();
    assert_eq!(report.failed(), 0, "{report}");
    assert_eq!(report.skipped(), 0, "{report}");
    assert!(report.passed() > 300, "{report}");
}
