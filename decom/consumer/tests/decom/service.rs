//! The service over a real log: exactly once over restarts, dead letters, missing definitions.

use std::{path::Path, sync::Arc, time::Duration};

use groundlog_decom::{Decom, DecomOptions};
use groundlog_log::{EmbeddedOptions, Log, open};
use groundlog_projection::{
    DefinitionStore, LONG_PACKETS, MetricsRegistry, RunnerOptions, SHORT_PACKETS, SettingsStore,
    UNKNOWN_PACKETS,
};
use groundlog_proto::{TopicKind, TopicNames, TopicPartition, prost::Message, wire::DeadLetter};
use tokio::sync::watch;

use crate::support::{adcs, append, ensure_topics, health, packet, read_all, set_of};

const PARTITIONS: u32 = 2;
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Stack {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) names: TopicNames,
    pub(crate) definitions: DefinitionStore,
}

impl Stack {
    pub(crate) async fn new(log: Arc<dyn Log>) -> Self {
        let names = TopicNames::default();
        ensure_topics(&*log, &names, PARTITIONS).await;
        let settings = SettingsStore::open(log.clone(), &names).await.expect("settings");
        let definitions = DefinitionStore::new(log.clone(), &names, settings);
        Self { log, names, definitions }
    }

    fn options(&self) -> DecomOptions {
        let runner = RunnerOptions {
            batch_bytes_max: 600,
            snapshot_records: 11,
            ..RunnerOptions::new(self.log.clone(), self.names.clone(), "decom-0")
        };
        DecomOptions { runner, definitions: self.definitions.clone() }
    }

    /// Runs until `until` says so, then stops cleanly, or as a crash would.
    pub(crate) async fn run_until(&self, cleanly: bool, until: impl AsyncFn(&Self) -> bool) {
        let (stop, stopped) = watch::channel(false);
        let decom = tokio::spawn(Decom::build(self.options()).run(stopped));
        let waited = tokio::time::timeout(PATIENCE, async {
            while !until(self).await {
                tokio::task::yield_now().await;
            }
        });
        waited.await.expect("gets there");
        if cleanly {
            stop.send(true).expect("runs");
            decom.await.expect("no panic").expect("stops cleanly");
        } else {
            decom.abort();
            let _ = decom.await;
        }
    }

    async fn committed(&self, kind: TopicKind, partition: u32) -> u64 {
        let partition = TopicPartition::new(self.names.topic(kind), partition);
        self.log.checkpoint("decom", &partition).await.expect("checkpoint").unwrap_or(0)
    }

    pub(crate) async fn caught_up(&self) -> bool {
        for kind in [TopicKind::Raw, TopicKind::RawStored] {
            for partition in 0..PARTITIONS {
                let raw = TopicPartition::new(self.names.topic(kind), partition);
                let tail = self.log.bounds(&raw).await.expect("bounds").tail;
                if self.committed(kind, partition).await < tail {
                    return false;
                }
            }
        }
        true
    }

    /// Everything decommutation wrote, without offsets (transactions may leave gaps).
    async fn written(&self) -> Vec<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut all = Vec::new();
        for kind in [TopicKind::Decom, TopicKind::DecomStored, TopicKind::Limits] {
            for partition in 0..PARTITIONS {
                let records = read_all(&*self.log, &self.names, kind, partition).await;
                all.push(records.into_iter().map(|(_, key, value)| (key, value)).collect());
            }
        }
        all
    }
}

async fn fill(stack: &Stack, rounds: u16) {
    let loaded = stack.definitions.activate(&set_of(""), "test").await.expect("published");
    for round in 0..rounds {
        let temp = if round % 7 < 3 { 1000 } else { 240 };
        let records = [
            packet(&loaded, health(round.into(), temp, (round % 2) as u8)),
            packet(&loaded, adcs(f32::from(round))),
            packet(&loaded, vec![77]),
        ];
        for partition in 0..PARTITIONS {
            append(&*stack.log, &stack.names, TopicKind::Raw, partition, &records).await;
        }
        append(&*stack.log, &stack.names, TopicKind::RawStored, 1, &records[..1]).await;
    }
}

fn embedded(dir: &Path) -> Arc<dyn Log> {
    let url = format!("embedded:{}", dir.display());
    open(&url, &EmbeddedOptions::default()).expect("opens")
}

/// Cuts the service after every few commits and compares with a run in one piece. Positions hold
/// the generation of the topic, which differs between two logs: it is taken out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_change_nothing() {
    for backend in ["memory", "embedded"] {
        let dirs = [tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir")];
        let log = |which: usize| match backend {
            "memory" => open("memory:", &EmbeddedOptions::default()).expect("opens"),
            _ => embedded(dirs[which].path()),
        };
        let whole = Stack::new(log(0)).await;
        fill(&whole, 40).await;
        whole.run_until(true, async |stack| stack.caught_up().await).await;

        let cut = Stack::new(log(1)).await;
        fill(&cut, 40).await;
        for round in 1..=9 {
            let goal = round * 12;
            cut.run_until(round % 3 == 0, async |stack| {
                stack.committed(TopicKind::Raw, 0).await >= goal || stack.caught_up().await
            })
            .await;
        }
        cut.run_until(true, async |stack| stack.caught_up().await).await;
        let (whole, cut) = (anonymous(&whole).await, anonymous(&cut).await);
        let counts = |all: &[Vec<_>]| all.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(counts(&whole), counts(&cut), "{backend}");
        assert_eq!(counts(&whole)[..4], [120, 120, 0, 40], "{backend}");
        assert!(whole == cut, "{backend}: the bytes differ");
    }
}

