use groundlog_proto::{Nanos, TopicName, TopicPartition};

use super::{Fixture, records};
use crate::{Durability, LogError, Retention, TopicSpec};

/// Ensuring a topic twice changes nothing: same generation, same records.
pub async fn topics_are_made_once(fixture: &Fixture) {
    let spec = TopicSpec {
        name: TopicName::new(&fixture.name("once")),
        partitions: 3,
        durability: Durability::Synced,
        retention: Retention::Forever,
    };
    let first = fixture.log.ensure(&spec).await.expect("made");
    let partition = TopicPartition::new(spec.name.clone(), 2);
    fixture.append(&partition, &["kept"]).await;
    let second = fixture.log.ensure(&spec).await.expect("found");
    assert_eq!(first, second);
    assert_eq!(fixture.log.topic(&spec.name).await.expect("described"), first);
    let listed = fixture.log.topics().await.expect("listed");
    assert!(listed.contains(&first));
    assert!(listed.windows(2).all(|pair| pair[0].name < pair[1].name), "by name");
    assert_eq!(fixture.values(&partition, 0).await, ["kept"]);
    let other = TopicSpec { name: TopicName::new(&fixture.name("other")), ..spec };
    let other = fixture.log.ensure(&other).await.expect("made");
    assert_ne!(other.generation, first.generation);
}

/// The partition count is fixed; the error says what there is and what was wanted.
pub async fn another_partition_count_is_refused(fixture: &Fixture) {
    let name = fixture.topic("count", 3, Durability::Synced).await;
    let spec = TopicSpec {
        name: name.clone(),
        partitions: 4,
        durability: Durability::Synced,
        retention: Retention::Forever,
    };
    let refused = fixture.log.ensure(&spec).await;
    let right = matches!(
        &refused,
        Err(LogError::TopicMismatch { topic, found: 3, wanted: 4 }) if *topic == name
    );
    assert!(right, "{refused:?}");
}

/// Topics and partitions that are not there are named in the error.
pub async fn unknown_names_are_refused(fixture: &Fixture) {
    let log = &fixture.log;
    let known = fixture.topic("known", 2, Durability::Synced).await;
    let missing = TopicPartition::new(TopicName::new(&fixture.name("unknown")), 0);
    let beyond = TopicPartition::new(known, 2);
    let mut transactor = log.transactor(&fixture.name("unknown")).await.expect("transactor");
    for (partition, is_topic) in [(&missing, true), (&beyond, false)] {
        let mut txn = transactor.begin().await.expect("begin");
        let errors = [
            log.bounds(partition).await.map(drop),
            log.find(partition, Nanos(0)).await.map(drop),
            log.reader(partition, 0).await.map(drop),
            log.append(partition, records(&["x"])).await.map(drop),
            log.trim(partition, 1).await,
            txn.append(partition, records(&["x"])).await,
        ];
        for error in errors {
            let right = match &error {
                Err(LogError::UnknownTopic { topic, .. }) => is_topic && *topic == missing.topic,
                Err(LogError::UnknownPartition { partition, partitions: 2 }) => {
                    !is_topic && *partition == beyond
                }
                _ => false,
            };
            assert!(right, "{error:?}");
        }
    }
    assert!(matches!(log.topic(&missing.topic).await, Err(LogError::UnknownTopic { .. })));
}
