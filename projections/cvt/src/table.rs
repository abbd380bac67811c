use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use groundlog_proto::{Offset, TopicPartition};
use moka::{ops::compute::Op, sync::Cache};
use tokio::sync::watch;

use crate::CurrentPacket;

/// Everything known under one name. By partition, because UNKNOWN packets come in on all of them;
/// every other packet has one owner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slot {
    pub(crate) live: BTreeMap<u32, Arc<CurrentPacket>>,
    /// How many stored packets each partition of `decom.stored` has had.
    pub(crate) stored: BTreeMap<u32, u64>,
}

impl Slot {
    /// Returns the packet to show: where several partitions have one, the latest received.
    pub(crate) fn current(&self) -> Option<&Arc<CurrentPacket>> {
        self.live.values().max_by_key(|packet| packet.received_time_ns)
    }

    /// Returns how many live and how many stored packets there were.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let live = self.live.values().map(|packet| packet.received_count).sum();
        (live, self.stored.values().sum())
    }

    fn is_empty(&self) -> bool {
        self.live.is_empty() && self.stored.is_empty()
    }
}

/// The table: names to slots, never evicting.
pub(crate) struct Table {
    slots: Cache<String, Arc<Slot>>,
    applied: Mutex<BTreeMap<TopicPartition, Offset>>,
    changes: watch::Sender<u64>,
}

pub(crate) fn name_of(target: &str, packet: &str) -> String {
    [target, packet].join(" ")
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            // No capacity and no expiry: nothing is ever evicted.
            slots: Cache::builder().build(),
            applied: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Slot>> {
        self.slots.get(name)
    }

    /// Changes a slot in one step; an empty one disappears.
    pub(crate) fn update(&self, name: &str, change: impl FnOnce(&mut Slot)) {
        self.slots.entry_by_ref(name).and_compute_with(|entry| {
            let found = entry.map(|entry| entry.into_value());
            let existed = found.is_some();
            let mut slot = found.map_or_else(Slot::default, |slot| Slot::clone(&slot));
            change(&mut slot);
            match (slot.is_empty(), existed) {
                (false, _) => Op::Put(Arc::new(slot)),
                (true, true) => Op::Remove,
                (true, false) => Op::Nop,
            }
        });
    }

    /// Puts a packet in place of an older one of the same partition.
    pub(crate) fn set_live(&self, packet: CurrentPacket) {
        let partition = packet.position.partition.partition;
        self.update(&name_of(&packet.target, &packet.packet), |slot| {
            let newer = slot
                .live
                .get(&partition)
                .is_none_or(|found| found.position.offset < packet.position.offset);
            if newer {
                slot.live.insert(partition, Arc::new(packet));
            }
        });
    }

    /// Raises the count of stored packets.
    pub(crate) fn set_stored(&self, name: &str, partition: u32, count: u64) {
        self.update(name, |slot| {
            let stored = slot.stored.entry(partition).or_default();
            *stored = count.max(*stored);
        });
    }

    /// Visits every slot by name, in order.
    pub(crate) fn slots(&self) -> BTreeMap<String, Arc<Slot>> {
        self.slots.iter().map(|(name, slot)| (name.as_str().to_owned(), slot)).collect()
    }

    /// Removes what came from a partition.
    pub(crate) fn clear(&self, live: bool, partition: u32) {
        for name in self.slots().into_keys() {
            self.update(&name, |slot| {
                if live {
                    slot.live.remove(&partition);
                } else {
                    slot.stored.remove(&partition);
                }
            });
        }
    }

    /// Says that everything before `next` is in the table.
    pub(crate) fn advance(&self, partition: &TopicPartition, next: Offset) {
        self.lock().insert(partition.clone(), next);
        self.changes.send_modify(|changes| *changes += 1);
    }

    pub(crate) fn applied(&self) -> BTreeMap<TopicPartition, Offset> {
        self.lock().clone()
    }

    pub(crate) fn forget(&self, partition: &TopicPartition) {
        self.lock().remove(partition);
    }

    /// Waits until everything before an offset is in the table.
    pub(crate) async fn reached(&self, partition: &TopicPartition, offset: Offset) {
        let mut changes = self.changes.subscribe();
        while self.lock().get(partition).is_none_or(|applied| *applied < offset) {
            // The sender is this table's own.
            let _ = changes.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TopicPartition, Offset>> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
