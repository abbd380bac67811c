//! A running process: its roles started in order, and stopped in order.

use std::{
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use groundlog_cvt::{CurrentValues, CvtStore};
use groundlog_gateway::Monitor;
use groundlog_ingest::IngestOptions;
#[cfg(test)]
use groundlog_projection::Process;
use groundlog_projection::{PresenceError, heartbeat};
use groundlog_proto::{DefinitionHash, TopicKind};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::{
    core::{Core, Place},
    demo::Demo,
    drain::{caught_up, drained, expect},
    fresh::{Fresh, start_error},
};
use crate::{
    config::Config,
    plugin::{self, LoadedPlugin, PluginArgs},
    role_set::{RoleName, RoleSet},
    roles::Role,
};

/// How long the start waits for current values to be restored before it serves all the same.
const RESTORE_MAX: Duration = Duration::from_secs(5);
/// How long a stopping gateway may take to answer who still waits; longer than its own bound.
const GATEWAY_STOP_MAX: Duration = Duration::from_secs(6);
/// How long the last heartbeat may take.
const HEARTBEAT_STOP_MAX: Duration = Duration::from_secs(3);

/// Everything that runs in this process, and what the announcement says of it.
pub(super) struct Running {
    pub(super) process: String,
    pub(super) role_set: RoleSet,
    pub(super) gateway: Option<SocketAddr>,
    pub(super) metrics: Option<SocketAddr>,
    pub(super) log: String,
    pub(super) data: PathBuf,
    pub(super) plugin: Option<LoadedPlugin>,
    pub(super) definitions: Option<DefinitionHash>,
    core: Core,
    demo: Option<Demo>,
    roles: Roles,
    heart: Heart,
}

/// The roles of this process, and what stands beside them.
#[derive(Default)]
struct Roles {
    ingest: Option<Role>,
    decom: Option<Role>,
    cvt: Option<Role>,
    gateway: Option<Role>,
    monitor: Option<Task>,
}

/// A task that ends when it is told to.
struct Task {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The heartbeats of the process.
struct Heart {
    stop: watch::Sender<bool>,
    beating: JoinHandle<Result<(), PresenceError>>,
}

/// Starts everything; what the user wrote is checked before anything is touched.
pub(super) async fn start(config: &Config, args: &PluginArgs) -> anyhow::Result<Running> {
    let plugin = load(config, args).await?;
    let fresh = Fresh::of(config);
    let place = match Place::open(config) {
        Ok(place) => place,
        Err(error) => {
            fresh.unless_anothers(&error).take_back();
            return Err(start_error(error));
        }
    };
    let log = place.log.clone();
    let fresh = fresh.unless_used(&*log).await?;
    let started = start_on(place, config, plugin).await;
    if started.is_err() {
        // Refused before serving: leave the log in order, or leave none where none was.
        let closed = log.close().await;
        fresh.take_back();
        closed?;
    }
    started.map_err(start_error)
}

/// The plug-in, where a role wants one, and the demo's spacecraft.
pub(super) type Loaded = Option<(LoadedPlugin, Option<Demo>)>;

/// Loads what is configured, else the demo; its spacecraft flies where ingest is.
pub(super) async fn load(config: &Config, args: &PluginArgs) -> anyhow::Result<Loaded> {
    if !config.system.roles.need_plugin() {
        return Ok(None);
    }
    let (plugin, demo) = match plugin::configured(config, args)? {
        Some(plugin) => (plugin, None),
        None if config.system.roles.has(RoleName::Ingest) => {
            let demo = Demo::bind().await?;
            (plugin::demo(Some(demo.address))?, Some(demo))
        }
        None => (plugin::demo(None)?, None),
    };
    plugin.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(Some((plugin, demo)))
}

/// Starts the roles of the configuration on a log.
pub(super) async fn start_on(
    place: Place,
    config: &Config,
    loaded: Loaded,
) -> anyhow::Result<Running> {
    let core = Core::open(place, config).await?;
    let heart = Heart::start(&core);
    let (plugin, mut demo) = loaded.map_or((None, None), |(plugin, demo)| (Some(plugin), demo));
    let mut roles = Roles::default();
    let started = begin(&core, config, plugin.as_ref(), &mut roles).await;
    let (definitions, gateway, metrics) = match started {
        Ok(started) => started,
        Err(error) => {
            roles.abandon().await;
            heart.stop().await;
            return Err(error);
        }
    };
    if let Some(demo) = &mut demo {
        demo.start(core.process.roles());
    }
    Ok(Running {
        process: core.process.identity().process.clone(),
        role_set: config.system.roles.clone(),
        gateway,
        metrics,
        log: config.log_url(),
        data: std::path::absolute(&config.system.data)?,
        plugin,
        definitions,
        core,
        demo,
        roles,
        heart,
    })
}

type Begun = (Option<DefinitionHash>, Option<SocketAddr>, Option<SocketAddr>);

/// Starts the roles one by one, the last link of the chain first.
async fn begin(
    core: &Core,
    config: &Config,
    plugin: Option<&LoadedPlugin>,
    roles: &mut Roles,
) -> anyhow::Result<Begun> {
    let has = |role| config.system.roles.has(role);
    let mut definitions = None;
    let mut ingest: Option<IngestOptions> = None;
    if let Some(plugin) = plugin {
        let hash = core.define(config, plugin).await?;
        definitions = Some(hash);
        // Built here first: what is wrong with an interface is said before anything starts.
        if has(RoleName::Ingest) {
            ingest = Some(core.ingest(config, plugin, hash)?);
        }
    }
    let monitor = core.monitor(config).await?;
    let metrics = monitor.as_ref().map(Monitor::address);
    roles.monitor = monitor.map(Task::start);
    if !core.shared {
        // Of a log that others work on too, nobody knows yet which partitions will be whose.
        expect(&*core.log, &core.names, core.process.metrics().lags()).await?;
    }
    let store = match has(RoleName::Cvt) || has(RoleName::Gateway) {
        true => Some(core.open_cvt(config).await?),
        false => None,
    };
    if has(RoleName::Decom) {
        roles.decom = Some(core.start_decom(config));
    }
    let values = store.as_ref().map(CvtStore::values);
    if let Some(store) = store
        && has(RoleName::Cvt)
    {
        let values = store.values();
        roles.cvt = Some(core.start_cvt(config, store));
        restored(core, &values, has(RoleName::Decom)).await?;
    }
    let mut gateway = None;
    if has(RoleName::Gateway)
        && let (Some(plugin), Some(values)) = (plugin, values)
    {
        let (role, address) = core.start_gateway(config, plugin, values).await?;
        roles.gateway = Some(role);
        gateway = Some(address);
    }
    roles.ingest = ingest.map(|options| core.start_ingest(options));
    Ok((definitions, gateway, metrics))
}

/// Waits until current values are as the log has them, so that nobody is served older ones; not
/// longer than [`RESTORE_MAX`]: a backlog of decommutation takes what it takes, and until it is
/// worked off everything that shows values says how far they are behind. Decommutation is waited
/// for only where it is this process that does it.
async fn restored(core: &Core, values: &CurrentValues, decom: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    let raw = [TopicKind::Raw, TopicKind::RawStored];
    let done = async |at: &_| Ok(core.log.checkpoint("decom", at).await?.unwrap_or(0));
    let (log, names) = (&*core.log, &core.names);
    let decommutated = !decom || caught_up(log, names, &raw, RESTORE_MAX, done).await?;
    let inputs = [TopicKind::Decom, TopicKind::DecomStored];
    // A server that does not answer has not got there.
    let done = async |at: &_| Ok(values.applied(at).await.unwrap_or(0));
    let left = RESTORE_MAX.saturating_sub(started.elapsed());
    let shown = caught_up(log, names, &inputs, left, done).await?;
    if !(decommutated && shown) {
        let lags = core.process.metrics().lags().measure(log).await?;
        let records: u64 = lags.iter().map(|lag| lag.records).sum();
        tracing::warn!(
            records,
            "current values are behind what was received and catch up; until then `groundlog \
             status` and /health say how far"
        );
    }
    Ok(())
}

impl Running {
    /// Returns where the demo's spacecraft listens.
    pub(super) fn demo_address(&self) -> Option<SocketAddr> {
        self.demo.as_ref().map(|demo| demo.address)
    }

    /// Waits until this process must not go on: another one has taken its name.
    pub(super) async fn replaced(&mut self) -> anyhow::Error {
        match (&mut self.heart.beating).await {
            Ok(Err(error @ PresenceError::Replaced { .. })) => return error.into(),
            Ok(Err(error)) => tracing::error!(%error, "no heartbeats any more"),
            Ok(Ok(())) | Err(_) => {}
        }
        std::future::pending().await
    }

    /// Stops everything in order. What was received here is decommutated, and shown in the
    /// snapshot, as far as this process does it; the rest is others' to go on with.
    ///
    /// What fails on the way is logged and the rest stopped all the same; the last word is the
    /// log's.
    pub(super) async fn stop(self, config: &Config) -> anyhow::Result<()> {
        let bound = Duration::from_secs(config.system.drain_seconds_max);
        let Self { core, roles, demo, heart, .. } = self;
        let Roles { ingest, decom, cvt, gateway, monitor } = roles;
        stop(gateway, GATEWAY_STOP_MAX).await;
        let fed = ingest.is_some();
        stop(ingest, bound).await;
        if let Some(demo) = demo {
            demo.stop(GATEWAY_STOP_MAX).await;
        }
        if fed && decom.is_some() {
            drain(&core, "decom", bound).await;
        }
        let fed = decom.is_some();
        stop(decom, bound).await;
        if fed && cvt.is_some() {
            drain(&core, "cvt", bound).await;
        }
        stop(cvt, bound).await;
        if let Some(monitor) = monitor {
            monitor.stop(GATEWAY_STOP_MAX).await;
        }
        heart.stop().await;
        Ok(())
    }

    /// Stops everything and closes the log.
    pub(super) async fn shut_down(self, config: &Config) -> anyhow::Result<()> {
        let log = self.core.log.clone();
        self.stop(config).await?;
        Ok(log.close().await?)
    }
}

#[cfg(test)]
impl Running {
    /// Ends the process as kill -9 does: nothing is drained, nobody is told.
    pub(super) async fn kill(self) {
        let Self { roles, demo, heart, .. } = self;
        heart.beating.abort();
        let Roles { ingest, decom, cvt, gateway, monitor } = roles;
        for role in [ingest, decom, cvt, gateway].into_iter().flatten() {
            role.kill().await;
        }
        if let Some(monitor) = monitor {
            monitor.task.abort();
        }
        if let Some(demo) = demo {
            demo.kill().await;
        }
    }

    pub(super) fn process(&self) -> &Process {
        &self.core.process
    }
}

impl Roles {
    /// Ends what was started before the start as a whole failed.
    async fn abandon(self) {
        let Self { ingest, decom, cvt, gateway, monitor } = self;
        for role in [gateway, ingest, decom, cvt] {
            stop(role, RESTORE_MAX).await;
        }
        if let Some(monitor) = monitor {
            monitor.stop(RESTORE_MAX).await;
        }
    }
}

impl Task {
    fn start(monitor: Monitor) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, task: tokio::spawn(monitor.run(stopped)) }
    }

    async fn stop(self, bound: Duration) {
        self.stop.send_replace(true);
        let _ = timeout(bound, self.task).await;
    }
}

impl Heart {
    fn start(core: &Core) -> Self {
        let (stop, stopped) = watch::channel(false);
        let beating = tokio::spawn(heartbeat(core.process.clone(), core.claimed, stopped));
        Self { stop, beating }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        if !self.beating.is_finished() {
            let _ = timeout(HEARTBEAT_STOP_MAX, self.beating).await;
        }
    }
}

async fn stop(role: Option<Role>, bound: Duration) {
    if let Some(role) = role {
        role.stop(bound).await;
    }
}

/// Waits for a fold to do what lies before it, and says when it was stopped before it had; the next
/// start goes on from there.
async fn drain(core: &Core, consumer: &str, bound: Duration) {
    match drained(&*core.log, core.process.metrics().lags(), consumer, bound).await {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!(consumer, "stopped before it caught up; the next start goes on");
        }
        Err(error) => tracing::error!(consumer, %error, "could not be drained"),
    }
}
