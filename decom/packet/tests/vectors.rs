//! The worked vectors of ../shared, as the example `vectors` runs them.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

#[path = "../examples/vectors/suite.rs"]
mod suite;

/// Returns the folder of shared data, or `None` where it is absent and may be.
fn shared() -> Option<PathBuf> {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = match std::env::var_os("GROUNDLOG_SHARED") {
        Some(path) => workspace.join(path),
        None => workspace.join("../shared"),
    };
    if shared.join("vectors/vectors.json").exists() {
        return Some(shared);
    }
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "{} lacks vectors/vectors.json; set GROUNDLOG_SHARED", shared.display());
    println!("SKIPPED: {} lacks vectors/vectors.json; set GROUNDLOG_SHARED", shared.display());
    None
}

#[test]
fn every_vector_passes_or_names_what_is_missing() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read_to_string(shared.join("vectors/vectors.json")).unwrap();
    let report = suite::run(&text).unwrap();
    assert_eq!(report.failed(), 0, "{report}");
    assert!(report.passed() > 250, "{report}");
    assert!(report.skipped() < 30, "{report}");
}
