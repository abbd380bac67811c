//! Each role in a process of its own, on one broker (GROUNDLOG_TEST_KAFKA=HOST:PORT; without it
//! these are skipped); and what is refused where a log belongs to one process.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use groundlog_tests::{
    Load, SharedLog, Stack, StackOptions, System, groundlog, groundlog_with, wait_for,
};
use serde_json::{Value, json};

/// Longer than a broker takes to miss a process, and others to take over.
const SOON: Duration = Duration::from_secs(60);
fn counter(gateway: &Stack) -> Option<i64> {
    let answer = gateway.http.rpc("tlm", json!(["TEST", "DATA", "COUNTER"]), json!({}));
    answer.json()["result"].as_i64()
}

/// Waits until a gateway shows something newer than has been sent by now.
#[track_caller]
fn is_live(gateway: &Stack, load: &Load) {
    let sent = i64::from(load.sent());
    wait_for("live values", SOON, || counter(gateway).filter(|shown| *shown > sent));
}

fn roles(gateway: &Stack, role: &str) -> Option<Vec<(String, String, u64)>> {
    let status = gateway.http.get("/groundlog/v1/status")?.json();
    let rows = status["roles"].as_array()?.iter().filter(|row| row["name"] == role);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |it: &Value| {
        (text(&it["process"]), text(&it["state"]), it["partitions"].as_u64().unwrap_or(0))
    };
    Some(rows.map(row).collect())
}

#[track_caller]
fn healthy(gateway: &Stack) {
    wait_for("healthy", SOON, || gateway.http.get("/health").filter(|it| it.status == 200));
}

#[test]
fn roles_in_processes_of_their_own_survive_each_others_deaths() {
    let Some(log) = SharedLog::on_kafka("deaths") else { return };
    let mut load = Load::start();
    let system = System::new(log, load.address);
    let mut left = system.start("cvt,gateway", "left");
    let mut decom = system.start("decom", "decom-1");
    let mut ingest = system.start("ingest", "ingest-1");
    healthy(&left);
    is_live(&left, &load);

    // A second one of each; partitions are shared.
    let mut right = system.start("cvt,gateway", "right");
    let mut second_decom = system.start("decom", "decom-2");
    let mut second_ingest = system.start("ingest", "ingest-2");
    healthy(&right);
    for gateway in [&left, &right] {
        wait_for("both share the partitions", SOON, || {
            let rows = roles(gateway, "decom")?;
            (rows.len() == 2 && rows.iter().all(|it| it.1 == "running" && it.2 > 0)).then_some(())
        });
        is_live(gateway, &load);
    }
    wait_for("live packets are shared, not only partitions", SOON, || {
        let status = left.http.get("/groundlog/v1/status")?.json();
        let raw = status["partitions"].as_array()?.iter().filter(|it| it["topic"] == "raw");
        let owners = raw.flat_map(|it| it["consumers"].as_array().cloned().unwrap_or_default());
        let owners: BTreeSet<String> = owners.map(|it| it["process"].to_string()).collect();
        (owners.len() == 2).then_some(())
    });

    for victim in [&mut decom, &mut ingest] {
        victim.kill();
        let killed = Instant::now();
        is_live(&left, &load);
        println!("live values again {:.1} s after a kill", killed.elapsed().as_secs_f32());
    }
    let owner = right.http.get("/groundlog/v1/status").expect("status").json();
    assert_eq!(owner["interfaces"][0]["process"], "ingest-2");
    right.http.call("cmd", json!(["TEST SET with VALUE 7"]));
    left.kill();
    is_live(&right, &load);
    wait_for("the dead are shown as gone", SOON, || {
        let gone =
            |role| roles(&right, role).is_some_and(|rows| rows.iter().any(|it| it.1 == "gone"));
        (gone("decom") && gone("ingest") && gone("gateway")).then_some(())
    });
    healthy(&right);

    // The last one of a role: the system says that it is missing, and goes on when it is back.
    second_decom.kill();
    let down = wait_for("decom is missing", SOON, || {
        right.http.get("/health").filter(|answer| answer.status == 503)
    });
    let reason = down.json()["reason"].to_string();
    assert!(reason.contains("role decom is missing"), "{reason}");
    let mut decom = system.start("decom", "decom-1");
    healthy(&right);
    is_live(&right, &load);

    load.finish();
    assert_eq!(second_ingest.interrupt(), 0, "{}", second_ingest.said());
    wait_for("everything is decommutated and shown", SOON, || {
        let status = right.http.get("/groundlog/v1/status")?.json();
        let rows = status["roles"].as_array()?.clone();
        let behind = |row: &Value| row["lag_records"].as_u64().unwrap_or(0) > 0;
        (!rows.iter().filter(|row| row["state"] == "running").any(behind)).then_some(())
    });
    assert_eq!(decom.interrupt(), 0, "{}", decom.said());
    assert_eq!(right.interrupt(), 0, "{}", right.said());
    system.check(load.sent());
}

