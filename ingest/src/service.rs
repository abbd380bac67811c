//! The ingest role: owns interfaces, runs their links, releases their commands.

use std::{collections::HashSet, future::Future, pin::Pin, sync::Arc};

use groundlog_log::{Log, LogError, TopicSpec};
use groundlog_proto::{TopicKind, TopicPartition};
use tokio::sync::watch;

use crate::{
    ConfigError, Handle, IngestError, IngestOptions, handle::Owned, interface, link::Shared,
    owner::Owner, status::Publisher,
};

/// A running service, boxed: the body of an `async fn` is compiled once more in every crate that
/// awaits it, that of a boxed future once, in this one.
pub type Running = Pin<Box<dyn Future<Output = Result<(), IngestError>> + Send>>;

/// The ingest role, built and not yet running.
pub struct Ingest {
    log: Arc<dyn Log>,
    options: IngestOptions,
    links: Vec<Arc<Shared>>,
    changed: watch::Sender<u64>,
    owned: Owned,
}

impl Ingest {
    /// Checks the whole configuration, before anything is started.
    ///
    /// # Errors
    /// [`ConfigError`] with file and line, as [`IngestError::Config`]. Fatal.
    pub fn build(log: Arc<dyn Log>, options: IngestOptions) -> Result<Self, IngestError> {
        let (changed, _) = watch::channel(0);
        let mut names = HashSet::new();
        let mut links = Vec::with_capacity(options.interfaces.len());
        for one in &options.interfaces {
            if !names.insert(one.name.as_str()) {
                return Err(IngestError::Config(ConfigError::DuplicateInterface {
                    location: one.location.clone(),
                    name: one.name.clone(),
                }));
            }
            if one.raw_partition >= options.raw_partitions {
                return Err(IngestError::Config(ConfigError::NoSuchPartition {
                    location: one.location.clone(),
                    name: one.name.clone(),
                    partition: one.raw_partition,
                    partitions: options.raw_partitions,
                }));
            }
            let built = interface::build(one, options.limits.packet_bytes_max)?;
            links.push(Shared::new(one, built.writable, changed.clone()));
        }
        Ok(Self { log, options, links, changed, owned: Owned::default() })
    }

    /// Returns what others may see of the role while it runs.
    pub fn handle(&self) -> Handle {
        let owned = self.owned.clone();
        Handle { links: self.links.clone().into(), changed: self.changed.subscribe(), owned }
    }

    /// Runs until shutdown. Then everything that was read is appended and acknowledged, and the
    /// outcome of every released command recorded, within the drain time.
    ///
    /// # Errors
    /// [`IngestError::Log`] when the log cannot be used any more.
    pub fn run(self, shutdown: watch::Receiver<bool>) -> Running {
        Box::pin(self.work(shutdown))
    }

    async fn work(self, mut shutdown: watch::Receiver<bool>) -> Result<(), IngestError> {
        self.ensure_topics().await.map_err(IngestError::log("opening its topics"))?;
        let (stop_status, status_stopped) = watch::channel(false);
        let publisher = tokio::spawn(self.publisher(status_stopped).run());
        let (log, options) = (Arc::clone(&self.log), self.options.clone());
        let owner = Owner::new(log, options, self.links.clone(), self.owned.clone());
        let worked = owner.run(&mut shutdown).await;
        stop_status.send_replace(true);
        let published = publisher
            .await
            .map_err(|error| IngestError::TaskLost { task: format!("status publisher ({error})") });
        worked.and(published)
    }

    fn publisher(&self, shutdown: watch::Receiver<bool>) -> Publisher {
        Publisher {
            log: Arc::clone(&self.log),
            partition: TopicPartition::new(self.options.names.topic(TopicKind::Status), 0),
            links: self.links.clone(),
            process: self.options.process.clone(),
            changed: self.changed.subscribe(),
            period: self.options.limits.status_period,
            shutdown,
        }
    }

    async fn ensure_topics(&self) -> Result<(), LogError> {
        use TopicKind::{Commands, Control, Raw, Settings, Status};
        for kind in [Raw, Commands, Control, Settings, Status] {
            let (names, partitions) = (&self.options.names, self.options.raw_partitions);
            TopicSpec::ensure_standard(&*self.log, names, kind, partitions).await?;
        }
        Ok(())
    }
}
