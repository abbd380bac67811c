use groundlog_log::Records;
use groundlog_proto::TopicPartition;

/// Records that a projection has made of its input, to be committed with the checkpoint.
#[derive(Debug, Default)]
pub struct Outputs {
    parts: Vec<(TopicPartition, Records)>,
    discarded: bool,
}

impl Outputs {
    /// Makes outputs that will be committed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes outputs that nobody will see, for a fold up to its checkpoint.
    pub fn discarded() -> Self {
        Self { parts: Vec::new(), discarded: true }
    }

    /// Returns whether nobody will see what is put in, so that making it may be left out.
    pub fn is_discarded(&self) -> bool {
        self.discarded
    }

    /// Adds records for a partition, behind what was put there before.
    pub fn put(&mut self, partition: &TopicPartition, records: Records) {
        if !self.discarded && !records.is_empty() {
            self.parts.push((partition.clone(), records));
        }
    }

    /// Adds all that was put elsewhere, behind what is here.
    pub(crate) fn append(&mut self, mut other: Outputs) {
        self.parts.append(&mut other.parts);
    }

    /// Returns whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|(_, records)| records.len()).sum()
    }

    /// Returns the bytes of all records.
    pub fn byte_len(&self) -> usize {
        self.parts.iter().map(|(_, records)| records.byte_len()).sum()
    }

    /// Returns the parts in the order in which they were put in.
    pub fn parts(&self) -> &[(TopicPartition, Records)] {
        &self.parts
    }

    /// Returns the parts for the transaction.
    pub fn into_parts(self) -> Vec<(TopicPartition, Records)> {
        self.parts
    }
}
