//! Random definitions, buffers and commands against the stock package, executed in the same run.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;

#[path = "../../../tests/src/python.rs"]
#[allow(unreachable_pub)]
mod python;
#[path = "../examples/vectors/suite.rs"]
mod suite;

/// Seed of every ordinary run; GROUNDLOG_SEED names another one.
const SEED: &str = "1";
/// Values that a run compares at least.
const VALUES_MIN: usize = 100_000;

/// Returns the repository's root.
fn workspace() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn random_definitions_and_buffers_agree_with_the_stock_package() {
    let python = python::python("client", &workspace().join("tests/client/requirements.txt"));
    let seed = std::env::var("GROUNDLOG_SEED").unwrap_or_else(|_| SEED.to_owned());
    let file = workspace().join("target").join(format!("differential-{seed}.json"));
    let script = workspace().join("decom/packet/tests/differential/generate.py");
    python::finish(Command::new(python).arg("-B").arg(script).arg(&seed).arg(&file));
    let text = std::fs::read_to_string(&file).unwrap();
    let left_out: Json = serde_json::from_str::<Json>(&text).unwrap()["left_out"].take();
    let report = suite::run(&text).unwrap();
    println!(
        "seed {seed}: {} values compared in {} vectors; known defects left out: {left_out}",
        report.values(),
        report.passed()
    );
    assert_eq!((report.failed(), report.skipped()), (0, 0), "{report}");
    assert!(report.values() >= VALUES_MIN, "{}", report.values());
}
