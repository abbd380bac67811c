//! Follows the topic `status`: interfaces, rebuilds, processes.

use std::{sync::Arc, time::Duration};

use groundlog_log::{Log, LogError};
use groundlog_projection::Follower;
use groundlog_proto::{
    Nanos, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{StatusRecord, status_record::Kind},
};
use tokio::sync::watch;

use crate::{interfaces::Interfaces, processes::Processes};

/// How far back the fold starts: whoever owns something repeats itself far more often.
const LOOK_BACK: Duration = Duration::from_secs(3600);
/// Bytes read from the topic at a time.
const READ_BYTES: usize = 256 * 1024;

/// Follows the topic until shutdown.
///
/// # Errors
/// The log's, unless it is transient.
pub(crate) async fn follow(
    log: &Arc<dyn Log>,
    names: &TopicNames,
    interfaces: &Interfaces,
    processes: &Processes,
    mut shutdown: watch::Receiver<bool>,
) -> Result<(), LogError> {
    let partition = TopicPartition::new(names.topic(TopicKind::Status), 0);
    let since = Nanos(Nanos::now().0.saturating_sub(LOOK_BACK.as_nanos() as i64));
    let from = log.find(&partition, since).await?;
    let history = log.bounds(&partition).await?.tail;
    let mut statuses = Follower::new(log.clone(), partition.clone(), from);
    loop {
        let batch = tokio::select! {
            _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
            batch = statuses.next(READ_BYTES) => batch?,
        };
        for record in batch.iter() {
            let status = match StatusRecord::decode(record.value) {
                Ok(status) => status,
                Err(error) => {
                    let offset = record.offset;
                    tracing::warn!(%error, %partition, offset, "a status is not readable");
                    continue;
                }
            };
            match status.kind {
                Some(Kind::Interface(it)) => interfaces.heard(status.time_ns, it),
                Some(Kind::Rebuild(it)) => interfaces.rebuilt(it),
                // What comes in now is new, whatever clocks say; of what lay there only they know.
                Some(Kind::Process(it)) if record.offset >= history => {
                    processes.hear(it, Duration::ZERO);
                }
                Some(Kind::Process(it)) => processes.hear(it, age(record.append_time)),
                _ => {}
            }
        }
    }
}

fn age(then: Nanos) -> Duration {
    let nanos = Nanos::now().0.saturating_sub(then.0);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}
