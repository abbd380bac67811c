//! Gateways in several processes, and what they know of the others.

use serde_json::{Value, json};

use super::cluster::{Cluster, ask, call, counter, until};
use crate::{
    plugin::PluginArgs,
    role_set::RoleName::{Cvt, Decom, Gateway, Ingest},
    run::system,
};

fn rows<'a>(status: &'a Value, role: &'a str) -> impl Iterator<Item = &'a Value> {
    let rows = status["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter(move |row| row["name"] == role)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn two_gateways_show_the_same_and_each_role_with_its_process() {
    let cluster = Cluster::new(2, 2).await;
    let (a, b) = (&[Cvt, Gateway][..], &[Cvt, Gateway][..]);
    let left = cluster.start("left", a).await;
    // Alone it serves nothing, says why, and knows the definitions already.
    let down = until("the left one answers", async || {
        let status = ask(&left, "/groundlog/v1/status").await?;
        rows(&status, "decom").next().cloned()
    })
    .await;
    assert_eq!(down["state"], "missing");
    assert!(ask(&left, "/health").await.is_none(), "503 while roles are missing");
    let names = call(&left, "get_target_names", json!([])).await.expect("defined");
    assert!(names.as_array().is_some_and(|names| names.contains(&json!("SAT0"))), "{names}");

    let right = cluster.start("right", b).await;
    let decom = cluster.start("decom", &[Decom]).await;
    let ingest = cluster.start("in", &[Ingest]).await;
    cluster.connected(&[&ingest]).await;
    for gateway in [&left, &right] {
        until("it is healthy", async || ask(gateway, "/health").await).await;
        let status = ask(gateway, "/groundlog/v1/status").await.expect("status");
        for (role, process) in [("ingest", "in"), ("decom", "decom")] {
            let row = rows(&status, role).next().expect("a row");
            assert_eq!((&row["process"], &row["state"]), (&json!(process), &json!("running")));
        }
        let gateways: Vec<_> = rows(&status, "gateway").map(|it| it["process"].clone()).collect();
        assert_eq!(gateways, [json!("left"), json!("right")]);
    }
    until("partitions are shown", async || {
        let status = ask(&left, "/groundlog/v1/status").await?;
        let owned = rows(&status, "decom").next()?["partitions"] == 4;
        let control = rows(&status, "ingest").next()?["partitions"] == 8;
        (owned && control).then_some(())
    })
    .await;
    assert!(cluster.craft[0].send(0..50).await);
    for gateway in [&left, &right] {
        until("the values are shown", async || {
            (counter(gateway, "SAT0").await? == 49).then_some(())
        })
        .await;
    }
    call(&left, "set_tlm", json!(["SAT1 DATA COUNTER = 7"])).await.expect("set");
    until("what was set at one is shown by the other", async || {
        (counter(&right, "SAT1").await? == 7).then_some(())
    })
    .await;
    call(&right, "cmd", json!(["SAT0 SET with VALUE 3"])).await.expect("sent");
    until("both count it", async || {
        let count = call(&left, "get_cmd_cnt", json!(["SAT0", "SET"])).await.ok()?;
        (count == 1).then_some(())
    })
    .await;

    // The only decom dies: after a few periods of silence both say so.
    decom.kill().await;
    for gateway in [&left, &right] {
        until("the role is missing", async || {
            let status = ask(gateway, "/groundlog/v1/status").await?;
            let states: Vec<_> = rows(&status, "decom").map(|it| it["state"].clone()).collect();
            (states == [json!("gone"), json!("missing")]).then_some(())
        })
        .await;
        assert!(ask(gateway, "/health").await.is_none());
    }
    let heir = cluster.start("heir", &[Decom]).await;
    for gateway in [&left, &right] {
        until("it is healthy again", async || ask(gateway, "/health").await).await;
    }
    for (process, running, roles) in [
        ("in", ingest, &[Ingest][..]),
        ("heir", heir, &[Decom]),
        ("left", left, a),
        ("right", right, b),
    ] {
        running.stop(&cluster.config(process, roles)).await.expect("it stops");
    }
}

/// Two plug-ins at once: what differs is named, and nothing is decoded with the wrong one.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_gateway_with_another_plug_in_changes_nothing_and_says_so() {
    let cluster = Cluster::new(1, 1).await;
    let all = &[Ingest, Decom, Cvt, Gateway];
    let whole = cluster.start("whole", all).await;
    cluster.connected(&[&whole]).await;
    let other = Cluster::new(2, 1).await;
    let mut config = cluster.config("other", &[Cvt, Gateway]);
    config.plugin.path = Some(other.plugin());
    let stray = cluster.start_with(&config).await.expect("it starts");
    assert_ne!(stray.definitions, whole.definitions);
    let active = format!("{}", whole.definitions.expect("loaded"));
    for gateway in [&whole, &stray] {
        until("the difference is told", async || {
            let health = ask(gateway, "/health").await?;
            let told = health["degraded"].to_string();
            told.contains("other has loaded another plug-in").then_some(())
        })
        .await;
        let status = ask(gateway, "/groundlog/v1/status").await.expect("status");
        assert_eq!(status["definitions"], active.as_str(), "ingest's stay active");
    }
    stray.stop(&config).await.expect("it stops");
    whole.stop(&cluster.config("whole", all)).await.expect("it stops");
}

/// The demo's gateway in a process of its own: no spacecraft there, the same definitions.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_demo_in_two_processes() {
    let cluster = Cluster::new(0, 1).await;
    let demo = |process: &str, roles: &[_]| {
        let mut config = cluster.config(process, roles);
        config.plugin.path = None;
        config
    };
    let serving = demo("serving", &[Cvt, Gateway]);
    let gateway = cluster.start_with(&serving).await.expect("it starts");
    assert_eq!(gateway.demo_address(), None);
    let receiving = demo("receiving", &[Ingest, Decom]);
    let ingest = cluster.start_with(&receiving).await.expect("it starts");
    assert!(ingest.demo_address().is_some());
    assert_eq!(gateway.definitions, ingest.definitions);
    until("the demo is live", async || {
        let temp = call(&gateway, "tlm", json!(["INST HEALTH_STATUS TEMP1"])).await.ok()?;
        temp.as_f64()
    })
    .await;
    call(&gateway, "cmd", json!(["INST COLLECT with TYPE NORMAL, DURATION 5"]))
        .await
        .expect("sent");
    ingest.stop(&receiving).await.expect("it stops");
    gateway.stop(&serving).await.expect("it stops");
}

/// A process without interfaces and gateway needs no plug-in at all.
#[tokio::test]
async fn decommutation_loads_no_plug_in() {
    let cluster = Cluster::new(0, 1).await;
    let mut config = cluster.config("decom", &[Decom]);
    config.plugin.path = Some("/nowhere".into());
    let loaded = system::load(&config, &PluginArgs::default()).await.expect("nothing to load");
    assert!(loaded.is_none());
    let running = cluster.start_with(&config).await.expect("it starts");
    assert_eq!((running.gateway, running.definitions), (None, None));
    assert!(running.metrics.is_some());
    running.stop(&config).await.expect("it stops");
}
