use std::time::Instant;

use bytes::Bytes;
use groundlog_log::Log;
use groundlog_projection::{Snapshot, SnapshotStore};
use groundlog_proto::{Generation, TopicName, TopicPartition};

use crate::{at, log};

fn raw(partition: u32) -> TopicPartition {
    TopicPartition::new(TopicName::new("groundlog.raw"), partition)
}

fn snapshot(next_offset: u64, size: usize) -> Snapshot {
    let data = (0..size).map(|place| (place as u64 + next_offset) as u8).collect::<Vec<_>>();
    Snapshot { next_offset, version: 2, data: Bytes::from(data) }
}

async fn write(log: &dyn Log, store: &SnapshotStore, of: u32, snapshot: &Snapshot) {
    for records in SnapshotStore::records("decom", &raw(of), Generation(5), snapshot) {
        log.append(store.partition(), records).await.expect("append");
    }
}

#[tokio::test]
async fn the_newest_one_not_ahead_of_the_checkpoint_is_found() {
    let (log, names) = log().await;
    let store = SnapshotStore::new(log.clone(), &names);
    let store_ref = &store;
    let load =
        async |of, checkpoint| store_ref.load("decom", &raw(of), Generation(5), checkpoint).await;
    assert_eq!(load(1, 100).await.expect("reads"), None);
    for next in [10, 20, 30] {
        write(&*log, &store, 1, &snapshot(next, 8)).await;
        // Partition 11 is no part of partition 1.
        write(&*log, &store, 11, &snapshot(next + 5, 8)).await;
    }
    assert_eq!(load(1, 30).await.expect("reads"), Some(snapshot(30, 8)));
    assert_eq!(load(1, 29).await.expect("reads"), Some(snapshot(20, 8)));
    assert_eq!(load(1, 9).await.expect("reads"), None);
    let other = store.load("decom", &raw(1), Generation(6), 30).await.expect("reads");
    assert_eq!(other, None, "a topic created anew starts anew");
    let other = store.load("cvt", &raw(1), Generation(5), 30).await.expect("reads");
    assert_eq!(other, None);
}

#[tokio::test]
async fn large_ones_are_put_together_and_incomplete_ones_passed_over() {
    let (log, names) = log().await;
    let store = SnapshotStore::new(log.clone(), &names);
    let large = snapshot(10, 20_000_000);
    write(&*log, &store, 0, &large).await;
    // The beginning of a newer one whose end is missing.
    let newer = SnapshotStore::records("decom", &raw(0), Generation(5), &snapshot(20, 9_000_000));
    log.append(store.partition(), newer[0].clone()).await.expect("append");
    let found = store.load("decom", &raw(0), Generation(5), 50).await.expect("reads");
    assert!(found == Some(large));
}

#[tokio::test]
async fn finding_one_takes_the_same_time_at_any_size_of_the_topic() {
    let dir = tempfile::tempdir().expect("dir");
    let (log, names) = at(&format!("embedded:{}", dir.path().display())).await;
    let store = SnapshotStore::new(log.clone(), &names);
    for round in 0..400 {
        write(&*log, &store, 0, &snapshot(round, 300_000)).await;
        write(&*log, &store, 1, &snapshot(round, 10)).await;
    }
    let start = Instant::now();
    let found = store.load("decom", &raw(1), Generation(5), 1_000).await.expect("reads");
    assert_eq!(found, Some(snapshot(399, 10)));
    // The bound of the whole start is 5 s; an unoptimised build has room in it.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}
