use std::collections::HashMap;

use async_trait::async_trait;
use groundlog_log::Records;
use groundlog_projection::{
    ApplyError, Assignment, DefinitionStore, Input, MetricsRegistry, Outputs, Projection, Snapshot,
    Start, Target,
};
use groundlog_proto::{Fault, Offset, TopicKind, TopicName, TopicNames, TopicPartition};

use crate::{
    DecomError, Fold, FoldError, FoldOutputs, Source, responses::Responder,
    snapshot::SNAPSHOT_VERSION,
};

/// Name of the consumer: group, owner of checkpoints and snapshots.
const CONSUMER: &str = "decom";

/// Bytes of outputs after which they are put away as one append: well below what a backend takes.
const APPEND_BYTES: usize = 4 << 20;

/// Drives one [`Fold`] per partition of `raw` and `raw.stored`.
pub struct DecomProjection {
    names: TopicNames,
    inputs: Vec<TopicKind>,
    definitions: DefinitionStore,
    folds: HashMap<TopicPartition, Fold>,
    outputs: FoldOutputs,
    metrics: MetricsRegistry,
    /// What calls limits responses, where that is wanted.
    responder: Option<Responder>,
}

impl DecomProjection {
    /// Makes the projection of a namespace; it counts irregular packets in `metrics`.
    pub fn new(names: &TopicNames, definitions: DefinitionStore, metrics: MetricsRegistry) -> Self {
        Self {
            names: names.clone(),
            inputs: vec![TopicKind::Raw, TopicKind::RawStored],
            definitions,
            folds: HashMap::new(),
            outputs: FoldOutputs::default(),
            metrics,
            responder: None,
        }
    }

    /// Makes it call the limits responses of what it folds for the first time.
    #[must_use]
    pub fn responding(self) -> Self {
        Self { responder: Some(Responder::default()), ..self }
    }

    /// Makes it fold one of its two topics alone.
    #[must_use]
    pub fn only(self, input: TopicKind) -> Self {
        Self { inputs: vec![input], ..self }
    }

    async fn restore(&self, source: Source, snapshot: &Snapshot) -> Result<Fold, DecomError> {
        let mut loaded = Vec::new();
        for hash in Fold::definitions_of(snapshot.data.clone())? {
            loaded.push(self.definitions.get(hash).await?);
        }
        Fold::restore(source, snapshot.data.clone(), &loaded)
    }

    fn put(&mut self, partition: u32, outputs: &mut Outputs) {
        let made = std::mem::take(&mut self.outputs);
        // What is folded a second time was counted, and answered, by an earlier run.
        if !outputs.is_discarded() {
            made.irregular.count(&self.metrics);
            if let Some(responder) = &mut self.responder {
                responder.call(made.responses);
            }
        }
        let mut put = |kind: TopicKind, records: Records| {
            outputs.put(&TopicPartition::new(self.names.topic(kind), partition), records);
        };
        put(TopicKind::Decom, made.decom);
        put(TopicKind::DecomStored, made.stored);
        put(TopicKind::Limits, made.limits);
    }
}

#[async_trait]
impl Projection for DecomProjection {
    fn name(&self) -> &str {
        CONSUMER
    }

    fn inputs(&self) -> Vec<TopicName> {
        self.inputs.iter().map(|kind| self.names.topic(*kind)).collect()
    }

    fn target(&self) -> Target {
        Target::Log
    }

    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, Box<dyn Fault>> {
        let partition = &assignment.partition;
        let source = Source {
            generation: assignment.generation,
            topic: partition.topic.as_str().into(),
            partition: partition.partition,
            stored: self.names.kind(&partition.topic) == Some(TopicKind::RawStored),
        };
        let (fold, start) = match &assignment.snapshot {
            Some(snapshot) if snapshot.version == SNAPSHOT_VERSION => {
                let restored = self.restore(source, snapshot).await;
                (restored.map_err(|error| Box::new(error) as Box<dyn Fault>)?, Start::Snapshot)
            }
            _ => (Fold::new(source), Start::Earliest),
        };
        self.folds.insert(partition.clone(), fold);
        Ok(start)
    }

    async fn apply(&mut self, input: &Input<'_>, outputs: &mut Outputs) -> Result<(), ApplyError> {
        let partition = input.partition().partition;
        let bytes: usize = input.iter().map(|record| record.value.len()).sum();
        self.outputs.reserve(input.len(), bytes);
        for record in input.iter() {
            if self.outputs.byte_len() > APPEND_BYTES {
                self.put(partition, outputs);
            }
            let Some(fold) = self.folds.get_mut(input.partition()) else {
                break;
            };
            let mut folded = fold.apply(record, &mut self.outputs);
            if let Err(FoldError::Needs(hash)) = folded {
                folded = match self.definitions.get(hash).await {
                    Ok(loaded) => {
                        fold.bind(loaded);
                        fold.apply(record, &mut self.outputs)
                    }
                    Err(error) => Err(FoldError::Record(Box::new(error.into()), Some(hash))),
                };
            }
            let failed = match folded {
                Ok(()) => continue,
                Err(FoldError::Record(error, hash)) => {
                    ApplyError::new(record.offset, *error).with_definitions(hash)
                }
                // Bound a moment ago.
                Err(FoldError::Needs(_)) => {
                    ApplyError::new(record.offset, DecomError::NoDefinitions)
                }
            };
            self.put(partition, outputs);
            return Err(failed);
        }
        self.put(partition, outputs);
        Ok(())
    }

    async fn flush(&mut self, _: &TopicPartition, _: Offset) -> Result<(), Box<dyn Fault>> {
        Ok(())
    }

    fn snapshot(&mut self, partition: &TopicPartition) -> Option<(u32, Vec<u8>)> {
        self.folds.get(partition).map(|fold| (SNAPSHOT_VERSION, fold.snapshot()))
    }

    async fn revoked(&mut self, partition: &TopicPartition) {
        self.folds.remove(partition);
    }

    async fn lost(&mut self) -> Box<dyn Fault> {
        std::future::pending().await
    }

    async fn reset(&mut self) -> Result<(), Box<dyn Fault>> {
        self.folds.clear();
        Ok(())
    }
}
