//! Relaxed JSON: what is read can be written and read again.

#![no_main]

use groundlog_gateway::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = json::parse(data) else {
        return;
    };
    let written = json::to_vec(&value);
    let again = json::parse(&written).expect("what was written");
    // NaN is no value that equals itself.
    assert_eq!(json::to_vec(&again), written);
});
