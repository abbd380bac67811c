//! Where the log of a benchmark lies.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use groundlog_log::{KafkaOptions, Log, LogOptions, TopicSpec};
use groundlog_proto::{Namespace, TopicKind, TopicNames, TopicPartition};

/// A log and the names of one run's topics in it.
#[derive(Debug, Clone)]
pub struct Place {
    url: String,
    options: LogOptions,
    /// Names of this run's topics.
    pub names: TopicNames,
}

impl Place {
    /// Takes a URL whose topics no other run uses.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), options: LogOptions::default(), names: TopicNames::default() }
    }

    /// Takes a folder of its own.
    pub fn embedded(dir: &Path) -> Self {
        Self::new(&format!("embedded:{}", dir.join("log").display()))
    }

    /// Takes a broker that other runs use as well: the topics have names of their own.
    pub fn kafka(brokers: &str) -> Self {
        static RUN: AtomicU32 = AtomicU32::new(0);
        let run = RUN.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("bench-{}-{run}.", std::process::id());
        let names = TopicNames::new(&prefix, &Namespace::Live);
        let kafka = KafkaOptions { prefix, ..KafkaOptions::default() };
        let options = LogOptions { kafka, ..LogOptions::default() };
        Self { url: format!("kafka://{brokers}"), options, names }
    }

    /// Opens the log, with all topics in it.
    pub async fn open(&self, partitions: u32) -> Arc<dyn Log> {
        let log = groundlog_log::open(&self.url, &self.options).expect("log");
        for kind in TopicKind::ALL {
            let spec = TopicSpec::standard(&self.names, kind, partitions);
            log.ensure(&spec).await.expect("topic");
        }
        log
    }

    /// Names a partition of one of the topics.
    pub fn partition(&self, kind: TopicKind, partition: u32) -> TopicPartition {
        TopicPartition::new(self.names.topic(kind), partition)
    }
}
