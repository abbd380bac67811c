use std::{future::Future, pin::Pin};

use groundlog_projection::{DefinitionStore, Runner, RunnerOptions};
use groundlog_proto::TopicKind;
use tokio::{sync::watch, task::JoinSet};

use crate::{DecomError, DecomProjection};

/// A running service, boxed: the body of an `async fn` is compiled once more in every crate that
/// awaits it, that of a boxed future once, in this one.
pub type Running = Pin<Box<dyn Future<Output = Result<(), DecomError>> + Send>>;

/// What decommutation needs.
#[derive(Clone)]
pub struct DecomOptions {
    /// Log, names, batch and snapshot sizes.
    pub runner: RunnerOptions,
    /// Where records' definitions come from.
    pub definitions: DefinitionStore,
}

/// The service that decommutates.
pub struct Decom {
    options: DecomOptions,
}

impl Decom {
    /// Makes the service; nothing is read before [`Decom::run`].
    pub fn build(options: DecomOptions) -> Self {
        Self { options }
    }

    /// Runs until `shutdown` turns true; then what was decommutated is committed, with a snapshot.
    ///
    /// Live and stored packets have a member of the group each: whoever hands out partitions shares
    /// each topic among all processes, and a long import delays nothing.
    ///
    /// # Errors
    /// Fatal faults; records that cannot be decoded are dead letters.
    pub fn run(self, shutdown: watch::Receiver<bool>) -> Running {
        let DecomOptions { runner, definitions } = self.options;
        let of = |input| {
            let metrics = runner.metrics.clone();
            DecomProjection::new(&runner.names, definitions.clone(), metrics).only(input)
        };
        let live = Runner::new(of(TopicKind::Raw).responding(), runner.clone());
        let member = format!("{}.stored", runner.member);
        let stored = RunnerOptions { member, ..runner.clone() };
        let stored = Runner::new(of(TopicKind::RawStored), stored);
        Box::pin(async move {
            // Tasks that end with this one.
            let mut parts = JoinSet::new();
            parts.spawn(live.run(shutdown.clone()));
            parts.spawn(stored.run(shutdown));
            while let Some(ended) = parts.join_next().await {
                match ended {
                    Ok(result) => result?,
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => break,
                    },
                }
            }
            Ok(())
        })
    }
}
