use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use groundlog_proto::TopicPartition;

use super::{Commit, Store, group::Tenures, lock, member::Identity, next_number};
use crate::{AppendAck, Checkpoint, LogError, Records, Transactor, Txn};

/// The newest incarnation of every transactional writer.
#[derive(Debug, Default)]
pub(crate) struct Transactors(Mutex<HashMap<String, u64>>);

/// Becomes the transactional writer `id`, fencing an earlier one.
pub(crate) fn transactor(store: Arc<dyn Store>, id: &str) -> Box<dyn Transactor> {
    let incarnation = next_number();
    lock(&store.transactors().0).insert(id.to_owned(), incarnation);
    Box::new(Writer { store, id: id.to_owned(), incarnation, open: OpenTxn::default() })
}

struct Writer {
    store: Arc<dyn Store>,
    id: String,
    incarnation: u64,
    open: OpenTxn,
}

#[async_trait]
impl Transactor for Writer {
    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError> {
        let fence = Fence::Transactor { id: self.id.clone(), incarnation: self.incarnation };
        fence.check(&*self.store, &[], || ())?;
        Ok(Box::new(BufferedTxn::new(self.store.clone(), fence, self.open.begin())))
    }
}

/// The one transaction a writer may have open: beginning another one voids it.
#[derive(Debug, Default)]
pub(super) struct OpenTxn(Arc<AtomicU64>);

impl OpenTxn {
    pub(super) fn begin(&self) -> TxnTicket {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        TxnTicket { current: self.0.clone(), number }
    }
}

#[derive(Debug)]
pub(super) struct TxnTicket {
    current: Arc<AtomicU64>,
    number: u64,
}

impl TxnTicket {
    fn is_current(&self) -> bool {
        self.current.load(Ordering::Relaxed) == self.number
    }
}

/// Who commits, to be checked at the moment of the commit.
pub(super) enum Fence {
    Member { who: Arc<Identity>, tenures: Arc<Tenures> },
    Transactor { id: String, incarnation: u64 },
}

impl Fence {
    /// Runs `submit` if the writer has not been fenced; nobody can fence it in between.
    fn check<T>(
        &self,
        store: &dyn Store,
        checkpoints: &[Checkpoint],
        submit: impl FnOnce() -> T,
    ) -> Result<T, LogError> {
        match self {
            Self::Member { who, tenures } => {
                store.groups().commit(&who.spec, who.incarnation, tenures, checkpoints, submit)
            }
            Self::Transactor { id, incarnation } => {
                let newest = lock(&store.transactors().0);
                if newest.get(id) != Some(incarnation) {
                    return Err(LogError::Fenced { id: id.clone() });
                }
                Ok(submit())
            }
        }
    }

    /// Returns under which name checkpoints are kept: the group's, or the transactor's own.
    fn group(&self) -> &str {
        match self {
            Self::Member { who, .. } => &who.spec.group,
            Self::Transactor { id, .. } => id,
        }
    }

    fn fenced(&self) -> LogError {
        let id = match self {
            Self::Member { who, .. } => format!("{}/{}", who.spec.group, who.spec.member),
            Self::Transactor { id, .. } => id.clone(),
        };
        LogError::Fenced { id }
    }
}

/// Small appends to one partition are stored as one batch up to this size: fewer checksums and
/// headers, while a reader still loads little at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A transaction kept in memory until its commit: an abort costs nothing and leaves no trace.
pub(super) struct BufferedTxn {
    store: Arc<dyn Store>,
    fence: Fence,
    ticket: TxnTicket,
    parts: Vec<(TopicPartition, Vec<Records>)>,
    bytes: usize,
}

impl BufferedTxn {
    pub(super) fn new(store: Arc<dyn Store>, fence: Fence, ticket: TxnTicket) -> Self {
        Self { store, fence, ticket, parts: Vec::new(), bytes: 0 }
    }
}

#[async_trait]
impl Txn for BufferedTxn {
    async fn append(
        &mut self,
        partition: &TopicPartition,
        records: Records,
    ) -> Result<(), LogError> {
        self.store.admit(partition, &records)?;
        let size = self.bytes + records.byte_len();
        let limit = self.store.txn_bytes_max();
        if size > limit {
            return Err(LogError::TxnTooLarge { size, limit });
        }
        self.bytes = size;
        match self.parts.iter_mut().find(|(known, _)| known == partition) {
            _ if records.is_empty() => {}
            Some((_, chunks)) => match chunks.last_mut() {
                Some(last) if last.byte_len() + records.byte_len() <= CHUNK_BYTES => {
                    last.extend(&records);
                }
                _ => chunks.push(records),
            },
            None => self.parts.push((partition.clone(), vec![records])),
        }
        Ok(())
    }

    async fn commit(
        self: Box<Self>,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<Vec<(TopicPartition, AppendAck)>, LogError> {
        let Self { store, fence, ticket, parts, .. } = *self;
        if !ticket.is_current() {
            return Err(fence.fenced());
        }
        let partitions: Vec<TopicPartition> = parts.iter().map(|(name, _)| name.clone()).collect();
        let commit =
            Commit { parts, group: fence.group().to_owned(), checkpoints: checkpoints.clone() };
        let submit = store.clone().prepare(commit);
        let committing = fence.check(&*store, &checkpoints, submit)?;
        let acks = committing.await.unwrap_or(Err(LogError::Closed))?;
        Ok(partitions.into_iter().zip(acks).collect())
    }

    async fn abort(self: Box<Self>) -> Result<(), LogError> {
        Ok(())
    }
}
