//! The ingest role: owns interfaces, runs their links, releases their commands.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::{Arc, MutexGuard},
};

use groundlog_log::{Batch, Checkpoint, GroupSpec, Log, LogError, Member, MemberEvent, TopicSpec};
use groundlog_proto::{Offset, TopicKind, TopicPartition, partition_of};
use tokio::sync::watch;

use crate::{
    ConfigError, Handle, IngestError, IngestOptions, InterfaceOptions, events,
    handle::Owned,
    interface,
    link::{Shared, Wish},
    ownership,
    session::{self, Ended, Session, SessionSetup},
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
        let mut owner = Owner { ingest: &self, sessions: HashMap::new() };
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

/// The part of the role that follows the assignment of `control` partitions.
struct Owner<'a> {
    ingest: &'a Ingest,
    sessions: HashMap<u32, Session>,
}

/// What the owner was woken by.
enum Woken {
    Shutdown,
    Event(Result<MemberEvent, LogError>),
    Session(u32, Ended),
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
                (partition, ended) = any_ended(&mut self.sessions) => Woken::Session(partition, ended),
                event = member.next(READ_BYTES) => Woken::Event(event),
            };
            let event = match woken {
                Woken::Shutdown => return Ok(()),
                Woken::Session(_, Ended::Failed(error)) => return Err(error),
                Woken::Session(partition, Ended::Fenced) => {
                    self.release_again(member, partition).await?;
                    continue;
                }
                Woken::Event(event) => event.map_err(IngestError::log("following directives"))?,
            };
            match event {
                MemberEvent::Assigned(partitions) => {
                    for (partition, checkpoint) in partitions {
                        match self.take_over(member, &partition, checkpoint).await {
                            // Another process's already; that it is not ours is told next.
                            Err(IngestError::Log { source: LogError::Fenced { .. }, .. }) => {
                                events::OwnershipLost { partition: &partition }.emit();
                            }
                            taken => taken?,
                        }
                    }
                }
                MemberEvent::Revoked(partitions) => {
                    for partition in partitions {
                        self.owned().remove(&partition);
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
            .filter(|(one, _)| partition_of(&one.name, count) == partition.partition)
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
        self.owned().insert(partition.clone(), from);
        let session = Session::start(&SessionSetup {
            log,
            options,
            interfaces: mine,
            wanted: &options.wanted.now(),
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
            if options.wanted.now().get(&interface) != Some(&connected)
                && let Err(error) = session::remember(&**log, options, &interface, connected).await
            {
                tracing::warn!(interface, %error, "the wish is obeyed, but not kept");
            }
        }
        if let Some(next) = self.owned().get_mut(partition) {
            *next = batch.next();
        }
        let checkpoint = Checkpoint { partition: partition.clone(), next: batch.next() };
        match member.checkpoint(vec![checkpoint]).await {
            // Its new owner obeys them once more, which changes nothing.
            Ok(()) | Err(LogError::Fenced { .. }) => Ok(()),
            Err(error) => Err(IngestError::log("keeping its place in the directives")(error)),
        }
    }

    /// Starts the release of a partition again whose writer was fenced, if the group says that the
    /// partition is still this process's; else the revocation follows.
    async fn release_again(
        &mut self,
        member: &mut dyn Member,
        partition: u32,
    ) -> Result<(), IngestError> {
        let owned = self
            .owned()
            .iter()
            .find(|(at, _)| at.partition == partition)
            .map(|(partition, next)| Checkpoint { partition: partition.clone(), next: *next });
        let (Some(checkpoint), Some(session)) = (owned, self.sessions.get_mut(&partition)) else {
            return Ok(());
        };
        match member.checkpoint(vec![checkpoint]).await {
            Ok(()) => session.release_again(),
            Err(LogError::Fenced { .. }) => {}
            Err(error) => return Err(IngestError::log("asking what it owns")(error)),
        }
        Ok(())
    }

    fn owned(&self) -> MutexGuard<'_, BTreeMap<TopicPartition, Offset>> {
        self.ingest.owned.lock()
    }

    async fn stop(&mut self) -> Result<(), IngestError> {
        self.owned().clear();
        let mut result = Ok(());
        for (_, session) in std::mem::take(&mut self.sessions) {
            result = result.and(session.stop().await);
        }
        result
    }
}

/// Waits until a task of some session ends by itself. Cancel safe.
async fn any_ended(sessions: &mut HashMap<u32, Session>) -> (u32, Ended) {
    let mut waits: Vec<_> =
        sessions.iter_mut().map(|(partition, one)| (*partition, Box::pin(one.ended()))).collect();
    std::future::poll_fn(|cx| {
        for (partition, wait) in &mut waits {
            if let std::task::Poll::Ready(ended) = wait.as_mut().poll(cx) {
                return std::task::Poll::Ready((*partition, ended));
            }
        }
        std::task::Poll::Pending
    })
    .await
}
