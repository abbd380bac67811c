use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use groundlog_projection::{
    ApplyError, Assignment, DefinitionStore, Input, Outputs, Projection, Start, Target,
};
use groundlog_proto::{
    Fault, FaultClass, Offset, TopicKind, TopicName, TopicNames, TopicPartition,
    borrowed::{DecomBodyRef, DecomRecordRef},
};
use tokio::sync::mpsc;

use crate::{
    Image, fold,
    image::{self, IMAGE_VERSION},
    table::Table,
};

/// Name of the consumer: group, owner of checkpoints and snapshots.
pub(crate) const CONSUMER: &str = "cvt";

/// What the table looked like when it met a barrier.
#[derive(Debug)]
pub(crate) struct AtBarrier {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: Offset,
    pub(crate) image: Image,
}

/// Who waits for which barrier.
#[derive(Clone, Default)]
pub(crate) struct Barriers(Arc<Mutex<HashMap<String, mpsc::UnboundedSender<AtBarrier>>>>);

impl Barriers {
    pub(crate) fn expect(&self, name: &str) -> mpsc::UnboundedReceiver<AtBarrier> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), sender);
        receiver
    }

    pub(crate) fn forget(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn waiting(&self, name: &str) -> Option<mpsc::UnboundedSender<AtBarrier>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// Folds `decom` and `decom.stored` into a table.
pub(crate) struct CvtProjection {
    pub(crate) table: Arc<Table>,
    pub(crate) definitions: DefinitionStore,
    pub(crate) names: TopicNames,
    pub(crate) barriers: Barriers,
}

impl CvtProjection {
    fn is_live(&self, partition: &TopicPartition) -> bool {
        self.names.kind(&partition.topic) == Some(TopicKind::Decom)
    }

    /// Applies records without a barrier among them, up to the first poisonous one.
    async fn apply_run(&self, input: &Input<'_>) -> Result<(), ApplyError> {
        let live = self.is_live(input.partition());
        let (mut end, mut first_bad) = (input.len(), None);
        loop {
            match fold::apply(&self.table, &self.definitions, &input.within(0..end), live).await {
                Ok(()) => return first_bad.map_or(Ok(()), Err),
                Err(error) if error.class() == FaultClass::Poison => {
                    let bad = input.iter().take_while(|record| record.offset < error.offset);
                    end = bad.count();
                    first_bad = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn meet(&self, partition: &TopicPartition, offset: Offset, value: &[u8]) {
        let Ok(DecomRecordRef { body: DecomBodyRef::Barrier(name), .. }) =
            DecomRecordRef::parse(value)
        else {
            return;
        };
        if let Some(waiting) = self.barriers.waiting(name) {
            let image = Image::take(&self.table, self.is_live(partition), partition.partition);
            let partition = partition.clone();
            // Whoever waited may have given up.
            let _ = waiting.send(AtBarrier { partition, offset, image });
        }
    }
}

/// Returns whether a record may be a barrier; all others have the name of their packet as key.
pub(crate) fn may_be_barrier(key: &[u8]) -> bool {
    key.is_empty()
}

#[async_trait]
impl Projection for CvtProjection {
    fn name(&self) -> &str {
        CONSUMER
    }

    fn inputs(&self) -> Vec<TopicName> {
        vec![self.names.topic(TopicKind::Decom), self.names.topic(TopicKind::DecomStored)]
    }

    fn target(&self) -> Target {
        Target::Memory
    }

    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, Box<dyn Fault>> {
        let live = self.is_live(&assignment.partition);
        self.table.clear(live, assignment.partition.partition);
        let start = match &assignment.snapshot {
            Some(snapshot) if snapshot.version == IMAGE_VERSION => {
                let restored = image::restore(
                    &self.table,
                    &self.definitions,
                    &assignment.partition,
                    assignment.generation,
                    live,
                    snapshot.data.clone(),
                );
                restored.await.map_err(|error| Box::new(error) as Box<dyn Fault>)?;
                self.table.advance(&assignment.partition, snapshot.next_offset);
                Start::Snapshot
            }
            _ => {
                self.table.advance(&assignment.partition, assignment.trim);
                Start::Earliest
            }
        };
        Ok(start)
    }

    async fn apply(&mut self, input: &Input<'_>, _: &mut Outputs) -> Result<(), ApplyError> {
        let mut start = 0;
        for (place, record) in input.iter().enumerate() {
            if may_be_barrier(record.key) {
                self.apply_run(&input.within(start..place)).await?;
                self.meet(input.partition(), record.offset, record.value);
                start = place + 1;
            }
        }
        self.apply_run(&input.within(start..input.len())).await?;
        if let Some(last) = input.iter().next_back() {
            self.table.advance(input.partition(), last.offset + 1);
        }
        Ok(())
    }

    async fn flush(&mut self, _: &TopicPartition, _: Offset) -> Result<(), Box<dyn Fault>> {
        Ok(())
    }

    fn snapshot(&mut self, partition: &TopicPartition) -> Option<(u32, Vec<u8>)> {
        let image = Image::take(&self.table, self.is_live(partition), partition.partition);
        Some((IMAGE_VERSION, image.to_bytes()))
    }

    async fn revoked(&mut self, partition: &TopicPartition) {
        // What is known stays readable; whoever takes over starts from the snapshot.
        self.table.forget(partition);
    }

    async fn lost(&mut self) -> Box<dyn Fault> {
        std::future::pending().await
    }

    async fn reset(&mut self) -> Result<(), Box<dyn Fault>> {
        for partition in self.table.applied().into_keys() {
            self.table.clear(self.is_live(&partition), partition.partition);
            self.table.forget(&partition);
        }
        Ok(())
    }
}
