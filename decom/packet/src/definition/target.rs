//! One target: what its folder says beside packets.

use indexmap::IndexMap;

use super::packet::PacketId;

/// A target and its packets.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Upper-cased name.
    pub name: String,
    /// Language of the target's code, `ruby` or `python`; kept, not run.
    pub language: String,
    /// Code files named by `REQUIRE`; kept, not run.
    pub requires: Vec<String>,
    /// Parameters that tools hide in all commands.
    pub ignored_parameters: Vec<String>,
    /// Items that tools hide in all packets.
    pub ignored_items: Vec<String>,
    /// Command packets by name, in definition order.
    pub commands: IndexMap<String, PacketId>,
    /// Telemetry packets by name, in definition order.
    pub telemetry: IndexMap<String, PacketId>,
}
