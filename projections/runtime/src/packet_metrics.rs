//! What is wrong with packets on the whole: counted by decommutation, shown by the gateway.

use crate::{Metric, MetricKind};

/// Packets that nothing identifies. Labels: `interface`, `stored`.
pub const UNKNOWN_PACKETS: Metric = Metric {
    name: "groundlog_decom_unknown_packets_total",
    kind: MetricKind::Counter,
    unit: "packets",
    description: "Packets that nothing identifies; kept as UNKNOWN. Bytes that are no packet are \
                  counted by the interface",
};

/// Packets shorter than their definition. Labels: `interface`, `target`, `packet`, `stored`.
pub const SHORT_PACKETS: Metric = Metric {
    name: "groundlog_decom_short_packets_total",
    kind: MetricKind::Counter,
    unit: "packets",
    description: "Packets shorter than their definition; kept, what is there is decoded, flagged \
                  invalid",
};

/// Packets longer than their definition, where that fixes the size. Labels: as
/// [`SHORT_PACKETS`].
pub const LONG_PACKETS: Metric = Metric {
    name: "groundlog_decom_long_packets_total",
    kind: MetricKind::Counter,
    unit: "packets",
    description: "Packets longer than their definition of a fixed size; kept whole and decoded",
};

/// Label with the interface that a packet came in through; empty for imports without one.
pub const INTERFACE_LABEL: &str = "interface";

/// Label that is `true` for packets of recordings and imports.
pub const STORED_LABEL: &str = "stored";
