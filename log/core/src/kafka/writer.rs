use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use groundlog_proto::TopicPartition;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer, ConsumerGroupMetadata},
    error::{KafkaError, KafkaResult},
    producer::Producer as _,
    types::RDKafkaErrorCode as Code,
};
use tokio::sync::oneshot;

use super::{
    broker::{Broker, REQUEST_TIMEOUT},
    delivery::Delivery,
    errors,
    producer::{Producer, code},
    seat::Seat,
};
use crate::{AppendAck, Checkpoint, LogError, Records};

/// How long a commit waits until readers see it: the broker marks the partitions after it has
/// agreed.
const VISIBLE_TIMEOUT: Duration = Duration::from_secs(2);
const VISIBLE_INTERVAL: Duration = Duration::from_micros(500);

/// One transaction, to be committed as a whole.
pub(super) struct Commit {
    pub(super) parts: Vec<(TopicPartition, Vec<Records>)>,
    pub(super) offsets: Option<Offsets>,
}

/// Checkpoints that go with a transaction.
pub(super) enum Offsets {
    /// Of the member's own group.
    Member(Vec<Checkpoint>),
    /// Of a group that has no members.
    Alone { group: String, checkpoints: Vec<Checkpoint> },
}

impl Offsets {
    fn checkpoints(&self) -> &[Checkpoint] {
        match self {
            Self::Member(checkpoints) | Self::Alone { checkpoints, .. } => checkpoints,
        }
    }
}

type Acks = Vec<(TopicPartition, AppendAck)>;
type Answer = oneshot::Sender<Result<Acks, LogError>>;

/// A transactional producer with a thread of its own, because its calls block.
pub(super) struct Writer(mpsc::Sender<Job>);

enum Job {
    Ready(oneshot::Sender<Result<(), LogError>>),
    Commit(Commit, Answer),
    LetGo(Vec<TopicPartition>),
}

impl Writer {
    /// Starts the thread. A member's writer goes by the member's place in its group.
    pub(super) fn start(
        broker: &Arc<Broker>,
        id: &str,
        seat: Option<Arc<Seat>>,
    ) -> Result<Arc<Self>, LogError> {
        let (jobs, receiver) = mpsc::channel();
        let desk = Desk {
            broker: broker.clone(),
            id: id.to_owned(),
            seat,
            producer: None,
            is_fenced: false,
        };
        let named = thread::Builder::new().name("kafka-transactions".to_owned());
        named.spawn(move || desk.run(&receiver)).map_err(|error| LogError::Io {
            context: "cannot start a thread for",
            path: "Kafka".into(),
            source: Arc::new(error),
        })?;
        Ok(Arc::new(Self(jobs)))
    }

    /// Waits until the broker knows this writer: an earlier one of the same id is fenced, and its
    /// open transaction has ended.
    pub(super) async fn ready(&self) -> Result<(), LogError> {
        let (answer, ready) = oneshot::channel();
        // Without the thread, the answer is dropped, which reads as closed.
        drop(self.0.send(Job::Ready(answer)));
        ready.await.unwrap_or(Err(LogError::Closed))
    }

    pub(super) fn commit(&self, commit: Commit, answer: Answer) {
        drop(self.0.send(Job::Commit(commit, answer)));
    }

    /// Gives up partitions of the member, after the commit that is under way: the group waits for
    /// it, and hands them on with the checkpoint that it leaves.
    pub(super) fn let_go(&self, partitions: Vec<TopicPartition>) {
        drop(self.0.send(Job::LetGo(partitions)));
    }
}

/// The thread's own.
struct Desk {
    broker: Arc<Broker>,
    id: String,
    seat: Option<Arc<Seat>>,
    producer: Option<Producer>,
    is_fenced: bool,
}

/// How an attempt to commit ended.
enum Failure {
    /// It was not committed; the producer goes on after an abort.
    Abort(LogError),
    /// The producer takes nothing more; whether it was committed is not known.
    Dead { code: Code, reason: Box<str> },
}

