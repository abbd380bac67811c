use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use groundlog_proto::TopicPartition;

use super::{Fixture, is_fenced, records, soon};
use crate::{Checkpoint, Durability, Records};

/// Nothing of a transaction is visible before its commit, all of it after.
pub async fn a_transaction_is_visible_as_a_whole(fixture: &Fixture) {
    for durability in [Durability::Synced, Durability::Unsynced] {
        let topic = fixture.topic(&format!("whole-{durability:?}"), 2, durability).await;
        let [zero, one] = [0, 1].map(|number| TopicPartition::new(topic.clone(), number));
        let input = fixture.partition(&format!("whole-input-{durability:?}")).await;
        fixture.append(&input, &["in"; 10]).await;
        fixture.append(&one, &["before"]).await;
        let id = fixture.name(&format!("whole-{durability:?}"));
        let mut transactor = fixture.log.transactor(&id).await.expect("transactor");
        let mut txn = transactor.begin().await.expect("begin");
        txn.append(&one, records(&["b1"])).await.expect("append");
        txn.append(&zero, records(&["a1", "a2"])).await.expect("append");
        txn.append(&one, records(&["b2"])).await.expect("append");
        assert!(fixture.values(&zero, 0).await.is_empty());
        assert_eq!(fixture.values(&one, 0).await, ["before"]);
        let checkpoint = Checkpoint { partition: input.clone(), next: 7 };
        let acks = txn.commit(vec![checkpoint]).await.expect("commit");
        let order: Vec<_> = acks.iter().map(|(partition, _)| partition.partition).collect();
        assert_eq!(order, [1, 0], "in the order of first use");
        assert_eq!(fixture.values(&zero, acks[1].1.base).await, ["a1", "a2"]);
        assert_eq!(fixture.values(&one, acks[0].1.base).await, ["b1", "b2"]);
        assert!(fixture.tail(&one).await >= acks[0].1.next);
        assert_eq!(fixture.log.checkpoint(&id, &input).await.expect("checkpoint"), Some(7));
        assert_eq!(fixture.log.checkpoint("nobody", &input).await.expect("none"), None);
    }
}

