use std::{fs::File, sync::Arc};

use tokio::sync::oneshot::Sender;

use super::{
    format::{Body, PartitionId},
    journal::{self, End},
    partition::Partition,
    segment::Segment,
};
use crate::{AppendAck, Chain, LogError};

/// Something to be written: an append, a transaction, or checkpoints alone.
pub(super) struct Request {
    pub(super) parts: Vec<Part>,
    pub(super) checkpoints: Vec<((String, PartitionId), u64)>,
    pub(super) is_transaction: bool,
    pub(super) ack: Ack,
}

/// What a request writes to one partition.
pub(super) struct Part {
    pub(super) partition: Arc<Partition>,
    pub(super) bodies: Vec<Body>,
}

/// Whom to answer. The caller may be gone; what it asked for is done all the same.
pub(super) enum Ack {
    Append(Sender<Result<AppendAck, LogError>>, Option<Chain>),
    Commit(Sender<Result<Vec<AppendAck>, LogError>>),
}

impl Ack {
    pub(super) fn reject(self, error: LogError) {
        match self {
            Self::Append(sender, chain) => {
                if let Some(chain) = chain {
                    chain.break_with(&error);
                }
                drop(sender.send(Err(error)));
            }
            Self::Commit(sender) => drop(sender.send(Err(error))),
        }
    }

    /// Returns why the append must not be written: an earlier one of its chain was not.
    pub(super) fn broken_by(&self) -> Option<LogError> {
        match self {
            Self::Append(_, Some(chain)) => chain.broken_by().cloned(),
            _ => None,
        }
    }

    fn accept(self, acks: Vec<AppendAck>) {
        match self {
            Self::Append(sender, _) => {
                drop(sender.send(acks.first().copied().ok_or(LogError::Closed)));
            }
            Self::Commit(sender) => drop(sender.send(Ok(acks))),
        }
    }
}

impl Request {
    pub(super) fn new(parts: Vec<Part>, ack: Ack) -> Self {
        Self { parts, checkpoints: Vec::new(), is_transaction: false, ack }
    }

    /// Returns the most journal bytes that committing this alone takes.
    pub(super) fn journal_bytes(&self) -> u64 {
        let groups = self.checkpoints.iter().map(|((group, _), _)| group.as_str());
        journal::bytes_needed(self.parts.len(), groups)
    }

    /// Returns whether a transaction must survive a power failure once acknowledged.
    pub(super) fn is_synced(&self) -> bool {
        self.parts.iter().any(|part| part.partition.topic.is_synced())
    }
}

/// Where one part of a request was written.
pub(super) struct Placed {
    pub(super) partition: Arc<Partition>,
    pub(super) end: End,
    pub(super) ack: AppendAck,
    /// All files written, in order: more than one where a segment was full.
    pub(super) files: Vec<Touched>,
}

/// A file that was written, up to a byte.
#[derive(Clone)]
pub(super) struct Touched {
    pub(super) segment: Arc<Segment>,
    pub(super) file: Arc<File>,
    pub(super) bytes: u64,
}

/// A request whose bytes are written and that waits to be committed.
pub(super) struct Written {
    pub(super) placed: Vec<Placed>,
    pub(super) checkpoints: Vec<((String, PartitionId), u64)>,
    pub(super) reserved: u64,
    pub(super) ack: Ack,
}

impl Written {
    pub(super) fn accept(self) {
        self.ack.accept(self.placed.into_iter().map(|placed| placed.ack).collect());
    }
}
