//! What requests are answered from.

use std::{sync::Arc, time::Duration};

use groundlog_cvt::CurrentValues;
use groundlog_log::Log;
use groundlog_projection::{
    DefinitionStore, LoadedDefinitions, MetricsRegistry, SettingsError, SettingsStore,
};
use groundlog_proto::{
    Nanos, TopicKind, TopicNames, TopicPartition,
    wire::{Setting, setting::Kind},
};
use tokio::time::timeout;

use crate::{
    ParameterCheck,
    auth::{Authenticator, USER},
    commands::Commands,
    http::{Bodies, Rates},
    interfaces::Interfaces,
    metrics::GatewayMetrics,
    operator::Importer,
    processes::Processes,
    rpc::RpcError,
};

/// How long a look at the log may take before it counts as silent.
pub(crate) const LOG_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Everything a request may need, shared by all of them.
pub(crate) struct System {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) names: TopicNames,
    pub(crate) scope: String,
    pub(crate) processes: Processes,
    pub(crate) settings: SettingsStore,
    pub(crate) definition_store: DefinitionStore,
    pub(crate) current: CurrentValues,
    pub(crate) metrics: MetricsRegistry,
    pub(crate) own_metrics: GatewayMetrics,
    pub(crate) rates: Rates,
    pub(crate) bodies: Bodies,
    pub(crate) auth: Authenticator,
    pub(crate) commands: Commands,
    pub(crate) interfaces: Interfaces,
    pub(crate) importer: Importer,
    pub(crate) parameter_check: ParameterCheck,
}

impl System {
    /// Returns the definitions in force; reads them from the log the first time.
    pub(crate) async fn definitions(&self) -> Result<Arc<LoadedDefinitions>, RpcError> {
        let Some(hash) = self.definition_store.active() else {
            return Err(RpcError::runtime("No definitions are active: load a plug-in first"));
        };
        if let Some(loaded) = self.definition_store.cached(hash) {
            return Ok(loaded);
        }
        let loaded = self.definition_store.get(hash).await;
        loaded.map_err(|error| RpcError::runtime(error.to_string()))
    }

    /// Appends a setting and waits until it counts.
    pub(crate) async fn set(&self, kind: Kind) -> Result<(), SettingsError> {
        let setting = Setting { time_ns: Nanos::now().0, user: USER.to_owned(), kind: Some(kind) };
        self.settings.append(&setting).await.map(drop)
    }

    /// Names a partition of a topic.
    pub(crate) fn partition(&self, kind: TopicKind, number: u32) -> TopicPartition {
        TopicPartition::new(self.names.topic(kind), number)
    }

    /// Says why requests cannot be served now; `None` when they can.
    pub(crate) async fn problem(&self) -> Option<String> {
        let mut problems: Vec<String> = self.log_problem().await.into_iter().collect();
        // Who is missing is told by the log: without it, nobody can be heard.
        problems.extend(self.processes.missing());
        problems.extend(self.settings.failure().map(|error| error.to_string()));
        if !problems.is_empty() {
            return Some(problems.join("; "));
        }
        self.definitions().await.err().map(|error| error.text().to_owned())
    }

    async fn log_problem(&self) -> Option<String> {
        if let Err(error) = self.log.health() {
            return Some(error.to_string());
        }
        let commands = self.partition(TopicKind::Commands, 0);
        match timeout(LOG_ANSWERS_WITHIN, self.log.bounds(&commands)).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => {
                Some(format!("the log has not answered for {} s", LOG_ANSWERS_WITHIN.as_secs()))
            }
        }
    }

    /// Counts one answered JSON-RPC request.
    pub(crate) fn count(&self, took: Duration, code: Option<i32>) {
        self.own_metrics.answered(took, code);
    }
}
