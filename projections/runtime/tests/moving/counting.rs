//! A fold whose outputs show what it knew: each record with its number within the partition.

use std::collections::HashMap;

use async_trait::async_trait;
use groundlog_log::Records;
use groundlog_projection::{ApplyError, Assignment, Input, Outputs, Projection, Start, Target};
use groundlog_proto::{Fault, Offset, TopicKind, TopicName, TopicNames, TopicPartition};

pub(crate) const CONSUMER: &str = "counting";

pub(crate) struct Counting {
    names: TopicNames,
    counts: HashMap<TopicPartition, u64>,
}

impl Counting {
    pub(crate) fn new(names: &TopicNames) -> Self {
        Self { names: names.clone(), counts: HashMap::new() }
    }
}

/// What the output for a record must be.
pub(crate) fn output(number: u64, value: &[u8]) -> Vec<u8> {
    [&number.to_le_bytes()[..], value].concat()
}

#[async_trait]
impl Projection for Counting {
    fn name(&self) -> &str {
        CONSUMER
    }
    fn inputs(&self) -> Vec<TopicName> {
        vec![self.names.topic(TopicKind::Raw)]
    }
    fn target(&self) -> Target {
        Target::Log
    }
    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, Box<dyn Fault>> {
        let restored = assignment
            .snapshot
            .as_ref()
            .map(|it| u64::from_le_bytes(it.data.as_ref().try_into().expect("eight bytes")));
        self.counts.insert(assignment.partition.clone(), restored.unwrap_or(0));
        Ok(if restored.is_some() { Start::Snapshot } else { Start::Earliest })
    }
    async fn apply(&mut self, input: &Input<'_>, outputs: &mut Outputs) -> Result<(), ApplyError> {
        let count = self.counts.get_mut(input.partition()).expect("assigned");
        let mut records = Records::new();
        for record in input.iter() {
            records.push(record.key, &output(*count, record.value));
            *count += 1;
        }
        let to = self.names.topic(TopicKind::Decom);
        outputs.put(&TopicPartition::new(to, input.partition().partition), records);
        Ok(())
    }
    async fn flush(&mut self, _: &TopicPartition, _: Offset) -> Result<(), Box<dyn Fault>> {
        Ok(())
    }
    fn snapshot(&mut self, partition: &TopicPartition) -> Option<(u32, Vec<u8>)> {
        self.counts.get(partition).map(|count| (1, count.to_le_bytes().to_vec()))
    }
    async fn revoked(&mut self, partition: &TopicPartition) {
        self.counts.remove(partition);
    }
    async fn lost(&mut self) -> Box<dyn Fault> {
        std::future::pending().await
    }
    async fn reset(&mut self) -> Result<(), Box<dyn Fault>> {
        self.counts.clear();
        Ok(())
    }
}
