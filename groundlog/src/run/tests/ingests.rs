//! Interfaces in several processes.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::cluster::{Cluster, ask, call, counter, until};
use crate::role_set::RoleName::{Cvt, Decom, Gateway, Ingest};

/// Two processes share the interfaces; one is killed, the other one takes over: telemetry and
/// commands go on, and what operators wanted meanwhile holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_second_process_takes_over_when_the_first_dies() {
    let cluster = Cluster::new(6, 2).await;
    let serving = cluster.start("serving", &[Decom, Cvt, Gateway]).await;
    let first = cluster.start("first", &[Ingest]).await;
    cluster.connected(&[&first]).await;
    let second = cluster.start("second", &[Ingest]).await;
    cluster.connected(&[&first, &second]).await;
    let owners = async || {
        let status = ask(&serving, "/groundlog/v1/status").await?;
        let interfaces = status["interfaces"].as_array()?.clone();
        let up = interfaces.iter().all(|it| it["state"] == "CONNECTED");
        let owner = |it: &serde_json::Value| it["process"].as_str().unwrap_or_default().to_owned();
        up.then(|| interfaces.iter().map(owner).collect::<Vec<_>>())
    };
    let both = until("the status shows both owners", async || {
        let owners = owners().await?;
        ["first", "second"].iter().all(|it| owners.iter().any(|o| o == it)).then_some(owners)
    })
    .await;
    for craft in &cluster.craft {
        // A connection that is just moving to its new owner takes along what is sent: again then.
        until("its telemetry is shown", async || {
            assert!(craft.send(0..10).await);
            let shown = until("so it is", async || {
                (counter(&serving, &craft.target).await? == 9).then_some(())
            });
            timeout(Duration::from_secs(2), shown).await.ok()
        })
        .await;
        let sent = call(&serving, "cmd", json!([format!("{} SET with VALUE 1", craft.target)]));
        sent.await.expect("the command goes out through its owner");
    }
    // Nobody shall connect this one any more, says an operator; its owner lets go.
    let wanted = both.iter().position(|owner| owner == "first").unwrap();
    let off = format!("{}_INT", cluster.craft[wanted].target);
    call(&serving, "disconnect_interface", json!([off])).await.expect("asked");
    let state = async |name: &str| {
        let shown = call(&serving, "get_interface", json!([name])).await.ok()?;
        shown["state"].as_str().map(str::to_owned)
    };
    until("it is disconnected", async || (state(&off).await? == "DISCONNECTED").then_some(()))
        .await;
    let connections = cluster.craft[wanted].connections();

    first.kill().await;
    until("the status shows one owner", async || {
        let status = ask(&serving, "/groundlog/v1/status").await?;
        let interfaces = status["interfaces"].as_array()?.clone();
        let taken = interfaces.iter().all(|it| {
            let as_wanted = (it["name"] == off.as_str()) != (it["state"] == "CONNECTED");
            it["process"] == "second" && as_wanted
        });
        taken.then_some(())
    })
    .await;
    assert_eq!(cluster.craft[wanted].connections(), connections, "left alone, as wanted");
    for (number, craft) in cluster.craft.iter().enumerate() {
        let before = craft.told().len();
        let command = json!([format!("{} SET with VALUE 2", craft.target)]);
        if number == wanted {
            let refused = call(&serving, "cmd", command).await.expect_err("not connected");
            assert!(refused.contains("not connected"), "{refused}");
            continue;
        }
        call(&serving, "cmd", command).await.expect("the command goes out through its new owner");
        until("it has arrived", async || (craft.told().len() == before + 7).then_some(())).await;
        assert!(craft.send(10..20).await);
        until("its telemetry goes on", async || {
            (counter(&serving, &craft.target).await? == 19).then_some(())
        })
        .await;
    }
    for (process, running, roles) in
        [("second", second, &[Ingest][..]), ("serving", serving, &[Decom, Cvt, Gateway])]
    {
        running.stop(&cluster.config(process, roles)).await.expect("it stops");
    }
    cluster.check_decom().await;
}
