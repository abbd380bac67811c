//! The conformance suite on the backends of this crate.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use groundlog_log::{EmbeddedLog, EmbeddedOptions, MemoryLog, conformance::Fixture};

fn embedded(options: &EmbeddedOptions) -> Fixture {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let log = EmbeddedLog::open(dir.path(), options).expect("the log opens");
    Fixture::new(Arc::new(log), dir)
}

/// Every limit small, so that segments, index and journal turn over within a test.
fn small() -> EmbeddedOptions {
    EmbeddedOptions {
        segment_bytes: 16 << 10,
        index_bytes: 1 << 10,
        known_good_bytes: 64 << 10,
        upkeep_interval: std::time::Duration::from_millis(5),
        journal_bytes: 4 << 10,
        ..EmbeddedOptions::default()
    }
}

groundlog_log::conformance_suite!(memory, Fixture::new(Arc::new(MemoryLog::new()), ()));
groundlog_log::conformance_suite!(embedded_small, embedded(&small()));
groundlog_log::conformance_suite!(embedded_default, {
    let mut fixture = embedded(&EmbeddedOptions::default());
    // A megabyte fits into one segment.
    fixture.trims = false;
    fixture
});