/// An observer never sees one partition of a transaction without the other, or the checkpoint
/// without the records. Where a commit does not show everywhere at one moment, it has done so when
/// it returns, and nothing is ever seen that is not committed.
pub async fn a_transaction_never_shows_in_parts(fixture: &Fixture) {
    let topic = fixture.topic("parts", 2, Durability::Unsynced).await;
    let [zero, one] = [0, 1].map(|number| TopicPartition::new(topic.clone(), number));
    let input = fixture.partition("parts-input").await;
    fixture.append(&input, &["in"; 300]).await;
    let id = fixture.name("parts");
    let mut transactor = fixture.log.transactor(&id).await.expect("transactor");
    let (log, first, second, source) =
        (fixture.log.clone(), zero.clone(), one.clone(), input.clone());
    let (begun, committed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (begins, commits) = (begun.clone(), committed.clone());
    let writer = tokio::spawn(async move {
        for next in 1..=200 {
            let mut txn = transactor.begin().await.expect("begin");
            txn.append(&first, records(&["a"])).await.expect("append");
            txn.append(&second, records(&["b"])).await.expect("append");
            let checkpoint = Checkpoint { partition: source.clone(), next };
            begins.store(next, Ordering::SeqCst);
            txn.commit(vec![checkpoint]).await.expect("commit");
            commits.store(next, Ordering::SeqCst);
        }
    });
    loop {
        let done = writer.is_finished();
        let least = committed.load(Ordering::SeqCst);
        let next = log.checkpoint(&id, &input).await.expect("checkpoint").unwrap_or(0);
        let a = count(fixture, &zero).await;
        let b = count(fixture, &one).await;
        let most = begun.load(Ordering::SeqCst);
        if fixture.at_once {
            assert!(a >= next && b >= a, "checkpoint {next}, then {a} and {b} records");
        }
        let seen = [next, a, b];
        assert!(
            seen.iter().all(|seen| (least..=most).contains(seen)),
            "checkpoint and records {seen:?} with {least} commits returned and {most} begun"
        );
        if done {
            assert_eq!((next, a, b), (200, 200, 200));
            break;
        }
    }
    soon("writer", writer).await.expect("no panic");
}

async fn count(fixture: &Fixture, partition: &TopicPartition) -> u64 {
    fixture.values(partition, 0).await.len() as u64
}

/// An abort, or a transaction that is dropped, leaves no trace that a reader could see.
pub async fn an_aborted_transaction_leaves_nothing(fixture: &Fixture) {
    let partition = fixture.partition("abort").await;
    let id = fixture.name("abort");
    let mut transactor = fixture.log.transactor(&id).await.expect("transactor");
    let mut aborted = transactor.begin().await.expect("begin");
    aborted.append(&partition, records(&["aborted"])).await.expect("append");
    aborted.abort().await.expect("abort");
    let mut dropped = transactor.begin().await.expect("begin");
    dropped.append(&partition, records(&["dropped"])).await.expect("append");
    drop(dropped);
    let mut kept = transactor.begin().await.expect("begin");
    kept.append(&partition, records(&["kept"])).await.expect("append");
    kept.commit(Vec::new()).await.expect("commit");
    assert_eq!(fixture.values(&partition, 0).await, ["kept"]);
}

/// Appends and transactions of one partition lie in the order in which they were acknowledged.
pub async fn transactions_and_appends_keep_their_order(fixture: &Fixture) {
    for durability in [Durability::Synced, Durability::Unsynced] {
        let topic = fixture.topic(&format!("mixed-{durability:?}"), 1, durability).await;
        let partition = TopicPartition::new(topic, 0);
        let other = fixture.partition(&format!("mixed-other-{durability:?}")).await;
        let id = fixture.name(&format!("mixed-{durability:?}"));
        let mut transactor = fixture.log.transactor(&id).await.expect("transactor");
        let mut wanted = Vec::new();
        for round in 0..30 {
            let value = format!("append {round}");
            fixture.append(&partition, &[&value]).await;
            wanted.push(value);
            let value = format!("transaction {round}");
            let mut txn = transactor.begin().await.expect("begin");
            txn.append(&partition, records(&[&value])).await.expect("append");
            if round % 3 == 0 {
                txn.append(&other, records(&["other"])).await.expect("append");
            }
            txn.commit(Vec::new()).await.expect("commit");
            wanted.push(value);
        }
        assert_eq!(fixture.values(&partition, 0).await, wanted);
        assert_eq!(fixture.values(&other, 0).await.len(), 10);
    }
}

/// Whoever takes an id over fences its predecessor, open transaction included.
pub async fn a_newer_transactor_fences_the_older(fixture: &Fixture) {
    let partition = fixture.partition("fence").await;
    let id = fixture.name("fence");
    let mut old = fixture.log.transactor(&id).await.expect("transactor");
    let mut open = old.begin().await.expect("begin");
    open.append(&partition, records(&["zombie"])).await.expect("append");
    let mut new = fixture.log.transactor(&id).await.expect("transactor");
    let mut txn = new.begin().await.expect("begin");
    txn.append(&partition, records(&["heir"])).await.expect("append");
    txn.commit(Vec::new()).await.expect("commit");
    assert!(is_fenced(&open.commit(Vec::new()).await));
    let begun = old.begin().await;
    let fenced = match begun {
        Ok(txn) => is_fenced(&txn.commit(Vec::new()).await),
        refused => is_fenced(&refused),
    };
    assert!(fenced, "the older writer cannot go on");
    assert_eq!(fixture.values(&partition, 0).await, ["heir"]);
}

/// A writer has one transaction open: beginning the next one voids the last.
pub async fn beginning_again_voids_the_open_transaction(fixture: &Fixture) {
    let partition = fixture.partition("twice").await;
    let id = fixture.name("twice");
    let mut transactor = fixture.log.transactor(&id).await.expect("transactor");
    let mut first = transactor.begin().await.expect("begin");
    first.append(&partition, records(&["first"])).await.expect("append");
    let mut second = transactor.begin().await.expect("begin");
    assert!(is_fenced(&first.commit(Vec::new()).await));
    second.append(&partition, records(&["second"])).await.expect("append");
    second.commit(Vec::new()).await.expect("commit");
    assert_eq!(fixture.values(&partition, 0).await, ["second"]);
}

/// A transaction of several megabytes over two partitions arrives whole and in order.
pub async fn large_transactions_arrive_whole(fixture: &Fixture) {
    let topic = fixture.topic("large", 2, Durability::Unsynced).await;
    let partitions = [0, 1].map(|number| TopicPartition::new(topic.clone(), number));
    let id = fixture.name("large");
    let mut transactor = fixture.log.transactor(&id).await.expect("transactor");
    let mut txn = transactor.begin().await.expect("begin");
    for number in 0..300_u32 {
        let mut batch = Records::new();
        (0..10).for_each(|_| batch.push(&number.to_le_bytes(), &[number as u8; 1500]));
        txn.append(&partitions[number as usize % 2], batch).await.expect("append");
    }
    let acks = txn.commit(Vec::new()).await.expect("commit");
    for (partition, ack) in acks {
        let mut reader = fixture.log.reader(&partition, ack.base).await.expect("reader");
        let mut expected = partition.partition;
        let mut seen = 0;
        while seen < 1500 {
            for record in soon("records", reader.next(1 << 18)).await.expect("records").iter() {
                assert_eq!(record.key, expected.to_le_bytes());
                assert_eq!(record.value, [expected as u8; 1500]);
                seen += 1;
                expected += if seen % 10 == 0 { 2 } else { 0 };
            }
        }
        assert_eq!(seen, 1500);
    }
}
