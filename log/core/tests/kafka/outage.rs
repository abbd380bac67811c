//! A broker that goes away and comes back: nothing lost, nothing twice.

use std::time::Duration;

use groundlog_log::Log;
use groundlog_proto::{Fault, FaultClass};
use tokio::time::timeout;

use super::server::{Broker, PATIENCE, append, connect_to, numbered, numbers, partition};

/// Appends wait while the broker is away and arrive once, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_wait_for_a_broker_that_comes_back() {
    let Some(mut broker) = Broker::start() else { return };
    let log = connect_to(&broker.address());
    let to = partition(&log, "raw").await;
    append(&log, &to, 0).await;
    let mut waiting = Vec::new();
    for number in 1..=500 {
        waiting.push(log.append(&to, numbered([number])));
        if number == 100 {
            broker.down();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(log.health().is_ok(), "an outage passes by itself");
    let asked = log.bounds(&to).await.expect_err("nobody answers");
    assert_eq!(asked.class(), FaultClass::Transient, "{asked}");
    assert!(asked.to_string().contains(&broker.address()), "{asked}");
    broker.up();
    let mut next = 0;
    for appending in waiting {
        let ack = timeout(PATIENCE, appending).await.expect("in time").expect("acknowledged");
        assert!(ack.base >= next && ack.next == ack.base + 1);
        next = ack.next;
    }
    assert_eq!(numbers(&log, &to).await, (0..=500).collect::<Vec<_>>());
}
