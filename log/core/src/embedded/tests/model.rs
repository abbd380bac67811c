#![allow(clippy::unwrap_used)]
use proptest::{collection::vec, prelude::*};

use super::{BOOT, close, crash_image, numbered, numbers, open, partition, spec};
use crate::{Checkpoint, Durability, EmbeddedLog, Log};

/// What may happen to a log.
#[derive(Debug, Clone)]
enum Step {
    /// Appends of so many bytes each, all queued before the first is awaited.
    Append(usize, Vec<usize>),
    /// A transaction over these partitions; committed or not.
    Transaction(Vec<usize>, usize, bool),
    Trim(usize, u64),
    /// Closed and opened again.
    Reopen,
    /// Opened from what a crash would leave.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_usize, vec(8..1500_usize, 1..6)).prop_map(|(at, sizes)| Step::Append(at, sizes)),
        4 => (vec(0..4_usize, 1..5), 8..900_usize, any::<bool>())
            .prop_map(|(parts, size, commits)| Step::Transaction(parts, size, commits)),
        1 => (0..4_usize, 0..100_u64).prop_map(|(at, percent)| Step::Trim(at, percent)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
    ]
}

/// The log as it should be.
struct Model {
    log: EmbeddedLog,
    dir: tempfile::TempDir,
    /// All records ever, by partition: two of a synced topic, two of an unsynced one.
    records: [Vec<u64>; 4],
    checkpoint: Option<u64>,
    count: u64,
}

fn name(index: usize) -> groundlog_proto::TopicPartition {
    partition(if index < 2 { "raw" } else { "out" }, index as u32 % 2)
}

impl Model {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let log = open(dir.path(), &BOOT).expect("opens");
        log.ensure(&spec("raw", 2, Durability::Synced)).await.expect("topic");
        log.ensure(&spec("out", 2, Durability::Unsynced)).await.expect("topic");
        Self { log, dir, records: Default::default(), checkpoint: None, count: 0 }
    }

    async fn step(mut self, step: Step) -> Self {
        match step {
            Step::Append(at, sizes) => {
                let mut waiting = Vec::new();
                for size in sizes {
                    waiting.push(self.log.append(&name(at), numbered(self.count, size)));
                    self.records[at].push(self.count);
                    self.count += 1;
                }
                for appending in waiting {
                    appending.await.expect("appended");
                }
            }
            Step::Transaction(parts, size, commits) => {
                self.transaction(&parts, size, commits).await;
            }
            Step::Trim(at, percent) => {
                let before = self.records[at].len() as u64 * percent / 100;
                let known = self.log.bounds(&name(at)).await.expect("bounds").trim;
                self.log.trim(&name(at), before).await.expect("trimmed");
                let trim = self.log.bounds(&name(at)).await.expect("bounds").trim;
                assert!(trim == known || (known < trim && trim <= before));
            }
            Step::Reopen => {
                close(self.log).await;
                self.log = open(self.dir.path(), &BOOT).expect("opens");
            }
            Step::Crash => {
                let dir = tempfile::tempdir().expect("folder");
                crash_image(self.dir.path(), dir.path());
                self.log = open(dir.path(), &BOOT).expect("recovers");
                self.dir = dir;
            }
        }
        self
    }

    async fn transaction(&mut self, parts: &[usize], size: usize, commits: bool) {
        let mut transactor = self.log.transactor("t").await.expect("transactor");
        let mut txn = transactor.begin().await.expect("begin");
        let mut added = Vec::new();
        for &at in parts {
            txn.append(&name(at), numbered(self.count, size)).await.expect("append");
            added.push((at, self.count));
            self.count += 1;
        }
        if !commits {
            return txn.abort().await.expect("abort");
        }
        // A checkpoint beyond the tail would rightly be taken back by a recovery.
        let next = self.records[0].len() as u64;
        let checkpoint = Checkpoint { partition: name(0), next };
        txn.commit(vec![checkpoint]).await.expect("commit");
        added.into_iter().for_each(|(at, number)| self.records[at].push(number));
        self.checkpoint = Some(next);
    }

    async fn check(&self) {
        for (at, wanted) in self.records.iter().enumerate() {
            let bounds = self.log.bounds(&name(at)).await.expect("bounds");
            assert_eq!(bounds.tail, wanted.len() as u64);
            assert_eq!(numbers(&self.log, &name(at)).await, wanted[bounds.trim as usize..]);
        }
        let stored = self.log.checkpoint("t", &name(0)).await.expect("checkpoint");
        assert_eq!(stored, self.checkpoint);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is appended, committed, aborted, trimmed, closed or crashed: the log holds what was
    /// acknowledged, in order, and nothing else.
    #[test]
    fn the_log_does_what_the_model_does(steps in vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        runtime.block_on(async {
            let mut model = Model::new().await;
            for step in steps {
                model = model.step(step).await;
            }
            model.check().await;
        });
    }
}
