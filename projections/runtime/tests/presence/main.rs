//! Of two processes with one name exactly one goes on; and what a process says of itself.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use groundlog_log::{Log, MemoryLog, Records, TopicSpec};
use groundlog_projection::{
    Identity, Metric, MetricKind, MetricsRegistry, PresenceError, Process, RoleState, heartbeat,
};
use groundlog_proto::{
    DefinitionHash, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{ProcessState, ProcessStatus, StatusRecord, status_record::Kind},
};
use tokio::{sync::watch, task::JoinHandle};

const PATIENCE: Duration = Duration::from_secs(20);
const PERIOD: Duration = Duration::from_millis(40);

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), PresenceError>>,
}

async fn log() -> (Arc<dyn Log>, TopicNames) {
    let (log, names): (Arc<dyn Log>, _) = (Arc::new(MemoryLog::new()), TopicNames::default());
    for kind in TopicKind::ALL {
        TopicSpec::ensure_standard(&*log, &names, kind, 1).await.unwrap();
    }
    (log, names)
}

fn process(log: &Arc<dyn Log>, names: &TopicNames, period: Duration) -> Process {
    let identity = Identity::new("twin", "here");
    Process::new(log.clone(), names, identity, period, MetricsRegistry::new())
}

async fn start(process: &Process) -> Result<Running, PresenceError> {
    let claimed = process.claim().await?;
    let (stop, stopped) = watch::channel(false);
    Ok(Running { stop, task: tokio::spawn(heartbeat(process.clone(), claimed, stopped)) })
}

async fn ended(running: Running) -> Result<(), PresenceError> {
    tokio::time::timeout(PATIENCE, running.task).await.expect("it ends").unwrap()
}

async fn said(log: &Arc<dyn Log>, names: &TopicNames) -> Vec<ProcessStatus> {
    let partition = TopicPartition::new(names.topic(TopicKind::Status), 0);
    let batch = log.reader(&partition, 0).await.unwrap().poll(1 << 20).await.unwrap();
    let records = batch.iter().map(|it| StatusRecord::decode(it.value).unwrap().kind);
    records
        .filter_map(|kind| match kind {
            Some(Kind::Process(status)) => Some(status),
            _ => None,
        })
        .collect()
}

