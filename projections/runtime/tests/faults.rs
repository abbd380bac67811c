//! What ends a role, and what the operator is told.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use groundlog_log::{Log, MemoryLog, Records, TopicSpec};
use groundlog_projection::{
    ApplyError, Assignment, Input, Outputs, Projection, RunError, Runner, RunnerOptions, Start,
    Target,
};
use groundlog_proto::{
    Fault, FaultClass, Offset, TopicKind, TopicName, TopicNames, TopicPartition,
};
use tokio::sync::watch;

#[derive(Debug, thiserror::Error)]
#[error("the store refuses the value")]
struct Refused(FaultClass);

impl Fault for Refused {
    fn class(&self) -> FaultClass {
        self.0
    }
}

/// Fails on a value, with a class; transient faults pass after a few tries.
struct Failing {
    input: TopicName,
    class: FaultClass,
    tries: u32,
}

#[async_trait]
impl Projection for Failing {
    fn name(&self) -> &str {
        "failing"
    }
    fn inputs(&self) -> Vec<TopicName> {
        vec![self.input.clone()]
    }
    fn target(&self) -> Target {
        Target::Log
    }
    async fn assigned(&mut self, _: &Assignment) -> Result<Start, Box<dyn Fault>> {
        Ok(Start::Earliest)
    }
    async fn apply(&mut self, input: &Input<'_>, _: &mut Outputs) -> Result<(), ApplyError> {
        for record in input.iter() {
            if record.value == b"bad" && self.tries > 0 {
                self.tries -= 1;
                return Err(ApplyError::new(record.offset, Refused(self.class)));
            }
        }
        Ok(())
    }
    async fn flush(&mut self, _: &TopicPartition, _: Offset) -> Result<(), Box<dyn Fault>> {
        Ok(())
    }
    fn snapshot(&mut self, _: &TopicPartition) -> Option<(u32, Vec<u8>)> {
        None
    }
    async fn revoked(&mut self, _: &TopicPartition) {}
    async fn lost(&mut self) -> Box<dyn Fault> {
        std::future::pending().await
    }
    async fn reset(&mut self) -> Result<(), Box<dyn Fault>> {
        Ok(())
    }
}

struct World {
    log: Arc<dyn Log>,
    names: TopicNames,
    raw: TopicPartition,
}

async fn world() -> World {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::new());
    let names = TopicNames::default();
    for kind in TopicKind::ALL {
        log.ensure(&TopicSpec::standard(&names, kind, 1)).await.expect("topic");
    }
    let raw = TopicPartition::new(names.topic(TopicKind::Raw), 0);
    for value in ["good", "bad", "good"] {
        let mut records = Records::new();
        records.push(b"", value.as_bytes());
        log.append(&raw, records).await.expect("append");
    }
    World { log, names, raw }
}

impl World {
    fn runner(&self, class: FaultClass, tries: u32) -> (Runner<Failing>, RunnerOptions) {
        let options = RunnerOptions {
            batch_bytes_max: 1,
            backoff: (Duration::from_millis(1), Duration::from_millis(4)),
            ..RunnerOptions::new(self.log.clone(), self.names.clone(), "slot")
        };
        let failing = Failing { input: self.raw.topic.clone(), class, tries };
        (Runner::new(failing, options.clone()), options)
    }

    async fn checkpoint(&self) -> Option<Offset> {
        self.log.checkpoint("failing", &self.raw).await.expect("reads")
    }
}

#[tokio::test]
async fn a_fatal_fault_stops_the_role_and_names_place_and_remedy() {
    let world = world().await;
    let (_stop, stopped) = watch::channel(false);
    let (runner, _) = world.runner(FaultClass::Fatal, 1);
    let error = runner.run(stopped).await.expect_err("stops");
    let text = error.to_string();
    assert!(matches!(error, RunError::Record { offset: 1, .. }), "{text}");
    for part in ["failing", "groundlog.raw[0]", "offset 1", "the store refuses", "start again"] {
        assert!(text.contains(part), "'{part}' is not in: {text}");
    }
    assert!(world.checkpoint().await <= Some(1), "never ahead of what is done (P2)");
}

#[tokio::test]
async fn a_transient_fault_is_tried_again_at_the_same_offset() {
    let world = world().await;
    let (stop, stopped) = watch::channel(false);
    let (runner, options) = world.runner(FaultClass::Transient, 5);
    let running = tokio::spawn(runner.run(stopped));
    let done = async {
        while world.checkpoint().await != Some(3) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("gets there");
    stop.send(true).expect("runs");
    running.await.expect("no panic").expect("stops cleanly");
    let rendered = options.metrics.render();
    assert!(rendered.contains("retries_total{consumer=\"failing\"} 5"), "{rendered}");
}

#[tokio::test]
async fn state_that_cannot_be_had_back_stops_the_role() {
    let world = world().await;
    let (stop, stopped) = watch::channel(false);
    let (runner, _) = world.runner(FaultClass::Transient, 0);
    let running = tokio::spawn(runner.run(stopped));
    let done = async {
        while world.checkpoint().await != Some(3) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("gets there");
    stop.send(true).expect("runs");
    running.await.expect("no panic").expect("stops cleanly");
    // The fold keeps no snapshots, and the records it would be folded from are gone.
    world.log.trim(&world.raw, 2).await.expect("trims");
    let (_stop, stopped) = watch::channel(false);
    let (runner, _) = world.runner(FaultClass::Transient, 0);
    let error = runner.run(stopped).await.expect_err("stops");
    assert!(matches!(error, RunError::StateLost { checkpoint: 3, .. }), "{error}");
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_named() {
    let world = world().await;
    let (_stop, stopped) = watch::channel(false);
    let (_, options) = world.runner(FaultClass::Fatal, 0);
    let failing = Failing { input: TopicName::new("nowhere"), class: FaultClass::Fatal, tries: 0 };
    let error = Runner::new(failing, options).run(stopped).await.expect_err("stops");
    assert!(error.to_string().contains("nowhere"), "{error}");
}
