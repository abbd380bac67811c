use std::{future::Future, pin::Pin};

use groundlog_projection::{DefinitionStore, Runner, RunnerOptions};
use tokio::sync::watch;

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
    /// # Errors
    /// Fatal faults; records that cannot be decoded are dead letters.
    pub fn run(self, shutdown: watch::Receiver<bool>) -> Running {
        let DecomOptions { runner, definitions } = self.options;
        let projection = DecomProjection::new(&runner.names, definitions, runner.metrics.clone());
        Box::pin(async move { Ok(Runner::new(projection, runner).run(shutdown).await?) })
    }
}
