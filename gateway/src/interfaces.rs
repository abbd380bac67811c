//! What is known of interfaces and rebuilds: the fold of the topic `status`.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use groundlog_log::{Log, LogError};
use groundlog_proto::{
    Nanos, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{InterfaceStatus, RebuildStatus, StatusRecord, status_record::Kind},
};
use tokio::sync::watch;

/// How far back the fold starts: owners repeat themselves more often than this.
const LOOK_BACK: Duration = Duration::from_secs(3600);
/// Rebuilds remembered.
const REBUILDS_MAX: usize = 256;
/// Bytes read from the topic at a time.
const READ_BYTES: usize = 256 * 1024;

/// What the configuration says of an interface; it comes from the plug-in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterfaceInfo {
    /// Name in capitals.
    pub name: String,
    /// Class and its arguments.
    pub config_params: Vec<String>,
    /// Targets whose commands it takes.
    pub cmd_target_names: Vec<String>,
    /// Targets whose telemetry it brings.
    pub tlm_target_names: Vec<String>,
    /// Whether it connects without being asked.
    pub connect_on_startup: bool,
    /// Whether it connects again by itself.
    pub auto_reconnect: bool,
    /// Seconds between attempts, as configured.
    pub reconnect_delay: String,
    /// Whether operators may not disconnect it.
    pub disable_disconnect: bool,
    /// Options: name and values.
    pub options: Vec<(String, Vec<String>)>,
    /// Protocols: direction, class, arguments.
    pub protocols: Vec<Vec<String>>,
    /// The plug-in it came with.
    pub plugin: String,
    /// The partition of `raw` that its packets go to.
    pub raw_partition: u32,
}

#[derive(Debug, Default)]
struct Fold {
    interfaces: HashMap<String, (i64, InterfaceStatus)>,
    rebuilds: HashMap<String, RebuildStatus>,
    rebuild_order: VecDeque<String>,
}

/// Interfaces as configured, and what the system last said of them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Interfaces {
    configured: Arc<BTreeMap<String, InterfaceInfo>>,
    fold: Arc<RwLock<Fold>>,
}

impl Interfaces {
    pub(crate) fn new(configured: Vec<InterfaceInfo>) -> Self {
        let configured = configured.into_iter().map(|info| (info.name.to_uppercase(), info));
        Self { configured: Arc::new(configured.collect()), fold: Arc::default() }
    }

    /// Returns the interfaces by name.
    pub(crate) fn configured(&self) -> impl Iterator<Item = &InterfaceInfo> {
        self.configured.values()
    }

    /// Returns an interface; the name in capitals.
    pub(crate) fn get(&self, name: &str) -> Option<&InterfaceInfo> {
        self.configured.get(name)
    }

    /// Returns the interface that takes a target's commands.
    pub(crate) fn for_commands(&self, target: &str) -> Option<&InterfaceInfo> {
        let takes = |info: &&InterfaceInfo| info.cmd_target_names.iter().any(|it| it == target);
        self.configured.values().find(takes)
    }

    /// Returns the interface that brings a target's telemetry.
    pub(crate) fn for_telemetry(&self, target: &str) -> Option<&InterfaceInfo> {
        let brings = |info: &&InterfaceInfo| info.tlm_target_names.iter().any(|it| it == target);
        self.configured.values().find(brings)
    }

    /// Returns the partition of `raw` on which a target's telemetry is ordered.
    pub(crate) fn raw_partition(&self, target: &str) -> u32 {
        self.for_telemetry(target).map_or(0, |info| info.raw_partition)
    }

    /// Returns what was last said of an interface, and when.
    pub(crate) fn status(&self, name: &str) -> (i64, InterfaceStatus) {
        let fold = self.fold.read().unwrap_or_else(PoisonError::into_inner);
        fold.interfaces.get(name).cloned().unwrap_or_default()
    }

    /// Returns which interfaces are in trouble, each with its reason.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let reasons = self.configured.keys().map(|name| (name, self.status(name).1.reason));
        let told = reasons.filter(|(_, reason)| !reason.is_empty());
        told.map(|(name, reason)| format!("{name}: {reason}")).collect()
    }

    /// Returns how far a rebuild has got.
    pub(crate) fn rebuild(&self, id: &str) -> Option<RebuildStatus> {
        let fold = self.fold.read().unwrap_or_else(PoisonError::into_inner);
        fold.rebuilds.get(id).cloned()
    }

    /// Remembers a rebuild that was asked for, until its own status arrives.
    pub(crate) fn announce_rebuild(&self, status: RebuildStatus) {
        let mut fold = self.fold.write().unwrap_or_else(PoisonError::into_inner);
        if !fold.rebuilds.contains_key(&status.id) {
            fold.rebuild(status);
        }
    }

    /// Follows the topic until shutdown.
    ///
    /// # Errors
    /// The log's.
    pub(crate) async fn follow(
        &self,
        log: &dyn Log,
        names: &TopicNames,
        mut shutdown: watch::Receiver<bool>,
    ) -> Result<(), LogError> {
        let partition = TopicPartition::new(names.topic(TopicKind::Status), 0);
        let since = Nanos(Nanos::now().0.saturating_sub(LOOK_BACK.as_nanos() as i64));
        let from = log.find(&partition, since).await?;
        let mut reader = log.reader(&partition, from).await?;
        loop {
            let batch = tokio::select! {
                _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
                batch = reader.next(READ_BYTES) => batch?,
            };
            let mut fold = self.fold.write().unwrap_or_else(PoisonError::into_inner);
            for record in batch.iter() {
                match StatusRecord::decode(record.value) {
                    Ok(status) => fold.apply(status),
                    Err(error) => {
                        let offset = record.offset;
                        tracing::warn!(%error, %partition, offset, "a status is not readable");
                    }
                }
            }
        }
    }
}

impl Fold {
    fn apply(&mut self, record: StatusRecord) {
        match record.kind {
            Some(Kind::Interface(status)) => {
                self.interfaces.insert(status.interface.clone(), (record.time_ns, status));
            }
            Some(Kind::Rebuild(status)) => self.rebuild(status),
            _ => {}
        }
    }

    fn rebuild(&mut self, status: RebuildStatus) {
        let id = status.id.clone();
        if self.rebuilds.insert(id.clone(), status).is_none() {
            self.rebuild_order.push_back(id);
        }
        if self.rebuild_order.len() > REBUILDS_MAX
            && let Some(oldest) = self.rebuild_order.pop_front()
        {
            self.rebuilds.remove(&oldest);
        }
    }
}
