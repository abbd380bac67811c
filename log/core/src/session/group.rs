use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use groundlog_proto::{TopicName, TopicPartition};
use tokio::sync::Notify;

use super::{balance::balance, lock, next_number};
use crate::{Checkpoint, GroupSpec, LogError};

/// Tells apart successive ownerships of one partition: work begun under an older one is void.
pub(super) type Tenure = u64;

/// Partitions a member was told it owns, and since when.
pub(super) type Tenures = HashMap<TopicPartition, Tenure>;

/// A change of assignment on its way to a member.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Assigned(Vec<(TopicPartition, Tenure)>),
    Revoked(Vec<TopicPartition>),
}

/// The consumer groups of one log, within this process.
///
/// Moving a partition takes effect at once: the old owner's commit is refused from then on, and the
/// new owner is told after everything queued before the move is committed.
#[derive(Debug, Default)]
pub(crate) struct Groups(Mutex<HashMap<String, Group>>);

#[derive(Debug, Default)]
struct Group {
    slots: BTreeMap<String, Slot>,
    owners: HashMap<TopicPartition, (String, Tenure)>,
    partitions: HashMap<TopicName, u32>,
}

#[derive(Debug)]
struct Slot {
    incarnation: u64,
    topics: Vec<TopicName>,
    changes: VecDeque<Change>,
    wake: Arc<Notify>,
}

impl Groups {
    /// Adds a member, or replaces the one of the same name, which is fenced. Returns the
    /// incarnation that every later call names.
    pub(super) fn join(
        &self,
        spec: &GroupSpec,
        counts: Vec<(TopicName, u32)>,
        wake: Arc<Notify>,
    ) -> u64 {
        let incarnation = next_number();
        let mut groups = lock(&self.0);
        let group = groups.entry(spec.group.clone()).or_default();
        group.partitions.extend(counts);
        let slot =
            Slot { incarnation, topics: spec.topics.clone(), changes: VecDeque::new(), wake };
        if let Some(zombie) = group.slots.insert(spec.member.clone(), slot) {
            zombie.wake.notify_one();
        }
        group.owners.retain(|_, (member, _)| *member != spec.member);
        group.rebalance(Some(&spec.member));
        incarnation
    }

    /// Removes a member; its partitions move at once. A fenced member removes nothing.
    pub(super) fn leave(&self, spec: &GroupSpec, incarnation: u64) {
        let mut groups = lock(&self.0);
        let Some(group) = groups.get_mut(&spec.group) else {
            return;
        };
        if group.slots.get(&spec.member).is_some_and(|slot| slot.incarnation == incarnation) {
            group.slots.remove(&spec.member);
            group.rebalance(None);
            if group.slots.is_empty() {
                groups.remove(&spec.group);
            }
        }
    }

    /// Looks at the oldest change a member has not been told yet.
    pub(super) fn peek(
        &self,
        spec: &GroupSpec,
        incarnation: u64,
    ) -> Result<Option<Change>, LogError> {
        let groups = lock(&self.0);
        Ok(alive(&groups, spec, incarnation)?.changes.front().cloned())
    }

    /// Forgets the change that [`Groups::peek`] showed: it has been told.
    pub(super) fn told(&self, spec: &GroupSpec, incarnation: u64) {
        let mut groups = lock(&self.0);
        if let Some(slot) = groups.get_mut(&spec.group).and_then(|g| g.slots.get_mut(&spec.member))
            && slot.incarnation == incarnation
        {
            slot.changes.pop_front();
        }
    }

    /// Runs `submit` if the member may commit these checkpoints, with no change of assignment
    /// between the check and the submission.
    pub(super) fn commit<T>(
        &self,
        spec: &GroupSpec,
        incarnation: u64,
        tenures: &Tenures,
        checkpoints: &[Checkpoint],
        submit: impl FnOnce() -> T,
    ) -> Result<T, LogError> {
        let groups = lock(&self.0);
        alive(&groups, spec, incarnation)?;
        let owners = groups.get(&spec.group).map(|group| &group.owners);
        for checkpoint in checkpoints {
            let owned = owners.and_then(|owners| owners.get(&checkpoint.partition));
            let held = tenures.get(&checkpoint.partition);
            if held.is_none() || owned.map(|(_, tenure)| tenure) != held {
                return Err(fenced(spec));
            }
        }
        Ok(submit())
    }

    /// Wakes every member, so that it notices that the log has closed.
    pub(crate) fn wake_all(&self) {
        for group in lock(&self.0).values() {
            group.slots.values().for_each(|slot| slot.wake.notify_one());
        }
    }
}

fn fenced(spec: &GroupSpec) -> LogError {
    LogError::Fenced { id: format!("{}/{}", spec.group, spec.member) }
}

fn alive<'a>(
    groups: &'a HashMap<String, Group>,
    spec: &GroupSpec,
    incarnation: u64,
) -> Result<&'a Slot, LogError> {
    groups
        .get(&spec.group)
        .and_then(|group| group.slots.get(&spec.member))
        .filter(|slot| slot.incarnation == incarnation)
        .ok_or_else(|| fenced(spec))
}

impl Group {
    /// Gives every partition an owner and tells the members what changed for them. `newcomer` is
    /// told its assignment even if that is nothing.
    fn rebalance(&mut self, newcomer: Option<&str>) {
        let subscribed: BTreeSet<&TopicName> =
            self.slots.values().flat_map(|slot| &slot.topics).collect();
        let partitions: BTreeSet<TopicPartition> = subscribed
            .iter()
            .flat_map(|&topic| {
                let count = self.partitions.get(topic).copied().unwrap_or(0);
                (0..count).map(move |number| TopicPartition::new(topic.clone(), number))
            })
            .collect();
        let members =
            self.slots.iter().map(|(name, slot)| (name.clone(), slot.topics.clone())).collect();
        let before: BTreeMap<TopicPartition, String> =
            self.owners.iter().map(|(p, (member, _))| (p.clone(), member.clone())).collect();
        let after = balance(&partitions, &members, &before);

        let mut assigned: BTreeMap<&str, Vec<(TopicPartition, Tenure)>> = BTreeMap::new();
        let mut revoked: BTreeMap<&str, Vec<TopicPartition>> = BTreeMap::new();
        if let Some(newcomer) = newcomer {
            assigned.insert(newcomer, Vec::new());
        }
        for (partition, owner) in &before {
            if after.get(partition) != Some(owner) {
                self.owners.remove(partition);
                revoked.entry(owner).or_default().push(partition.clone());
            }
        }
        for (partition, owner) in &after {
            if before.get(partition) != Some(owner) {
                let tenure = next_number();
                self.owners.insert(partition.clone(), (owner.clone(), tenure));
                assigned.entry(owner).or_default().push((partition.clone(), tenure));
            }
        }
        for (member, list) in revoked {
            self.tell(member, Change::Revoked(list));
        }
        for (member, list) in assigned {
            self.tell(member, Change::Assigned(list));
        }
    }

    fn tell(&mut self, member: &str, change: Change) {
        if let Some(slot) = self.slots.get_mut(member) {
            slot.changes.push_back(change);
            slot.wake.notify_one();
        }
    }
}