/// A process that is paused for longer than its session wakes up as a zombie: what it does not own
/// any more it leaves alone, and it comes back as one of several.
#[test]
fn a_paused_process_wakes_up_and_harms_nothing() {
    let Some(log) = SharedLog::on_kafka("zombie") else { return };
    let mut load = Load::start();
    let system = System::new(log, load.address);
    let mut gateway = system.start("cvt,gateway", "gateway");
    let mut first = system.start("ingest,decom", "first");
    healthy(&gateway);
    is_live(&gateway, &load);
    let mut second = system.start("ingest,decom", "second");
    first.pause();
    wait_for("the paused one is missed", SOON, || {
        let rows = roles(&gateway, "ingest")?;
        rows.iter().any(|it| it.0 == "first" && it.1 == "gone").then_some(())
    });
    is_live(&gateway, &load);
    first.resume();
    wait_for("it is back", SOON, || {
        let rows = roles(&gateway, "decom")?;
        let up = rows.iter().filter(|it| it.1 == "running" && it.2 > 0).count();
        (up == 2).then_some(())
    });
    is_live(&gateway, &load);
    load.finish();
    for process in [&mut first, &mut second] {
        assert_eq!(process.interrupt(), 0, "{}", process.said());
    }
    // What the last one received was its own to decommutate; what the first one left was too.
    let mut last = system.start("decom", "last");
    wait_for("everything is decommutated", SOON, || {
        let rows = gateway.http.get("/groundlog/v1/status")?.json()["roles"].as_array()?.clone();
        let last = rows.iter().find(|row| row["process"] == "last")?.clone();
        let done = last["partitions"].as_u64()? > 0 && last["lag_records"] == 0;
        done.then_some(())
    });
    assert_eq!(last.interrupt(), 0, "{}", last.said());
    assert_eq!(gateway.interrupt(), 0, "{}", gateway.said());
    system.check(load.sent());
}

/// Of two processes with one name the second is refused; a paused one that was replaced ends.
#[test]
fn of_two_processes_with_one_name_one_goes_on() {
    let Some(log) = SharedLog::on_kafka("twins") else { return };
    let mut load = Load::start();
    let system = System::new(log, load.address);
    let mut twin = system.start("decom", "twin");
    let refused = groundlog_with(
        &[
            "run",
            "--role",
            "decom",
            "--process",
            "twin",
            "--data",
            &system.data().to_string_lossy(),
        ],
        &system.environment(),
    );
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("'twin' is running already"), "{}", refused.stderr);
    twin.pause();
    let mut heir = system.start("decom", "twin");
    twin.resume();
    assert_eq!(twin.ended(SOON), 1, "{}", twin.said());
    assert!(twin.said().contains("has taken the name 'twin' over"), "{}", twin.said());
    assert_eq!(heir.interrupt(), 0, "{}", heir.said());
    load.finish();
}

fn refused(arguments: &[&str], parts: &[&str]) {
    let output = groundlog(arguments);
    assert_eq!(output.code, 1, "{arguments:?}: {}", output.stderr);
    for part in parts {
        assert!(output.stderr.contains(part), "'{part}' is not in: {}", output.stderr);
    }
}

/// A log in a folder belongs to one process: neither a part of the roles nor a second process.
#[test]
fn a_log_in_a_folder_is_not_shared() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let data = data.to_string_lossy();
    refused(
        &["run", "--role", "decom", "--data", &data],
        &["role decom alone", "embedded:", "one process", "kafka://"],
    );
    assert!(!Path::new(&*data).exists(), "nothing was touched");
    let usage = groundlog(&["run", "--role", "archiv", "--data", &data]);
    assert_eq!(usage.code, 2, "{}", usage.stderr);
    let all = ["run", "--role", "ingest,decom,cvt,gateway"];
    let stack = Stack::start(&StackOptions::with(&all[1..]).data(Path::new(&*data)));
    assert_eq!(stack.started["process"], "local");
    refused(&["run", "--data", &data], &["in use by another groundlog process", "--data"]);
    refused(
        &["run", "--data", &data, "--process", "a b"],
        &["process name \"a b\"", "letters, digits"],
    );
}
