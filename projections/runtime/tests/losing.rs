//! A store that keeps its own checkpoint and is emptied under the runner's feet.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use groundlog_log::{Log, MemoryLog, Records, TopicSpec};
use groundlog_projection::{
    ApplyError, Assignment, Input, Outputs, Projection, Runner, RunnerOptions, Start, Target,
};
use groundlog_proto::{
    Fault, FaultClass, Offset, TopicKind, TopicName, TopicNames, TopicPartition,
};
use tokio::sync::{Notify, watch};

const RECORDS: u64 = 12;
/// These can never be processed.
const POISONOUS: [u64; 2] = [3, 8];

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(&'static str, FaultClass);

impl Fault for Failed {
    fn class(&self) -> FaultClass {
        self.1
    }
}

/// What the server holds.
#[derive(Debug, Default)]
struct Held {
    rows: BTreeMap<Offset, Vec<u8>>,
    next: Option<Offset>,
    flushes: u64,
    /// Emptied at this flush.
    empty_at: u64,
    starts: Vec<Start>,
}

#[derive(Clone, Default)]
struct Server {
    held: Arc<Mutex<Held>>,
    emptied: Arc<Notify>,
}

impl Server {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().expect("no panic under the lock")
    }

    fn empty(&self) {
        let mut held = self.lock();
        (held.rows, held.next) = Default::default();
        self.emptied.notify_one();
    }
}

struct Fold {
    input: TopicName,
    server: Server,
    buffered: BTreeMap<Offset, Vec<u8>>,
    assigned: bool,
}

#[async_trait]
impl Projection for Fold {
    fn name(&self) -> &str {
        "losing"
    }
    fn inputs(&self) -> Vec<TopicName> {
        vec![self.input.clone()]
    }
    fn target(&self) -> Target {
        Target::Store
    }
    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, Box<dyn Fault>> {
        assert_eq!(assignment.tail, RECORDS);
        self.buffered.clear();
        self.assigned = true;
        let mut held = self.server.lock();
        let start = held.next.map_or(Start::Earliest, Start::At);
        held.starts.push(start);
        held.next = held.next.or(Some(0));
        Ok(start)
    }
    async fn apply(&mut self, input: &Input<'_>, _: &mut Outputs) -> Result<(), ApplyError> {
        for record in input.iter() {
            if POISONOUS.contains(&record.offset) {
                let source = Failed("poisonous", FaultClass::Poison);
                return Err(ApplyError::new(record.offset, source));
            }
            self.buffered.insert(record.offset, record.value.to_vec());
        }
        Ok(())
    }
    async fn flush(&mut self, _: &TopicPartition, upto: Offset) -> Result<(), Box<dyn Fault>> {
        let empty = {
            let mut held = self.server.lock();
            held.flushes += 1;
            held.flushes == held.empty_at
        };
        if empty {
            self.server.empty();
        }
        let mut held = self.server.lock();
        if held.next.is_none() {
            return Err(Box::new(Failed("the server is empty", FaultClass::Transient)));
        }
        held.rows.append(&mut self.buffered);
        held.next = held.next.max(Some(upto));
        Ok(())
    }
    fn snapshot(&mut self, _: &TopicPartition) -> Option<(u32, Vec<u8>)> {
        None
    }
    async fn revoked(&mut self, _: &TopicPartition) {}
    async fn lost(&mut self) -> Box<dyn Fault> {
        loop {
            if self.assigned && self.server.lock().next.is_none() {
                return Box::new(Failed("the server is empty", FaultClass::Transient));
            }
            self.server.emptied.notified().await;
        }
    }
    async fn reset(&mut self) -> Result<(), Box<dyn Fault>> {
        Ok(())
    }
}

struct World {
    log: Arc<dyn Log>,
    names: TopicNames,
    raw: TopicPartition,
    server: Server,
}

impl World {
    async fn new() -> Self {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
        let names = TopicNames::default();
        for kind in TopicKind::ALL {
            log.ensure(&TopicSpec::standard(&names, kind, 1)).await.expect("topic");
        }
        let raw = TopicPartition::new(names.topic(TopicKind::Raw), 0);
        for number in 0..RECORDS {
            let mut records = Records::new();
            records.push(b"", &number.to_le_bytes());
            log.append(&raw, records).await.expect("append");
        }
        Self { log, names, raw, server: Server::default() }
    }

    /// Runs until the server holds everything and `more` says so.
    async fn run(&self, more: impl AsyncFn()) {
        let options = RunnerOptions {
            batch_bytes_max: 1,
            backoff: (Duration::from_millis(1), Duration::from_millis(4)),
            ..RunnerOptions::new(self.log.clone(), self.names.clone(), "slot")
        };
        let fold = Fold {
            input: self.raw.topic.clone(),
            server: self.server.clone(),
            buffered: BTreeMap::new(),
            assigned: false,
        };
        let lags = options.metrics.lags().clone();
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(Runner::new(fold, options).run(stopped));
        let done = async {
            self.complete().await;
            more().await;
            self.complete().await;
            // The lag says the same as the server.
            while lags.next("losing", &self.raw) != Some(RECORDS) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), done).await.expect("gets there");
        stop.send(true).expect("runs");
        running.await.expect("no panic").expect("stops cleanly");
    }

    async fn complete(&self) {
        while self.server.lock().next != Some(RECORDS) {
            tokio::task::yield_now().await;
        }
    }

    async fn dead_letters(&self) -> u64 {
        let dead = TopicPartition::new(self.names.topic(TopicKind::DeadLetter), 0);
        self.log.bounds(&dead).await.expect("bounds").tail
    }

    async fn check(&self, run: &str) {
        let rows: Vec<_> = self.server.lock().rows.keys().copied().collect();
        let expected: Vec<_> = (0..RECORDS).filter(|it| !POISONOUS.contains(it)).collect();
        assert_eq!(rows, expected, "{run}");
        assert_eq!(self.dead_letters().await, POISONOUS.len() as u64, "{run}: dead letters");
    }
}

#[tokio::test]
async fn p3_what_a_store_has_lost_comes_back_whenever_it_is_lost() {
    for empty_at in 1..=RECORDS {
        let world = World::new().await;
        world.server.lock().empty_at = empty_at;
        world.run(async || ()).await;
        world.check(&format!("emptied at flush {empty_at}")).await;
        assert_eq!(world.server.lock().starts, [Start::Earliest, Start::Earliest]);
    }
}

#[tokio::test]
async fn a_loss_is_noticed_though_no_record_comes() {
    let world = World::new().await;
    world
        .run(async || {
            world.server.empty();
            while world.server.lock().starts.len() < 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    world.check("emptied while idle").await;
}

#[tokio::test]
async fn the_smaller_of_both_checkpoints_counts() {
    let world = World::new().await;
    world.run(async || ()).await;
    // The server has come back a few records older.
    {
        let mut held = world.server.lock();
        held.rows.retain(|offset, _| *offset < 5);
        held.next = Some(5);
    }
    world.run(async || ()).await;
    world.check("the server was older").await;
    assert_eq!(world.server.lock().starts, [Start::Earliest, Start::At(5)]);
    // The server is ahead of what was committed: dead letters between must not be missing.
    let world = World::new().await;
    world.server.lock().next = Some(RECORDS - 1);
    world.run(async || ()).await;
    world.check("the server was ahead").await;
}
