use std::collections::{BTreeMap, BTreeSet};

use groundlog_proto::{TopicName, TopicPartition};

/// Shares partitions among members: as evenly as subscriptions allow, moving as few as possible.
///
/// `members` maps a member to its topics, `owners` says who has what now. Partitions nobody reads
/// are left out of the result.
pub(super) fn balance(
    partitions: &BTreeSet<TopicPartition>,
    members: &BTreeMap<String, Vec<TopicName>>,
    owners: &BTreeMap<TopicPartition, String>,
) -> BTreeMap<TopicPartition, String> {
    let mut load: BTreeMap<&str, usize> = members.keys().map(|name| (name.as_str(), 0)).collect();
    let mut result: BTreeMap<TopicPartition, String> = BTreeMap::new();
    let reads = |member: &str, topic: &TopicName| {
        members.get(member).is_some_and(|topics| topics.contains(topic))
    };
    for partition in partitions {
        if let Some(owner) = owners.get(partition).filter(|owner| reads(owner, &partition.topic)) {
            *load.entry(members.get_key_value(owner).map_or("", |(name, _)| name)).or_default() +=
                1;
            result.insert(partition.clone(), owner.clone());
        }
    }
    // Equal partition numbers of several topics are likely to be worked on together: hand out by
    // number first.
    let mut free: Vec<&TopicPartition> =
        partitions.iter().filter(|partition| !result.contains_key(*partition)).collect();
    free.sort_by_key(|partition| (partition.partition, partition.topic.clone()));
    for partition in free {
        let least = load
            .iter()
            .filter(|(member, _)| reads(member, &partition.topic))
            .min_by_key(|(_, count)| **count)
            .map(|(member, _)| *member);
        if let Some(member) = least {
            *load.entry(member).or_default() += 1;
            result.insert(partition.clone(), member.to_owned());
        }
    }
    while let Some((partition, to)) = improvement(&result, &load, reads) {
        if let Some(from) = result.insert(partition, to.to_owned())
            && let Some(count) = load.get_mut(from.as_str())
        {
            *count -= 1;
        }
        *load.entry(to).or_default() += 1;
    }
    result
}

/// Finds one move that makes two members' loads more even.
fn improvement<'a>(
    result: &BTreeMap<TopicPartition, String>,
    load: &BTreeMap<&'a str, usize>,
    reads: impl Fn(&str, &TopicName) -> bool,
) -> Option<(TopicPartition, &'a str)> {
    // The highest partition moves first, so that low numbers stay where they are.
    result.iter().rev().find_map(|(partition, owner)| {
        let mine = *load.get(owner.as_str())?;
        let (to, theirs) = load
            .iter()
            .filter(|(member, _)| reads(member, &partition.topic))
            .min_by_key(|(_, count)| **count)?;
        (mine > theirs + 1).then(|| (partition.clone(), *to))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(count: u32) -> BTreeSet<TopicPartition> {
        (0..count).map(|number| TopicPartition::new(TopicName::new("raw"), number)).collect()
    }

    fn members(names: &[&str]) -> BTreeMap<String, Vec<TopicName>> {
        names.iter().map(|name| ((*name).to_owned(), vec![TopicName::new("raw")])).collect()
    }

    fn loads(owners: &BTreeMap<TopicPartition, String>) -> BTreeMap<&str, usize> {
        let mut loads = BTreeMap::new();
        owners.values().for_each(|owner| *loads.entry(owner.as_str()).or_default() += 1);
        loads
    }

    #[test]
    fn shares_evenly_and_moves_little() {
        let all = partitions(7);
        let one = balance(&all, &members(&["a"]), &BTreeMap::new());
        assert_eq!(loads(&one), BTreeMap::from([("a", 7)]));
        let two = balance(&all, &members(&["a", "b"]), &one);
        assert_eq!(loads(&two), BTreeMap::from([("a", 4), ("b", 3)]));
        let three = balance(&all, &members(&["a", "b", "c"]), &two);
        let moved = all.iter().filter(|p| two.get(p) != three.get(p)).count();
        assert_eq!(moved, 2, "only what the newcomer needs moves");
        let left = balance(&all, &members(&["b", "c"]), &three);
        assert!(all.iter().all(|p| three[p] == "a" || three[p] == left[p]));
    }

    #[test]
    fn gives_partitions_to_subscribers_only() {
        let all = partitions(2);
        let mut members = members(&["a"]);
        members.insert("b".to_owned(), vec![TopicName::new("other")]);
        assert_eq!(loads(&balance(&all, &members, &BTreeMap::new())), BTreeMap::from([("a", 2)]));
        members.remove("a");
        assert!(balance(&all, &members, &BTreeMap::new()).is_empty());
    }
}
