use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use groundlog_cvt::{CurrentValues, Cvt, CvtOptions};
use groundlog_decom::{Decom, DecomOptions};
use groundlog_gateway::{Gateway, GatewayOptions, ParameterCheck, Parts};
use groundlog_ingest::{Ingest, IngestOptions};
use groundlog_log::{EmbeddedOptions, Log, TopicSpec};
use groundlog_projection::{
    DefinitionStore, MetricsRegistry, RoleBoard, RunnerOptions, SettingsStore, definition_set,
};
use groundlog_proto::{DefinitionHash, Namespace, TopicKind, TopicNames};

use super::{
    demo::Demo,
    drain::{caught_up, expect},
    interfaces, metrics,
};
use crate::{
    config::{Config, FoldConfig, GatewayConfig},
    plugin::{self, LoadedPlugin, PluginArgs},
    roles::Role,
};

/// Who wrote what the process itself settles, such as the active definitions.
const SYSTEM_USER: &str = "system";
/// How long the start waits for current values to be restored before it serves all the same.
const RESTORE_MAX: Duration = Duration::from_secs(5);
/// How long a stopping gateway may take to answer who still waits; longer than its own bound.
const GATEWAY_STOP_MAX: Duration = Duration::from_secs(6);

/// Everything that runs, and what the announcement says of it.
pub(super) struct Running {
    pub(super) gateway: SocketAddr,
    pub(super) data: PathBuf,
    pub(super) plugin: String,
    pub(super) definitions: DefinitionHash,
    pub(super) interfaces: Vec<String>,
    example: Option<(String, String)>,
    core: Core,
    demo: Option<Demo>,
    roles: Roles,
}

/// What every role is put together from.
#[derive(Clone)]
struct Core {
    log: Arc<dyn Log>,
    names: TopicNames,
    settings: SettingsStore,
    definitions: DefinitionStore,
    metrics: MetricsRegistry,
    board: RoleBoard,
}

struct Roles {
    ingest: Role,
    decom: Role,
    cvt: Role,
    gateway: Role,
    values: CurrentValues,
}

/// Starts everything; what the user wrote is checked before anything is touched.
pub(super) async fn start(config: &Config, args: &PluginArgs) -> anyhow::Result<Running> {
    let board = RoleBoard::new();
    let mut demo = None;
    let plugin = match plugin::configured(config, args)? {
        Some(plugin) => plugin,
        None => {
            let started = Demo::start(&board).await?;
            let plugin = plugin::demo(started.address)?;
            demo = Some(started);
            plugin
        }
    };
    plugin.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let core = Core::open(config, board).await?;
    let mapped: Vec<_> = plugin
        .interfaces
        .iter()
        .map(|one| (one.name.clone(), interfaces::telemetry_targets(one)))
        .collect();
    let set = definition_set(&plugin.name, &plugin.definitions, &mapped);
    let hash = core.definitions.activate(&set, SYSTEM_USER).await?.hash();
    let (roles, gateway) = core.start(config, &plugin, hash).await?;
    Ok(Running {
        gateway,
        data: std::path::absolute(&config.system.data)?,
        definitions: hash,
        interfaces: plugin.interfaces.iter().map(|one| one.name.clone()).collect(),
        example: plugin.example_item(),
        plugin: plugin.name,
        core,
        demo,
        roles,
    })
}

impl Core {
    /// Opens the log and what lies in it.
    async fn open(config: &Config, board: RoleBoard) -> anyhow::Result<Self> {
        let log = groundlog_log::open(&config.log_url(), &EmbeddedOptions::default())
            .context("cannot open the log")?;
        let names = TopicNames::new(&config.log.prefix, &Namespace::Live);
        for kind in TopicKind::ALL {
            let spec = TopicSpec::standard(&names, kind, config.log.partitions);
            log.ensure(&spec).await?;
        }
        let settings = SettingsStore::open(log.clone(), &names).await?;
        let definitions = DefinitionStore::new(log.clone(), &names, settings.clone());
        let metrics = MetricsRegistry::new();
        Ok(Self { log, names, settings, definitions, metrics, board })
    }

    fn runner(&self, member: &str, fold: &FoldConfig) -> RunnerOptions {
        RunnerOptions {
            metrics: self.metrics.clone(),
            snapshot_records: fold.snapshot_records,
            ..RunnerOptions::new(self.log.clone(), self.names.clone(), member)
        }
    }

