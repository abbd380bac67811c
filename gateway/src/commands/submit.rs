use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use groundlog_log::{Log, LogError, Records};
use groundlog_proto::{
    Nanos, TopicKind, TopicNames, TopicPartition,
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

/// Appends commands and answers for them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Commands {
    log: Arc<dyn Log>,
    partition: TopicPartition,
    state: Arc<RwLock<CommandState>>,
    waiters: Waiters,
    /// Held from looking an idempotency key up until its command is registered.
    keyed: Arc<tokio::sync::Mutex<std::collections::HashMap<String, String>>>,
}

impl Commands {
    pub(crate) fn new(log: Arc<dyn Log>, names: &TopicNames) -> Self {
        Self {
            log,
            partition: TopicPartition::new(names.topic(TopicKind::Commands), 0),
            state: Arc::default(),
            waiters: Waiters::default(),
            keyed: Arc::default(),
        }
    }

    /// Makes the projection that keeps this up to date.
    pub(crate) fn projection(&self, consumer: &str) -> CommandProjection {
        let topic = self.partition.topic.clone();
        CommandProjection::new(consumer, topic, self.state.clone(), self.waiters.clone())
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
        self.append(&event).await
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
        let mut waiter = match self.start(command, timeout).await? {
            Started::Ended(outcome) => return judge(outcome),
            Started::Waiting(waiter) => waiter,
        };
        let Some(deadline) = deadline else {
            return Ok(());
        };
        match tokio::time::timeout_at(deadline, waiter.outcome()).await {
            Err(_) => Err(SubmitError::TimedOut),
            Ok(None) => Err(SubmitError::Closed),
            Ok(Some(outcome)) => judge(outcome),
        }
    }

    async fn start(
        &self,
        mut command: NewCommand,
        timeout: Option<Duration>,
    ) -> Result<Started, SubmitError> {
        let key = command.request.idempotency_key.clone();
        let id = new_id().map_err(|error| SubmitError::Log(error.to_string()))?;
        let mut keyed = self.keyed.lock().await;
        if !key.is_empty() {
            // The fold may not show a request yet that was appended a moment ago.
            let folded = self.state().with_key(&key);
            let first = folded.or_else(|| keyed.get(&key).map(|id| (id.clone(), None)));
            match first {
                Some((_, Some(outcome))) => return Ok(Started::Ended(outcome)),
                Some((first, None)) => return Ok(self.join(&key, &first)),
                None => drop(keyed.insert(key.clone(), id.clone())),
            }
            keyed.retain(|key, _| {
                *key == command.request.idempotency_key || self.state().with_key(key).is_none()
            });
        }
        drop(keyed);
        let lifetime = timeout.unwrap_or(UNWATCHED_LIFETIME).as_nanos();
        let lifetime = i64::try_from(lifetime).unwrap_or(i64::MAX);
        command.request.expires_ns = Nanos::now().0.saturating_add(lifetime);
        let waiter = self.waiters.register(&id);
        let appended = self
            .append(&event(&id, State::Requested, "", command))
            .await;
        if appended.is_err() {
            self.keyed.lock().await.remove(&key);
        }
        appended?;
        Ok(Started::Waiting(waiter))
    }

    /// Waits for a command that someone else requested, unless it has ended meanwhile.
    fn join(&self, key: &str, id: &str) -> Started {
        let waiter = self.waiters.register(id);
        match self.state().with_key(key) {
            Some((_, Some(outcome))) => Started::Ended(outcome),
            _ => Started::Waiting(waiter),
        }
    }

    async fn append(&self, event: &CommandEvent) -> Result<(), LogError> {
        let mut records = Records::new();
        records.push(event.target.as_bytes(), &event.encode_to_vec());
        self.log.append(&self.partition, records).await.map(drop)
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
    Ok(bytes[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
