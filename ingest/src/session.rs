//! What runs while this process owns the interfaces of one `control` partition: their links and
//! the release of their commands.

use std::{collections::HashMap, sync::Arc};

use groundlog_log::{Log, LogError, Records};
use groundlog_proto::{
    Nanos, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{InterfaceWanted, Setting, setting},
};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
};

use crate::{
    IngestError, IngestOptions, InterfaceOptions,
    command::{Release, ReleaseSetup, Route, Routes},
    envelope::{Envelope, Epoch},
    interface,
    link::{Link, LinkSetup, Order, Shared},
};

/// Commands that may wait for one link; beyond it they wait undecided.
const INBOX_COMMANDS: usize = 256;
const ORDERS: usize = 64;

/// The links and the release of one ownership.
pub(crate) struct Session {
    links: JoinSet<(String, Result<(), LogError>)>,
    release: JoinSet<Result<(), LogError>>,
    release_setup: ReleaseSetup,
    shared: Vec<Arc<Shared>>,
    /// The epoch in the envelopes of each link.
    epochs: Vec<Epoch>,
    orders: HashMap<String, mpsc::Sender<Order>>,
    stop_links: watch::Sender<bool>,
    stop_release: watch::Sender<bool>,
}

/// What has become of a task that nobody has told to stop.
pub(crate) enum Ended {
    /// It cannot go on, nor can the role.
    Failed(IngestError),
    /// Another process has become the writer of releases.
    Fenced,
}

/// What a session is started with.
pub(crate) struct SessionSetup<'a> {
    pub(crate) log: &'a Arc<dyn Log>,
    pub(crate) options: &'a IngestOptions,
    pub(crate) interfaces: Vec<(&'a InterfaceOptions, Arc<Shared>)>,
    pub(crate) wanted: &'a std::collections::BTreeMap<String, bool>,
    /// Which of the `control` partitions, of how many.
    pub(crate) control: (u32, u32),
    pub(crate) epoch: u64,
}

impl Session {
    /// Starts the tasks.
    pub(crate) fn start(setup: &SessionSetup<'_>) -> Result<Self, IngestError> {
        let (stop_links, shutdown) = watch::channel(false);
        let (stop_release, release_shutdown) = watch::channel(false);
        let (mut links, mut orders) = (JoinSet::new(), HashMap::new());
        let mut epochs = Vec::new();
        let mut by_interface = HashMap::new();
        for (options, shared) in &setup.interfaces {
            let (link, order, route, epoch) = link(setup, options, shared, shutdown.clone())?;
            epochs.push(epoch);
            let wanted = setup.wanted.get(&options.name).copied();
            let wanted = wanted.unwrap_or(options.connect_on_startup);
            let name = options.name.clone();
            links.spawn(async move { (name, link.run(wanted).await) });
            orders.insert(options.name.clone(), order);
            by_interface.insert(options.name.clone(), route);
        }
        let by_target = routes_by_target(&setup.options.interfaces);
        let routes = Routes { by_interface, by_target, control: setup.control };
        let names = &setup.options.names;
        let release_setup = ReleaseSetup {
            log: Arc::clone(setup.log),
            commands: TopicPartition::new(names.topic(TopicKind::Commands), 0),
            writer: release_writer(names, setup.control.0),
            epoch: setup.epoch,
            limits: setup.options.limits,
            routes,
            shutdown: release_shutdown,
        };
        let mut release = JoinSet::new();
        release.spawn(Release::new(release_setup.clone()).run());
        let shared = setup.interfaces.iter().map(|(_, shared)| Arc::clone(shared)).collect();
        Ok(Self { links, release, release_setup, shared, epochs, orders, stop_links, stop_release })
    }

    /// Returns whether there is anything that could lose what it has not read yet.
    pub(crate) fn has_links(&self) -> bool {
        !self.shared.is_empty()
    }

    /// Goes on as a new ownership of the same interfaces: the links stay as they are.
    pub(crate) async fn renew(&mut self, epoch: u64) -> Result<(), IngestError> {
        self.stop_release.send_replace(true);
        self.end_release().await?;
        let (stop, shutdown) = watch::channel(false);
        self.stop_release = stop;
        self.release_setup.shutdown = shutdown;
        self.release_setup.epoch = epoch;
        for in_envelopes in &self.epochs {
            in_envelopes.set(epoch);
        }
        for shared in &self.shared {
            shared.counters.epoch.store(epoch, std::sync::atomic::Ordering::Relaxed);
        }
        self.release.spawn(Release::new(self.release_setup.clone()).run());
        Ok(())
    }

    async fn end_release(&mut self) -> Result<(), IngestError> {
        let mut result = Ok(());
        while let Some(ended) = self.release.join_next().await {
            result = result.and(match ended {
                Ok(Ok(())) => Ok(()),
                Ok(Err(source)) => Err(IngestError::log("releasing commands")(source)),
                Err(error) => Err(lost("command release", &error)),
            });
        }
        result
    }

    /// Passes an order on; false when no link of that name runs here.
    pub(crate) async fn order(&self, interface: &str, order: Order) -> bool {
        match self.orders.get(interface) {
            Some(orders) => orders.send(order).await.is_ok(),
            None => false,
        }
    }

