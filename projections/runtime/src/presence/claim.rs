use std::time::Duration;

use groundlog_log::{Appending, Log, Records};
use groundlog_proto::{
    Nanos, Offset, TopicPartition,
    prost::Message,
    wire::{ProcessState, ProcessStatus, StatusRecord, status_record::Kind},
};
use tokio::time::{Instant, timeout_at};

use super::{PresenceError, Process};

/// Heartbeats of this time are looked at for a process of the same name.
const LOOK_BACK: Duration = Duration::from_secs(120);

/// Periods without a word after which a process of the same name is taken for dead.
const SILENT_PERIODS: u32 = 3;

/// Bytes read at a time.
const READ_BYTES: usize = 256 * 1024;

impl Process {
    /// Waits until no other process of this name is alive, and claims the name. Returns the offset
    /// behind the claim.
    ///
    /// # Errors
    /// [`PresenceError::Taken`] when another one is alive.
    pub async fn claim(&self) -> Result<Offset, PresenceError> {
        let (log, partition) = (self.log().clone(), self.status_partition());
        let since = Nanos(Nanos::now().0.saturating_sub(LOOK_BACK.as_nanos() as i64));
        let mut from = log.find(&partition, since).await?;
        let tail = log.bounds(&partition).await?.tail;
        let mut namesake = None;
        let mut reader = log.reader(&partition, from).await?;
        while from < tail {
            let batch = reader.poll(READ_BYTES).await?;
            if batch.is_empty() && reader.position() <= from {
                break;
            }
            from = reader.position();
            for record in batch.iter() {
                namesake = self.namesake(record.value).or(namesake);
            }
        }
        if let Some(last) = namesake.filter(|last| last.state() != ProcessState::Stopped) {
            let wait = self.period() * SILENT_PERIODS;
            tracing::info!(
                process = last.process,
                host = last.host,
                pid = last.pid,
                ?wait,
                "a process of this name ran a moment ago; listening whether it is still there"
            );
            let deadline = Instant::now() + wait;
            while let Ok(batch) = timeout_at(deadline, reader.next(READ_BYTES)).await {
                let batch = batch?;
                match batch.iter().filter_map(|record| self.namesake(record.value)).last() {
                    Some(last) if last.state() == ProcessState::Stopped => break,
                    Some(ProcessStatus { process, host, pid, .. }) => {
                        return Err(PresenceError::Taken { process, host, pid });
                    }
                    None => {}
                }
            }
        }
        let claim = self.outline(ProcessState::Starting);
        Ok(append(&*log, &partition, claim).await?.next)
    }

    /// Reads what another process of the same name says of itself.
    pub(super) fn namesake(&self, value: &[u8]) -> Option<ProcessStatus> {
        let Ok(StatusRecord { kind: Some(Kind::Process(status)), .. }) =
            StatusRecord::decode(value)
        else {
            return None;
        };
        let me = self.identity();
        (status.process == me.process && status.instance != me.instance).then_some(status)
    }
}

/// Queues a heartbeat.
pub(super) fn append(
    log: &dyn Log,
    partition: &TopicPartition,
    status: ProcessStatus,
) -> Appending {
    let key = format!("process/{}", status.process);
    let record = StatusRecord { time_ns: Nanos::now().0, kind: Some(Kind::Process(status)) };
    let mut records = Records::new();
    records.push(key.as_bytes(), &record.encode_to_vec());
    log.append(partition, records)
}
