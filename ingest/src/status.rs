//! Tells the `status` topic about the interfaces that this process owns: every change of state at
//! once, counters now and then, and everything again after a while, so that whoever begins to
//! listen need not go far back.

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

/// What was said last of an interface, and when.
type Published = HashMap<String, (InterfaceStatus, Instant)>;

/// What the publisher needs.
pub(crate) struct Publisher {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) partition: TopicPartition,
    pub(crate) links: Vec<Arc<Shared>>,
    pub(crate) process: String,
    pub(crate) changed: watch::Receiver<u64>,
    pub(crate) period: Duration,
    pub(crate) shutdown: watch::Receiver<bool>,
}

impl Publisher {
    /// Runs until shutdown, then publishes once more. Status is no promise: what the log refuses
    /// is superseded by the next.
    pub(crate) async fn run(mut self) {
        let mut published = HashMap::new();
        let mut ticks = interval(self.period);
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
        let time_ns = Nanos::now().0;
        for link in &self.links {
            let Some(status) = due(link.status(), published) else {
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
fn due(status: InterfaceStatus, published: &mut Published) -> Option<InterfaceStatus> {
    if status.epoch == 0 {
        let (last, _) = published.remove(&status.interface)?;
        return Some(InterfaceStatus { epoch: last.epoch, ..status });
    }
    let fresh = published.get(&status.interface);
    if fresh.is_some_and(|(last, at)| *last == status && at.elapsed() < REPEAT) {
        return None;
    }
    published.insert(status.interface.clone(), (status.clone(), Instant::now()));
    Some(status)
}
