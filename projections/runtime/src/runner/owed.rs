use std::collections::BTreeMap;

use groundlog_proto::TopicPartition;

use crate::Outputs;

/// What was applied and is in no commit yet: outputs by the partition whose records they come from,
/// empty where only the checkpoint moves.
#[derive(Default)]
pub(super) struct Owed {
    outputs: BTreeMap<TopicPartition, Outputs>,
    input_bytes: usize,
}

impl Owed {
    /// Adds what was made of so many bytes of a partition, behind what is owed of it already.
    pub(super) fn add(&mut self, partition: &TopicPartition, input_bytes: usize, outputs: Outputs) {
        self.input_bytes += input_bytes;
        self.outputs.entry(partition.clone()).or_default().append(outputs);
    }

    /// Returns how many bytes of input that came from; 0 when nothing is owed.
    pub(super) fn input_bytes(&self) -> usize {
        self.input_bytes
    }

    /// Returns the bytes of all outputs.
    pub(super) fn output_bytes(&self) -> usize {
        self.outputs.values().map(Outputs::byte_len).sum()
    }

    /// Drops what is owed of a partition that is another member's, or is loaded anew.
    pub(super) fn forget(&mut self, partition: &TopicPartition) {
        self.outputs.remove(partition);
        if self.outputs.is_empty() {
            self.input_bytes = 0;
        }
    }

    /// Drops everything: it is applied again from the checkpoints.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Hands everything over to a commit.
    pub(super) fn take(&mut self) -> BTreeMap<TopicPartition, Outputs> {
        std::mem::take(self).outputs
    }
}
