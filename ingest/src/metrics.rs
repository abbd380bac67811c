//! What the role counts, with units and descriptions; the values are in [`InterfaceStatus`].

use crate::{InterfaceStatus, LinkState};

/// How a value moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only up, from 0 at the start of the process.
    Counter,
    /// Up and down.
    Gauge,
}

/// One metric of an interface; its label is `interface`.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Name, with the unit at its end.
    pub name: &'static str,
    /// What it says.
    pub description: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// Reads it.
    pub value: fn(&InterfaceStatus) -> f64,
}

/// All metrics of an interface.
pub const METRICS: [Metric; 13] = [
    Metric {
        name: "groundlog_interface_connected",
        description: "1 while the interface is connected.",
        kind: MetricKind::Gauge,
        value: |status| f64::from(u8::from(status.state == LinkState::Connected)),
    },
    Metric {
        name: "groundlog_interface_received_bytes_total",
        description: "Bytes read from the interface.",
        kind: MetricKind::Counter,
        value: |status| status.rx_bytes as f64,
    },
    Metric {
        name: "groundlog_interface_received_packets_total",
        description: "Packets framed from what was read.",
        kind: MetricKind::Counter,
        value: |status| status.rx_count as f64,
    },
    Metric {
        name: "groundlog_interface_sent_bytes_total",
        description: "Bytes written to the interface.",
        kind: MetricKind::Counter,
        value: |status| status.tx_bytes as f64,
    },
    Metric {
        name: "groundlog_interface_sent_packets_total",
        description: "Commands written to the interface.",
        kind: MetricKind::Counter,
        value: |status| status.tx_count as f64,
    },
    Metric {
        name: "groundlog_interface_discarded_bytes_total",
        description: "Bytes that belong to no packet; kept in the log as UNKNOWN.",
        kind: MetricKind::Counter,
        value: |status| status.discarded_bytes as f64,
    },
    Metric {
        name: "groundlog_interface_reconnects_total",
        description: "Connections made after the first.",
        kind: MetricKind::Counter,
        value: |status| status.reconnects as f64,
    },
    Metric {
        name: "groundlog_interface_failed_attempts_total",
        description: "Attempts to connect that failed.",
        kind: MetricKind::Counter,
        value: |status| status.failed_attempts as f64,
    },
    Metric {
        name: "groundlog_interface_framing_errors_total",
        description: "Connections given up because what came in could not be framed.",
        kind: MetricKind::Counter,
        value: |status| status.framing_errors as f64,
    },
    Metric {
        name: "groundlog_interface_unframed_bytes",
        description: "Bytes held back: the beginning of a packet whose rest has not come yet.",
        kind: MetricKind::Gauge,
        value: |status| status.unframed_bytes as f64,
    },
    Metric {
        name: "groundlog_interface_refused_appends_total",
        description: "Appends that the log refused, as while its disk is full; tried again.",
        kind: MetricKind::Counter,
        value: |status| status.refused_appends as f64,
    },
    Metric {
        name: "groundlog_interface_unacknowledged_bytes",
        description: "Bytes framed that the log has not acknowledged yet.",
        kind: MetricKind::Gauge,
        value: |status| status.unacknowledged_bytes as f64,
    },
    Metric {
        name: "groundlog_interface_epoch",
        description: "Epoch of this process as the interface's owner; 0 while it is not.",
        kind: MetricKind::Gauge,
        value: |status| status.epoch as f64,
    },
];
