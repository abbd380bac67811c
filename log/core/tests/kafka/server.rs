use std::{
    hash::{BuildHasher, RandomState},
    thread,
};

use groundlog_log::{KafkaLog, KafkaOptions};

const VARIABLE: &str = "GROUNDLOG_TEST_KAFKA";

/// Returns the broker's address; without one, says that the test is skipped.
pub(crate) fn address() -> Option<String> {
    let address = std::env::var(VARIABLE).ok();
    if address.is_none() {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        println!("SKIPPED: {test}: {VARIABLE} is not set; cargo xtask servers up starts a broker");
    }
    address
}

/// Connects to the broker, if there is one.
pub(crate) fn connect() -> Option<KafkaLog> {
    let address = address()?;
    Some(KafkaLog::connect(&address, &KafkaOptions::default()).expect("the broker answers"))
}

/// Starts names that no other run has used at this broker.
pub(crate) fn unique(test: &str) -> String {
    format!("{test}-{:016x}.", RandomState::new().hash_one(test))
}
