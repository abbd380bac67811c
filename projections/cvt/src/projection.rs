use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

use crate::{CvtError, Image, fold, image::IMAGE_VERSION, store::Store};

/// Name of the consumer: group, owner of checkpoints and snapshots.
pub(crate) const CONSUMER: &str = "cvt";

/// What the table looked like when it met a barrier.
#[derive(Debug)]
pub(crate) struct AtBarrier {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: Offset,
    pub(crate) image: Image,
}

/// Who waits for which barrier, and on which partitions barriers are met.
#[derive(Clone, Default)]
pub(crate) struct Barriers(Arc<Mutex<Meetings>>);

#[derive(Default)]
struct Meetings {
    waiting: HashMap<String, mpsc::UnboundedSender<AtBarrier>>,
    owned: BTreeSet<TopicPartition>,
}

impl Barriers {
    pub(crate) fn expect(&self, name: &str) -> mpsc::UnboundedReceiver<AtBarrier> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.lock().waiting.insert(name.to_owned(), sender);
        receiver
    }

    pub(crate) fn forget(&self, name: &str) {
        self.lock().waiting.remove(name);
    }

    /// Returns the partitions that this process folds now.
    pub(crate) fn owned(&self) -> BTreeSet<TopicPartition> {
        self.lock().owned.clone()
    }

    fn own(&self, partition: &TopicPartition) {
        self.lock().owned.insert(partition.clone());
    }

    fn disown(&self, partition: &TopicPartition) {
        self.lock().owned.remove(partition);
    }

    fn waiting(&self, name: &str) -> Option<mpsc::UnboundedSender<AtBarrier>> {
        self.lock().waiting.get(name).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Meetings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Folds `decom` or `decom.stored` into a table.
pub(crate) struct CvtProjection {
    pub(crate) store: Box<dyn Store>,
    pub(crate) definitions: DefinitionStore,
    pub(crate) names: TopicNames,
    /// Which of the two topics.
    pub(crate) input: TopicKind,
    pub(crate) barriers: Barriers,
}

impl CvtProjection {
    fn is_live(&self, partition: &TopicPartition) -> bool {
        self.names.kind(&partition.topic) == Some(TopicKind::Decom)
    }

    /// Applies records without a barrier among them, up to the first poisonous one.
    async fn apply_run(&mut self, input: &Input<'_>) -> Result<(), ApplyError> {
        let live = self.is_live(input.partition());
        let (mut end, mut first_bad) = (input.len(), None);
        loop {
            let run = input.within(0..end);
            match fold::conflate(&self.definitions, &run, live).await {
                Ok(changes) => {
                    self.store.change(&run, changes).await?;
                    return first_bad.map_or(Ok(()), Err);
                }
                Err(error) if error.class() == FaultClass::Poison => {
                    let bad = input.iter().take_while(|record| record.offset < error.offset);
                    end = bad.count();
                    first_bad = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn meet(
        &mut self,
        partition: &TopicPartition,
        offset: Offset,
        value: &[u8],
    ) -> Result<(), ApplyError> {
        let Ok(DecomRecordRef { body: DecomBodyRef::Barrier(name), .. }) =
            DecomRecordRef::parse(value)
        else {
            return Ok(());
        };
        if let Some(waiting) = self.barriers.waiting(name) {
            let image = self.store.image(partition).await;
            let image = image.map_err(|error| ApplyError::new(offset, error))?;
            let partition = partition.clone();
            // Whoever waited may have given up.
            let _ = waiting.send(AtBarrier { partition, offset, image });
        }
        Ok(())
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
        vec![self.names.topic(self.input)]
    }

    fn target(&self) -> Target {
        self.store.target()
    }

    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, Box<dyn Fault>> {
        let start = self.store.assigned(assignment).await.map_err(boxed)?;
        self.barriers.own(&assignment.partition);
        Ok(start)
    }

    async fn apply(&mut self, input: &Input<'_>, _: &mut Outputs) -> Result<(), ApplyError> {
        let mut start = 0;
        for (place, record) in input.iter().enumerate() {
            if may_be_barrier(record.key) {
                self.apply_run(&input.within(start..place)).await?;
                self.meet(input.partition(), record.offset, record.value).await?;
                start = place + 1;
            }
        }
        self.apply_run(&input.within(start..input.len())).await?;
        self.store.advanced(input.partition(), input.next());
        Ok(())
    }

    async fn flush(
        &mut self,
        partition: &TopicPartition,
        upto: Offset,
    ) -> Result<(), Box<dyn Fault>> {
        self.store.flush(partition, upto).await.map_err(boxed)
    }

    fn snapshot(&mut self, partition: &TopicPartition) -> Option<(u32, Vec<u8>)> {
        self.store.snapshot(partition).map(|bytes| (IMAGE_VERSION, bytes))
    }

    async fn revoked(&mut self, partition: &TopicPartition) {
        self.barriers.disown(partition);
        self.store.revoked(partition);
    }

    async fn lost(&mut self) -> Box<dyn Fault> {
        boxed(self.store.lost().await)
    }

    async fn reset(&mut self) -> Result<(), Box<dyn Fault>> {
        self.store.reset().await.map_err(boxed)
    }
}

fn boxed(error: CvtError) -> Box<dyn Fault> {
    Box::new(error)
}
