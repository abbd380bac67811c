//! The log on a real Kafka, named by GROUNDLOG_TEST_KAFKA (`cargo xtask servers up` starts one).

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

#[path = "kafka/credentials.rs"]
mod credentials;
#[path = "kafka/expired.rs"]
mod expired;
#[path = "kafka/outage.rs"]
mod outage;
#[path = "kafka/processes.rs"]
mod processes;
#[path = "kafka/server.rs"]
mod server;
#[path = "kafka/topics.rs"]
mod topics;

use std::sync::Arc;

use groundlog_log::conformance::Fixture;

/// Makes a log for one case; none where there is no broker.
fn kafka() -> Option<Fixture> {
    let log = server::connect()?;
    let mut fixture = Fixture::new(Arc::new(log), ());
    // Topics outlive the test run at a broker that does.
    fixture.prefix = server::unique("conformance");
    fixture.at_once = false;
    fixture.reads_ahead = true;
    Some(fixture)
}

groundlog_log::conformance_suite!(suite, kafka());
