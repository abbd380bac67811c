use std::time::Duration;

use groundlog_log::{Log, LogError};
use groundlog_projection::LagRegistry;
use groundlog_proto::{TopicKind, TopicNames, TopicPartition};
use tokio::time::{Instant, sleep};

/// How often progress is looked at while something drains.
const POLL: Duration = Duration::from_millis(5);

/// Waits until a consumer group has done everything of its input topics, at most `bound`.
/// Returns whether it has.
pub(super) async fn caught_up(
    log: &dyn Log,
    names: &TopicNames,
    inputs: &[TopicKind],
    bound: Duration,
    mut done: impl AsyncFnMut(&TopicPartition) -> Result<u64, LogError>,
) -> Result<bool, LogError> {
    let deadline = Instant::now() + bound;
    for kind in inputs {
        let topic = log.topic(&names.topic(*kind)).await?;
        for partition in 0..topic.partitions {
            let at = TopicPartition::new(topic.name.clone(), partition);
            let tail = log.bounds(&at).await?.tail;
            while done(&at).await? < tail {
                if Instant::now() >= deadline {
                    return Ok(false);
                }
                sleep(POLL).await;
            }
        }
    }
    Ok(true)
}

/// Enters what lies before decommutation and current values as their lag, before they begin: until
/// they have taken their partitions over, nothing may look as if it were up to date.
pub(super) async fn expect(
    log: &dyn Log,
    names: &TopicNames,
    lags: &LagRegistry,
) -> Result<(), LogError> {
    let inputs = [
        ("decom", TopicKind::Raw),
        ("decom", TopicKind::RawStored),
        ("cvt", TopicKind::Decom),
        ("cvt", TopicKind::DecomStored),
    ];
    for (consumer, kind) in inputs {
        let topic = log.topic(&names.topic(kind)).await?;
        for partition in 0..topic.partitions {
            let at = TopicPartition::new(topic.name.clone(), partition);
            // What lies in memory is not there before it is restored.
            let done = match consumer {
                "decom" => log.checkpoint(consumer, &at).await?.unwrap_or(0),
                _ => 0,
            };
            lags.progress(consumer, &at).advance(done);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use groundlog_log::{EmbeddedOptions, Records, TopicSpec};
    use groundlog_proto::Namespace;

    use super::*;

    #[tokio::test]
    async fn what_nobody_has_taken_over_yet_is_lag() {
        let log = groundlog_log::open("memory:", &EmbeddedOptions::default()).expect("opens");
        let names = TopicNames::new("", &Namespace::Live);
        for kind in TopicKind::ALL {
            log.ensure(&TopicSpec::standard(&names, kind, 2)).await.expect("topic");
        }
        let mut records = Records::new();
        (0..3).for_each(|_| records.push(b"key", b"value"));
        for kind in [TopicKind::Raw, TopicKind::Decom] {
            let at = TopicPartition::new(names.topic(kind), 1);
            log.append(&at, records.clone()).await.expect("appended");
        }
        let lags = LagRegistry::default();
        expect(&*log, &names, &lags).await.expect("reads");
        let found = lags.measure(&*log).await.expect("measured");
        let behind: Vec<_> = found.iter().filter(|lag| lag.records > 0).collect();
        let behind: Vec<_> = behind
            .iter()
            .map(|lag| (lag.consumer.as_str(), lag.partition.partition, lag.records))
            .collect();
        assert_eq!(behind, [("cvt", 1, 3), ("decom", 1, 3)]);
    }
}
