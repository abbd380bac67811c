//! Processes of one name.

use std::time::Duration;

use super::cluster::{Cluster, PATIENCE};
use crate::role_set::RoleName::{Decom, Ingest};

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_second_process_of_a_name_is_refused_and_disturbs_nobody() {
    let cluster = Cluster::new(1, 2).await;
    let ingest = cluster.start("in", &[Ingest]).await;
    let mut first = cluster.start("twin", &[Decom]).await;
    cluster.connected(&[&ingest]).await;
    let refused = cluster.start_with(&cluster.config("twin", &[Decom])).await.err();
    let text = format!("{:#}", refused.expect("refused"));
    assert!(text.contains("'twin' is running already") && text.contains("--process"), "{text}");
    assert!(cluster.craft[0].send(0..100).await);
    cluster.decommutated().await;
    let alive = tokio::time::timeout(Duration::from_millis(200), first.replaced()).await;
    assert!(alive.is_err(), "the first one goes on");

    // Killed, its name is free after some silence.
    first.kill().await;
    let heir = tokio::time::timeout(PATIENCE, cluster.start("twin", &[Decom])).await;
    let heir = heir.expect("the name becomes free");
    assert!(cluster.craft[0].send(100..200).await);
    ingest.stop(&cluster.config("in", &[Ingest])).await.expect("it stops");
    cluster.decommutated().await;
    heir.stop(&cluster.config("twin", &[Decom])).await.expect("it stops");
    cluster.check_decom().await;
}
