mod burial;
mod transaction;

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Instant,
};

use groundlog_proto::TopicPartition;
use rdkafka::{error::KafkaError, producer::Producer as _, types::RDKafkaErrorCode as Code};
use tokio::sync::oneshot;

use super::{
    broker::{Broker, REQUEST_TIMEOUT},
    errors,
    producer::{Producer, code},
    seat::Seat,
};
use crate::{AppendAck, Checkpoint, LogError, Records};

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
}
