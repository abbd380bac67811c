//! What every role of a process is put together from, and how each is.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use groundlog_cvt::{CurrentValues, Cvt, CvtOptions, CvtStore, StoreOptions};
use groundlog_decom::{Decom, DecomOptions};
use groundlog_gateway::{Gateway, GatewayOptions, InterfaceInfo, Monitor, ParameterCheck, Parts};
use groundlog_ingest::{Ingest, IngestOptions, InterfaceOptions, Wanted};
use groundlog_log::{Log, TopicSpec};
use groundlog_projection::{
    DefinitionStore, Identity, Process, RunnerOptions, SettingsStore, definition_set,
};
use groundlog_proto::{DefinitionHash, Namespace, TopicKind, TopicNames};

use super::{
    descriptors,
    identity::{ProcessName, process_name},
    interfaces, metrics,
};
use crate::{
    config::{Config, FoldConfig, GatewayConfig},
    plugin::LoadedPlugin,
    role_set::RoleName,
    roles::Role,
};

/// Who wrote what the process itself settles, such as the active definitions.
const SYSTEM_USER: &str = "system";
/// Time between heartbeats, where others wait for them and where nobody does.
const HEARTBEAT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The log that a process works on.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) log: Arc<dyn Log>,
    /// Whether other processes may work on it too.
    pub(super) shared: bool,
}

impl Place {
    /// Opens the configured log.
    pub(super) fn open(config: &Config) -> anyhow::Result<Self> {
        let log = groundlog_log::open(&config.log_url(), config.log_options())
            .context("cannot open the log")?;
        Ok(Self { log, shared: !config.has_local_log() })
    }
}

/// What every role is put together from.
#[derive(Clone)]
pub(super) struct Core {
    pub(super) log: Arc<dyn Log>,
    pub(super) names: TopicNames,
    pub(super) process: Process,
    /// The offset behind the claim to the process's name.
    pub(super) claimed: u64,
    settings: SettingsStore,
    definitions: DefinitionStore,
    pub(super) shared: bool,
    /// Keeps others from the name while this runs.
    _name: Arc<ProcessName>,
}

impl Core {
    /// Makes sure of the topics, takes the process's name, and opens what lies in the log.
    ///
    /// # Errors
    /// Another process of this name is alive; the log's.
    pub(super) async fn open(place: Place, config: &Config) -> anyhow::Result<Self> {
        let Place { log, shared } = place;
        let names = TopicNames::new(&config.log.prefix, &Namespace::Live);
        for kind in TopicKind::ALL {
            TopicSpec::ensure_standard(&*log, &names, kind, config.log.partitions).await?;
        }
        let name = process_name(config, shared)?;
        let identity = Identity::new(&name.name, &name.host);
        let period = if shared { HEARTBEAT.0 } else { HEARTBEAT.1 };
        let process = Process::new(log.clone(), &names, identity, period, Default::default());
        let claimed = match shared {
            true => process.claim().await?,
            // Nobody else can be there.
            false => process.unclaimed().await?,
        };
        let settings = SettingsStore::open(log.clone(), &names).await?;
        let definitions = DefinitionStore::new(log.clone(), &names, settings.clone());
        let _name = Arc::new(name);
        Ok(Self { log, names, process, claimed, settings, definitions, shared, _name })
    }

    /// Brings the plug-in's definitions to the log: active, where this process has ingest, whose
    /// records name them, or where none are yet.
    pub(super) async fn define(
        &self,
        config: &Config,
        plugin: &LoadedPlugin,
    ) -> anyhow::Result<DefinitionHash> {
        let mapped: Vec<_> = plugin
            .interfaces
            .iter()
            .map(|one| (one.name.clone(), interfaces::telemetry_targets(one)))
            .collect();
        let set = definition_set(&plugin.name, &plugin.definitions, &mapped);
        let hash = DefinitionStore::hash(&set);
        self.process.loaded(hash);
        match self.definitions.active() {
            Some(active) if !config.system.roles.has(RoleName::Ingest) => {
                if active != hash {
                    tracing::warn!(
                        loaded = %hash, %active,
                        "the plug-in of this process is not the one that ingest has made active; \
                         start every process with the same plug-in"
                    );
                }
            }
            _ => drop(self.definitions.activate(&set, SYSTEM_USER).await?),
        }
        Ok(hash)
    }

    fn runner(&self, fold: &FoldConfig) -> RunnerOptions {
        let member = &self.process.identity().process;
        RunnerOptions {
            metrics: self.process.metrics().clone(),
            snapshot_records: fold.snapshot_records,
            ..RunnerOptions::new(self.log.clone(), self.names.clone(), member)
        }
    }

    /// Describes the ingest role, and checks the description whole.
    pub(super) fn ingest(
        &self,
        config: &Config,
        plugin: &LoadedPlugin,
        hash: DefinitionHash,
    ) -> anyhow::Result<IngestOptions> {
        let settings = self.settings.clone();
        let options = IngestOptions {
            scope: config.system.scope.clone(),
            names: self.names.clone(),
            process: self.process.identity().process.clone(),
            raw_partitions: config.log.partitions,
            interfaces: described(config, plugin),
            wanted: Wanted::new(move || settings.current().interfaces.clone()),
            ..IngestOptions::new(hash)
        };
        Ingest::build(self.log.clone(), options.clone())?;
        Ok(options)
    }

