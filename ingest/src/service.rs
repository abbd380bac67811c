//! The ingest role: owns interfaces, runs their links, releases their commands.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::Arc,
};

use groundlog_log::{Batch, Checkpoint, GroupSpec, Log, LogError, Member, MemberEvent, TopicSpec};
use groundlog_proto::{Offset, TopicKind, TopicPartition};
use tokio::sync::watch;

use crate::{
    ConfigError, IngestError, IngestOptions, InterfaceOptions, InterfaceStatus, events, interface,
    link::{Shared, Wish},
    ownership,
    session::{self, Session, SessionSetup},
    shutdown::stopped,
    status::Publisher,
};

const GROUP: &str = "ingest";
const READ_BYTES: usize = 1 << 20;

/// A running service, boxed: the body of an `async fn` is compiled once more in every crate that
/// awaits it, that of a boxed future once, in this one.
pub type Running = Pin<Box<dyn Future<Output = Result<(), IngestError>> + Send>>;

/// The ingest role, built and not yet running.
pub struct Ingest {
    log: Arc<dyn Log>,
    options: IngestOptions,
    links: Vec<Arc<Shared>>,
    changed: watch::Sender<u64>,
}

/// Shows the interfaces of a role to others in this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    links: Arc<[Arc<Shared>]>,
    changed: watch::Receiver<u64>,
}

impl Handle {
    /// Returns state and counters of every interface, in the order of their declaration.
    pub fn interfaces(&self) -> Vec<InterfaceStatus> {
        self.links.iter().map(|link| link.status()).collect()
    }

    /// Returns state and counters of one interface.
    pub fn interface(&self, name: &str) -> Option<InterfaceStatus> {
        self.links.iter().find(|link| link.name == name).map(|link| link.status())
    }

    /// Waits until some interface changes its state. Cancel safe.
    pub async fn changed(&mut self) {
        if self.changed.changed().await.is_err() {
            // The role has ended: nothing changes any more.
            std::future::pending().await
        }
    }
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
        Ok(Self { log, options, links, changed })
    }

    /// Returns what others may see of the role while it runs.
    pub fn handle(&self) -> Handle {
        Handle { links: self.links.clone().into(), changed: self.changed.subscribe() }
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
        let names = &self.options.names;
        let spec = GroupSpec {
            group: GROUP.to_owned(),
            member: self.options.process.clone(),
            topics: vec![names.topic(TopicKind::Control)],
        };
        let mut member =
            self.log.join(&spec).await.map_err(IngestError::log("joining its group"))?;
        let (stop_status, status_stopped) = watch::channel(false);
        let publisher = tokio::spawn(self.publisher(status_stopped).run());
        let mut owner = Owner {
            ingest: &self,
            sessions: HashMap::new(),
            checkpoints: HashMap::new(),
            wanted: self.options.wanted.clone(),
        };
        let worked = owner.work(&mut *member, &mut shutdown).await;
        let stopped = owner.stop().await;
        stop_status.send_replace(true);
        let published = publisher
            .await
            .map_err(|error| IngestError::TaskLost { task: format!("status publisher ({error})") });
        let left = member.leave().await.map_err(IngestError::log("leaving its group"));
        worked.and(stopped).and(published).and(left)
    }

    fn publisher(&self, shutdown: watch::Receiver<bool>) -> Publisher {
        Publisher {
            log: Arc::clone(&self.log),
            partition: TopicPartition::new(self.options.names.topic(TopicKind::Status), 0),
            links: self.links.clone(),
            changed: self.changed.subscribe(),
            period: self.options.limits.status_period,
            shutdown,
        }
    }

    async fn ensure_topics(&self) -> Result<(), LogError> {
        use TopicKind::{Commands, Control, Raw, Settings, Status};
        for kind in [Raw, Commands, Control, Settings, Status] {
            let spec = TopicSpec::standard(&self.options.names, kind, self.options.raw_partitions);
            self.log.ensure(&spec).await?;
        }
        Ok(())
    }
}

/// The part of the role that follows the assignment of `control` partitions.
struct Owner<'a> {
    ingest: &'a Ingest,
    sessions: HashMap<u32, Session>,
    checkpoints: HashMap<u32, Offset>,
    wanted: BTreeMap<String, bool>,
}

/// What the owner was woken by.
enum Woken {
    Shutdown,
    Event(Result<MemberEvent, LogError>),
    Failed(IngestError),
}

