//! Releases requested commands to their links and records what became of them.
//!
//! One per `control` partition, with a transactional writer of its own: becoming that writer fences
//! whoever was it before, so what an earlier owner could still release lies in the log when its
//! successor begins.

mod begin;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use groundlog_log::{Batch, Checkpoint, Log, LogError, Reader, Records, Transactor};
use groundlog_proto::{
    Fault, FaultClass, Nanos, Offset, TopicPartition,
    prost::Message,
    wire::{CommandEvent, CommandState},
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    book::{Applied, CommandBook},
    decision::{Decision, Routes, Waiting},
    outbox::{Outbox, push_event},
    transition::{
        Command, Detail, Expired, Failed, LeadsTo, Rejected, Released, Sent, Stage, Uncertain,
    },
};
use crate::{
    IngestLimits, events,
    link::{Completion, Outcome, Outgoing},
    shutdown::stopped,
};

const READ_BYTES: usize = 1 << 20;

/// What the release of commands is started with.
#[derive(Clone)]
pub(crate) struct ReleaseSetup {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) commands: TopicPartition,
    /// Name of the transactional writer, under which its place in the topic is kept too.
    pub(crate) writer: String,
    pub(crate) epoch: u64,
    pub(crate) limits: IngestLimits,
    pub(crate) routes: Routes,
    pub(crate) shutdown: watch::Receiver<bool>,
}

/// The single writer of what follows *requested*.
pub(crate) struct Release {
    setup: ReleaseSetup,
    book: CommandBook,
    /// Requested and undecided, in the order of the log.
    waiting: VecDeque<Waiting>,
    /// Handed to links, outcome unknown.
    released: HashMap<String, Command<Released>>,
    /// Decided here, and the log reported a failure.
    unconfirmed: HashSet<String>,
    outbox: Outbox,
    outcomes: mpsc::UnboundedReceiver<(String, Outcome)>,
    report: mpsc::UnboundedSender<(String, Outcome)>,
    retry_at: Option<Instant>,
    /// The fold has reached what was there at the start.
    live: bool,
}

/// A command whose release is being committed.
struct Prepared {
    command: Command<Released>,
    permit: mpsc::OwnedPermit<Outgoing>,
    packet: Vec<u8>,
    expires_ns: i64,
}

impl Release {
    pub(crate) fn new(setup: ReleaseSetup) -> Self {
        let (report, outcomes) = mpsc::unbounded_channel();
        Self {
            book: CommandBook::new(setup.limits.commands_remembered),
            waiting: VecDeque::new(),
            released: HashMap::new(),
            unconfirmed: HashSet::new(),
            outbox: Outbox::new(setup.commands.clone(), setup.limits.retry_delay),
            outcomes,
            report,
            retry_at: None,
            live: false,
            setup,
        }
    }

