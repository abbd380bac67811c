use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use groundlog_proto::TopicPartition;
use tokio::sync::oneshot;

use super::{
    broker::Broker,
    seat::{Seat, Tenures},
    writer::{Commit, Offsets, Writer},
};
use crate::{
    APPEND_BYTES_MAX, AppendAck, Checkpoint, LogError, Records, TXN_BYTES_MAX, Transactor, Txn,
    limits::check_sizes,
};

/// A writer of transactions that belongs to no group.
pub(super) struct KafkaTransactor {
    broker: Arc<Broker>,
    writer: Arc<Writer>,
    id: String,
    open: OpenTxn,
}

impl KafkaTransactor {
    /// Becomes the writer `id`; an earlier one with the same id is fenced when this returns.
    pub(super) async fn open(broker: Arc<Broker>, id: &str) -> Result<Self, LogError> {
        let writer = Writer::start(&broker, id, None)?;
        writer.ready().await?;
        Ok(Self { broker, writer, id: id.to_owned(), open: OpenTxn::default() })
    }
}

#[async_trait]
impl Transactor for KafkaTransactor {
    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError> {
        self.broker.check_open()?;
        let owner = Owner::Transactor { id: self.id.clone() };
        Ok(Box::new(KafkaTxn::new(&self.broker, &self.writer, owner, self.open.begin())))
    }
}

/// The one transaction a writer may have open: beginning another one voids it.
#[derive(Debug, Default)]
pub(super) struct OpenTxn(Arc<AtomicU64>);

impl OpenTxn {
    pub(super) fn begin(&self) -> Ticket {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Ticket { current: self.0.clone(), number }
    }
}

#[derive(Debug)]
pub(super) struct Ticket {
    current: Arc<AtomicU64>,
    number: u64,
}

impl Ticket {
    fn is_current(&self) -> bool {
        self.current.load(Ordering::Relaxed) == self.number
    }
}

/// On whose behalf a transaction is committed.
pub(super) enum Owner {
    /// A member of a group, with the partitions it owned when it began.
    Member {
        seat: Arc<Seat>,
        tenures: Tenures,
    },
    Transactor {
        id: String,
    },
}

impl Owner {
    fn fenced(&self) -> LogError {
        match self {
            Self::Member { seat, .. } => seat.fenced(),
            Self::Transactor { id } => LogError::Fenced { id: id.clone() },
        }
    }

    /// Checks that every checkpoint is of a partition owned all the while, and says how the
    /// broker shall store them.
    fn offsets(&self, checkpoints: Vec<Checkpoint>) -> Result<Option<Offsets>, LogError> {
        if let Self::Member { seat, tenures } = self {
            seat.check(tenures, &checkpoints)?;
        }
        if checkpoints.is_empty() {
            return Ok(None);
        }
        Ok(Some(match self {
            Self::Member { .. } => Offsets::Member(checkpoints),
            Self::Transactor { id } => Offsets::Alone { group: id.clone(), checkpoints },
        }))
    }
}

/// A transaction kept in memory until its commit: an abort costs nothing, and none that is open for
/// long holds the readers of its partitions up.
pub(super) struct KafkaTxn {
    broker: Arc<Broker>,
    writer: Arc<Writer>,
    owner: Owner,
    ticket: Ticket,
    parts: Vec<(TopicPartition, Vec<Records>)>,
    places: HashMap<TopicPartition, usize>,
    bytes: usize,
}

impl KafkaTxn {
    pub(super) fn new(
        broker: &Arc<Broker>,
        writer: &Arc<Writer>,
        owner: Owner,
        ticket: Ticket,
    ) -> Self {
        Self {
            broker: broker.clone(),
            writer: writer.clone(),
            owner,
            ticket,
            parts: Vec::new(),
            places: HashMap::new(),
            bytes: 0,
        }
    }
}

#[async_trait]
impl Txn for KafkaTxn {
    async fn append(
        &mut self,
        partition: &TopicPartition,
        records: Records,
    ) -> Result<(), LogError> {
        if !self.places.contains_key(partition) {
            let named = partition.clone();
            self.broker.ask(move |broker| broker.check_partition(&named)).await?;
        }
        check_sizes(partition, &records, APPEND_BYTES_MAX)?;
        let size = self.bytes + records.byte_len();
        if size > TXN_BYTES_MAX {
            return Err(LogError::TxnTooLarge { size, limit: TXN_BYTES_MAX });
        }
        if records.is_empty() {
            return Ok(());
        }
        self.bytes = size;
        let place = *self.places.entry(partition.clone()).or_insert_with(|| {
            self.parts.push((partition.clone(), Vec::new()));
            self.parts.len() - 1
        });
        self.parts[place].1.push(records);
        Ok(())
    }

    async fn commit(
        self: Box<Self>,
        checkpoints: Vec<Checkpoint>,
    ) -> Result<Vec<(TopicPartition, AppendAck)>, LogError> {
        let Self { writer, owner, ticket, parts, .. } = *self;
        if !ticket.is_current() {
            return Err(owner.fenced());
        }
        let offsets = owner.offsets(checkpoints)?;
        let (answer, committed) = oneshot::channel();
        writer.commit(Commit { parts, offsets }, answer);
        committed.await.unwrap_or(Err(LogError::Closed))
    }

    async fn abort(self: Box<Self>) -> Result<(), LogError> {
        Ok(())
    }
}
