use groundlog_log::LogError;
use groundlog_proto::{Fault, Position};

use crate::{Counter, Metric, MetricKind, MetricsRegistry, RunError};

const RECORDS: Metric = Metric {
    name: "groundlog_projection_records_total",
    kind: MetricKind::Counter,
    unit: "records",
    description: "Records applied by a consumer",
};
const BATCHES: Metric = Metric {
    name: "groundlog_projection_commits_total",
    kind: MetricKind::Counter,
    unit: "commits",
    description: "Checkpoints committed by a consumer",
};
const RETRIES: Metric = Metric {
    name: "groundlog_projection_retries_total",
    kind: MetricKind::Counter,
    unit: "retries",
    description: "Transient faults after which a consumer returned to its checkpoint",
};
const MOVES: Metric = Metric {
    name: "groundlog_projection_moves_total",
    kind: MetricKind::Counter,
    unit: "commits",
    description: "Commits of a consumer refused because the partition had moved to another process",
};
const DEAD_LETTERS: Metric = Metric {
    name: "groundlog_projection_dead_letters_total",
    kind: MetricKind::Counter,
    unit: "records",
    description: "Records that a consumer could not process and set aside",
};

/// What a runner has to tell: each fact is a log line and a number at once.
pub(super) struct Events {
    consumer: String,
    pub(super) records: Counter,
    pub(super) commits: Counter,
    retries: Counter,
    moves: Counter,
    dead_letters: Counter,
}

impl Events {
    pub(super) fn new(consumer: &str, metrics: &MetricsRegistry) -> Self {
        let labels = [("consumer", consumer)];
        Self {
            consumer: consumer.to_owned(),
            records: metrics.counter(&RECORDS, &labels),
            commits: metrics.counter(&BATCHES, &labels),
            retries: metrics.counter(&RETRIES, &labels),
            moves: metrics.counter(&MOVES, &labels),
            dead_letters: metrics.counter(&DEAD_LETTERS, &labels),
        }
    }

    pub(super) fn retrying(&self, fault: &dyn Fault) {
        self.retries.add(1);
        tracing::warn!(consumer = self.consumer, %fault, "returning to the checkpoint");
    }

    pub(super) fn moved(&self, error: &LogError) {
        self.moves.add(1);
        tracing::info!(
            consumer = self.consumer,
            %error,
            "a commit came too late; what is still owned here goes on from the checkpoint"
        );
    }

    pub(super) fn stopped(&self, error: &RunError) {
        tracing::error!(consumer = self.consumer, %error, "stopped");
    }

    pub(super) fn dead_letter(&self, at: &Position, reason: &str) {
        self.dead_letters.add(1);
        tracing::warn!(consumer = self.consumer, %at, reason, "record set aside as a dead letter");
    }
}
