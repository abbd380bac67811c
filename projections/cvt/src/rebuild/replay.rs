use std::sync::Arc;

use groundlog_log::{Log, LogError};
use groundlog_projection::{DefinitionStore, Input};
use groundlog_proto::{FaultClass, Namespace, Offset, TopicKind, TopicNames};

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

    /// Returns the oldest record that the log still has of a partition.
    pub(super) async fn oldest(&self, at: &AtBarrier) -> Result<Offset, CvtError> {
        Ok(self.log.bounds(&at.partition).await?.trim)
    }

    /// Folds a partition from its oldest record up to the barrier. Returns the image there, and
    /// where the fold started.
    pub(super) async fn fold(
        &self,
        at: &AtBarrier,
        report: &mut Report,
    ) -> Result<(Image, Offset), CvtError> {
        loop {
            let from = self.oldest(at).await?;
            match self.fold_from(at, from, report).await {
                // Retention was faster than the fold: what is left is folded from its new start.
                Err(CvtError::Log(LogError::Trimmed { trim, .. })) if trim > from => {
                    self.table.clear(self.is_live(at), at.partition.partition);
                }
                folded => return folded.map(|image| (image, from)),
            }
        }
    }

    async fn fold_from(
        &self,
        at: &AtBarrier,
        from: Offset,
        report: &mut Report,
    ) -> Result<Image, CvtError> {
        let live = self.is_live(at);
        let generation = self.log.topic(&at.partition.topic).await?.generation;
        let mut reader = self.log.reader(&at.partition, from).await?;
        tracing::info!(namespace = ?self.namespace, partition = %at.partition, from, to = at.offset, "rebuilding");
        while reader.position() < at.offset {
            let batch = reader.next(READ_BYTES).await?;
            let input = Input::new(&batch, generation);
            let before = input.iter().take_while(|record| record.offset < at.offset).count();
            self.apply(&input.within(0..before), live).await?;
            report.reached(batch.next().min(at.offset)).await?;
            tokio::task::yield_now().await;
        }
        Ok(Image::take(&self.table, live, at.partition.partition))
    }

    fn is_live(&self, at: &AtBarrier) -> bool {
        self.names.kind(&at.partition.topic) == Some(TopicKind::Decom)
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
