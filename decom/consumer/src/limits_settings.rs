use std::collections::BTreeMap;

use groundlog_packet::{Packet, limits::LimitsState};
use groundlog_projection::ItemName;

/// What operators changed about limits, as the markers of this partition say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LimitsSettings {
    pub(crate) set: Option<String>,
    pub(crate) enabled: BTreeMap<ItemName, bool>,
}

impl LimitsSettings {
    /// Brings a packet's state in line; for a state just made or bound to other definitions.
    pub(crate) fn apply(&self, packet: &Packet, state: &mut LimitsState) {
        if let Some(set) = &self.set
            && state.active_set() != set
        {
            state.select_set(packet, set);
        }
        for (name, enabled) in &self.enabled {
            if name.target != packet.target_name || name.packet != packet.packet_name {
                continue;
            }
            let Some(item) = packet.item_index(&name.item) else {
                continue;
            };
            match enabled {
                true => drop(state.enable(item)),
                false => drop(state.disable(item)),
            }
        }
    }
}