impl Owner<'_> {
    async fn work(
        &mut self,
        member: &mut dyn Member,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<(), IngestError> {
        loop {
            let woken = tokio::select! {
                biased;
                () = stopped(shutdown) => Woken::Shutdown,
                failed = any_failed(&mut self.sessions) => Woken::Failed(failed),
                event = member.next(READ_BYTES) => Woken::Event(event),
            };
            let event = match woken {
                Woken::Shutdown => return Ok(()),
                Woken::Failed(error) => return Err(error),
                Woken::Event(event) => event.map_err(IngestError::log("following directives"))?,
            };
            match event {
                MemberEvent::Assigned(partitions) => {
                    for (partition, checkpoint) in partitions {
                        self.take_over(member, &partition, checkpoint).await?;
                    }
                }
                MemberEvent::Revoked(partitions) => {
                    for partition in partitions {
                        if let Some(session) = self.sessions.remove(&partition.partition) {
                            session.stop().await?;
                        }
                    }
                }
                MemberEvent::Records(batch) => self.obey(member, &batch).await?,
            }
        }
    }

    async fn take_over(
        &mut self,
        member: &mut dyn Member,
        partition: &TopicPartition,
        checkpoint: Option<Offset>,
    ) -> Result<(), IngestError> {
        let Ingest { log, options, .. } = self.ingest;
        let claiming = || IngestError::log("claiming its interfaces");
        let bounds = log.bounds(partition).await.map_err(claiming())?;
        let count = log.topic(&partition.topic).await.map_err(claiming())?.partitions;
        let mine: Vec<(&InterfaceOptions, Arc<Shared>)> = options
            .interfaces
            .iter()
            .zip(&self.ingest.links)
            .filter(|(one, _)| {
                ownership::control_partition(&one.name, count) == partition.partition
            })
            .map(|(one, shared)| (one, Arc::clone(shared)))
            .collect();
        let from = checkpoint.unwrap_or(bounds.trim).max(bounds.trim);
        member.seek(partition, from).await.map_err(claiming())?;
        let names: Vec<String> = mine.iter().map(|(one, _)| one.name.clone()).collect();
        let process = &options.process;
        let epoch = ownership::claim(&**log, member, partition, &names, process, from)
            .await
            .map_err(claiming())?;
        session::mark_epoch(&**log, options, &mine, epoch).await.map_err(claiming())?;
        self.checkpoints.insert(partition.partition, from);
        let session = Session::start(&SessionSetup {
            log,
            options,
            interfaces: mine,
            wanted: &self.wanted,
            control: (partition.partition, count),
            epoch,
        })?;
        self.sessions.insert(partition.partition, session);
        Ok(())
    }

    async fn obey(&mut self, member: &mut dyn Member, batch: &Batch) -> Result<(), IngestError> {
        let partition = batch.partition();
        let wishes = ownership::wishes(batch);
        for (interface, wish) in wishes {
            let connected = matches!(wish, Wish::Connect(_));
            let Some(session) = self.sessions.get(&partition.partition) else {
                continue;
            };
            let Ingest { log, options, .. } = self.ingest;
            let order = match options.order(&interface, wish) {
                Some(Ok(order)) => order,
                Some(Err(error)) => {
                    events::DirectiveRefused { interface: &interface, error: &error }.emit();
                    continue;
                }
                None => {
                    tracing::warn!(interface, "directive ignored: there is no such interface");
                    continue;
                }
            };
            if !session.order(&interface, order).await {
                tracing::warn!(interface, "directive ignored: the interface does not run here");
                continue;
            }
            if self.wanted.insert(interface.clone(), connected) != Some(connected)
                && let Err(error) = session::remember(&**log, options, &interface, connected).await
            {
                tracing::warn!(interface, %error, "the wish is obeyed, but not kept");
            }
        }
        let checkpoint = Checkpoint { partition: partition.clone(), next: batch.next() };
        member
            .checkpoint(vec![checkpoint])
            .await
            .map_err(IngestError::log("keeping its place in the directives"))
    }

    async fn stop(&mut self) -> Result<(), IngestError> {
        let mut result = Ok(());
        for (_, session) in std::mem::take(&mut self.sessions) {
            result = result.and(session.stop().await);
        }
        result
    }
}

/// Waits until a task of some session ends by itself. Cancel safe.
async fn any_failed(sessions: &mut HashMap<u32, Session>) -> IngestError {
    let mut waits: Vec<_> = sessions.values_mut().map(|one| Box::pin(one.failed())).collect();
    std::future::poll_fn(|cx| {
        for wait in &mut waits {
            if let std::task::Poll::Ready(error) = wait.as_mut().poll(cx) {
                return std::task::Poll::Ready(error);
            }
        }
        std::task::Poll::Pending
    })
    .await
}