async fn anonymous(stack: &Stack) -> Vec<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut generations = Vec::new();
    for kind in [TopicKind::Raw, TopicKind::RawStored] {
        let topic = stack.log.topic(&stack.names.topic(kind)).await.expect("topic");
        generations.push(topic.generation.0.to_le_bytes());
    }
    let mut all = stack.written().await;
    for (_, value) in all.iter_mut().flatten() {
        for place in 0..value.len().saturating_sub(8) {
            if generations.iter().any(|it| value[place..].starts_with(it)) {
                value[place..place + 8].fill(0);
            }
        }
    }
    all
}

/// What an earlier run has counted is folded again after a restart, and not counted again.
#[tokio::test]
async fn irregular_packets_are_counted_once_per_process() {
    let stack = Stack::new(open("memory:", &EmbeddedOptions::default()).expect("opens")).await;
    let loaded = stack.definitions.activate(&set_of(""), "test").await.expect("published");
    let records =
        [packet(&loaded, vec![77]), packet(&loaded, vec![2, 0]), packet(&loaded, adcs(1.0))];
    append(&*stack.log, &stack.names, TopicKind::Raw, 0, &records).await;
    append(&*stack.log, &stack.names, TopicKind::RawStored, 0, &records[..1]).await;
    let run = async |metrics: &MetricsRegistry| {
        let mut options = stack.options();
        // No snapshot: a restart folds from the first record on.
        options.runner.snapshot_records = u64::MAX;
        options.runner.metrics = metrics.clone();
        let (stop, stopped) = watch::channel(false);
        let decom = tokio::spawn(Decom::build(options).run(stopped));
        let waited = tokio::time::timeout(PATIENCE, async {
            while !stack.caught_up().await
                || metrics.lags().measure(&*stack.log).await.expect("lag").len() < 4
            {
                tokio::task::yield_now().await;
            }
        });
        waited.await.expect("gets there");
        (stop, decom)
    };
    let unknown = |metrics: &MetricsRegistry, stored: &str| {
        let labels = [("interface", "INST_INT"), ("stored", stored)];
        metrics.value(&UNKNOWN_PACKETS, &labels)
    };
    let first = MetricsRegistry::new();
    let (_stop, decom) = run(&first).await;
    assert_eq!((unknown(&first, "false"), unknown(&first, "true")), (Some(1.0), Some(1.0)));
    let labels =
        [("interface", "INST_INT"), ("stored", "false"), ("target", "INST"), ("packet", "ADCS")];
    assert_eq!(first.value(&SHORT_PACKETS, &labels), Some(1.0));
    assert_eq!(first.series(&LONG_PACKETS), []);
    decom.abort();
    let _ = decom.await;
    append(&*stack.log, &stack.names, TopicKind::Raw, 0, &records[..1]).await;
    let second = MetricsRegistry::new();
    let (stop, decom) = run(&second).await;
    assert_eq!((unknown(&second, "false"), unknown(&second, "true")), (Some(1.0), None));
    stop.send(true).expect("runs");
    decom.await.expect("no panic").expect("stops cleanly");
}

#[tokio::test]
async fn what_cannot_be_decoded_becomes_one_dead_letter() {
    let stack = Stack::new(open("memory:", &EmbeddedOptions::default()).expect("opens")).await;
    let loaded = stack.definitions.activate(&set_of(""), "test").await.expect("published");
    let mut lost = packet(&loaded, adcs(1.0));
    lost.definitions = vec![5; 16].into();
    let records = [packet(&loaded, adcs(1.0)), lost, packet(&loaded, adcs(2.0))];
    append(&*stack.log, &stack.names, TopicKind::Raw, 1, &records).await;
    // Twice: the second start must not write it again.
    stack.run_until(false, async |stack| stack.caught_up().await).await;
    stack.run_until(true, async |stack| stack.caught_up().await).await;
    let letters = read_all(&*stack.log, &stack.names, TopicKind::DeadLetter, 1).await;
    assert_eq!(letters.len(), 1);
    let letter = DeadLetter::decode(letters[0].2.as_slice()).expect("parses");
    assert_eq!(letter.consumer, "decom");
    assert_eq!(letter.source.map(|it| (it.partition, it.offset)), Some((1, 1)));
    assert_eq!(letter.definitions.as_ref(), [5; 16]);
    assert!(letter.reason.contains("are not on the log"), "{}", letter.reason);
    let decom = read_all(&*stack.log, &stack.names, TopicKind::Decom, 1).await;
    assert_eq!(decom.len(), 2, "the others are decoded");
}
