//! Events about commands that have left: appended in order, offered again until the log takes
//! them.

use std::time::Duration;

use groundlog_log::{Log, LogError, Records};
use groundlog_proto::{TopicPartition, prost::Message, wire::CommandEvent};

use crate::link::Appender;

/// The way of command outcomes into the `commands` topic.
pub(super) struct Outbox(Appender);

impl Outbox {
    pub(super) fn new(partition: TopicPartition, retry_delay: Duration) -> Self {
        Self(Appender::new(partition, usize::MAX, retry_delay))
    }

    pub(super) fn push(&mut self, event: &CommandEvent, log: &dyn Log) {
        push_event(self.0.batch(), event);
        self.0.submit(log);
    }

    pub(super) fn is_busy(&self) -> bool {
        self.0.is_busy()
    }

    /// Waits for the append on its way; see [`Appender::progress`] for cancel safety.
    pub(super) async fn progress(&mut self, log: &dyn Log) -> Result<(), LogError> {
        self.0.progress(log).await.map(drop)
    }

    pub(super) async fn flush(&mut self, log: &dyn Log) -> Result<(), LogError> {
        self.0.flush(log).await
    }
}

/// Adds an event to a batch for the `commands` topic, whose key is the target.
pub(super) fn push_event(records: &mut Records, event: &CommandEvent) {
    records.push_with(event.target.as_bytes(), |out| {
        out.reserve(event.encoded_len());
        // A vector never runs out of room, the only reason to fail.
        let _ = event.encode(out);
    });
}
