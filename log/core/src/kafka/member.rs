use std::{collections::BTreeMap, ops::Deref, sync::Arc, time::Duration};

use async_trait::async_trait;
use groundlog_proto::{Offset, TopicPartition};
use rdkafka::consumer::{Consumer, base_consumer::PartitionQueue};
use tokio::{sync::watch, task::spawn_blocking, time::timeout};

use super::{
    broker::{Broker, let_go},
    context::{Change, Context},
    cursor::Cursor,
    errors,
    fetcher::{drain, position},
    seat::Seat,
    transaction::{KafkaTxn, OpenTxn, Owner},
    writer::Writer,
};
use crate::{Batch, Checkpoint, GroupSpec, LogError, Member, MemberEvent, Txn};

/// How long a member sleeps at most: it also looks whether it was fenced.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A member of a consumer group of Kafka.
pub(super) struct KafkaMember {
    broker: Arc<Broker>,
    closing: watch::Receiver<bool>,
    lanes: BTreeMap<TopicPartition, Lane>,
    /// The partition served last: the next one in order has its turn, so none starves.
    turn: Option<TopicPartition>,
    was_assigned: bool,
    open: OpenTxn,
    writer: Arc<Writer>,
    seat: Taken,
}

/// One partition that is read.
struct Lane {
    /// Absent while the place is changed.
    queue: Option<PartitionQueue<Context>>,
    cursor: Cursor,
}

impl KafkaMember {
    /// Joins; what it gets is its first event.
    pub(super) async fn join(broker: Arc<Broker>, spec: &GroupSpec) -> Result<Self, LogError> {
        let named = spec.clone();
        let seat = broker.ask(move |broker| Seat::take(broker, &named)).await?;
        let writer = Writer::start(&broker, &Seat::writer_id(spec), Some(seat.clone()))?;
        Ok(Self {
            closing: broker.closing(),
            broker,
            lanes: BTreeMap::new(),
            turn: None,
            was_assigned: false,
            open: OpenTxn::default(),
            writer,
            seat: Taken(Some(seat)),
        })
    }

