use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use groundlog_log::{Appending, Log, LogError, Records};
use groundlog_proto::{
    Nanos, Offset, TopicKind, TopicNames, TopicPartition,
    prost::Message,
    wire::{CommandEvent, CommandRequest, CommandState as State},
};

use super::{
    CommandProjection,
    fold::CommandState,
    waiters::{Outcome, Waiter, Waiters},
};
use crate::auth::AuthError;

/// How long a command stays good for release when nobody waits for it.
const UNWATCHED_LIFETIME: Duration = Duration::from_secs(30);

/// A command on its way to the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewCommand {
    /// Target in capitals.
    pub(crate) target: String,
    /// Command in capitals.
    pub(crate) command: String,
    /// Everything else; the expiry is filled in.
    pub(crate) request: CommandRequest,
}

/// Why a command did not end well, or not in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SubmitError {
    /// It ended otherwise than sent; the reason is for the caller.
    Ended(Outcome),
    /// The caller's time is over; the command expires at the same moment.
    TimedOut,
    /// The gateway stops.
    Closed,
    /// The log refused; nothing was requested.
    Log(String),
}

impl From<LogError> for SubmitError {
    fn from(error: LogError) -> Self {
        Self::Log(error.to_string())
    }
}

/// Idempotency keys whose request the fold does not show yet: the command's id and, once its
/// request is appended, the offset behind it.
type Fresh = HashMap<String, (String, Option<Offset>)>;

/// Appends commands and answers for them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Commands {
    log: Arc<dyn Log>,
    partition: TopicPartition,
    state: Arc<RwLock<CommandState>>,
    waiters: Waiters,
    fresh: Arc<Mutex<Fresh>>,
}

impl Commands {
    pub(crate) fn new(log: Arc<dyn Log>, names: &TopicNames) -> Self {
        Self {
            log,
            partition: TopicPartition::new(names.topic(TopicKind::Commands), 0),
            state: Arc::default(),
            waiters: Waiters::default(),
            fresh: Arc::default(),
        }
    }

    /// Makes the projection that keeps this up to date.
    pub(crate) fn projection(&self) -> CommandProjection {
        let topic = self.partition.topic.clone();
        CommandProjection::new(topic, self.state.clone(), self.waiters.clone())
    }

    /// Returns the fold as it stands.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, CommandState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many callers wait for the end of a command.
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Sends everyone away who waits for the end of a command: the gateway stops.
    pub(crate) fn close(&self) {
        self.waiters.close();
    }

    /// Appends a refusal; it is durable when this returns.
    pub(crate) async fn reject(&self, command: NewCommand, reason: &str) -> Result<(), LogError> {
        let Ok(id) = new_id() else { return Ok(()) };
        let event = event(&id, State::Rejected, reason, command);
        self.append(&event).await.map(drop)
    }

    /// Requests a command and waits for its end. `timeout` of `None`: only until the request is
    /// durable.
    ///
    /// A command whose idempotency key is known is not requested again: the caller gets the end
    /// of the first one.
    pub(crate) async fn submit(
        &self,
        command: NewCommand,
        timeout: Option<Duration>,
    ) -> Result<(), SubmitError> {
        let deadline = timeout.map(|timeout| tokio::time::Instant::now() + timeout);
        let key = command.request.idempotency_key.clone();
        let mut waiter = match self.start(command, timeout).await? {
            Started::Ended(outcome) => return judge(outcome),
            Started::Waiting(waiter) => waiter,
        };
        let Some(deadline) = deadline else {
            return Ok(());
        };
        loop {
            let outcome = match tokio::time::timeout_at(deadline, waiter.outcome()).await {
                Err(_) => return Err(SubmitError::TimedOut),
                Ok(None) => return Err(SubmitError::Closed),
                Ok(Some(outcome)) => outcome,
            };
            match self.first_elsewhere(&key, waiter.id(), &outcome) {
                None => return judge(outcome),
                Some(Started::Ended(first)) => return judge(first),
                Some(Started::Waiting(first)) => waiter = first,
            }
        }
    }

    /// Finds the command that another gateway requested under the same key a moment before: the
    /// owner of the interface has rejected ours in its favour, and its end is the answer.
    fn first_elsewhere(&self, key: &str, id: &str, outcome: &Outcome) -> Option<Started> {
        if key.is_empty() || outcome.state != State::Rejected {
            return None;
        }
        let (first, _) = self.state().with_key(key).filter(|(first, _)| first != id)?;
        let waiter = self.waiters.register(&first);
        // It may have ended before the registration: look again.
        match self.state().with_key(key)? {
            (_, Some(outcome)) => Some(Started::Ended(outcome)),
            (known, None) => (known == first).then_some(Started::Waiting(waiter)),
        }
    }

