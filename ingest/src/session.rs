//! What runs while this process owns the interfaces of one `control` partition: their links and
//! the release of their commands.

use std::{collections::HashMap, sync::Arc};

use groundlog_log::{Log, LogError, Records};
use groundlog_proto::{
    Nanos, TopicKind, TopicPartition,
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
    envelope::Envelope,
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
    orders: HashMap<String, mpsc::Sender<Order>>,
    stop_links: watch::Sender<bool>,
    stop_release: watch::Sender<bool>,
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
        let mut session = Self {
            links: JoinSet::new(),
            release: JoinSet::new(),
            orders: HashMap::new(),
            stop_links,
            stop_release,
        };
        let mut by_interface = HashMap::new();
        for (options, shared) in &setup.interfaces {
            let route = session.start_link(setup, options, shared, shutdown.clone())?;
            by_interface.insert(options.name.clone(), route);
        }
        let by_target = routes_by_target(&setup.options.interfaces);
        let routes = Routes { by_interface, by_target, control: setup.control };
        let names = &setup.options.names;
        let release = Release::new(ReleaseSetup {
            log: Arc::clone(setup.log),
            commands: TopicPartition::new(names.topic(TopicKind::Commands), 0),
            group: release_group(setup.control.0),
            process: setup.options.process.clone(),
            epoch: setup.epoch,
            limits: setup.options.limits,
            routes,
            shutdown: release_shutdown,
        });
        session.release.spawn(release.run());
        Ok(session)
    }

    fn start_link(
        &mut self,
        setup: &SessionSetup<'_>,
        options: &InterfaceOptions,
        shared: &Arc<Shared>,
        shutdown: watch::Receiver<bool>,
    ) -> Result<Route, IngestError> {
        let limits = setup.options.limits;
        let IngestOptions { scope, definitions, names, .. } = setup.options;
        let envelope = Envelope::new(scope, &options.name, *definitions, setup.epoch);
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
        let wanted = setup.wanted.get(&options.name).copied().unwrap_or(options.connect_on_startup);
        let name = options.name.clone();
        self.links.spawn(async move { (name, link.run(wanted).await) });
        self.orders.insert(options.name.clone(), order_sender);
        Ok(Route { shared: Arc::clone(shared), inbox: inbox_sender })
    }

    /// Passes an order on; false when no link of that name runs here.
    pub(crate) async fn order(&self, interface: &str, order: Order) -> bool {
        match self.orders.get(interface) {
            Some(orders) => orders.send(order).await.is_ok(),
            None => false,
        }
    }

    /// Waits until a task ends by itself; the role cannot go on then. Cancel safe.
    pub(crate) async fn failed(&mut self) -> IngestError {
        loop {
            tokio::select! {
                Some(ended) = self.links.join_next() => match ended {
                    Ok((name, Err(source))) => {
                        return IngestError::log(format!("appending for interface {name}"))(source);
                    }
                    Ok((name, Ok(()))) => return IngestError::TaskLost { task: name },
                    Err(error) => return lost("an interface", &error),
                },
                Some(ended) = self.release.join_next() => match ended {
                    // Another process took over; the revocation follows.
                    Ok(Ok(())) => {}
                    Ok(Err(source)) => return IngestError::log("releasing commands")(source),
                    Err(error) => return lost("command release", &error),
                },
                else => return std::future::pending().await,
            }
        }
    }

    /// Stops in order: no more releases, outcomes recorded, then the links with what they read.
    pub(crate) async fn stop(mut self) -> Result<(), IngestError> {
        let mut result = Ok(());
        self.stop_release.send_replace(true);
        while let Some(ended) = self.release.join_next().await {
            result = result.and(match ended {
                Ok(Ok(())) => Ok(()),
                Ok(Err(source)) => Err(IngestError::log("releasing commands")(source)),
                Err(error) => Err(lost("command release", &error)),
            });
        }
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
        result
    }
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

/// Names the consumer group that follows `commands` for the interfaces of a control partition.
fn release_group(control_partition: u32) -> String {
    match control_partition {
        0 => "ingest.commands".to_owned(),
        other => format!("ingest.commands.{other}"),
    }
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