    pub(super) fn start_ingest(&self, options: IngestOptions) -> Role {
        let log = self.log.clone();
        let current = Arc::new(Mutex::new(None));
        metrics::observe(self.process.metrics(), &current);
        Role::start(RoleName::Ingest.word(), self.process.roles(), move |stop| {
            let ingest = Ingest::build(log.clone(), options.clone());
            let current = current.clone();
            async move {
                let ingest = ingest?;
                *current.lock().unwrap_or_else(PoisonError::into_inner) = Some(ingest.handle());
                Ok(ingest.run(stop).await?)
            }
        })
    }

    pub(super) fn start_decom(&self, config: &Config) -> Role {
        let options = DecomOptions {
            runner: self.runner(&config.decom),
            definitions: self.definitions.clone(),
        };
        Role::start(RoleName::Decom.word(), self.process.roles(), move |stop| {
            let decom = Decom::build(options.clone());
            async move { Ok(decom.run(stop).await?) }
        })
    }

    /// Opens the current value table; a server that will not do is refused here.
    pub(super) async fn open_cvt(&self, config: &Config) -> anyhow::Result<CvtStore> {
        let options = StoreOptions {
            scope: config.system.scope.clone(),
            user: config.cvt.user.clone(),
            password: config.cvt.password()?,
            ..StoreOptions::new(self.log.clone(), self.names.clone(), self.definitions.clone())
        };
        Ok(CvtStore::open(&config.cvt.url.parse()?, options).await?)
    }

    pub(super) fn start_cvt(&self, config: &Config, store: CvtStore) -> Role {
        // A table that lies in the process needs every partition, whoever else has one.
        let own = self.shared && config.has_values_in_process();
        let group = own.then(|| format!("cvt.{}", self.process.identity().process));
        let runner = RunnerOptions { group, ..self.runner(&config.cvt.fold()) };
        let options = CvtOptions {
            scope: config.system.scope.clone(),
            store,
            ..CvtOptions::new(runner, self.definitions.clone())
        };
        // A role that starts again fills the same table: its readers keep theirs.
        Role::start(RoleName::Cvt.word(), self.process.roles(), move |stop| {
            let cvt = Cvt::build(options.clone());
            async move { Ok(cvt.run(stop).await?) }
        })
    }

    pub(super) async fn start_gateway(
        &self,
        config: &Config,
        plugin: &LoadedPlugin,
        values: CurrentValues,
    ) -> anyhow::Result<(Role, SocketAddr)> {
        let options = GatewayOptions {
            listen: config.gateway.listen,
            scope: config.system.scope.clone(),
            names: self.names.clone(),
            member: self.process.identity().process.clone(),
            password: config.gateway.password()?,
            first_password: GatewayConfig::first_password(),
            service_password: std::env::var("OPENC3_SERVICE_PASSWORD").ok(),
            interfaces: infos(config, plugin),
            parameter_check: parameter_check(config, plugin),
            roles_expected: RoleName::ALL.map(|role| role.word().to_owned()).to_vec(),
            connections_max: descriptors::for_clients(),
            ..GatewayOptions::default()
        };
        let core = self.clone();
        let parts = move || Parts {
            log: core.log.clone(),
            settings: core.settings.clone(),
            definitions: core.definitions.clone(),
            current: values.clone(),
            metrics: core.process.metrics().clone(),
            process: core.process.clone(),
        };
        let first = Gateway::build(parts(), options.clone()).await?;
        let address = first.handle().address();
        // A gateway that starts again comes back where its clients know it.
        let options = GatewayOptions { listen: address, ..options };
        let mut first = Some(first);
        let role = Role::start(RoleName::Gateway.word(), self.process.roles(), move |stop| {
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

    /// Binds the listener for this process's own health and metrics, where one is configured.
    pub(super) async fn monitor(&self, config: &Config) -> anyhow::Result<Option<Monitor>> {
        match config.system.metrics_listen {
            None => Ok(None),
            Some(listen) => {
                let built = Monitor::build(self.log.clone(), self.process.clone(), listen).await;
                Ok(Some(built.context("system.metrics_listen")?))
            }
        }
    }
}

/// Judges parameters of connect directives as ingest will, in whichever process it is.
fn parameter_check(config: &Config, plugin: &LoadedPlugin) -> ParameterCheck {
    let mut options = IngestOptions::new(DefinitionHash([0; 16]));
    options.interfaces = described(config, plugin);
    ParameterCheck::new(move |interface, parameters| {
        let checked = options.check_parameters(interface, parameters);
        checked.map_err(|error| error.to_string())
    })
}

fn described(config: &Config, plugin: &LoadedPlugin) -> Vec<InterfaceOptions> {
    let partitions = interfaces::partitions(&plugin.interfaces, config.log.partitions);
    let place = |name: &str| partitions.get(name).copied().unwrap_or_default();
    plugin.interfaces.iter().map(|one| interfaces::options(one, place(&one.name))).collect()
}

fn infos(config: &Config, plugin: &LoadedPlugin) -> Vec<InterfaceInfo> {
    let partitions = interfaces::partitions(&plugin.interfaces, config.log.partitions);
    let place = |name: &str| partitions.get(name).copied().unwrap_or_default();
    let interfaces = plugin.interfaces.iter();
    interfaces.map(|one| interfaces::info(one, &plugin.name, place(&one.name))).collect()
}