    /// Starts the release anew, after a while: its writer was fenced, and nobody has taken over.
    pub(crate) fn release_again(&mut self) {
        let setup = self.release_setup.clone();
        self.release.spawn(async move {
            tokio::time::sleep(setup.limits.retry_delay).await;
            Release::new(setup).run().await
        });
    }

    /// Waits until a task ends by itself. Cancel safe.
    pub(crate) async fn ended(&mut self) -> Ended {
        tokio::select! {
            Some(ended) = self.links.join_next() => Ended::Failed(match ended {
                Ok((name, Err(source))) => {
                    IngestError::log(format!("appending for interface {name}"))(source)
                }
                Ok((name, Ok(()))) => IngestError::TaskLost { task: name },
                Err(error) => lost("an interface", &error),
            }),
            Some(ended) = self.release.join_next() => match ended {
                Ok(Ok(())) => Ended::Fenced,
                Ok(Err(source)) => Ended::Failed(IngestError::log("releasing commands")(source)),
                Err(error) => Ended::Failed(lost("command release", &error)),
            },
            else => std::future::pending().await,
        }
    }

    /// Stops in order: no more releases, outcomes recorded, then the links with what they read.
    pub(crate) async fn stop(mut self) -> Result<(), IngestError> {
        self.stop_release.send_replace(true);
        let mut result = self.end_release().await;
        self.stop_links.send_replace(true);
        while let Some(ended) = self.links.join_next().await {
            result = result.and(match ended {
                Ok((_, Ok(()))) => Ok(()),
                Ok((name, Err(source))) => {
                    Err(IngestError::log(format!("appending for interface {name}"))(source))
                }
                Err(error) => Err(lost("an interface", &error)),
            });
        }
        for shared in &self.shared {
            shared.disowned();
        }
        result
    }
}

/// Makes the link of one interface, and where it takes orders and commands.
fn link(
    setup: &SessionSetup<'_>,
    options: &InterfaceOptions,
    shared: &Arc<Shared>,
    shutdown: watch::Receiver<bool>,
) -> Result<(Link, mpsc::Sender<Order>, Route, Epoch), IngestError> {
    let limits = setup.options.limits;
    let IngestOptions { scope, definitions, names, .. } = setup.options;
    let envelope = Envelope::new(scope, &options.name, *definitions, setup.epoch);
    let epoch = envelope.epoch();
    shared.counters.epoch.store(setup.epoch, std::sync::atomic::Ordering::Relaxed);
    let (inbox_sender, inbox) = mpsc::channel(INBOX_COMMANDS);
    let (order_sender, orders) = mpsc::channel(ORDERS);
    let link = Link::new(LinkSetup {
        log: Arc::clone(setup.log),
        options: options.clone(),
        limits,
        built: interface::build(options, limits.packet_bytes_max)?,
        shared: Arc::clone(shared),
        partition: TopicPartition::new(names.topic(TopicKind::Raw), options.raw_partition),
        envelope,
        inbox,
        orders,
        shutdown,
    });
    Ok((link, order_sender, Route { shared: Arc::clone(shared), inbox: inbox_sender }, epoch))
}

/// Maps each target to the first interface that its commands go out on.
fn routes_by_target(interfaces: &[InterfaceOptions]) -> HashMap<String, String> {
    let mut routes = HashMap::new();
    for one in interfaces {
        for target in &one.cmd_targets {
            routes.entry(target.clone()).or_insert_with(|| one.name.clone());
        }
    }
    routes
}

/// Names the transactional writer that releases the commands of a control partition's interfaces.
fn release_writer(names: &TopicNames, control_partition: u32) -> String {
    names.scoped(&format!("ingest.commands.{control_partition}"))
}

/// Marks in every raw partition of these interfaces that this process writes there now.
pub(crate) async fn mark_epoch(
    log: &dyn Log,
    options: &IngestOptions,
    interfaces: &[(&InterfaceOptions, Arc<Shared>)],
    epoch: u64,
) -> Result<(), LogError> {
    let topic = options.names.topic(TopicKind::Raw);
    for (interface, _) in interfaces {
        let mut records = Records::new();
        Envelope::new(&options.scope, &interface.name, options.definitions, epoch)
            .writer_epoch(&mut records, Nanos::now());
        log.append(&TopicPartition::new(topic.clone(), interface.raw_partition), records).await?;
    }
    Ok(())
}

/// Keeps what an operator wants of an interface for the next start.
pub(crate) async fn remember(
    log: &dyn Log,
    options: &IngestOptions,
    interface: &str,
    connected: bool,
) -> Result<(), LogError> {
    let wanted = InterfaceWanted { interface: interface.to_owned(), connected };
    let setting = Setting {
        time_ns: Nanos::now().0,
        user: String::new(),
        kind: Some(setting::Kind::Interface(wanted)),
    };
    let mut records = Records::new();
    records.push(format!("interface/{interface}").as_bytes(), &setting.encode_to_vec());
    let partition = TopicPartition::new(options.names.topic(TopicKind::Settings), 0);
    log.append(&partition, records).await.map(drop)
}

fn lost(task: &str, error: &JoinError) -> IngestError {
    IngestError::TaskLost { task: format!("{task} ({error})") }
}
