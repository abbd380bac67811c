//! Inputs, runs, and what came out of them.

use std::{sync::Arc, time::Duration};

use groundlog_log::{Log, MemoryLog, Records, TopicSpec};
use groundlog_projection::{Runner, RunnerOptions, Target};
use groundlog_proto::{
    Namespace, Offset, TopicKind, TopicNames, TopicPartition, prost::Message, wire::DeadLetter,
};
use tokio::sync::watch;

use crate::{
    faulty::{Faults, FaultyLog, Plan},
    folds::{POISON, Rows, TestFold},
    random::Random,
};

const PARTITIONS: u32 = 2;

/// Longest that a run may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything observable after a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Result {
    pub(crate) outputs: Vec<Vec<(Vec<u8>, Vec<u8>)>>,
    pub(crate) dead_letters: Vec<(u32, Offset, String)>,
    pub(crate) state: Vec<u8>,
}

/// The records that every run is given.
pub(crate) struct World {
    names: TopicNames,
    inputs: Vec<Vec<Vec<u8>>>,
    appends: Vec<(u32, usize)>,
}

impl World {
    pub(crate) async fn new(random: &mut Random) -> Self {
        let mut inputs = vec![Vec::new(); PARTITIONS as usize];
        let mut appends = Vec::new();
        for _ in 0..12 {
            let partition = random.below(PARTITIONS.into()) as u32;
            let count = 1 + random.below(6) as usize;
            for _ in 0..count {
                let mut value: Vec<u8> = random.next().to_le_bytes().to_vec();
                value[0] = if random.below(9) == 0 { POISON } else { value[0] & 0x7f };
                inputs[partition as usize].push(value);
            }
            appends.push((partition, count));
        }
        let names = TopicNames::new("sim.", &Namespace::Live);
        Self { names, inputs, appends }
    }

    pub(crate) async fn run_without_faults(&self, target: Target) -> Result {
        self.run(target, Faults::new(Plan::Never, 0)).await
    }

    pub(crate) async fn run_with_faults(&self, target: Target, seed: u64, crash: bool) -> Result {
        self.run(target, Faults::new(Plan::Seeded { one_in: 9, crash }, seed)).await
    }

    /// Returns the result and whether the run got as far as the step.
    pub(crate) async fn run_with_one_crash(&self, target: Target, step: u64) -> (Result, bool) {
        let faults = Faults::new(Plan::Once { step }, 0);
        let result = self.run(target, faults.clone()).await;
        (result, faults.steps() >= step)
    }

    fn options(&self, log: Arc<dyn Log>) -> RunnerOptions {
        RunnerOptions {
            batch_bytes_max: 40,
            snapshot_records: 7,
            snapshot_interval: Duration::from_secs(3600),
            backoff: (Duration::from_micros(10), Duration::from_micros(100)),
            ..RunnerOptions::new(log, self.names.clone(), "slot-0")
        }
    }

    async fn log(&self) -> Arc<dyn Log> {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
        for kind in TopicKind::ALL {
            log.ensure(&TopicSpec::standard(&self.names, kind, PARTITIONS))
                .await
                .expect("the memory log works");
        }
        let mut taken = vec![0; PARTITIONS as usize];
        for (partition, count) in &self.appends {
            let from = taken[*partition as usize];
            taken[*partition as usize] += count;
            let mut records = Records::new();
            for value in &self.inputs[*partition as usize][from..from + count] {
                records.push(b"key", value);
            }
            let to = TopicPartition::new(self.names.topic(TopicKind::Raw), *partition);
            log.append(&to, records).await.expect("the memory log works");
        }
        log
    }

    async fn run(&self, target: Target, faults: Arc<Faults>) -> Result {
        let log = self.log().await;
        let rows = Rows::default();
        let mut state;
        // After the faulty runs a clean one: what a shutdown left undone is done by the next start.
        let mut clean = false;
        loop {
            let fold = TestFold::new(
                target,
                self.names.topic(TopicKind::Raw),
                self.names.topic(TopicKind::Decom),
                rows.clone(),
                faults.clone(),
            );
            state = fold.states.clone();
            let faulty = FaultyLog { inner: log.clone(), faults: faults.clone() };
            let options = self.options(Arc::new(faulty));
            let lags = options.metrics.lags().clone();
            let (stop, stopped) = watch::channel(false);
            let runner = Runner::new(fold, options).run(stopped);
            let caught_up = async {
                for partition in 0..PARTITIONS {
                    let raw = TopicPartition::new(self.names.topic(TopicKind::Raw), partition);
                    let tail = log.bounds(&raw).await.expect("the memory log works").tail;
                    while lags.next("test", &raw).is_none_or(|next| next < tail) {
                        tokio::task::yield_now().await;
                    }
                }
                // From here on nothing fails, so that the clean end is one.
                faults.stop();
                let _ = stop.send(true);
            };
            let run = tokio::time::timeout(PATIENCE, async {
                tokio::select! {
                    (result, ()) = async { tokio::join!(runner, caught_up) } => {
                        result.expect("no fatal fault");
                        true
                    }
                    () = faults.crashed.notified() => false,
                }
            });
            if run.await.expect("the run ends") && std::mem::replace(&mut clean, true) {
                break;
            }
        }
        let state = state
            .lock()
            .expect("no panic under the lock")
            .values()
            .flat_map(|it| format!("{it:?}").into_bytes())
            .collect();
        self.collect(&*log, target, &rows, state).await
    }

    async fn collect(&self, log: &dyn Log, target: Target, rows: &Rows, state: Vec<u8>) -> Result {
        let mut result = Result::default();
        for partition in 0..PARTITIONS {
            let read = |kind| async move {
                let from = TopicPartition::new(self.names.topic(kind), partition);
                let mut reader = log.reader(&from, 0).await.expect("the memory log works");
                let mut records = Vec::new();
                loop {
                    let batch = reader.poll(1 << 20).await.expect("the memory log works");
                    if batch.is_empty() {
                        return records;
                    }
                    records.extend(batch.iter().map(|it| (it.key.to_vec(), it.value.to_vec())));
                }
            };
            result.outputs.push(read(TopicKind::Decom).await);
            for (_, value) in read(TopicKind::DeadLetter).await {
                let letter = DeadLetter::decode(value.as_slice()).expect("the memory log works");
                let source = letter.source.expect("the memory log works");
                result.dead_letters.push((source.partition, source.offset, letter.reason));
            }
        }
        result.state = match target {
            Target::Store => {
                format!("{:?}", rows.lock().expect("no panic under the lock")).into_bytes()
            }
            // What is in the log shows the state; in memory it may be behind when a run ends early.
            Target::Log => Vec::new(),
            Target::Memory => state,
        };
        result
    }
}
