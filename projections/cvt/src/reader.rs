use std::{collections::BTreeMap, sync::Arc};

use groundlog_packet::{Definitions, PacketKind};
use groundlog_proto::{Offset, TopicPartition};
use tokio::sync::watch;

use crate::{
    CurrentPacket,
    table::{Table, name_of},
};

/// Reads the current value table. Cheap to clone; reading never waits.
#[derive(Clone)]
pub struct CurrentValues(pub(crate) Arc<Table>);

impl CurrentValues {
    /// Returns what is known about a packet; names in capitals. `None` before the first one.
    pub fn packet(&self, target: &str, packet: &str) -> Option<Arc<CurrentPacket>> {
        self.0.get(&name_of(target, packet))?.current().cloned()
    }

    /// Returns how many live and how many stored packets of a name were received; their sum is
    /// what `get_tlm_cnt` answers.
    pub fn counts(&self, target: &str, packet: &str) -> (u64, u64) {
        self.0.get(&name_of(target, packet)).map_or((0, 0), |slot| {
            let live = slot.live.values().map(|packet| packet.received_count).sum();
            (live, slot.stored.values().sum())
        })
    }

    /// Returns the packet that `LATEST` stands for: among the packets of the target that have the
    /// item, the one with the greatest packet time; the first of them in definition order where
    /// none was received or times are equal. `None` where no packet has the item.
    pub fn latest(&self, definitions: &Definitions, target: &str, item: &str) -> Option<String> {
        let found = definitions.target(target).ok()?;
        let mut latest: Option<(Option<i64>, &str)> = None;
        for packet in definitions.packets_of(found, PacketKind::Telemetry) {
            if packet.item(item).is_none() {
                continue;
            }
            let current = self.packet(&packet.target_name, &packet.packet_name);
            let time = current.filter(|it| it.is_received()).map(|it| it.packet_time_ns);
            if latest.is_none_or(|(newest, _)| time > newest) {
                latest = Some((time, &packet.packet_name));
            }
        }
        latest.map(|(_, name)| name.to_owned())
    }

    /// Returns every packet there is something about, by name.
    pub fn packets(&self) -> Vec<Arc<CurrentPacket>> {
        self.0.slots().values().filter_map(|slot| slot.current().cloned()).collect()
    }

    /// Returns per input partition the first offset that is not in the table yet.
    pub fn applied(&self) -> BTreeMap<TopicPartition, Offset> {
        self.0.applied()
    }

    /// Returns a receiver that is marked changed after every batch that was applied.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed()
    }
}
