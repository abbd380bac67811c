//! Members of one group come, go and are killed under load: every record has exactly one output, in
//! order, and a move ends nobody's role (D2, X11).

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

mod counting;

use std::{collections::HashMap, sync::Arc, time::Duration};

use counting::{CONSUMER, Counting, output};
use groundlog_log::{EmbeddedOptions, GroupSpec, Log, MemberEvent, MemoryLog, Records, TopicSpec};
use groundlog_projection::{MetricsRegistry, RunError, Runner, RunnerOptions};
use groundlog_proto::{TopicKind, TopicNames, TopicPartition};
use tokio::{sync::watch, task::JoinHandle};

const PARTITIONS: u32 = 4;
const RECORDS: u64 = 3_000;
const MEMBERS_MAX: usize = 3;
/// Longest that anything here may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), RunError>>,
    metrics: MetricsRegistry,
}

struct World {
    log: Arc<dyn Log>,
    names: TopicNames,
    random: u64,
}

impl World {
    async fn new(log: Arc<dyn Log>, seed: u64) -> Self {
        let names = TopicNames::default();
        for kind in TopicKind::ALL {
            TopicSpec::ensure_standard(&*log, &names, kind, PARTITIONS).await.unwrap();
        }
        Self { log, names, random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    fn partition(&self, kind: TopicKind, number: u32) -> TopicPartition {
        TopicPartition::new(self.names.topic(kind), number)
    }

    fn start(&self, member: &str) -> Running {
        let metrics = MetricsRegistry::new();
        let options = RunnerOptions {
            batch_bytes_max: 200,
            snapshot_records: 50,
            backoff: (Duration::from_millis(1), Duration::from_millis(20)),
            metrics: metrics.clone(),
            ..RunnerOptions::new(self.log.clone(), self.names.clone(), member)
        };
        let (stop, stopped) = watch::channel(false);
        let runner = Runner::new(Counting::new(&self.names), options);
        Running { stop, task: tokio::spawn(runner.run(stopped)), metrics }
    }

    /// Appends numbered records to every partition, a few at a time.
    fn feed(&self) -> JoinHandle<()> {
        let log = self.log.clone();
        let raw: Vec<_> = (0..PARTITIONS).map(|it| self.partition(TopicKind::Raw, it)).collect();
        tokio::spawn(async move {
            for first in (0..RECORDS).step_by(20) {
                for partition in &raw {
                    let mut records = Records::new();
                    (first..first + 20).for_each(|it| records.push(b"key", &it.to_le_bytes()));
                    log.append(partition, records).await.unwrap();
                }
                tokio::task::yield_now().await;
            }
        })
    }

    async fn is_done(&self) -> bool {
        for number in 0..PARTITIONS {
            let raw = self.partition(TopicKind::Raw, number);
            let done = self.log.checkpoint(CONSUMER, &raw).await.unwrap();
            if done.unwrap_or(0) < RECORDS {
                return false;
            }
        }
        true
    }

    /// Lets members come, leave and die until everything is done; returns how many commits came too
    /// late for their partition.
    async fn churn(&mut self) -> f64 {
        let feeder = self.feed();
        let mut members: HashMap<u64, Running> = HashMap::new();
        let (mut number, mut late) = (0, 0.0);
        while !self.is_done().await {
            let victim = members.keys().min().copied();
            match (self.below(4), victim) {
                (0, Some(victim)) if members.len() > 1 => {
                    let killed = members.remove(&victim).unwrap();
                    late += late_commits(&killed);
                    killed.task.abort();
                }
                (1, Some(victim)) if members.len() > 1 => {
                    let left = members.remove(&victim).unwrap();
                    left.stop.send_replace(true);
                    left.task.await.unwrap().expect("a member that leaves has not failed");
                    late += late_commits(&Running { task: tokio::spawn(async { Ok(()) }), ..left });
                }
                _ if members.len() < MEMBERS_MAX => {
                    number += 1;
                    members.insert(number, self.start(&format!("slot-{number}")));
                }
                _ => {}
            }
            let pause = self.below(6);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            for (number, member) in &members {
                assert!(!member.task.is_finished(), "member {number} ended by itself");
            }
        }
        feeder.await.unwrap();
        for (_, member) in members {
            late += late_commits(&member);
            member.stop.send_replace(true);
            member.task.await.unwrap().expect("no failure");
        }
        late
    }

    async fn check(&self, run: &str) {
        for number in 0..PARTITIONS {
            let decom = self.partition(TopicKind::Decom, number);
            let mut reader = self.log.reader(&decom, 0).await.unwrap();
            let mut found = Vec::new();
            loop {
                let batch = reader.poll(1 << 20).await.unwrap();
                if batch.is_empty() {
                    break;
                }
                found.extend(batch.iter().map(|record| record.value.to_vec()));
            }
            let expected = (0..RECORDS).map(|it| output(it, &it.to_le_bytes()));
            assert_eq!(found.len() as u64, RECORDS, "{run}: outputs of partition {number}");
            assert!(found.into_iter().eq(expected), "{run}: partition {number} differs");
        }
    }
}

fn late_commits(member: &Running) -> f64 {
    let text = member.metrics.render();
    let line = text.lines().find(|line| line.starts_with("groundlog_projection_moves_total{"));
    line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok()).unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn every_record_has_one_output_however_partitions_move() {
    let mut late = 0.0;
    for seed in 1..=12 {
        let mut world = World::new(Arc::new(MemoryLog::new()), seed).await;
        late += tokio::time::timeout(PATIENCE, world.churn()).await.expect("it ends");
        world.check(&format!("seed {seed}")).await;
    }
    assert!(late > 0.0, "no partition moved under an open commit: the test tests nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_same_on_a_log_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("embedded:{}", folder.path().display());
    let log = groundlog_log::open(&url, &EmbeddedOptions::default()).unwrap();
    let mut world = World::new(log, 1).await;
    tokio::time::timeout(PATIENCE, world.churn()).await.expect("it ends");
    world.check("on disk").await;
}

/// A member whose name another one has taken is no member any more: its role ends and says so.
#[tokio::test]
async fn a_member_whose_slot_was_taken_ends() {
    let world = World::new(Arc::new(MemoryLog::new()), 1).await;
    let older = world.start("slot");
    let spec = GroupSpec {
        group: CONSUMER.to_owned(),
        member: "slot".to_owned(),
        topics: vec![world.names.topic(TopicKind::Raw)],
    };
    while older.metrics.lags().of(CONSUMER).is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut newer = world.log.join(&spec).await.unwrap();
    let MemberEvent::Assigned(all) = newer.next(1).await.unwrap() else { panic!("assigned") };
    assert_eq!(all.len(), PARTITIONS as usize);
    let ended = tokio::time::timeout(PATIENCE, older.task).await.expect("it ends").unwrap();
    assert!(ended.expect_err("fenced").to_string().contains("another process took over"));
    assert!(older.metrics.lags().of(CONSUMER).is_empty(), "it owns nothing any more");
}
