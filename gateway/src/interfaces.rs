//! What is known of interfaces and rebuilds: the fold of the topic `status`.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, PoisonError, RwLock},
};

use groundlog_proto::wire::{InterfaceStatus, LinkState, RebuildStatus};

use crate::processes::Processes;

/// Rebuilds remembered.
const REBUILDS_MAX: usize = 256;

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
    /// By the rebuild's id, what each process says of it.
    rebuilds: HashMap<String, BTreeMap<String, RebuildStatus>>,
    rebuild_order: VecDeque<String>,
}

/// Interfaces as configured, and what the system last said of them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Interfaces {
    configured: Arc<BTreeMap<String, InterfaceInfo>>,
    processes: Processes,
    fold: Arc<RwLock<Fold>>,
}

impl Interfaces {
    pub(crate) fn new(configured: Vec<InterfaceInfo>, processes: Processes) -> Self {
        let configured = configured.into_iter().map(|info| (info.name.to_uppercase(), info));
        Self { configured: Arc::new(configured.collect()), processes, fold: Arc::default() }
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

    /// Returns what was last said of an interface, and when; of one whose owner is gone, that.
    pub(crate) fn status(&self, name: &str) -> (i64, InterfaceStatus) {
        let fold = self.fold.read().unwrap_or_else(PoisonError::into_inner);
        let (time_ns, mut status) = fold.interfaces.get(name).cloned().unwrap_or_default();
        drop(fold);
        if !status.process.is_empty()
            && let Some(reason) = self.processes.lost(&status.process, time_ns)
        {
            status.set_state(LinkState::Disconnected);
            status.clients = 0;
            status.reason = reason;
        }
        (time_ns, status)
    }

    /// Returns which interfaces are in trouble, each with its reason.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let reasons = self.configured.keys().map(|name| (name, self.status(name).1.reason));
        let told = reasons.filter(|(_, reason)| !reason.is_empty());
        told.map(|(name, reason)| format!("{name}: {reason}")).collect()
    }

    /// Returns how far a rebuild has got: where several processes compare a table of their own, all
    /// of them together.
    pub(crate) fn rebuild(&self, id: &str) -> Option<RebuildStatus> {
        let fold = self.fold.read().unwrap_or_else(PoisonError::into_inner);
        fold.rebuilds.get(id).map(together)
    }

    /// Takes in what is said of a rebuild.
    pub(crate) fn rebuilt(&self, status: RebuildStatus) {
        self.fold.write().unwrap_or_else(PoisonError::into_inner).rebuild(status);
    }

    /// Takes in what its owner says of an interface. What an earlier owner says late is past.
    pub(crate) fn heard(&self, time_ns: i64, status: InterfaceStatus) {
        let mut fold = self.fold.write().unwrap_or_else(PoisonError::into_inner);
        let known = fold.interfaces.get(&status.interface);
        if known.is_none_or(|(_, known)| known.epoch <= status.epoch) {
            fold.interfaces.insert(status.interface.clone(), (time_ns, status));
        }
    }
}

impl Fold {
    fn rebuild(&mut self, status: RebuildStatus) {
        let id = status.id.clone();
        let said = self.rebuilds.entry(id.clone()).or_default();
        if said.is_empty() {
            self.rebuild_order.push_back(id);
        }
        said.insert(status.process.clone(), status);
        if self.rebuild_order.len() > REBUILDS_MAX
            && let Some(oldest) = self.rebuild_order.pop_front()
        {
            self.rebuilds.remove(&oldest);
        }
    }
}

fn together(said: &BTreeMap<String, RebuildStatus>) -> RebuildStatus {
    // The announcement counts until somebody has taken the wish up.
    let mut all: Vec<_> = said.values().filter(|status| !status.process.is_empty()).collect();
    if all.is_empty() {
        all.extend(said.values());
    }
    let details = all.iter().map(|status| match (all.len(), status.detail.is_empty()) {
        (1, _) | (_, true) => status.detail.clone(),
        _ => format!("{}: {}", status.process, status.detail),
    });
    RebuildStatus {
        done: all.iter().map(|status| status.done).sum(),
        total: all.iter().map(|status| status.total).sum(),
        finished: all.iter().all(|status| status.finished),
        equal: all.iter().all(|status| status.equal),
        detail: details.filter(|detail| !detail.is_empty()).collect::<Vec<_>>().join("; "),
        process: String::new(),
        ..all.first().map(|status| (*status).clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_comparisons_are_equal_if_all_are() {
        let status = |process: &str, done, finished, equal| RebuildStatus {
            id: "r".to_owned(),
            process: process.to_owned(),
            done,
            finished,
            equal,
            detail: if finished { "compared".to_owned() } else { String::new() },
            ..RebuildStatus::default()
        };
        let mut fold = Fold::default();
        let said = |fold: &Fold| {
            let it = together(&fold.rebuilds["r"]);
            (it.done, it.finished, it.equal, it.detail)
        };
        fold.rebuild(status("", 0, false, false));
        assert_eq!(said(&fold), (0, false, false, String::new()));
        fold.rebuild(status("a", 5, false, false));
        fold.rebuild(status("b", 7, true, true));
        assert_eq!(said(&fold), (12, false, false, "b: compared".to_owned()));
        fold.rebuild(status("a", 6, true, false));
        assert_eq!(said(&fold), (13, true, false, "a: compared; b: compared".to_owned()));
        fold.rebuild(status("a", 6, true, true));
        assert!(said(&fold).2);
    }
}
