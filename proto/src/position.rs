use std::fmt;

use crate::{TopicName, wire};

/// An offset of a log partition. Ranges are half open: `[base, next)`; offsets may have gaps.
pub type Offset = u64;

/// The random id a topic gets when it is created. It fixes the partition count and the key hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Generation(pub u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Generation({self})")
    }
}

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic, prefix and namespace included.
    pub topic: TopicName,
    /// Partition number, from 0.
    pub partition: u32,
}

impl TopicPartition {
    /// Names a partition of a topic.
    pub fn new(topic: TopicName, partition: u32) -> Self {
        Self { topic, partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}

/// Where a record lies, for ever: the identity of everything derived from it (design rule: derived
/// rows, objects, cursors and checkpoints carry positions and nothing else).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position {
    /// Generation of the topic.
    pub generation: Generation,
    /// The partition.
    pub partition: TopicPartition,
    /// The record's offset.
    pub offset: Offset,
    /// Number of what the record yielded; 0 for the record itself.
    pub sub_index: u32,
}

impl From<&Position> for wire::Position {
    fn from(position: &Position) -> Self {
        Self {
            generation: position.generation.0,
            topic: position.partition.topic.to_string(),
            partition: position.partition.partition,
            offset: position.offset,
            sub_index: position.sub_index,
        }
    }
}

impl From<wire::Position> for Position {
    fn from(position: wire::Position) -> Self {
        Self {
            generation: Generation(position.generation),
            partition: TopicPartition::new(TopicName::new(&position.topic), position.partition),
            offset: position.offset,
            sub_index: position.sub_index,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.partition, self.offset)?;
        if self.sub_index > 0 { write!(f, ".{}", self.sub_index) } else { Ok(()) }
    }
}
