use std::time::Duration;

use groundlog_log::{Log, LogError};
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
