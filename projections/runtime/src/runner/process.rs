use groundlog_log::{Batch, Member, Records};
use groundlog_proto::{
    DefinitionHash, FaultClass, Nanos, Position, TopicKind, TopicNames, TopicPartition,
    prost::Message, wire,
};

use super::{Runner, Stop};
use crate::{ApplyError, Input, Outputs, Projection};

/// Records applied between two chances for other tasks of the thread to run: about a millisecond.
const SLICE_RECORDS: usize = 1024;

pub(super) fn dead_letter_topic(names: &TopicNames) -> TopicPartition {
    TopicPartition::new(names.topic(TopicKind::DeadLetter), 0)
}

impl<P: Projection> Runner<P> {
    /// Applies a batch and starts its commit.
    pub(super) async fn process(
        &mut self,
        member: &mut dyn Member,
        batch: &Batch,
    ) -> Result<(), Stop> {
        let Some(state) = self.partitions.get(batch.partition()) else {
            return Ok(());
        };
        let input = Input::new(batch, state.generation);
        let mut place = 0;
        if state.applied < state.silent_until {
            // Committed by an earlier run: for the state alone.
            place = input.place_of(state.silent_until);
            self.apply(&input.within(0..place), &mut Outputs::discarded())
                .await?;
        }
        let mut outputs = Outputs::new();
        self.apply(&input.within(place..batch.len()), &mut outputs)
            .await?;
        let fresh = (batch.len() - place) as u64;
        self.events.records.add(fresh);
        if let Some(state) = self.partitions.get_mut(batch.partition()) {
            state.applied = batch.next();
            state.since_snapshot += batch.len() as u64;
            state.progress.advance(batch.next());
            if batch.next() <= state.silent_until {
                return Ok(());
            }
        }
        self.commit(member, batch.partition(), outputs).await
    }

    async fn apply(&mut self, input: &Input<'_>, outputs: &mut Outputs) -> Result<(), Stop> {
        let mut start = 0;
        while start < input.len() {
            let slice = input.within(start..start + SLICE_RECORDS);
            match self.projection.apply(&slice, outputs).await {
                Ok(()) => start += slice.len(),
                Err(error) if error.class() == FaultClass::Poison => {
                    self.set_aside(&slice, &error, outputs);
                    // Behind the record that was set aside.
                    start += slice.place_of(error.offset) + 1;
                }
                Err(error) => {
                    let ApplyError { offset, source, .. } = error;
                    return Err(self.stop_record(input.partition(), offset, source));
                }
            }
            if start < input.len() {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
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
        records.push(
            found.map_or(&[][..], |record| record.key),
            &letter.encode_to_vec(),
        );
        let (topic, partitions) = &self.dead_letters;
        let partition = input.partition().partition % (*partitions).max(1);
        outputs.put(
            &TopicPartition::new(topic.topic.clone(), partition),
            records,
        );
    }
}
