//! Tells the `status` topic about the interfaces that this process owns: every change of state at
//! once, what was sent soon, what was received now and then, and everything again after a while, so
//! that whoever begins to listen need not go far back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use groundlog_log::{Log, Records};
use groundlog_proto::{
    Nanos, TopicPartition,
    prost::Message,
    wire::{StatusRecord, status_record},
};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{InterfaceStatus, link::Shared, shutdown::stopped};

/// After this time what has not changed is said again.
const REPEAT: Duration = Duration::from_secs(10);

/// After this time at most it is said what was sent: whoever has sent a command looks whether it
/// counts.
const SENT: Duration = Duration::from_millis(100);

/// What was said last of an interface, and when.
type Published = HashMap<String, (InterfaceStatus, Instant)>;

/// What the publisher needs.
pub(crate) struct Publisher {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) partition: TopicPartition,
    pub(crate) links: Vec<Arc<Shared>>,
    pub(crate) process: String,
    pub(crate) changed: watch::Receiver<u64>,
    /// After which time what was received is said.
    pub(crate) period: Duration,
    pub(crate) shutdown: watch::Receiver<bool>,
}

impl Publisher {
    /// Runs until shutdown, then publishes once more. Status is no promise: what the log refuses
    /// is superseded by the next.
    pub(crate) async fn run(mut self) {
        let mut published = HashMap::new();
        let mut ticks = interval(self.period.min(SENT));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stop = tokio::select! {
                () = stopped(&mut self.shutdown) => true,
                _ = self.changed.changed() => false,
                _ = ticks.tick() => false,
            };
            self.publish(&mut published).await;
            if stop {
                return;
            }
        }
    }

    async fn publish(&self, published: &mut Published) {
        let mut records = Records::new();
        let (time_ns, now) = (Nanos::now().0, Instant::now());
        for link in &self.links {
            let Some(status) = due(link.status(), published, self.period, now) else {
                continue;
            };
            let kind = Some(status_record::Kind::Interface(status.to_wire(&self.process)));
            let key = format!("interface/{}", status.interface);
            records.push(key.as_bytes(), &StatusRecord { time_ns, kind }.encode_to_vec());
        }
        if !records.is_empty()
            && let Err(error) = self.log.append(&self.partition, records).await
        {
            tracing::warn!(%error, "status of the interfaces could not be published");
        }
    }
}

/// Returns what is to be said of an interface now, if anything. Only its owner says something; who
/// was the owner until now has the last word under the epoch that it had, which a new owner's is
/// above.
fn due(
    status: InterfaceStatus,
    published: &mut Published,
    period: Duration,
    now: Instant,
) -> Option<InterfaceStatus> {
    if status.epoch == 0 {
        let (last, _) = published.remove(&status.interface)?;
        return Some(InterfaceStatus { epoch: last.epoch, ..status });
    }
    let known = published.get(&status.interface);
    if known.is_some_and(|(last, at)| now - *at < patience(last, &status, period)) {
        return None;
    }
    published.insert(status.interface.clone(), (status.clone(), now));
    Some(status)
}

/// Returns how long what is to be said can wait behind what was said last.
fn patience(last: &InterfaceStatus, status: &InterfaceStatus, period: Duration) -> Duration {
    if last == status {
        return REPEAT;
    }
    // On a busy link these move all the time.
    let receiving = InterfaceStatus {
        rx_bytes: last.rx_bytes,
        rx_count: last.rx_count,
        discarded_bytes: last.discarded_bytes,
        unframed_bytes: last.unframed_bytes,
        unacknowledged_bytes: last.unacknowledged_bytes,
        ..status.clone()
    };
    if receiving == *last { period } else { Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_said_before_what_was_received() {
        let period = Duration::from_secs(1);
        let options = crate::InterfaceOptions::new("A_INT", "tcpip_client_interface.rb", &[]);
        let idle = Shared::new(&options, true, watch::channel(0).0).status();
        let (mut published, start) = (Published::new(), Instant::now());
        let mut says = |tx_count, rx_count, after: u64| {
            let status = InterfaceStatus { epoch: 1, tx_count, rx_count, ..idle.clone() };
            let now = start + Duration::from_millis(after);
            due(status, &mut published, period, now).is_some()
        };
        assert!(says(0, 0, 0), "the first time");
        assert!(!says(0, 0, 900) && !says(0, 5, 900), "nothing new, and what can wait");
        assert!(says(1, 5, 950), "a packet was sent");
        assert!(!says(1, 6, 1900) && says(1, 6, 1950), "a second after what was said last");
        assert!(!says(1, 6, 11_900) && says(1, 6, 11_950), "again after a while");
    }
}
