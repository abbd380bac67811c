use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use groundlog_log::{Log, LogError};
use groundlog_proto::{
    DefinitionHash, Nanos, TopicKind, TopicNames, TopicPartition,
    wire::{
        ConsumerStatus, CounterStatus, PartitionStatus, ProcessState, ProcessStatus, RoleStatus,
    },
};

use crate::{Lag, MetricsRegistry, RoleBoard};

/// Who a process is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name among all processes of the system.
    pub process: String,
    /// Random for every start.
    pub instance: String,
    /// Name of the machine.
    pub host: String,
    /// Process id on it.
    pub pid: u32,
    /// When it started.
    pub started: Nanos,
}

impl Identity {
    /// Makes the identity of this start under a name.
    pub fn new(process: &str, host: &str) -> Self {
        Self {
            process: process.to_owned(),
            instance: format!("{:016x}", random()),
            host: host.to_owned(),
            pid: std::process::id(),
            started: Nanos::now(),
        }
    }
}

/// Draws 64 bits that differ from start to start; they tell apart, they protect nothing.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one((std::process::id(), Nanos::now().0))
}

struct Inner {
    log: Arc<dyn Log>,
    names: TopicNames,
    identity: Identity,
    period: Duration,
    roles: RoleBoard,
    metrics: MetricsRegistry,
    about: Mutex<About>,
}

/// What becomes known of a process while it starts.
#[derive(Debug, Clone, Default)]
struct About {
    definitions: Option<DefinitionHash>,
    gateway: String,
    metrics: String,
}

/// What a process knows about itself. Cheap to clone.
#[derive(Clone)]
pub struct Process(Arc<Inner>);

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("identity", &self.0.identity).finish_non_exhaustive()
    }
}

impl Process {
    /// Describes a process that speaks up every `period`.
    pub fn new(
        log: Arc<dyn Log>,
        names: &TopicNames,
        identity: Identity,
        period: Duration,
        metrics: MetricsRegistry,
    ) -> Self {
        let (names, about) = (names.clone(), Mutex::default());
        let roles = RoleBoard::new();
        Self(Arc::new(Inner { log, names, identity, period, roles, metrics, about }))
    }

    /// Returns who it is.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Returns how its roles are doing.
    pub fn roles(&self) -> &RoleBoard {
        &self.0.roles
    }

    /// Returns its numbers.
    pub fn metrics(&self) -> &MetricsRegistry {
        &self.0.metrics
    }

    /// Notes which definitions its plug-in gave.
    pub fn loaded(&self, definitions: DefinitionHash) {
        self.about().definitions = Some(definitions);
    }

    /// Returns which definitions its plug-in gave, if it loaded one.
    pub fn loaded_definitions(&self) -> Option<DefinitionHash> {
        self.about().definitions
    }

    /// Notes where its gateway listens.
    pub fn serves(&self, gateway: SocketAddr) {
        self.about().gateway = gateway.to_string();
    }

    /// Notes where it serves its own health and metrics.
    pub fn serves_metrics(&self, metrics: SocketAddr) {
        self.about().metrics = metrics.to_string();
    }

    /// Says how it is now, without counters and rates.
    ///
    /// # Errors
    /// The log's, which is asked for its tails.
    pub async fn status(&self) -> Result<ProcessStatus, LogError> {
        let lags = self.0.metrics.lags().measure(&*self.0.log).await?;
        let consumers = consumers(&self.0.names, &lags);
        Ok(ProcessStatus { consumers, ..self.outline(ProcessState::Running) })
    }

    /// Says what it knows without asking the log.
    pub(super) fn outline(&self, state: ProcessState) -> ProcessStatus {
        let (identity, about) = (self.0.identity.clone(), self.about().clone());
        let roles = self.0.roles.all().into_iter().map(|(role, state)| RoleStatus {
            role,
            state: state.word().to_owned(),
            detail: state.detail().to_owned(),
        });
        ProcessStatus {
            process: identity.process,
            instance: identity.instance,
            state: state as i32,
            started_ns: identity.started.0,
            period_ms: u32::try_from(self.0.period.as_millis()).unwrap_or(u32::MAX),
            host: identity.host,
            pid: identity.pid,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            definitions: about
                .definitions
                .map_or_else(Default::default, |hash| hash.as_bytes().to_vec().into()),
            gateway: about.gateway,
            metrics: about.metrics,
            roles: roles.collect(),
            consumers: Vec::new(),
            counters: Vec::new(),
        }
    }

    /// Returns its numbers as a heartbeat carries them.
    pub fn counters(&self) -> Vec<CounterStatus> {
        let numbers = self.0.metrics.numbers().into_iter();
        numbers
            .map(|(name, labels, value)| {
                let labels = labels.into_iter().collect();
                CounterStatus { name: name.to_owned(), labels, value }
            })
            .collect()
    }

    pub(super) fn log(&self) -> &Arc<dyn Log> {
        &self.0.log
    }

    pub(super) fn period(&self) -> Duration {
        self.0.period
    }

    pub(super) fn status_partition(&self) -> TopicPartition {
        TopicPartition::new(self.0.names.topic(TopicKind::Status), 0)
    }

    fn about(&self) -> MutexGuard<'_, About> {
        self.0.about.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts lags by consumer and topic.
fn consumers(names: &TopicNames, lags: &[Lag]) -> Vec<ConsumerStatus> {
    let mut found = BTreeMap::<(String, String), Vec<PartitionStatus>>::new();
    for lag in lags {
        let topic = match names.kind(&lag.partition.topic) {
            Some(kind) => kind.short_name().to_owned(),
            None => lag.partition.topic.to_string(),
        };
        found.entry((lag.consumer.clone(), topic)).or_default().push(PartitionStatus {
            partition: lag.partition.partition,
            next: lag.next,
            lag_records: lag.records,
            lag_seconds: lag.seconds as f32,
            records_per_second: 0.0,
        });
    }
    let found = found.into_iter();
    found
        .map(|((consumer, topic), partitions)| ConsumerStatus {
            role: role_of(&consumer).to_owned(),
            consumer,
            topic,
            partitions,
        })
        .collect()
}

/// Returns the role that a consumer belongs to.
fn role_of(consumer: &str) -> &str {
    if consumer == "commands" { "gateway" } else { consumer }
}
