use std::time::Duration;

use groundlog_log::{Log, LogError};
use groundlog_projection::LagRegistry;
use groundlog_proto::{TopicKind, TopicNames, TopicPartition};
use tokio::time::{Instant, sleep};

/// How often progress is looked at while something drains.
const POLL: Duration = Duration::from_millis(5);

/// How often it is looked whether what is left is records at all.
const LOOK: Duration = Duration::from_millis(200);

/// Waits until a consumer group has done everything of its input topics, whoever does it, at most
/// `bound`. Returns whether it has.
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
            let mut gap = Gap::new();
            loop {
                let next = done(&at).await?;
                if next >= tail || gap.is_all(log, &at, next).await? {
                    break;
                }
                if Instant::now() >= deadline {
                    return Ok(false);
                }
                sleep(POLL).await;
            }
        }
    }
    Ok(true)
}

/// Looks now and then whether only offsets without records are left, such as those of transactions.
struct Gap(Instant);

impl Gap {
    fn new() -> Self {
        Self(Instant::now() + LOOK)
    }

    async fn is_all(
        &mut self,
        log: &dyn Log,
        at: &TopicPartition,
        next: u64,
    ) -> Result<bool, LogError> {
        if Instant::now() < self.0 {
            return Ok(false);
        }
        self.0 = Instant::now() + LOOK;
        let from = log.bounds(at).await?.trim.max(next);
        Ok(log.reader(at, from).await?.poll(1).await?.is_empty())
    }
}

/// Waits until a consumer of this process has done everything that lies in its own partitions now,
/// at most `bound`; what moves to another process meanwhile is that one's. Returns whether it has.
pub(super) async fn drained(
    log: &dyn Log,
    lags: &LagRegistry,
    consumer: &str,
    bound: Duration,
) -> Result<bool, LogError> {
    let deadline = Instant::now() + bound;
    for (at, _) in lags.of(consumer) {
        let tail = log.bounds(&at).await?.tail;
        let mut gap = Gap::new();
        while let Some(next) = lags.next(consumer, &at).filter(|next| *next < tail) {
            if gap.is_all(log, &at, next).await? {
                break;
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(POLL).await;
        }
    }
    Ok(true)
}
