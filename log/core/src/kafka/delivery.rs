use std::sync::{
    Mutex, OnceLock,
    atomic::{AtomicI64, Ordering},
};

use groundlog_proto::Nanos;
use rdkafka::{
    Message, Timestamp,
    message::{BorrowedMessage, DeliveryResult},
    types::RDKafkaErrorCode,
};

use crate::AppendAck;

/// What came back for the records of one append.
///
/// Every record carries a handle to it; when the last one is dropped, whatever became of the
/// record, all is known and `done` is called.
pub(super) struct Delivery {
    base: AtomicI64,
    next: AtomicI64,
    /// Append time of the first record, in milliseconds.
    time: AtomicI64,
    failed: OnceLock<RDKafkaErrorCode>,
    done: Mutex<Option<Done>>,
}

type Outcome = Result<AppendAck, RDKafkaErrorCode>;
type Done = Box<dyn FnOnce(Outcome) + Send>;

impl Delivery {
    pub(super) fn new(done: impl FnOnce(Outcome) + Send + 'static) -> Self {
        // Larger than any offset, until the first record is noted.
        Self {
            base: AtomicI64::new(i64::MAX),
            next: AtomicI64::new(0),
            time: AtomicI64::new(0),
            failed: OnceLock::new(),
            done: Mutex::new(Some(Box::new(done))),
        }
    }

    /// Notes what became of one record.
    pub(super) fn note(&self, result: &DeliveryResult<'_>) {
        match result {
            // One thread notes the records of a producer, in offset order per partition.
            Ok(message) => {
                let offset = message.offset();
                if offset < self.base.load(Ordering::Relaxed) {
                    self.base.store(offset, Ordering::Relaxed);
                    self.time.store(millis(message), Ordering::Relaxed);
                }
                self.next.fetch_max(offset + 1, Ordering::Relaxed);
            }
            Err((error, _)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
                self.fail(code);
            }
        }
    }

    /// Notes that a record was refused.
    pub(super) fn fail(&self, code: RDKafkaErrorCode) {
        // What failed first is the reason; the others follow from it.
        let _ = self.failed.set(code);
    }

    /// Returns what is known so far.
    pub(super) fn outcome(&self) -> Outcome {
        if let Some(code) = self.failed.get() {
            return Err(*code);
        }
        Ok(AppendAck {
            base: self.base.load(Ordering::Relaxed) as u64,
            next: self.next.load(Ordering::Relaxed) as u64,
            append_time: nanos(self.time.load(Ordering::Relaxed)),
        })
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let outcome = self.outcome();
        let done = self.done.get_mut().ok().and_then(Option::take);
        if let Some(done) = done {
            done(outcome);
        }
    }
}

/// Returns when the log took a message, in milliseconds since 1970.
pub(super) fn millis(message: &BorrowedMessage<'_>) -> i64 {
    match message.timestamp() {
        Timestamp::LogAppendTime(millis) | Timestamp::CreateTime(millis) => millis,
        Timestamp::NotAvailable => 0,
    }
}

/// Kafka counts milliseconds.
pub(super) fn nanos(millis: i64) -> Nanos {
    Nanos(millis.saturating_mul(1_000_000))
}