impl Desk {
    fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            // Whoever asked may have gone.
            match job {
                Job::Ready(answer) => drop(answer.send(self.ready())),
                Job::Commit(commit, answer) => drop(answer.send(self.commit(&commit))),
                Job::LetGo(partitions) => {
                    if let Some(seat) = &self.seat
                        && let Err(error) = seat.let_go(&partitions)
                    {
                        // The group goes on without this member when its session has timed out.
                        tracing::warn!(%error, "partitions are not let go");
                    }
                }
            }
        }
    }

    fn what(&self, doing: &str) -> String {
        format!("transactional writer '{}', {doing}", self.id)
    }

    fn fenced(&self) -> LogError {
        LogError::Fenced { id: self.id.clone() }
    }

    /// Makes the producer and tells the broker.
    fn ready(&mut self) -> Result<(), LogError> {
        if self.is_fenced {
            return Err(self.fenced());
        }
        if self.producer.is_some() {
            return Ok(());
        }
        let broker = &self.broker;
        let id = broker.group_name(&self.id);
        let producer = Producer::create(&broker.options.transactional(&broker.servers, &id)?)?;
        // Connected first: without a broker, the library would look for one again after 500 ms.
        producer.library().client().fetch_cluster_id(REQUEST_TIMEOUT);
        let start = Instant::now();
        loop {
            broker.check_open()?;
            match producer.library().init_transactions(REQUEST_TIMEOUT) {
                Ok(()) => break,
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && start.elapsed() < 3 * REQUEST_TIMEOUT => {}
                // A library that has lost its way while the broker came and went begins anew.
                Err(error) if code(&error) == Code::State => {
                    let (what, reason) = (self.what("start"), error.to_string());
                    return Err(errors::transient(&broker.servers, what, &reason));
                }
                Err(error) => {
                    return Err(errors::kafka(&broker.servers, self.what("start"), &error));
                }
            }
        }
        self.producer = Some(producer);
        Ok(())
    }

    fn commit(&mut self, commit: &Commit) -> Result<Acks, LogError> {
        self.broker.check_open()?;
        self.ready()?;
        let attempt = match &self.producer {
            Some(producer) => self.attempt(producer, commit),
            None => return Err(LogError::Closed),
        };
        match attempt {
            Ok(acks) => {
                self.wait_until_visible(&acks);
                Ok(acks)
            }
            Err(Failure::Abort(error)) => match self.abort() {
                Ok(()) => Err(error),
                Err((code, reason)) => Err(self.bury(commit, code, &reason)),
            },
            Err(Failure::Dead { code, reason }) => {
                self.producer = None;
                Err(self.bury(commit, code, &reason))
            }
        }
    }

    /// Sends everything and commits.
    fn attempt(&self, producer: &Producer, commit: &Commit) -> Result<Acks, Failure> {
        let library = producer.library();
        library.begin_transaction().map_err(|error| self.judge(producer, &error))?;
        let deliveries = self.send(producer, commit)?;
        if let Some(offsets) = &commit.offsets {
            self.send_offsets(producer, offsets)?;
        }
        // Every record is answered within the transaction's time limit.
        producer.drained(|| self.broker.check_open().is_ok());
        let acks: Result<Acks, Code> = deliveries
            .into_iter()
            .map(|(partition, delivery)| Ok((partition, delivery.outcome()?)))
            .collect();
        loop {
            match library.commit_transaction(REQUEST_TIMEOUT) {
                Ok(()) => break,
                // Asked again until it is known: the broker answers the same.
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && self.broker.check_open().is_ok() => {}
                Err(error) => {
                    return Err(match (acks, self.judge(producer, &error)) {
                        // The library says how many records failed; they know why.
                        (Err(code), Failure::Abort(_)) => Failure::Abort(self.refused(code)),
                        (_, failure) => failure,
                    });
                }
            }
        }
        acks.map_err(|code| Failure::Abort(self.refused(code)))
    }

    fn send(
        &self,
        producer: &Producer,
        commit: &Commit,
    ) -> Result<Vec<(TopicPartition, Arc<Delivery>)>, Failure> {
        let mut deliveries = Vec::with_capacity(commit.parts.len());
        for (partition, chunks) in &commit.parts {
            let delivery = Arc::new(Delivery::new(drop));
            for records in chunks {
                let goes_on = || self.broker.check_open().is_ok();
                let sent = producer.send(partition, records, &delivery, goes_on);
                sent.map_err(|error| self.judge(producer, &error))?;
            }
            deliveries.push((partition.clone(), delivery));
        }
        Ok(deliveries)
    }

    fn send_offsets(&self, producer: &Producer, offsets: &Offsets) -> Result<(), Failure> {
        let list = list(offsets.checkpoints());
        let list = list.map_err(|error| self.judge(producer, &error))?;
        let metadata = self.metadata(offsets)?;
        loop {
            let library = producer.library();
            match library.send_offsets_to_transaction(&list, &metadata, REQUEST_TIMEOUT) {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && self.broker.check_open().is_ok() => {}
                Err(error) => return Err(self.judge(producer, &error)),
            }
        }
    }

    fn metadata(&self, offsets: &Offsets) -> Result<ConsumerGroupMetadata, Failure> {
        match (offsets, &self.seat) {
            (Offsets::Member(_), Some(seat)) => {
                seat.metadata().ok_or_else(|| Failure::Abort(seat.fenced()))
            }
            (Offsets::Member(_), None) => Err(Failure::Abort(self.fenced())),
            (Offsets::Alone { group, .. }, _) => {
                let client = self.broker.group(group).map_err(Failure::Abort)?;
                client.group_metadata().ok_or_else(|| Failure::Abort(self.fenced()))
            }
        }
    }

    fn refused(&self, code: Code) -> LogError {
        if errors::is_fence(code) {
            return self.fenced();
        }
        errors::refused(&self.broker.servers, self.what("commit"), code)
    }

    fn judge(&self, producer: &Producer, error: &KafkaError) -> Failure {
        if let Some((code, reason)) = producer.fatal() {
            return Failure::Dead { code, reason: reason.into() };
        }
        if errors::is_fence(code(error)) {
            return Failure::Abort(self.fenced());
        }
        if code(error) == Code::State {
            // Something before has failed, and an abort makes up for it.
            let (what, reason) = (self.what("commit"), error.to_string());
            return Failure::Abort(errors::transient(&self.broker.servers, what, &reason));
        }
        Failure::Abort(errors::kafka(&self.broker.servers, self.what("commit"), error))
    }

    /// Ends the open transaction, so that the producer can go on; or says what it has died of. The
    /// broker then ends the transaction when the next producer starts.
    fn abort(&mut self) -> Result<(), (Code, Box<str>)> {
        let Some(producer) = self.producer.take() else { return Ok(()) };
        loop {
            let aborted = producer.library().abort_transaction(REQUEST_TIMEOUT);
            match aborted {
                Ok(()) => {
                    self.producer = Some(producer);
                    return Ok(());
                }
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && self.broker.check_open().is_ok() => {}
                Err(error) => {
                    let fatal = producer.fatal();
                    let (code, reason) = fatal.unwrap_or((code(&error), error.to_string()));
                    return Err((code, reason.into()));
                }
            }
        }
    }

    /// Finds out what a producer has died of, and ends the transaction that it has left: when this
    /// returns, it was committed or it never will be, and the group's checkpoint says which.
    fn bury(&mut self, commit: &Commit, code: Code, reason: &str) -> LogError {
        let what = self.what(&format!("commit ({reason})"));
        if errors::is_denied(code) {
            return errors::refused(&self.broker.servers, what, code);
        }
        // A broker also fences a writer whose transaction has timed out, or dies in the midst of
        // ending one. Only a member can tell that from having been replaced: whoever replaces it
        // takes its place in the group first.
        if self.seat.as_ref().is_none_or(|seat| seat.is_replaced()) {
            self.is_fenced = true;
            return self.fenced();
        }
        if let Err(error) = self.ready() {
            return error;
        }
        match self.seal(commit) {
            Ok(()) => {
                let reason = "the broker has ended the transaction, and did not say how";
                errors::transient(&self.broker.servers, what, reason)
            }
            Err(Failure::Abort(error)) => error,
            Err(Failure::Dead { code, reason }) => errors::refused(
                &self.broker.servers,
                self.what(&format!("sealing ({reason})")),
                code,
            ),
        }
    }

    /// Ends whatever is left open where a transaction has written, by one that is aborted there.
    ///
    /// A broker that was killed forgets, when it starts again, to mark the end of transactions in
    /// partitions that it does not know yet. What lies there would hold up readers of records and
    /// of checkpoints, and be committed together with the next transaction of the same writer.
    fn seal(&mut self, commit: &Commit) -> Result<(), Failure> {
        if let Some(producer) = &self.producer {
            let begun = producer.library().begin_transaction();
            begun.map_err(|error| self.judge(producer, &error))?;
            let mut nothing = Records::new();
            nothing.push(b"", b"");
            for (partition, _) in &commit.parts {
                let delivery = Arc::new(Delivery::new(drop));
                let goes_on = || self.broker.check_open().is_ok();
                let sent = producer.send(partition, &nothing, &delivery, goes_on);
                sent.map_err(|error| self.judge(producer, &error))?;
            }
            if let (Some(offsets), Some(seat)) = (&commit.offsets, &self.seat) {
                // On behalf of nobody: the member may have lost its place, and it is aborted anyway.
                let (group, checkpoints) =
                    (seat.spec.group.clone(), offsets.checkpoints().to_vec());
                self.send_offsets(producer, &Offsets::Alone { group, checkpoints })?;
            }
            producer.drained(|| self.broker.check_open().is_ok());
        }
        self.abort().map_err(|(code, reason)| Failure::Dead { code, reason })
    }

    /// Waits until readers see what was committed. It is committed in any case: another open
    /// transaction on the same partition may hold readers up.
    fn wait_until_visible(&self, acks: &Acks) {
        let deadline = Instant::now() + VISIBLE_TIMEOUT;
        let mut hidden: Vec<_> = acks.iter().map(|(name, ack)| (name, ack.next)).collect();
        while !hidden.is_empty() && Instant::now() < deadline {
            let partitions: Vec<&TopicPartition> = hidden.iter().map(|(name, _)| *name).collect();
            let Ok(tails) = self.broker.tails(&partitions) else { return };
            let mut tails = tails.into_iter();
            hidden.retain(|(_, next)| tails.next().flatten().is_none_or(|tail| tail < *next));
            if !hidden.is_empty() {
                thread::sleep(VISIBLE_INTERVAL);
            }
        }
    }
}

fn list(checkpoints: &[Checkpoint]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(checkpoints.len());
    for Checkpoint { partition, next } in checkpoints {
        let place = Offset::Offset(*next as i64);
        list.add_partition_offset(partition.topic.as_str(), partition.partition as i32, place)?;
    }
    Ok(list)
}
