use groundlog_log::{Batch, Member, Records};
use groundlog_proto::{
    DefinitionHash, FaultClass, Nanos, Offset, Position, TopicKind, TopicNames, TopicPartition,
    prost::Message, wire,
};

use super::{Runner, Stop};
use crate::{ApplyError, Input, Outputs, Projection, Target};

/// Records applied between two chances for other tasks of the thread to run: about a millisecond.
const SLICE_RECORDS: usize = 1024;

/// Bytes of outputs after which a batch is committed in parts.
pub(super) const OUTPUT_BYTES_MAX: usize = 32 << 20;

pub(super) fn dead_letter_topic(names: &TopicNames) -> TopicPartition {
    TopicPartition::new(names.topic(TopicKind::DeadLetter), 0)
}

impl<P: Projection> Runner<P> {
    /// Applies a batch and starts its commit; several, where it yields much more than it holds.
    pub(super) async fn process(
        &mut self,
        member: &mut dyn Member,
        batch: &Batch,
    ) -> Result<(), Stop> {
        let partition = batch.partition();
        let Some(state) = self.partitions.get(partition) else {
            return Ok(());
        };
        let input = Input::new(batch, state.generation);
        // What was applied before is not applied again, should the log deliver it twice.
        let mut place = input.place_of(state.applied);
        if state.applied < state.silent_until {
            // Committed by an earlier run: for the state alone.
            let known = input.place_of(state.silent_until);
            while place < known {
                let slice = input.within(place..known.min(place + SLICE_RECORDS));
                self.apply(&slice, &mut Outputs::discarded()).await?;
                place += slice.len();
                tokio::task::yield_now().await;
            }
        }
        let mut outputs = Outputs::new();
        if input.is_empty() {
            self.apply(&input, &mut outputs).await?;
        }
        while place < input.len() {
            let slice = input.within(place..place + SLICE_RECORDS);
            self.apply(&slice, &mut outputs).await?;
            self.events.records.add(slice.len() as u64);
            place += slice.len();
            if let Some(next) = input.get(place) {
                if outputs.byte_len() >= OUTPUT_BYTES_MAX {
                    self.applied(partition, next.offset, slice.len(), next.append_time);
                    self.commit(member, partition, 0, std::mem::take(&mut outputs)).await?;
                }
                tokio::task::yield_now().await;
            }
        }
        let newest = input.iter().next_back().map_or(Nanos(0), |record| record.append_time);
        self.applied(partition, batch.next(), batch.len(), newest);
        match self.partitions.get(partition) {
            Some(state) if state.applied > state.silent_until => {
                self.commit(member, partition, batch.byte_len(), outputs).await
            }
            Some(_) if self.projection.target() == Target::Store => {
                self.flush_again(partition).await
            }
            _ => Ok(()),
        }
    }

    fn applied(&mut self, at: &TopicPartition, next: Offset, records: usize, newest: Nanos) {
        if let Some(state) = self.partitions.get_mut(at) {
            state.applied = next.max(state.applied);
            state.since_snapshot += records as u64;
            if records > 0 {
                state.progress.saw(newest);
            }
            if self.projection.target() == Target::Memory {
                state.progress.advance(state.applied);
            }
        }
    }

    /// Applies records; poisonous ones are set aside.
    async fn apply(&mut self, input: &Input<'_>, outputs: &mut Outputs) -> Result<(), Stop> {
        let mut start = 0;
        loop {
            let rest = input.within(start..input.len());
            match self.projection.apply(&rest, outputs).await {
                Ok(()) => return Ok(()),
                Err(error) if error.class() == FaultClass::Poison => {
                    self.set_aside(&rest, &error, outputs);
                    // Behind the record that was set aside; behind the last one there is still where
                    // the input ends.
                    start += rest.place_of(error.offset) + 1;
                }
                Err(error) => {
                    let ApplyError { offset, source, .. } = error;
                    return Err(self.stop_record(input.partition(), offset, source));
                }
            }
        }
    }

    fn set_aside(&self, input: &Input<'_>, error: &ApplyError, outputs: &mut Outputs) {
        let source = Position {
            generation: input.generation(),
            partition: input.partition().clone(),
            offset: error.offset,
            sub_index: 0,
        };
        if outputs.is_discarded() {
            return;
        }
        let reason = error.source.to_string();
        self.events.dead_letter(&source, &reason);
        let definitions = error.definitions.as_ref().map(DefinitionHash::as_bytes);
        let letter = wire::DeadLetter {
            source: Some((&source).into()),
            consumer: self.consumer.clone(),
            reason,
            definitions: definitions.map_or_else(Default::default, |hash| hash.to_vec().into()),
            time_ns: Nanos::now().0,
        };
        let found = input.iter().find(|record| record.offset == error.offset);
        let mut records = Records::new();
        records.push(found.map_or(&[][..], |record| record.key), &letter.encode_to_vec());
        let (topic, partitions) = &self.dead_letters;
        let partition = input.partition().partition % (*partitions).max(1);
        outputs.put(&TopicPartition::new(topic.topic.clone(), partition), records);
    }
}
