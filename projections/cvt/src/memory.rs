use std::sync::Arc;

use async_trait::async_trait;
use groundlog_projection::{ApplyError, Assignment, DefinitionStore, Input, Start, Target};
use groundlog_proto::{Offset, TopicKind, TopicNames, TopicPartition};

use crate::{
    CvtError, Image,
    fold::{self, Change},
    image::{self, IMAGE_VERSION},
    store::Store,
    table::Table,
};

/// A table in this process: what is taken in is there at once, and as durable as its newest
/// snapshot.
pub(crate) struct MemoryStore {
    table: Arc<Table>,
    names: TopicNames,
    definitions: DefinitionStore,
}

impl MemoryStore {
    pub(crate) fn new(table: Arc<Table>, names: TopicNames, definitions: DefinitionStore) -> Self {
        Self { table, names, definitions }
    }

    fn is_live(&self, partition: &TopicPartition) -> bool {
        self.names.kind(&partition.topic) == Some(TopicKind::Decom)
    }

    fn take_image(&self, partition: &TopicPartition) -> Image {
        Image::take(&self.table, self.is_live(partition), partition.partition)
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn target(&self) -> Target {
        Target::Memory
    }

    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, CvtError> {
        let live = self.is_live(&assignment.partition);
        self.table.clear(live, assignment.partition.partition);
        match &assignment.snapshot {
            Some(snapshot) if snapshot.version == IMAGE_VERSION => {
                let restored = image::restore(
                    &self.table,
                    &self.definitions,
                    &assignment.partition,
                    assignment.generation,
                    live,
                    snapshot.data.clone(),
                );
                restored.await?;
                self.table.advance(&assignment.partition, snapshot.next_offset);
                Ok(Start::Snapshot)
            }
            _ => {
                self.table.advance(&assignment.partition, assignment.trim);
                Ok(Start::Earliest)
            }
        }
    }

    async fn change(
        &mut self,
        input: &Input<'_>,
        changes: Vec<Change<'_>>,
    ) -> Result<(), ApplyError> {
        fold::to_table(&self.table, input, &changes)
    }

    fn advanced(&mut self, partition: &TopicPartition, next: Offset) {
        self.table.advance(partition, next);
    }

    async fn flush(&mut self, _: &TopicPartition, _: Offset) -> Result<(), CvtError> {
        Ok(())
    }

    async fn image(&mut self, partition: &TopicPartition) -> Result<Image, CvtError> {
        Ok(self.take_image(partition))
    }

    fn snapshot(&mut self, partition: &TopicPartition) -> Option<Vec<u8>> {
        Some(self.take_image(partition).to_bytes())
    }

    fn revoked(&mut self, partition: &TopicPartition) {
        // Whoever takes over starts from the snapshot.
        self.table.forget(partition);
    }

    async fn lost(&mut self) -> CvtError {
        std::future::pending().await
    }

    async fn reset(&mut self) -> Result<(), CvtError> {
        for partition in self.table.applied().into_keys() {
            self.table.clear(self.is_live(&partition), partition.partition);
            self.table.forget(&partition);
        }
        Ok(())
    }
}