    /// Runs until shutdown, or until another process takes over or the log does not take it for the
    /// writer (which are no errors: whoever knows the owner starts another one).
    ///
    /// # Errors
    /// [`LogError`] when the log cannot be used any more.
    pub(crate) async fn run(mut self) -> Result<(), LogError> {
        let worked = match self.begin().await {
            Ok((mut writer, mut reader)) => self.work(&mut *writer, &mut *reader).await,
            Err(error) => Err(error),
        };
        match worked {
            Ok(()) => self.finish().await,
            // The other process decides about what is open; its fold calls it uncertain.
            Err(LogError::Fenced { .. }) => Ok(()),
            // Not begun again from here: who has become the owner meanwhile must not be fenced.
            Err(error) if error.class() == FaultClass::Transient => {
                events::ReleaseDelayed { commands: self.waiting.len(), error: &error }.emit();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn work(
        &mut self,
        writer: &mut dyn Transactor,
        reader: &mut dyn Reader,
    ) -> Result<(), LogError> {
        let mut shutdown = self.setup.shutdown.clone();
        let mut read_at = None;
        loop {
            if self.retry_at.is_none() {
                self.decide(writer).await?;
            }
            let log = Arc::clone(&self.setup.log);
            let wake_at = self.wake_at();
            tokio::select! {
                biased;
                () = stopped(&mut shutdown) => return Ok(()),
                Some((id, outcome)) = self.outcomes.recv() => self.outcome(&id, outcome),
                progress = self.outbox.progress(&*log), if self.outbox.is_busy() => progress?,
                batch = read(reader, read_at) => match batch {
                    Ok(batch) => {
                        read_at = None;
                        self.fold(&batch);
                    }
                    Err(error) if error.class() == FaultClass::Transient => {
                        events::ReleaseDelayed { commands: self.waiting.len(), error: &error }
                            .emit();
                        read_at = Some(Instant::now() + self.setup.limits.retry_delay);
                    }
                    Err(error) => return Err(error),
                },
                () = wait_until(wake_at) => self.retry_at = None,
            }
        }
    }

    fn fold(&mut self, batch: &Batch) {
        for record in batch.iter() {
            let event = match CommandEvent::decode(record.value) {
                Ok(event) => event,
                Err(error) => {
                    let why = format!("not a command event: {error}");
                    events::EventIgnored { command_id: "", offset: record.offset, why: &why }
                        .emit();
                    continue;
                }
            };
            let id = event.command_id.clone();
            let state = event.state();
            match self.book.apply(record.offset, event) {
                Applied::Began
                    if self.live
                        && state == CommandState::Requested
                        && self.setup.routes.owns(&self.book, &id) =>
                {
                    self.waiting.push_back(Waiting { id, patience: None });
                }
                Applied::Illegal { from } => {
                    let why = format!("{state:?} cannot follow {from:?}");
                    events::EventIgnored { command_id: &id, offset: record.offset, why: &why }
                        .emit();
                }
                _ => {}
            }
        }
    }

    /// Decides about every waiting command and commits the decisions at once; what is released
    /// goes to its link after the commit.
    async fn decide(&mut self, writer: &mut dyn Transactor) -> Result<(), LogError> {
        let mut records = Records::new();
        let mut prepared = Vec::new();
        let mut decided = Vec::new();
        let mut left = VecDeque::new();
        for waiting in std::mem::take(&mut self.waiting) {
            let Some(command) = self.book.requested(&waiting.id) else {
                self.settle(&waiting.id);
                continue;
            };
            let routes = &self.setup.routes;
            let command = command.on(routes.interface(&self.book, &waiting.id).unwrap_or_default());
            let event = match routes.decide(&self.book, &waiting) {
                Decision::Wait => {
                    left.push_back(waiting);
                    continue;
                }
                Decision::Release { permit, packet, expires_ns } => {
                    let (command, event) = command.advance::<Released>(&self.detail(""));
                    prepared.push(Prepared { command, permit, packet, expires_ns });
                    event
                }
                Decision::Reject(reason) => command.advance::<Rejected>(&self.detail(&reason)).1,
                Decision::Expire(reason) => command.advance::<Expired>(&self.detail(&reason)).1,
            };
            push_event(&mut records, &event);
            decided.push((waiting, event));
        }
        self.waiting = left;
        if decided.is_empty() {
            return Ok(());
        }
        match self.commit(writer, records).await {
            Ok(base) => {
                for (offset, (_, event)) in (base..).zip(decided) {
                    announce(&event);
                    self.unconfirmed.remove(&event.command_id);
                    self.book.apply(offset, event);
                }
                prepared.into_iter().for_each(|one| self.hand_over(one));
                Ok(())
            }
            Err(error) if error.class() == FaultClass::Transient => {
                events::ReleaseDelayed { commands: decided.len(), error: &error }.emit();
                // Nothing went out: all of it is decided again, in the same order.
                for (waiting, _) in decided.into_iter().rev() {
                    self.unconfirmed.insert(waiting.id.clone());
                    self.waiting.push_front(waiting);
                }
                self.retry_at = Some(Instant::now() + self.setup.limits.retry_delay);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Commits events together with the place to begin from. Returns their offset.
    async fn commit(
        &mut self,
        writer: &mut dyn Transactor,
        records: Records,
    ) -> Result<Offset, LogError> {
        let partition = self.setup.commands.clone();
        let mut txn = writer.begin().await?;
        txn.append(&partition, records).await?;
        let checkpoint = Checkpoint { partition, next: self.book.checkpoint() };
        let acks = txn.commit(vec![checkpoint]).await?;
        Ok(acks.first().map_or(0, |(_, ack)| ack.base))
    }

    /// Ends a command whose release was committed although the log reported a failure: nothing
    /// went out, but that is known to nobody else. What a newer owner released is its to end.
    fn settle(&mut self, id: &str) {
        if self.unconfirmed.remove(id)
            && let Some(command) = self.book.released(id)
        {
            let reason = "the log did not confirm its release in time; not sent";
            self.end::<_, Uncertain>(command, reason);
        }
    }

    fn hand_over(&mut self, prepared: Prepared) {
        let Prepared { command, permit, packet, expires_ns } = prepared;
        let completion = Completion::new(command.id().to_owned(), self.report.clone());
        self.released.insert(command.id().to_owned(), command);
        permit.send(Outgoing { packet, expires_ns, completion });
    }

    fn outcome(&mut self, id: &str, outcome: Outcome) {
        let Some(command) = self.released.remove(id) else {
            return;
        };
        match outcome {
            Outcome::Sent => self.end::<_, Sent>(command, ""),
            Outcome::Failed(reason) => self.end::<_, Failed>(command, &reason),
            Outcome::Unknown => {
                let reason = "the connection was closed while the command was being written";
                self.end::<_, Uncertain>(command, reason);
            }
        }
    }

    /// Records an outcome; the fold takes it up when it comes back from the log.
    fn end<From, To>(&mut self, command: Command<From>, reason: &str)
    where
        From: LeadsTo<To>,
        To: Stage,
    {
        let (_, event) = command.advance::<To>(&self.detail(reason));
        announce(&event);
        self.outbox.push(&event, &*self.setup.log);
    }

    fn detail(&self, reason: &str) -> Detail {
        Detail { time: Nanos::now(), epoch: self.setup.epoch, reason: reason.to_owned() }
    }

    /// Waits, within bounds, for the outcome of what was released, and records it.
    async fn finish(&mut self) -> Result<(), LogError> {
        let limit = self.setup.limits.drain;
        let waited = timeout(limit, async {
            while !self.released.is_empty() {
                let Some((id, outcome)) = self.outcomes.recv().await else {
                    break;
                };
                self.outcome(&id, outcome);
            }
            let log = Arc::clone(&self.setup.log);
            self.outbox.flush(&*log).await
        });
        // What has no outcome yet becomes uncertain at the next start.
        waited.await.unwrap_or(Ok(()))
    }

    /// Returns when waiting commands are to be looked at again without anything happening.
    fn wake_at(&self) -> Option<Instant> {
        let poll = Instant::now() + std::time::Duration::from_millis(50);
        self.retry_at.or_else(|| (self.live && !self.waiting.is_empty()).then_some(poll))
    }
}

fn announce(event: &CommandEvent) {
    events::CommandEnded {
        command_id: &event.command_id,
        state: event.state(),
        reason: &event.reason,
    }
    .emit();
}

/// Reads on, not before a time if there is one. Cancel safe.
async fn read(reader: &mut dyn Reader, at: Option<Instant>) -> Result<Batch, LogError> {
    if let Some(at) = at {
        sleep_until(at).await;
    }
    reader.next(READ_BYTES).await
}

async fn wait_until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "release/tests.rs"]
mod tests;