    async fn start(
        &self,
        mut command: NewCommand,
        timeout: Option<Duration>,
    ) -> Result<Started, SubmitError> {
        let id = new_id().map_err(|error| SubmitError::Log(error.to_string()))?;
        let key = command.request.idempotency_key.clone();
        let mut claim = None;
        if !key.is_empty() {
            match self.first_of(&key, &id) {
                First::Known(first) => return Ok(first),
                First::Claimed(claimed) => claim = Some(claimed),
            }
        }
        let lifetime = timeout.unwrap_or(UNWATCHED_LIFETIME).as_nanos();
        let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
        command.request.expires_ns = Nanos::now().0.saturating_add(lifetime);
        let waiter = self.waiters.register(&id);
        let appending = self.append(&event(&id, State::Requested, "", command));
        let Some(claim) = claim else {
            appending.await?;
            return Ok(Started::Waiting(waiter));
        };
        // The request reaches the log even if this caller goes away now; a task of its own sees
        // to it that the key then stands for it, and is free again if the log refuses.
        let settled = tokio::spawn(async move {
            let ack = appending.await?;
            claim.keep(ack.next);
            Ok::<_, LogError>(())
        });
        settled.await.unwrap_or(Err(LogError::Closed))?;
        Ok(Started::Waiting(waiter))
    }

    /// Finds the command that was given a key first; takes the key for `id` when there is none.
    fn first_of(&self, key: &str, id: &str) -> First {
        loop {
            let first = {
                let (state, mut fresh) = (self.state(), self.lock_fresh());
                fresh.retain(|_, (_, next)| next.is_none_or(|next| state.next < next));
                match fresh.get(key) {
                    Some((first, _)) => first.clone(),
                    None => match state.with_key(key) {
                        Some((_, Some(outcome))) => return First::Known(Started::Ended(outcome)),
                        Some((first, None)) => first,
                        None => {
                            fresh.insert(key.to_owned(), (id.to_owned(), None));
                            return First::Claimed(Claim {
                                fresh: self.fresh.clone(),
                                waiters: self.waiters.clone(),
                                key: key.to_owned(),
                                id: id.to_owned(),
                            });
                        }
                    },
                }
            };
            let waiter = self.waiters.register(&first);
            // The command may have ended before the registration: look again.
            let (state, fresh) = (self.state(), self.lock_fresh());
            let ahead = fresh.get(key).is_some_and(|(known, next)| {
                *known == first && next.is_none_or(|next| state.next < next)
            });
            match state.with_key(key) {
                Some((_, Some(outcome))) => return First::Known(Started::Ended(outcome)),
                Some((known, None)) if known == first => {
                    return First::Known(Started::Waiting(waiter));
                }
                _ if ahead => return First::Known(Started::Waiting(waiter)),
                _ => {}
            }
        }
    }

    fn lock_fresh(&self) -> MutexGuard<'_, Fresh> {
        lock(&self.fresh)
    }

    fn append(&self, event: &CommandEvent) -> Appending {
        let mut records = Records::new();
        records.push(event.target.as_bytes(), &event.encode_to_vec());
        self.log.append(&self.partition, records)
    }
}

fn lock(fresh: &Mutex<Fresh>) -> MutexGuard<'_, Fresh> {
    fresh.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of an idempotency key.
enum First {
    /// A command has it.
    Known(Started),
    /// It is the caller's now.
    Claimed(Claim),
}

/// A key that stands for a command whose request is not appended yet; dropping it frees the key and
/// sends away who waits for that command.
struct Claim {
    fresh: Arc<Mutex<Fresh>>,
    waiters: Waiters,
    key: String,
    id: String,
}

impl Claim {
    /// Leaves the key to the command, whose request lies before `next`.
    fn keep(self, next: Offset) {
        if let Some(fresh) = lock(&self.fresh).get_mut(&self.key) {
            fresh.1 = Some(next);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut fresh = lock(&self.fresh);
        let unsettled = |(id, next): &(String, Option<Offset>)| *id == self.id && next.is_none();
        if !fresh.get(&self.key).is_some_and(unsettled) {
            return;
        }
        fresh.remove(&self.key);
        drop(fresh);
        let reason = "the log did not take the command's request; send it again".to_owned();
        self.waiters.wake(&self.id, &Outcome { state: State::Rejected, reason });
    }
}

enum Started {
    Ended(Outcome),
    Waiting(Waiter),
}

fn judge(outcome: Outcome) -> Result<(), SubmitError> {
    match outcome.state {
        State::Sent | State::Verified => Ok(()),
        _ => Err(SubmitError::Ended(outcome)),
    }
}

fn event(id: &str, state: State, reason: &str, command: NewCommand) -> CommandEvent {
    CommandEvent {
        command_id: id.to_owned(),
        state: state as i32,
        time_ns: Nanos::now().0,
        reason: reason.to_owned(),
        target: command.target,
        command: command.command,
        request: Some(command.request),
        ..CommandEvent::default()
    }
}

fn new_id() -> Result<String, AuthError> {
    let bytes = crate::auth::random_bytes()?;
    Ok(bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect())
}