    async fn on_seat<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Seat) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let seat = self.seat.clone();
        spawn_blocking(move || work(&seat)).await.unwrap_or(Err(LogError::Closed))
    }

    /// Tells a change of assignment; `None` where there is nothing to tell.
    async fn tell(&mut self, change: Change) -> Result<Option<MemberEvent>, LogError> {
        let event = match change {
            Change::Assigned(partitions) => {
                // Whoever had this place before writes nothing more from here on, and what it had
                // begun has ended: only then are the checkpoints the last ones.
                self.writer.ready().await?;
                let named = partitions.clone();
                let checkpoints = self.on_seat(move |seat| seat.checkpoints(&named)).await?;
                self.seat.own(&partitions);
                let is_news = !self.was_assigned || !partitions.is_empty();
                self.was_assigned = true;
                let list = partitions.into_iter().zip(checkpoints).collect();
                is_news.then_some(MemberEvent::Assigned(list))
            }
            Change::Revoked(partitions) => {
                self.lanes.retain(|partition, _| !partitions.contains(partition));
                self.writer.let_go(partitions.clone());
                (!partitions.is_empty()).then_some(MemberEvent::Revoked(partitions))
            }
        };
        self.seat.consumer.context().told();
        Ok(event)
    }

    /// Returns what is there of the partition whose turn it is: records, or none and a place that
    /// has moved over a gap.
    fn drain(&mut self, max_bytes: usize) -> Result<Option<Batch>, LogError> {
        let turn = self.turn.clone();
        let (before, after): (Vec<_>, Vec<_>) =
            self.lanes.iter_mut().partition(|(partition, _)| Some(*partition) <= turn.as_ref());
        for (partition, lane) in after.into_iter().chain(before) {
            if let Some(batch) = lane.drain(&self.seat, partition, max_bytes)? {
                self.turn = Some(partition.clone());
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Says why the broker does not have the offset of a partition. It may have it by now.
    async fn find_way(&mut self) -> Result<(), LogError> {
        let astray = self.lanes.iter().find(|(_, lane)| lane.cursor.is_astray);
        let Some((partition, offset)) = astray.map(|(name, lane)| (name.clone(), lane.cursor.next))
        else {
            return Ok(());
        };
        let named = partition.clone();
        let bounds = self.broker.ask(move |broker| broker.bounds(&named)).await?;
        if offset < bounds.trim {
            return Err(LogError::Trimmed { partition, offset, trim: bounds.trim });
        }
        if offset > bounds.tail {
            let what = format!("reading {partition} from offset {offset}");
            let reason = format!(
                "the topic ends at {}: it was re-created, or the broker has lost records",
                bounds.tail
            );
            return Err(errors::fatal(&self.broker.servers, what, &reason));
        }
        self.place(&partition, offset).await
    }

    /// Reads a partition from an offset on. Should this future be dropped meanwhile, the lane is
    /// left as one to be placed.
    async fn place(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError> {
        // The queue goes first: the next one is the same to the library.
        let lane = |queue, is_astray| {
            let mut cursor = Cursor::at(offset);
            cursor.is_astray = is_astray;
            Lane { queue, cursor }
        };
        self.lanes.insert(partition.clone(), lane(None, true));
        let named = partition.clone();
        let mut queue = self.on_seat(move |seat| seat.seek(&named, offset)).await?;
        let wake = self.seat.changed().clone();
        queue.set_nonempty_callback(move || wake.notify_one());
        // What came before the callback was set.
        self.seat.changed().notify_one();
        self.lanes.insert(partition.clone(), lane(Some(queue), false));
        Ok(())
    }
}

impl Lane {
    fn drain(
        &mut self,
        seat: &Seat,
        partition: &TopicPartition,
        max_bytes: usize,
    ) -> Result<Option<Batch>, LogError> {
        let Some(queue) = &self.queue else {
            return Ok(None);
        };
        let window = self.cursor.window(partition, max_bytes);
        let poll = || queue.poll(Duration::ZERO);
        let drained = drain(&window, &mut self.cursor.held, seat.consumer.context(), poll);
        let at = || position(&seat.consumer, partition);
        self.cursor.advance(partition, drained, at, &seat.broker.servers)
    }
}

#[async_trait]
impl Member for KafkaMember {
    async fn next(&mut self, max_bytes: usize) -> Result<MemberEvent, LogError> {
        loop {
            self.seat.asks();
            self.seat.check_alive()?;
            if let Some(change) = self.seat.consumer.context().change() {
                match self.tell(change).await? {
                    Some(event) => return Ok(event),
                    None => continue,
                }
            }
            self.find_way().await?;
            if let Some(batch) = self.drain(max_bytes)? {
                return Ok(MemberEvent::Records(batch));
            }
            if self.lanes.values().any(|lane| lane.cursor.is_astray) {
                continue;
            }
            tokio::select! {
                // Either outcome means: look again.
                _ = timeout(LOOK_AGAIN, self.seat.changed().notified()) => {}
                _ = self.closing.wait_for(|closed| *closed) => return Err(LogError::Closed),
            }
        }
    }

    async fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError> {
        self.seat.check_alive()?;
        if !self.seat.tenures().contains_key(partition) {
            return Err(self.seat.fenced());
        }
        self.place(partition, offset).await
    }

    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError> {
        self.seat.check_alive()?;
        let owner = Owner::Member { seat: self.seat.clone(), tenures: self.seat.tenures() };
        Ok(Box::new(KafkaTxn::new(&self.broker, &self.writer, owner, self.open.begin())))
    }

    async fn checkpoint(&mut self, checkpoints: Vec<Checkpoint>) -> Result<(), LogError> {
        self.begin().await?.commit(checkpoints).await.map(drop)
    }

    async fn leave(self: Box<Self>) -> Result<(), LogError> {
        let seat = self.seat.clone();
        // Dropping this member leaves as well, but nobody would wait for it.
        drop(spawn_blocking(move || seat.leave()).await);
        Ok(())
    }
}

impl Drop for KafkaMember {
    fn drop(&mut self) {
        self.seat.disown_all();
        if let Some(seat) = self.seat.0.take() {
            // Elsewhere, because it takes its time; the queues go first, they hold the consumer.
            let_go((std::mem::take(&mut self.lanes), Leaving(seat)));
        }
    }
}

/// The member's place, until it goes.
struct Taken(Option<Arc<Seat>>);

impl Deref for Taken {
    type Target = Arc<Seat>;

    fn deref(&self) -> &Arc<Seat> {
        self.0.as_ref().expect("taken until the member is dropped")
    }
}

/// Leaves when it is dropped.
struct Leaving(Arc<Seat>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave();
    }
}
