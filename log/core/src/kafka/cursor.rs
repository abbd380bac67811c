use std::sync::Arc;

use bytes::Bytes;
use groundlog_proto::{Offset, TopicPartition};
use rdkafka::types::RDKafkaErrorCode as Code;

use super::{
    errors,
    fetcher::{Drained, Held, Window},
};
use crate::{Batch, LogError};

/// How far one partition has been read.
pub(super) struct Cursor {
    /// The next offset to be told.
    pub(super) next: Offset,
    pub(super) held: Option<Held>,
    /// Whether the broker has no such offset: trimmed, or not there yet.
    pub(super) is_astray: bool,
    /// An error to be told when the records before it have been.
    failed: Option<Code>,
}

impl Cursor {
    pub(super) fn at(next: Offset) -> Self {
        Self { next, held: None, is_astray: false, failed: None }
    }

    /// Describes what is wanted next.
    pub(super) fn window<'a>(&self, partition: &'a TopicPartition, max_bytes: usize) -> Window<'a> {
        Window { partition, from: self.next, max_bytes }
    }

    /// Moves over what a round of polls has brought. Returns it: records, or none and a place that
    /// has moved over offsets without records for readers, so that a checkpoint reaches the tail.
    /// `position` is asked where the library stands when it has nothing left.
    pub(super) fn advance(
        &mut self,
        partition: &TopicPartition,
        drained: Drained,
        position: impl FnOnce() -> Option<Offset>,
        servers: &Arc<str>,
    ) -> Result<Option<Batch>, LogError> {
        let Drained { mut batch, is_empty, error, .. } = drained;
        if is_empty
            && let Some(position) = position()
            && position > batch.as_ref().map_or(self.next, Batch::next)
        {
            let gap = || Batch::new(partition.clone(), position, Bytes::new());
            batch.get_or_insert_with(gap).set_next(position);
        }
        if let Some(batch) = &batch {
            self.next = batch.next();
        }
        match error {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation) => {
                self.is_astray = true;
            }
            Some(code) => self.failed = Some(code),
            None => {}
        }
        match self.failed {
            Some(code) if batch.is_none() => {
                self.failed = None;
                let what = format!("reading {partition} at offset {}", self.next);
                Err(errors::refused(servers, what, code))
            }
            _ => Ok(batch),
        }
    }
}