    async fn start(
        &self,
        config: &Config,
        plugin: &LoadedPlugin,
        hash: DefinitionHash,
    ) -> anyhow::Result<(Roles, SocketAddr)> {
        let partitions = interfaces::partitions(&plugin.interfaces, config.log.partitions);
        let place = |name: &str| partitions.get(name).copied().unwrap_or_default();
        // Built here first: what is wrong with an interface is said before anything starts.
        let ingest = IngestOptions {
            scope: config.system.scope.clone(),
            names: self.names.clone(),
            raw_partitions: config.log.partitions,
            interfaces: plugin
                .interfaces
                .iter()
                .map(|one| interfaces::options(one, place(&one.name)))
                .collect(),
            wanted: self.settings.current().interfaces.clone(),
            ..IngestOptions::new(hash)
        };
        Ingest::build(self.log.clone(), ingest.clone())?;
        let infos = plugin
            .interfaces
            .iter()
            .map(|one| interfaces::info(one, &plugin.name, place(&one.name)))
            .collect();
        let parameter_check = {
            let options = ingest.clone();
            ParameterCheck::new(move |interface, parameters| {
                let checked = options.check_parameters(interface, parameters);
                checked.map_err(|error| error.to_string())
            })
        };
        expect(&*self.log, &self.names, self.metrics.lags()).await?;
        let decom = self.start_decom(config);
        let (cvt, values) = self.start_cvt(config);
        self.restored(&values).await?;
        let served = self.start_gateway(config, infos, parameter_check, values.clone());
        let (gateway, address) = match served.await {
            Ok(started) => started,
            Err(error) => {
                // Refused before serving: leave the log in order.
                decom.stop(RESTORE_MAX).await;
                cvt.stop(RESTORE_MAX).await;
                self.log.close().await?;
                return Err(error);
            }
        };
        let ingest = self.start_ingest(ingest);
        Ok((Roles { ingest, decom, cvt, gateway, values }, address))
    }

    fn start_decom(&self, config: &Config) -> Role {
        let options = DecomOptions {
            runner: self.runner("decom-0", &config.decom),
            definitions: self.definitions.clone(),
        };
        Role::start("decom", &self.board, move |stop| {
            let decom = Decom::build(options.clone());
            async move { Ok(decom.run(stop).await?) }
        })
    }

    fn start_cvt(&self, config: &Config) -> (Role, CurrentValues) {
        let options = CvtOptions {
            scope: config.system.scope.clone(),
            ..CvtOptions::new(self.runner("cvt-0", &config.cvt), self.definitions.clone())
        };
        let first = Cvt::build(options.clone());
        let values = first.values();
        let table = values.clone();
        let mut first = Some(first);
        let role = Role::start("cvt", &self.board, move |stop| {
            // A role that starts again fills the same table: its readers keep theirs.
            let cvt = first.take().unwrap_or_else(|| Cvt::resume(options.clone(), &table));
            async move { Ok(cvt.run(stop).await?) }
        });
        (role, values)
    }

    /// Waits until current values are as the log has them, so that nobody is served older ones;
    /// not longer than [`RESTORE_MAX`]: a backlog of decommutation takes what it takes, and until
    /// it is worked off everything that shows values says how far they are behind.
    async fn restored(&self, values: &CurrentValues) -> anyhow::Result<()> {
        let started = Instant::now();
        let decom = self.decom_caught_up(RESTORE_MAX).await?;
        let left = RESTORE_MAX.saturating_sub(started.elapsed());
        let cvt = self.cvt_caught_up(values, left).await?;
        if !(decom && cvt) {
            let lags = self.metrics.lags().measure(&*self.log).await?;
            let records: u64 = lags.iter().map(|lag| lag.records).sum();
            tracing::warn!(
                records,
                "current values are behind what was received and catch up; until then `groundlog \
                 status` and /health say how far"
            );
        }
        Ok(())
    }

    async fn decom_caught_up(&self, bound: Duration) -> anyhow::Result<bool> {
        let inputs = [TopicKind::Raw, TopicKind::RawStored];
        let done = async |at: &_| Ok(self.log.checkpoint("decom", at).await?.unwrap_or(0));
        Ok(caught_up(&*self.log, &self.names, &inputs, bound, done).await?)
    }

    async fn cvt_caught_up(&self, values: &CurrentValues, bound: Duration) -> anyhow::Result<bool> {
        let inputs = [TopicKind::Decom, TopicKind::DecomStored];
        let done = async |at: &_| Ok(values.applied().get(at).copied().unwrap_or(0));
        Ok(caught_up(&*self.log, &self.names, &inputs, bound, done).await?)
    }

