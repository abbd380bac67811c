//! How a transaction ends that could not be committed.

use std::sync::Arc;

use rdkafka::{error::KafkaError, producer::Producer as _, types::RDKafkaErrorCode as Code};

use super::{Commit, Desk, Failure, Offsets};
use crate::{
    LogError, Records,
    kafka::{broker::REQUEST_TIMEOUT, delivery::Delivery, errors, producer::code},
};

impl Desk {
    /// Ends the open transaction, so that the producer can go on; or says what it has died of. The
    /// broker then ends the transaction when the next producer starts.
    pub(super) fn abort(&mut self) -> Result<(), (Code, Box<str>)> {
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
    pub(super) fn bury(&mut self, commit: &Commit, code: Code, reason: &str) -> LogError {
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
}
