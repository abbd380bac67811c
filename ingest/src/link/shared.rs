//! What others may know about a link while it runs.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use groundlog_proto::wire;
pub use groundlog_proto::wire::LinkState;
use tokio::sync::watch;

/// State and counters of one interface. Counters start at 0 when the process does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceStatus {
    /// Name of the interface.
    pub interface: String,
    /// COSMOS' three states.
    pub state: LinkState,
    /// Why it is not connected or does not read, in words; empty when all is well.
    pub reason: String,
    /// Connections: 0 or 1 for a client.
    pub clients: u64,
    /// Bytes written.
    pub tx_bytes: u64,
    /// Bytes read.
    pub rx_bytes: u64,
    /// Packets written.
    pub tx_count: u64,
    /// Packets read.
    pub rx_count: u64,
    /// Bytes that belong to no packet; they are kept in the log as `UNKNOWN`.
    pub discarded_bytes: u64,
    /// Connections made after the first.
    pub reconnects: u64,
    /// Epoch of this process as the interface's owner; 0 while it is not.
    pub epoch: u64,
    /// Attempts to connect that failed.
    pub failed_attempts: u64,
    /// Connections given up because what came in could not be framed.
    pub framing_errors: u64,
    /// Bytes held back now: the beginning of a packet whose rest has not come yet.
    pub unframed_bytes: u64,
    /// Appends that the log refused, as it does while its disk is full; they are tried again.
    pub refused_appends: u64,
    /// Bytes framed and not yet acknowledged by the log.
    pub unacknowledged_bytes: u64,
    /// Targets whose commands go out here.
    pub cmd_targets: Vec<String>,
    /// Targets whose telemetry comes in here.
    pub tlm_targets: Vec<String>,
}

impl InterfaceStatus {
    /// Returns the record for the `status` topic.
    pub fn to_wire(&self) -> wire::InterfaceStatus {
        wire::InterfaceStatus {
            interface: self.interface.clone(),
            state: self.state as i32,
            reason: self.reason.clone(),
            clients: self.clients,
            tx_bytes: self.tx_bytes,
            rx_bytes: self.rx_bytes,
            tx_count: self.tx_count,
            rx_count: self.rx_count,
            discarded_bytes: self.discarded_bytes,
            reconnects: self.reconnects,
            epoch: self.epoch,
            failed_attempts: self.failed_attempts,
            framing_errors: self.framing_errors,
            unframed_bytes: self.unframed_bytes,
        }
    }
}

/// Counters that the link's loops move; relaxed, because nobody orders anything by them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) tx_bytes: AtomicU64,
    pub(crate) rx_bytes: AtomicU64,
    pub(crate) tx_count: AtomicU64,
    pub(crate) rx_count: AtomicU64,
    pub(crate) discarded_bytes: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) epoch: AtomicU64,
    pub(crate) failed_attempts: AtomicU64,
    pub(crate) framing_errors: AtomicU64,
    pub(crate) unframed_bytes: AtomicU64,
    pub(crate) refused_appends: AtomicU64,
    pub(crate) unacknowledged_bytes: AtomicU64,
}

impl Counters {
    /// Returns how many bytes came or went: has it changed, the connection was of use.
    pub(crate) fn moved(&self) -> (u64, u64) {
        (self.rx_bytes.load(Relaxed), self.tx_bytes.load(Relaxed))
    }
}

/// The shared side of one link.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) writable: bool,
    pub(crate) counters: Counters,
    cmd_targets: Vec<String>,
    tlm_targets: Vec<String>,
    state: Mutex<(LinkState, String)>,
    changed: watch::Sender<u64>,
}

impl Shared {
    /// `changed` counts every change of state of any link.
    pub(crate) fn new(
        options: &crate::InterfaceOptions,
        writable: bool,
        changed: watch::Sender<u64>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: options.name.clone(),
            writable,
            counters: Counters::default(),
            cmd_targets: options.cmd_targets.clone(),
            tlm_targets: options.tlm_targets.clone(),
            state: Mutex::new((LinkState::Disconnected, String::new())),
            changed,
        })
    }

    pub(crate) fn state(&self) -> LinkState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Takes on a state; tells those who wait when it is another one.
    pub(crate) fn set_state(&self, state: LinkState, reason: &str) {
        let mut current = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != state || current.1 != reason {
            *current = (state, reason.to_owned());
            drop(current);
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// Keeps the state and changes its reason.
    pub(crate) fn set_reason(&self, reason: &str) {
        self.set_state(self.state(), reason);
    }

    pub(crate) fn status(&self) -> InterfaceStatus {
        let (state, reason) = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let counters = &self.counters;
        InterfaceStatus {
            interface: self.name.clone(),
            state,
            reason,
            clients: u64::from(state == LinkState::Connected),
            tx_bytes: counters.tx_bytes.load(Relaxed),
            rx_bytes: counters.rx_bytes.load(Relaxed),
            tx_count: counters.tx_count.load(Relaxed),
            rx_count: counters.rx_count.load(Relaxed),
            discarded_bytes: counters.discarded_bytes.load(Relaxed),
            reconnects: counters.connections.load(Relaxed).saturating_sub(1),
            epoch: counters.epoch.load(Relaxed),
            failed_attempts: counters.failed_attempts.load(Relaxed),
            framing_errors: counters.framing_errors.load(Relaxed),
            unframed_bytes: counters.unframed_bytes.load(Relaxed),
            refused_appends: counters.refused_appends.load(Relaxed),
            unacknowledged_bytes: counters.unacknowledged_bytes.load(Relaxed),
            cmd_targets: self.cmd_targets.clone(),
            tlm_targets: self.tlm_targets.clone(),
        }
    }
}
