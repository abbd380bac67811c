//! Tells the `status` topic about the interfaces: every change of state at once, counters now and
//! then.

use std::{collections::HashMap, sync::Arc, time::Duration};

use groundlog_log::{Log, Records};
use groundlog_proto::{
    Nanos, TopicPartition,
    prost::Message,
    wire::{StatusRecord, status_record},
};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{InterfaceStatus, link::Shared, shutdown::stopped};

/// What the publisher needs.
pub(crate) struct Publisher {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) partition: TopicPartition,
    pub(crate) links: Vec<Arc<Shared>>,
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

    async fn publish(&self, published: &mut HashMap<String, InterfaceStatus>) {
        let mut records = Records::new();
        let time_ns = Nanos::now().0;
        for link in &self.links {
            let status = link.status();
            if published.get(&status.interface) == Some(&status) {
                continue;
            }
            let kind = Some(status_record::Kind::Interface(status.to_wire()));
            let key = format!("interface/{}", status.interface);
            records.push(key.as_bytes(), &StatusRecord { time_ns, kind }.encode_to_vec());
            published.insert(status.interface.clone(), status);
        }
        if !records.is_empty()
            && let Err(error) = self.log.append(&self.partition, records).await
        {
            tracing::warn!(%error, "status of the interfaces could not be published");
        }
    }
}
