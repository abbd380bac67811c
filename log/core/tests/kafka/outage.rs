//! A broker that goes away and comes back: nothing lost, nothing twice.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use groundlog_log::{Checkpoint, GroupSpec, KafkaLog, Log, LogError, MemberEvent};
use groundlog_proto::{Fault, FaultClass, TopicPartition};
use tokio::time::timeout;

use super::server::{
    Broker, PATIENCE, append, connect_to, number, numbered, numbers, partition, try_numbers,
};

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

/// A member transforms records one for one, while the broker is killed or frozen for longer than
/// any timeout. What is refused is done again from the checkpoint.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_goes_on_after_outages() {
    let Some(mut broker) = Broker::start() else { return };
    let log = Arc::new(connect_to(&broker.address()));
    let input = partition(&*log, "input").await;
    let output = partition(&*log, "output").await;
    let member = tokio::spawn(transform(log.clone(), input.clone(), output.clone(), 900));
    let feeding = log.clone();
    let feed = tokio::spawn(async move {
        for number in 0..900 {
            append(&*feeding, &input, number).await;
        }
    });
    let reaches = async |count: usize| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match try_numbers(&*log, &output).await {
                Ok(seen) if seen.len() >= count => return,
                Ok(_) => {}
                Err(error) => assert_eq!(error.class(), FaultClass::Transient, "{error}"),
            }
            assert!(Instant::now() < deadline, "{count} records in time");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    reaches(100).await;
    broker.down();
    tokio::time::sleep(Duration::from_secs(3)).await;
    broker.up();
    reaches(300).await;
    broker.freeze(true);
    // Longer than sessions and transactions may last.
    tokio::time::sleep(Duration::from_secs(9)).await;
    broker.freeze(false);
    reaches(500).await;
    broker.down();
    broker.up();
    timeout(2 * PATIENCE, feed).await.expect("in time").expect("fed");
    let refused = timeout(2 * PATIENCE, member).await.expect("in time").expect("transformed");
    assert_eq!(numbers(&*log, &output).await, (0..900).collect::<Vec<_>>());
    println!("900 records through three outages, {refused} commits done again");
}

/// Copies what comes, a transaction per batch, until so many are through. Returns how often it had
/// to begin again.
async fn transform(
    log: Arc<KafkaLog>,
    input: TopicPartition,
    output: TopicPartition,
    count: u64,
) -> u64 {
    let group = GroupSpec {
        group: "transform".to_owned(),
        member: "m".to_owned(),
        topics: vec![input.topic.clone()],
    };
    let mut member = log.join(&group).await.expect("joined");
    let mut refused = 0;
    loop {
        let done = match member.next(200).await {
            Ok(MemberEvent::Assigned(list)) => {
                for (partition, checkpoint) in list {
                    member.seek(&partition, checkpoint.unwrap_or(0)).await.expect("seek");
                }
                continue;
            }
            Ok(MemberEvent::Revoked(_)) => continue,
            Ok(MemberEvent::Records(batch)) => {
                let mut txn = member.begin().await.expect("begin");
                let records = numbered(batch.iter().map(|record| number(record.value)));
                let next = batch.next();
                match txn.append(&output, records).await {
                    Ok(()) => {
                        let checkpoint = Checkpoint { partition: input.clone(), next };
                        txn.commit(vec![checkpoint]).await.map(|_| next)
                    }
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(next) if next >= count => return refused,
            Ok(_) => {}
            Err(error) => {
                refused += 1;
                begin_again(&log, &mut member, &input, error).await;
            }
        }
    }
}

/// What a runner does: a transient fault begins at the checkpoint again, a fence makes it join
/// again.
async fn begin_again(
    log: &KafkaLog,
    member: &mut Box<dyn groundlog_log::Member>,
    input: &TopicPartition,
    error: LogError,
) {
    println!("begins again: {error}");
    if matches!(error, LogError::Fenced { .. }) {
        let group = GroupSpec {
            group: "transform".to_owned(),
            member: "m".to_owned(),
            topics: vec![input.topic.clone()],
        };
        *member = log.join(&group).await.expect("joined");
        return;
    }
    assert_eq!(error.class(), FaultClass::Transient, "{error}");
    let deadline = Instant::now() + PATIENCE;
    let checkpoint = loop {
        match log.checkpoint("transform", input).await {
            Ok(checkpoint) => break checkpoint.unwrap_or(0),
            Err(error) => {
                assert_eq!(error.class(), FaultClass::Transient, "{error}");
                assert!(Instant::now() < deadline, "{error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    // A partition that was lost meanwhile is assigned anew, with its checkpoint.
    match member.seek(input, checkpoint).await {
        Ok(()) | Err(LogError::Fenced { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}
