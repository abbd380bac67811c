//! Definitions, settings, snapshots, lag: the stores that services share, over a real log.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

mod counting;
mod definitions;
mod lag;
mod settings;
mod snapshots;

use std::sync::Arc;

use groundlog_log::{EmbeddedOptions, Log, TopicSpec, open};
use groundlog_proto::{TopicKind, TopicNames};

async fn log() -> (Arc<dyn Log>, TopicNames) {
    at("memory:").await
}

async fn at(url: &str) -> (Arc<dyn Log>, TopicNames) {
    let log = open(url, &EmbeddedOptions::default()).expect("opens");
    let names = TopicNames::default();
    for kind in TopicKind::ALL {
        log.ensure(&TopicSpec::standard(&names, kind, 1)).await.expect("topic");
    }
    (log, names)
}
