use std::{
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use groundlog_proto::{Nanos, TopicPartition};
use rdkafka::{
    producer::{Producer as _, PurgeConfig},
    types::RDKafkaErrorCode as Code,
};
use tokio::sync::oneshot;

use super::{
    broker::Broker,
    delivery::Delivery,
    errors,
    producer::{Producer, code},
};
use crate::{AppendAck, Appending, Chain, LogError, Records, limits::check_sizes};

/// How long a closing log waits for acknowledgements that do not come.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// What is appended outside transactions: one idempotent producer, fed by one thread in the order
/// of the calls.
///
/// The producer keeps that order per partition over any number of retries, and ends altogether
/// rather than leave one record out and take the next (`enable.gapless.guarantee`): what was
/// refused can be offered again without overtaking, or being overtaken.
pub(super) struct Appender {
    requests: mpsc::Sender<Request>,
    failure: Arc<OnceLock<LogError>>,
    /// Until when a closing log waits; absent while it is open.
    closes: Arc<OnceLock<Instant>>,
}

enum Request {
    Append { partition: TopicPartition, records: Records, answer: Answer },
    Close(oneshot::Sender<()>),
}

type Answer = oneshot::Sender<Result<AppendAck, LogError>>;

impl Appender {
    pub(super) fn start(broker: &Arc<Broker>) -> Result<Self, LogError> {
        let mut config = broker.options.producer(&broker.servers)?;
        config
            // Nothing is given up: an outage of the broker is waited out.
            .set("message.timeout.ms", "0")
            .set("enable.gapless.guarantee", "true");
        let producer = Producer::create(&config)?;
        let (requests, receiver) = mpsc::channel();
        let failure: Arc<OnceLock<LogError>> = Arc::default();
        let closes: Arc<OnceLock<Instant>> = Arc::default();
        let lane = Lane {
            broker: broker.clone(),
            producer,
            failure: failure.clone(),
            closes: closes.clone(),
        };
        let named = thread::Builder::new().name("kafka-append".to_owned());
        named.spawn(move || lane.run(&receiver)).map_err(|error| LogError::Io {
            context: "cannot start a thread for",
            path: "Kafka".into(),
            source: Arc::new(error),
        })?;
        Ok(Self { requests, failure, closes })
    }

    pub(super) fn append(&self, partition: &TopicPartition, records: Records) -> Appending {
        let (answer, appending) = Appending::channel();
        if self.closes.get().is_some() {
            // The caller may have dropped its end.
            drop(answer.send(Err(LogError::Closed)));
            return appending;
        }
        let request = Request::Append { partition: partition.clone(), records, answer };
        // Without the thread, the answer is dropped, which reads as closed.
        drop(self.requests.send(request));
        appending
    }

    /// Says why nothing more can be appended, if so.
    pub(super) fn health(&self) -> Result<(), LogError> {
        self.failure.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Waits until everything queued is answered.
    pub(super) async fn close(&self) {
        self.closes.get_or_init(|| Instant::now() + CLOSE_TIMEOUT);
        let (closed, waiting) = oneshot::channel();
        if self.requests.send(Request::Close(closed)).is_ok() {
            // The thread has ended if it does not answer.
            drop(waiting.await);
        }
    }
}

/// The thread's own.
struct Lane {
    broker: Arc<Broker>,
    producer: Producer,
    failure: Arc<OnceLock<LogError>>,
    closes: Arc<OnceLock<Instant>>,
}

impl Lane {
    fn run(self, requests: &mpsc::Receiver<Request>) {
        while let Ok(request) = requests.recv() {
            match request {
                Request::Append { partition, records, answer } => {
                    self.append(&partition, records, answer);
                }
                Request::Close(closed) => {
                    self.drain();
                    // Whoever closes may have gone.
                    let _ = closed.send(());
                    return;
                }
            }
        }
    }

    fn append(&self, partition: &TopicPartition, records: Records, answer: Answer) {
        let chain = records.chain().cloned();
        if let Err(error) = self.admit(partition, &records) {
            reply(answer, chain.as_ref(), Err(error));
            return;
        }
        if records.is_empty() {
            let tail = self.broker.tails(&[partition]);
            let ack = tail.map(|tails| {
                let tail = tails.into_iter().next().flatten().unwrap_or_default();
                AppendAck { base: tail, next: tail, append_time: Nanos::now() }
            });
            reply(answer, chain.as_ref(), ack);
            return;
        }
        let (broker, failure) = (self.broker.clone(), self.failure.clone());
        let named = partition.clone();
        let delivery = Arc::new(Delivery::new(move |outcome: Result<AppendAck, Code>| {
            let outcome = outcome.map_err(|code| ended(&broker, &failure, &named, code));
            reply(answer, chain.as_ref(), outcome);
        }));
        // An outage of the broker is waited out, but for a log that closes.
        let goes_on = || self.closes.get().is_none_or(|deadline| Instant::now() < *deadline);
        if let Err(error) = self.producer.send(partition, &records, &delivery, goes_on) {
            delivery.fail(code(&error));
        }
    }

    /// Checks what can be known before anything is sent.
    fn admit(&self, partition: &TopicPartition, records: &Records) -> Result<(), LogError> {
        if let Some(error) = self.failure.get() {
            return Err(error.clone());
        }
        if let Some(error) = records.chain().and_then(Chain::broken_by) {
            return Err(error.clone());
        }
        check_sizes(partition, records, crate::APPEND_BYTES_MAX)?;
        self.broker.check_partition(partition)
    }

    /// Waits for what is on its way; what does not arrive in time is answered as not acknowledged.
    fn drain(&self) {
        let deadline = self.closes.get().copied().unwrap_or_else(Instant::now);
        if !self.producer.drained(|| Instant::now() < deadline) {
            self.producer.library().purge(PurgeConfig::default().queue().inflight());
            let deadline = Instant::now() + CLOSE_TIMEOUT;
            self.producer.drained(|| Instant::now() < deadline);
        }
    }
}

/// Makes a refusal the end of all appends.
fn ended(
    broker: &Broker,
    failure: &OnceLock<LogError>,
    partition: &TopicPartition,
    code: Code,
) -> LogError {
    let what = format!("appending to {partition}");
    if matches!(code, Code::PurgeQueue | Code::PurgeInflight) && failure.get().is_none() {
        let reason = "the log was closed before the broker acknowledged it";
        return errors::transient(&broker.servers, what, reason);
    }
    let source = errors::refused(&broker.servers, what, code);
    let ends = LogError::AppendsEnded { server: broker.servers.clone(), source: Arc::new(source) };
    // The first refusal is the reason for those that follow.
    failure.get_or_init(|| ends).clone()
}

fn reply(answer: Answer, chain: Option<&Chain>, outcome: Result<AppendAck, LogError>) {
    if let (Some(chain), Err(error)) = (chain, &outcome) {
        chain.break_with(error);
    }
    // The caller may have dropped its end: the append stands all the same.
    drop(answer.send(outcome));
}
