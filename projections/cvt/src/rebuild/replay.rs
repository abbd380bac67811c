use std::sync::Arc;

use groundlog_log::Log;
use groundlog_projection::{DefinitionStore, Input};
use groundlog_proto::{FaultClass, Namespace, TopicKind, TopicNames};

use super::{READ_BYTES, Report};
use crate::{
    CvtError, Image, fold,
    projection::{AtBarrier, may_be_barrier},
    table::Table,
};

/// Folds partitions anew into a table of its own.
pub(super) struct Replay {
    log: Arc<dyn Log>,
    names: TopicNames,
    definitions: DefinitionStore,
    table: Table,
    namespace: Namespace,
}

impl Replay {
    pub(super) fn new(
        log: Arc<dyn Log>,
        names: &TopicNames,
        namespace: Namespace,
        definitions: &DefinitionStore,
    ) -> Self {
        let (names, definitions) = (names.clone(), definitions.clone());
        Self { log, names, definitions, table: Table::new(), namespace }
    }

    /// Returns how many offsets lie before the barriers.
    pub(super) async fn total(&self, met: &[AtBarrier]) -> Result<u64, CvtError> {
        let mut total = 0;
        for at in met {
            let trim = self.log.bounds(&at.partition).await?.trim;
            total += at.offset.saturating_sub(trim);
        }
        Ok(total)
    }

    /// Folds a partition from its oldest record up to the barrier and returns the image there.
    pub(super) async fn fold(
        &self,
        at: &AtBarrier,
        report: &mut Report,
    ) -> Result<Image, CvtError> {
        let live = self.names.kind(&at.partition.topic) == Some(TopicKind::Decom);
        let generation = self.log.topic(&at.partition.topic).await?.generation;
        let mut next = self.log.bounds(&at.partition).await?.trim;
        let mut reader = self.log.reader(&at.partition, next).await?;
        tracing::info!(namespace = ?self.namespace, partition = %at.partition, from = next, to = at.offset, "rebuilding");
        while next < at.offset {
            let batch = reader.next(READ_BYTES).await?;
            let input = Input::new(&batch, generation);
            let before = input.iter().take_while(|record| record.offset < at.offset).count();
            self.apply(&input.within(0..before), live).await?;
            let reached = batch.next().min(at.offset);
            report.progress(reached.saturating_sub(next)).await?;
            next = reached;
            tokio::task::yield_now().await;
        }
        Ok(Image::take(&self.table, live, at.partition.partition))
    }

    /// Applies what the live table applied: records that it set aside are passed over here too.
    async fn apply(&self, input: &Input<'_>, live: bool) -> Result<(), CvtError> {
        let mut start = 0;
        while start < input.len() {
            let rest = input.within(start..input.len());
            let run = rest.iter().take_while(|record| !may_be_barrier(record.key)).count();
            let mut end = run;
            loop {
                let part = rest.within(0..end);
                let conflated = fold::conflate(&self.definitions, &part, live).await;
                match conflated.and_then(|changes| fold::to_table(&self.table, &part, &changes)) {
                    Ok(()) => break,
                    Err(error) if error.class() == FaultClass::Poison => {
                        let bad = rest.iter().take_while(|it| it.offset < error.offset);
                        end = bad.count();
                    }
                    Err(error) => {
                        return Err(CvtError::Rebuild { what: error.to_string() });
                    }
                }
            }
            // Behind the run, or behind its first bad record; behind a barrier.
            start += if end < run { end + 1 } else { run + usize::from(start + run < input.len()) };
        }
        Ok(())
    }
}
