//! Writing the table: what was taken in goes to the server once per batch, the checkpoint after it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use groundlog_projection::{ApplyError, Assignment, Input, Start, Target};
use groundlog_proto::{
    Offset, TopicPartition,
    borrowed::{DecomBodyRef, DecomRecordRef},
};
use tokio::time::Instant;

use super::{part::Part, reads::ValkeyServer, render::Renderer};
use crate::{
    CvtError, Image,
    fold::{self, Change},
    store::Store,
};

/// Time between two looks whether everything is still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A table on a server, as its writer sees it.
pub(crate) struct ValkeyStore {
    server: Arc<ValkeyServer>,
    parts: HashMap<TopicPartition, Part>,
    renderer: Renderer,
    next_look: Instant,
}

impl ValkeyStore {
    pub(crate) fn new(server: Arc<ValkeyServer>) -> Self {
        let (parts, renderer) = Default::default();
        Self { server, parts, renderer, next_look: Instant::now() + LOOK_EVERY }
    }

    /// Looks whether everything is still there, where that is due.
    async fn look_if_due(&mut self) -> Result<(), CvtError> {
        if Instant::now() < self.next_look {
            return Ok(());
        }
        self.next_look = Instant::now() + LOOK_EVERY;
        self.server.look(self.parts.values()).await
    }
}

#[async_trait]
impl Store for ValkeyStore {
    fn target(&self) -> Target {
        Target::Store
    }

    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, CvtError> {
        self.parts.remove(&assignment.partition);
        let (part, start) = self.server.take_over(assignment).await?;
        self.parts.insert(assignment.partition.clone(), part);
        Ok(start)
    }

    async fn change(
        &mut self,
        input: &Input<'_>,
        changes: Vec<Change<'_>>,
    ) -> Result<(), ApplyError> {
        let Some(part) = self.parts.get_mut(input.partition()) else {
            return Ok(());
        };
        for change in &changes {
            let taken = take_in(&self.server, part, input, change).await;
            taken.map_err(|error| fold::error_at(&change.record, error))?;
        }
        Ok(())
    }

    fn advanced(&mut self, _: &TopicPartition, _: Offset) {}

    async fn flush(&mut self, partition: &TopicPartition, upto: Offset) -> Result<(), CvtError> {
        if let Some(part) = self.parts.get_mut(partition) {
            self.server.put(part, &mut self.renderer).await?;
            self.server.advance(part, Some(upto), &[]).await?;
        }
        // Where telemetry never stops, there is no waiting in which to look.
        self.look_if_due().await
    }

    async fn image(&mut self, partition: &TopicPartition) -> Result<Image, CvtError> {
        match self.parts.get_mut(partition) {
            Some(part) => {
                self.server.put(part, &mut self.renderer).await?;
                self.server.image(part).await
            }
            None => Ok(Image::default()),
        }
    }

    fn snapshot(&mut self, _: &TopicPartition) -> Option<Vec<u8>> {
        None
    }

    fn revoked(&mut self, partition: &TopicPartition) {
        self.parts.remove(partition);
    }

    async fn lost(&mut self) -> CvtError {
        loop {
            tokio::time::sleep_until(self.next_look).await;
            if let Err(error) = self.look_if_due().await {
                return error;
            }
        }
    }

    async fn reset(&mut self) -> Result<(), CvtError> {
        for part in self.parts.values_mut() {
            part.pending.clear();
            self.server.begin(part, 0).await?;
        }
        Ok(())
    }
}

async fn take_in(
    server: &ValkeyServer,
    part: &mut Part,
    input: &Input<'_>,
    change: &Change<'_>,
) -> Result<(), CvtError> {
    let Change { record, loaded } = change;
    let parsed = DecomRecordRef::parse(record.value)?;
    let Some(loaded) = loaded else {
        part.put_stored(parsed.target, parsed.packet, parsed.received_count);
        return Ok(());
    };
    let position = fold::position_of(input, record);
    let DecomBodyRef::Set(set) = parsed.body else {
        part.put_live(fold::from_record(position, record.value, &parsed, loaded)?);
        return Ok(());
    };
    let known = match part.pending_live(parsed.target, parsed.packet) {
        Some(pending) => Some(pending.clone()),
        None => server.known(part, parsed.target, parsed.packet).await?,
    };
    if let Some(packet) = fold::with_set(known.as_ref(), position, &parsed, set, loaded)? {
        part.put_live(packet);
    }
    Ok(())
}
