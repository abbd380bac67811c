use bytes::Bytes;
use groundlog_proto::{Nanos, Offset, TopicPartition};

use crate::Chain;

/// Records on their way into the log: one contiguous buffer, so that a batch of thousands costs
/// a handful of allocations.
///
/// Limits: a record's key and value together stay under 4 GiB here; backends refuse records above
/// their own bound (1 MiB for Kafka's sake) with [`crate::LogError::RecordTooLarge`].
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Records {
    data: Vec<u8>,
    lengths: Vec<(u32, u32)>,
    chain: Option<Chain>,
}

impl Records {
    /// Makes an empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty batch with room for records and bytes.
    pub fn with_capacity(records: usize, bytes: usize) -> Self {
        Self { data: Vec::with_capacity(bytes), lengths: Vec::with_capacity(records), chain: None }
    }

    /// Appends one record.
    pub fn push(&mut self, key: &[u8], value: &[u8]) {
        self.push_with(key, |data| data.extend_from_slice(value));
    }

    /// Appends one record whose value is written in place by `encode`, which may only append.
    pub fn push_with(&mut self, key: &[u8], encode: impl FnOnce(&mut Vec<u8>)) {
        self.data.extend_from_slice(key);
        let start = self.data.len();
        encode(&mut self.data);
        self.lengths.push((key.len() as u32, (self.data.len() - start) as u32));
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Returns whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Returns the bytes of all keys and values together.
    pub fn byte_len(&self) -> usize {
        self.data.len()
    }

    /// Returns all keys and values, one after the other (key, value, key, value, …).
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns the lengths of key and value of each record.
    pub fn lengths(&self) -> &[(u32, u32)] {
        &self.lengths
    }

    /// Visits key and value of each record.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = self.data.as_slice();
        self.lengths.iter().map(move |&(key, value)| {
            let (key, after) = rest.split_at(key as usize);
            let (value, after) = after.split_at(value as usize);
            rest = after;
            (key, value)
        })
    }

    /// Appends all records of another batch.
    pub fn extend(&mut self, other: &Self) {
        self.data.extend_from_slice(&other.data);
        self.lengths.extend_from_slice(&other.lengths);
    }

    /// Takes the batch apart: all keys and values, and the lengths of each record's two.
    pub fn into_parts(self) -> (Vec<u8>, Vec<(u32, u32)>) {
        (self.data, self.lengths)
    }

    /// Ties the append of this batch to those before it.
    #[must_use]
    pub fn chained(mut self, chain: &Chain) -> Self {
        self.chain = Some(chain.clone());
        self
    }

    /// Returns the chain that ties this batch to those before it.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// Removes all records, keeping the memory.
    pub fn clear(&mut self) {
        self.data.clear();
        self.lengths.clear();
    }
}

/// One record as read from the log, borrowed from its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// The record's offset.
    pub offset: Offset,
    /// When the log took it; never decreasing within a partition.
    pub append_time: Nanos,
    /// The key; empty where there is none.
    pub key: &'a [u8],
    /// The value.
    pub value: &'a [u8],
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: Offset,
    append_time: Nanos,
    key: u32,
    value: u32,
    end: u32,
}

/// Committed records of one partition, in offset order, sharing one buffer.
#[derive(Debug, Clone)]
pub struct Batch {
    partition: TopicPartition,
    next: Offset,
    data: Bytes,
    entries: Vec<Entry>,
}

impl Batch {
    /// Makes a batch without records that ends at `next`; backends fill it with [`Batch::push`].
    pub fn new(partition: TopicPartition, next: Offset, data: Bytes) -> Self {
        Self { partition, next, data, entries: Vec::new() }
    }

    /// Adds a record whose key is `data[key..value]` and value `data[value..end]`. Moves `next`
    /// behind it.
    ///
    /// # Panics
    /// When the ranges are not ascending or exceed the buffer: a backend's own mistake.
    pub fn push(&mut self, offset: Offset, append_time: Nanos, key: u32, value: u32, end: u32) {
        assert!(key <= value && value <= end && end as usize <= self.data.len());
        self.entries.push(Entry { offset, append_time, key, value, end });
        self.next = self.next.max(offset + 1);
    }

    /// Returns the buffer that all records share.
    pub(crate) fn buffer(&self) -> &Bytes {
        &self.data
    }

    /// Makes room for records.
    pub(crate) fn reserve(&mut self, records: usize) {
        self.entries.reserve(records);
    }

    /// Says that nothing readable lies before `next` (offsets may have gaps).
    pub fn set_next(&mut self, next: Offset) {
        self.next = self.next.max(next);
    }

    /// Returns the partition the records came from.
    pub fn partition(&self) -> &TopicPartition {
        &self.partition
    }

    /// Returns the offset to read from next; may lie beyond the last record + 1.
    pub fn next(&self) -> Offset {
        self.next
    }

    /// Returns the number of records.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns how many bytes of the buffer the records span.
    pub fn byte_len(&self) -> usize {
        let (first, last) = (self.entries.first(), self.entries.last());
        first.zip(last).map_or(0, |(first, last)| (last.end - first.key) as usize)
    }

    /// Returns a record by its place in the batch.
    pub fn get(&self, index: usize) -> Option<RecordRef<'_>> {
        self.entries.get(index).map(|entry| self.record(entry))
    }

    /// Visits the records in offset order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RecordRef<'_>> {
        self.entries.iter().map(|entry| self.record(entry))
    }

    /// Returns the value of a record as shared bytes, without copying.
    pub fn value_bytes(&self, index: usize) -> Option<Bytes> {
        let entry = self.entries.get(index)?;
        Some(self.data.slice(entry.value as usize..entry.end as usize))
    }

    fn record(&self, entry: &Entry) -> RecordRef<'_> {
        RecordRef {
            offset: entry.offset,
            append_time: entry.append_time,
            key: &self.data[entry.key as usize..entry.value as usize],
            value: &self.data[entry.value as usize..entry.end as usize],
        }
    }
}
