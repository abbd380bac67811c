use std::{future::Future, pin::Pin, time::Duration};

use groundlog_projection::{DefinitionStore, Runner, RunnerOptions};
use groundlog_proto::TopicKind;
use tokio::sync::watch;

use crate::{
    CurrentValues, CvtError, CvtStore,
    projection::{Barriers, CvtProjection},
    rebuild::Rebuilds,
};

/// A running service, boxed: the body of an `async fn` is compiled once more in every crate that
/// awaits it, that of a boxed future once, in this one.
pub type Running = Pin<Box<dyn Future<Output = Result<(), CvtError>> + Send>>;

/// What the current value table needs.
#[derive(Clone)]
pub struct CvtOptions {
    /// Log, names, batch and snapshot sizes.
    pub runner: RunnerOptions,
    /// Where records' definitions come from.
    pub definitions: DefinitionStore,
    /// Where the table lies.
    pub store: CvtStore,
    /// Scope written into the markers of a rebuild.
    pub scope: String,
    /// How long a rebuild waits until its barriers have come through decommutation.
    pub barrier_timeout: Duration,
}

impl CvtOptions {
    /// Takes the defaults: a table in this process, scope DEFAULT, a minute for barriers.
    pub fn new(runner: RunnerOptions, definitions: DefinitionStore) -> Self {
        Self {
            runner,
            definitions,
            store: CvtStore::memory(),
            scope: "DEFAULT".to_owned(),
            barrier_timeout: Duration::from_secs(60),
        }
    }
}

/// The service that keeps the table up to date and rebuilds it on demand.
pub struct Cvt {
    options: CvtOptions,
    barriers: Barriers,
}

impl Cvt {
    /// Makes the service; nothing is read before [`Cvt::run`]. Options that were used before name
    /// the same table: its readers keep theirs.
    pub fn build(options: CvtOptions) -> Self {
        Self { options, barriers: Barriers::default() }
    }

    /// Returns the reader of the table.
    pub fn values(&self) -> CurrentValues {
        self.options.store.values()
    }

    /// Runs until `shutdown` turns true; then a snapshot is written, so that the next start has
    /// nothing to fold.
    ///
    /// # Errors
    /// Fatal faults of the runner or of the topic `control`.
    pub fn run(self, shutdown: watch::Receiver<bool>) -> Running {
        Box::pin(self.work(shutdown))
    }

    async fn work(self, shutdown: watch::Receiver<bool>) -> Result<(), CvtError> {
        let barriers = self.barriers.clone();
        let rebuilds = Rebuilds::new(&self.options, self.barriers.clone());
        // A task of its own: a rebuild folds millions of records beside the live ones.
        let mut rebuilding = tokio::spawn(rebuilds.run(shutdown.clone()));
        let CvtOptions { runner, definitions, store, .. } = self.options;
        // A member of the group for each topic, so that each is shared among all processes.
        let of = |input, member: String| {
            let projection = CvtProjection {
                store: store.writer(&runner.names, &definitions),
                definitions: definitions.clone(),
                names: runner.names.clone(),
                input,
                barriers: barriers.clone(),
            };
            Runner::new(projection, RunnerOptions { member, ..runner.clone() })
        };
        let live = of(TopicKind::Decom, runner.member.clone()).run(shutdown.clone());
        let stored = of(TopicKind::DecomStored, format!("{}.stored", runner.member)).run(shutdown);
        let running = async { tokio::try_join!(live, stored).map(drop) };
        tokio::pin!(running);
        let result = tokio::select! {
            result = &mut running => result.map_err(CvtError::from),
            stopped = &mut rebuilding => match stopped {
                Ok(Err(error)) => Err(error),
                _ => running.await.map_err(CvtError::from),
            },
        };
        rebuilding.abort();
        result
    }
}
