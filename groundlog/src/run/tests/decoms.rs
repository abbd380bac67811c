//! Decommutation in several processes.

use std::time::Duration;

use groundlog_proto::TopicKind;

use super::cluster::Cluster;
use crate::role_set::RoleName::{Decom, Ingest};

const PARTITIONS: u32 = 4;

/// Two processes decommutate, one is killed under load, another comes, one leaves in order: every
/// raw record has one decommutated record, and the order per interface is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn partitions_move_and_every_record_is_decommutated_once() {
    let cluster = Cluster::new(6, PARTITIONS).await;
    let ingest = cluster.start("in", &[Ingest]).await;
    let first = cluster.start("first", &[Decom]).await;
    let second = cluster.start("second", &[Decom]).await;
    cluster.connected(&[&ingest]).await;
    let mut sent = 0;
    let mut burst = async |times: u32| {
        for _ in 0..times {
            for craft in &cluster.craft {
                assert!(craft.send(sent..sent + 10).await);
            }
            sent += 10;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    burst(30).await;
    let shared = |running: &super::super::system::Running| {
        running.process().metrics().lags().of("decom").len()
    };
    assert_eq!(shared(&first) + shared(&second), 2 * PARTITIONS as usize, "raw and raw.stored");
    for running in [&first, &second] {
        let owned = running.process().metrics().lags().of("decom");
        let of =
            |kind| owned.iter().filter(|(at, _)| at.topic == cluster.names.topic(kind)).count();
        let each = (of(TopicKind::Raw), of(TopicKind::RawStored));
        assert_eq!(each, (2, 2), "each topic is shared, live packets above all");
    }

    first.kill().await;
    burst(30).await;
    let third = cluster.start("third", &[Decom]).await;
    burst(30).await;
    second.stop(&cluster.config("second", &[Decom])).await.expect("it leaves in order");
    burst(30).await;
    cluster.decommutated().await;
    ingest.stop(&cluster.config("in", &[Ingest])).await.expect("it stops");
    cluster.decommutated().await;
    cluster.check_decom().await;
    let mut all: Vec<u32> = Vec::new();
    for number in 0..PARTITIONS {
        all.extend(cluster.raw(number).await.into_iter().map(|it| it.2));
    }
    assert_eq!(all.len(), 6 * sent as usize, "everything that was sent is there");
    third.stop(&cluster.config("third", &[Decom])).await.expect("it stops");
}

/// A process that only decommutates does not wait for what others still receive.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_stop_waits_for_nothing_that_is_another_process_s() {
    let cluster = Cluster::new(1, PARTITIONS).await;
    // Raw records that nobody decommutates lie before it: whoever comes next does them.
    let ingest = cluster.start("in", &[Ingest]).await;
    cluster.connected(&[&ingest]).await;
    assert!(cluster.craft[0].send(0..1000).await);
    let mut config = cluster.config("in", &[Ingest]);
    config.system.drain_seconds_max = 20;
    let started = std::time::Instant::now();
    ingest.stop(&config).await.expect("it stops");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let decom = cluster.start("decom", &[Decom]).await;
    cluster.decommutated().await;
    decom.stop(&cluster.config("decom", &[Decom])).await.expect("it stops");
    cluster.check_decom().await;
}