async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let wait = async {
        loop {
            match ask().await {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited for {what}"))
}

#[tokio::test]
async fn a_name_that_is_alive_is_refused_and_one_that_is_not_is_taken() {
    let (log, names) = log().await;
    let first = start(&process(&log, &names, PERIOD)).await.unwrap();
    let refused = start(&process(&log, &names, PERIOD)).await.err().expect("refused");
    let text = refused.to_string();
    assert!(matches!(refused, PresenceError::Taken { .. }), "{text}");
    for part in ["'twin'", "host here", &std::process::id().to_string(), "--process"] {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
    assert!(!first.task.is_finished(), "who was refused disturbs nobody");

    // In order: the name is free at once. Killed: after some silence.
    first.stop.send_replace(true);
    ended(first).await.unwrap();
    let slow = Duration::from_secs(3600);
    let second = tokio::time::timeout(PATIENCE, start(&process(&log, &names, slow))).await;
    let second = second.expect("nothing to wait for").unwrap();
    second.task.abort();
    let third = start(&process(&log, &names, PERIOD)).await.unwrap();
    third.stop.send_replace(true);
    ended(third).await.unwrap();
    let states: Vec<_> = said(&log, &names).await.iter().map(ProcessStatus::state).collect();
    let claims = states.iter().filter(|state| **state == ProcessState::Starting).count();
    assert_eq!(claims, 3, "{states:?}");
    assert_eq!(states.last(), Some(&ProcessState::Stopped));
}

/// What a process meets that was paused for longer than others wait, and wakes up.
#[tokio::test]
async fn who_was_taken_for_dead_stops_when_it_wakes() {
    let (log, names) = log().await;
    // Speaks too seldom for the other one's patience, as if it had been paused.
    let paused = start(&process(&log, &names, Duration::from_secs(3600))).await.unwrap();
    until("its first heartbeat", async || said(&log, &names).await.into_iter().nth(1)).await;
    let heir = start(&process(&log, &names, Duration::from_millis(1))).await.unwrap();
    let woken = ended(paused).await.expect_err("replaced");
    assert!(matches!(woken, PresenceError::Replaced { .. }), "{woken}");
    assert!(woken.to_string().contains("taken the name 'twin' over"), "{woken}");
    assert!(!heir.task.is_finished());
    heir.stop.send_replace(true);
    ended(heir).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_that_start_together_one_remains() {
    for round in 0..30 {
        let (log, names) = log().await;
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let process = process(&log, &names, Duration::from_millis(5));
                tokio::spawn(async move { start(&process).await })
            })
            .collect();
        let mut running = Vec::new();
        for one in starts {
            running.extend(one.await.unwrap().ok());
        }
        let alive = async || {
            let alive = running.iter().filter(|one| !one.task.is_finished()).count();
            assert!(alive > 0, "round {round}: nobody is left");
            (alive == 1).then_some(())
        };
        until("all but one have stopped", alive).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        until("one goes on", alive).await;
        for one in &running {
            one.stop.send_replace(true);
        }
    }
}

#[tokio::test]
async fn a_heartbeat_says_what_there_is_to_know() {
    const WORK: Metric = Metric {
        name: "groundlog_test_work_total",
        kind: MetricKind::Counter,
        unit: "records",
        description: "Work",
    };
    let (log, names) = log().await;
    let process = process(&log, &names, PERIOD);
    process.roles().set("decom", RoleState::Running);
    process.loaded(DefinitionHash([7; 16]));
    process.serves_metrics("127.0.0.1:9".parse().unwrap());
    process.metrics().counter(&WORK, &[("kind", "hard")]).add(5);
    let raw = TopicPartition::new(names.topic(TopicKind::Raw), 0);
    let mut records = Records::new();
    (0..9).for_each(|_| records.push(b"", b"x"));
    log.append(&raw, records).await.unwrap();
    process.metrics().lags().progress("decom", &raw).advance(2);
    let control = TopicPartition::new(names.topic(TopicKind::Control), 3);
    let owned = control.clone();
    process.metrics().lags().observe("ingest", move || vec![(owned.clone(), 0)]);
    let running = start(&process).await.unwrap();
    let first = until("a heartbeat", async || said(&log, &names).await.into_iter().nth(1)).await;
    assert_eq!((first.process.as_str(), first.state()), ("twin", ProcessState::Running));
    assert_eq!((first.period_ms, first.metrics.as_str()), (40, "127.0.0.1:9"));
    assert_eq!(first.definitions, vec![7; 16]);
    assert_eq!((first.roles[0].role.as_str(), first.roles[0].state.as_str()), ("decom", "running"));
    let found: Vec<_> = first
        .consumers
        .iter()
        .map(|it| (it.role.as_str(), it.topic.as_str(), it.partitions[0]))
        .map(|(role, topic, at)| (role, topic, at.partition, at.next, at.lag_records))
        .collect();
    assert_eq!(found, [("decom", "raw", 0, 2, 7), ("ingest", "control", 3, 0, 0)]);
    let work = first.counters.iter().find(|it| it.name == WORK.name).unwrap();
    assert_eq!((work.value, work.labels["kind"].as_str()), (5.0, "hard"));

    // A change of a role is said at once, whatever the period.
    let before = said(&log, &names).await.len();
    process.roles().set("decom", RoleState::Restarting("disk on fire".to_owned()));
    let told = until("the change is told", async || {
        let said = said(&log, &names).await.split_off(before);
        said.into_iter().find(|status| status.roles[0].state == "restarting")
    });
    assert_eq!(told.await.roles[0].detail, "disk on fire");
    running.stop.send_replace(true);
    ended(running).await.unwrap();
}
