use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use groundlog_log::{Appending, LogError};
use groundlog_proto::{
    Offset,
    wire::{ProcessState, ProcessStatus},
};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{PresenceError, Process, claim::append};
use crate::{Follower, runner::stopped};

/// Every so many heartbeats carry the counters.
const COUNTERS_EVERY: u64 = 10;

/// Bytes read at a time.
const READ_BYTES: usize = 256 * 1024;

/// How long the last word may take.
const LAST_WORD_MAX: Duration = Duration::from_secs(2);

/// Says every period, and whenever a role changes, how the process is, until `shutdown` turns true;
/// `claimed` is the offset behind its claim.
///
/// # Errors
/// [`PresenceError::Replaced`] when another process has claimed the name since; this one must stop.
pub async fn heartbeat(
    process: Process,
    claimed: Offset,
    mut shutdown: watch::Receiver<bool>,
) -> Result<(), PresenceError> {
    let mut pulse = Pulse { process, beats: 0, on_its_way: None, before: HashMap::new() };
    let mut ticks = interval(pulse.process.period());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut roles = pulse.process.roles().changed();
    let (log, status) = (pulse.process.log().clone(), pulse.process.status_partition());
    let mut others = Follower::new(log, status, claimed);
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => {
                pulse.stopped().await;
                return Ok(());
            }
            heard = listen(&pulse.process, &mut others) => match heard {
                Ok(Some(claim)) => {
                    let ProcessStatus { process, host, pid, .. } = claim;
                    return Err(PresenceError::Replaced { process, host, pid });
                }
                Ok(None) => {}
                Err(LogError::Closed) => return Ok(()),
                Err(error) => return Err(error.into()),
            },
            _ = ticks.tick() => pulse.beat().await,
            _ = roles.changed() => pulse.beat().await,
        }
    }
}

/// Waits for the next records; returns another process's claim to the name, if one is among them.
///
/// Cancel safe: the follower stays where it is.
async fn listen(
    process: &Process,
    others: &mut Follower,
) -> Result<Option<ProcessStatus>, LogError> {
    let batch = others.next(READ_BYTES).await?;
    let mut claims = batch.iter().filter_map(|record| process.namesake(record.value));
    Ok(claims.find(|status| status.state() == ProcessState::Starting))
}

struct Pulse {
    process: Process,
    beats: u64,
    /// The last heartbeat, while the log has not taken it: one at a time.
    on_its_way: Option<Appending>,
    /// How far each partition was, and when.
    before: HashMap<(String, String, u32), (Offset, Instant)>,
}

impl Pulse {
    /// Speaks up, unless the log still has the last word to take.
    async fn beat(&mut self) {
        if let Some(appending) = &mut self.on_its_way {
            match timeout(Duration::ZERO, appending).await {
                Err(_) => return,
                Ok(Ok(_) | Err(LogError::Closed)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a heartbeat could not be published"),
            }
        }
        let mut status = match timeout(self.process.period(), self.process.status()).await {
            Ok(Ok(status)) => status,
            // How far it is may be unknown; that it is there is not.
            Ok(Err(_)) | Err(_) => self.process.outline(ProcessState::Running),
        };
        self.rate(&mut status);
        if self.beats.is_multiple_of(COUNTERS_EVERY) {
            status.counters = self.process.counters();
        }
        self.beats += 1;
        let (log, partition) = (self.process.log(), self.process.status_partition());
        self.on_its_way = Some(append(&**log, &partition, status));
    }

    /// Says that the process has stopped in order.
    async fn stopped(&mut self) {
        let mut status = self.process.outline(ProcessState::Stopped);
        status.counters = self.process.counters();
        let (log, partition) = (self.process.log(), self.process.status_partition());
        let said = timeout(LAST_WORD_MAX, append(&**log, &partition, status)).await;
        if !matches!(said, Ok(Ok(_))) {
            tracing::warn!(
                "the log did not take the last heartbeat; others will miss this process"
            );
        }
    }

    /// Fills in how fast each partition moved since the last heartbeat.
    fn rate(&mut self, status: &mut ProcessStatus) {
        let now = Instant::now();
        for consumer in &mut status.consumers {
            for partition in &mut consumer.partitions {
                let key = (consumer.consumer.clone(), consumer.topic.clone(), partition.partition);
                let before = self.before.insert(key, (partition.next, now));
                if let Some((next, at)) = before
                    && now > at
                {
                    let moved = partition.next.saturating_sub(next) as f32;
                    partition.records_per_second = moved / now.duration_since(at).as_secs_f32();
                }
            }
        }
    }
}
