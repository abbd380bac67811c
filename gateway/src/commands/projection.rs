use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use groundlog_projection::{ApplyError, Assignment, Input, Outputs, Projection, Start, Target};
use groundlog_proto::{
    Fault, FaultClass, Offset, TopicName, TopicPartition,
    prost::{DecodeError, Message},
    wire::CommandEvent,
};

use super::{
    answers,
    fold::CommandState,
    snapshot,
    waiters::{Outcome, Waiters},
};

/// Name of the consumer: owner of the snapshots, which are the same for every gateway.
const CONSUMER: &str = "commands";

/// Folds `commands` into what `get_cmd_*` answer, and wakes callers.
pub(crate) struct CommandProjection {
    topic: TopicName,
    state: Arc<RwLock<CommandState>>,
    waiters: Waiters,
}

/// A record on `commands` that is no command event.
#[derive(Debug, thiserror::Error)]
#[error("not a command event: {0}")]
struct NoEvent(#[from] DecodeError);

impl Fault for NoEvent {
    fn class(&self) -> FaultClass {
        FaultClass::Poison
    }
}

impl CommandProjection {
    pub(crate) fn new(
        topic: TopicName,
        state: Arc<RwLock<CommandState>>,
        waiters: Waiters,
    ) -> Self {
        Self { topic, state, waiters }
    }

    fn put(&self, state: CommandState) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

#[async_trait]
impl Projection for CommandProjection {
    fn name(&self) -> &str {
        CONSUMER
    }

    fn inputs(&self) -> Vec<TopicName> {
        vec![self.topic.clone()]
    }

    fn target(&self) -> Target {
        Target::Memory
    }

    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, Box<dyn Fault>> {
        let usable = assignment.snapshot.as_ref().filter(|it| it.version == snapshot::VERSION);
        let state = usable.and_then(|snapshot| snapshot::decode(&snapshot.data));
        let start = if state.is_some() { Start::Snapshot } else { Start::Earliest };
        self.put(state.unwrap_or_default());
        Ok(start)
    }

    async fn apply(&mut self, input: &Input<'_>, _: &mut Outputs) -> Result<(), ApplyError> {
        for record in input.iter() {
            let event = CommandEvent::decode(record.value)
                .map_err(|error| ApplyError::new(record.offset, NoEvent(error)))?;
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.apply(&event);
            state.advance(record.offset + 1);
            drop(state);
            if answers(event.state()) {
                self.waiters.wake(&event.command_id, &Outcome::of(&event));
            }
        }
        Ok(())
    }

    async fn flush(&mut self, _: &TopicPartition, _: Offset) -> Result<(), Box<dyn Fault>> {
        Ok(())
    }

    fn snapshot(&mut self, _: &TopicPartition) -> Option<(u32, Vec<u8>)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Some((snapshot::VERSION, snapshot::encode(&state)))
    }

    async fn revoked(&mut self, _: &TopicPartition) {}

    async fn lost(&mut self) -> Box<dyn Fault> {
        std::future::pending().await
    }

    async fn reset(&mut self) -> Result<(), Box<dyn Fault>> {
        self.put(CommandState::default());
        Ok(())
    }
}