    fn start_ingest(&self, options: IngestOptions) -> Role {
        let (log, settings) = (self.log.clone(), self.settings.clone());
        let current = Arc::new(Mutex::new(None));
        metrics::observe(&self.metrics, &current);
        Role::start("ingest", &self.board, move |stop| {
            let wanted = settings.current().interfaces.clone();
            let options = IngestOptions { wanted, ..options.clone() };
            let ingest = Ingest::build(log.clone(), options);
            let current = current.clone();
            async move {
                let ingest = ingest?;
                *current.lock().unwrap_or_else(PoisonError::into_inner) = Some(ingest.handle());
                Ok(ingest.run(stop).await?)
            }
        })
    }

    async fn start_gateway(
        &self,
        config: &Config,
        interfaces: Vec<groundlog_gateway::InterfaceInfo>,
        parameter_check: ParameterCheck,
        values: CurrentValues,
    ) -> anyhow::Result<(Role, SocketAddr)> {
        let options = GatewayOptions {
            listen: config.gateway.listen,
            scope: config.system.scope.clone(),
            names: self.names.clone(),
            member: "gateway-0".to_owned(),
            password: config.gateway.password()?,
            first_password: GatewayConfig::first_password(),
            service_password: std::env::var("OPENC3_SERVICE_PASSWORD").ok(),
            interfaces,
            parameter_check,
            ..GatewayOptions::default()
        };
        let core = self.clone();
        let parts = move || Parts {
            log: core.log.clone(),
            settings: core.settings.clone(),
            definitions: core.definitions.clone(),
            current: values.clone(),
            metrics: core.metrics.clone(),
            roles: core.board.clone(),
        };
        let first = Gateway::build(parts(), options.clone()).await?;
        let address = first.handle().address();
        // A gateway that starts again comes back where its clients know it.
        let options = GatewayOptions { listen: address, ..options };
        let mut first = Some(first);
        let role = Role::start("gateway", &self.board, move |stop| {
            let (first, parts, options) = (first.take(), parts(), options.clone());
            async move {
                let gateway = match first {
                    Some(gateway) => gateway,
                    None => Gateway::build(parts, options).await?,
                };
                Ok(gateway.run(stop).await?)
            }
        });
        Ok((role, address))
    }
}

impl Running {
    /// Returns where the demo's spacecraft listens.
    pub(super) fn demo_address(&self) -> Option<SocketAddr> {
        self.demo.as_ref().map(|demo| demo.address)
    }

    /// Returns commands that work on what is loaded.
    pub(super) fn examples(&self, binary: &str, url: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some((packet, item)) = &self.example {
            lines.push(format!("{binary} tlm {packet} {item} --type formatted{url}"));
        }
        if self.demo.is_some() {
            lines.push(format!("{binary} cmd \"INST COLLECT with TYPE NORMAL, DURATION 5\"{url}"));
        } else {
            lines.push(format!("{binary} status{url}"));
        }
        lines.push(format!("{binary} log tail commands --data {}", self.data.display()));
        lines
    }

    /// Stops everything in order; what was received is decommutated and shown in the snapshot.
    ///
    /// What fails on the way is logged and the rest stopped all the same; the last word is the
    /// log's.
    pub(super) async fn stop(self, config: &Config) -> anyhow::Result<()> {
        let bound = Duration::from_secs(config.system.drain_seconds_max);
        let Self { core, roles, demo, .. } = self;
        roles.gateway.stop(GATEWAY_STOP_MAX).await;
        roles.ingest.stop(bound).await;
        if let Some(demo) = demo {
            demo.stop(GATEWAY_STOP_MAX).await;
        }
        drained("decom", core.decom_caught_up(bound).await);
        roles.decom.stop(bound).await;
        drained("cvt", core.cvt_caught_up(&roles.values, bound).await);
        roles.cvt.stop(bound).await;
        Ok(core.log.close().await?)
    }
}

/// Says when a fold was stopped before it had done everything; the next start goes on from there.
fn drained(role: &str, outcome: anyhow::Result<bool>) {
    match outcome {
        Ok(true) => {}
        Ok(false) => tracing::warn!(role, "stopped before it caught up; the next start goes on"),
        Err(error) => tracing::error!(role, error = format!("{error:#}"), "could not be drained"),
    }
}
