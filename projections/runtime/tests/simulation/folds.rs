//! A fold whose every output depends on everything before it, for each kind of target.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use groundlog_log::Records;
use groundlog_projection::{ApplyError, Assignment, Input, Outputs, Projection, Start, Target};
use groundlog_proto::{Fault, FaultClass, Offset, TopicName, TopicPartition};

use crate::faulty::Faults;

/// First byte of a record that can never be processed.
pub(crate) const POISON: u8 = 0xff;

#[derive(Debug, thiserror::Error)]
#[error("the record is poisonous")]
struct Poison;

impl Fault for Poison {
    fn class(&self) -> FaultClass {
        FaultClass::Poison
    }
}

/// State of a partition: how many records, and a digest of all of them in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Digest {
    count: u64,
    digest: u64,
}

impl Digest {
    fn fold(&mut self, value: &[u8]) {
        self.count += 1;
        for byte in value {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn to_bytes(self) -> Vec<u8> {
        [self.count.to_le_bytes(), self.digest.to_le_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let number =
            |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        Self { count: number(0), digest: number(8) }
    }
}

/// A database outside the log: rows by position, written idempotently.
pub(crate) type Rows = Arc<Mutex<BTreeMap<(u32, Offset), Vec<u8>>>>;

pub(crate) struct TestFold {
    pub(crate) target: Target,
    pub(crate) input: TopicName,
    pub(crate) output: TopicName,
    pub(crate) states: Arc<Mutex<BTreeMap<TopicPartition, Digest>>>,
    pub(crate) rows: Rows,
    pub(crate) faults: Arc<Faults>,
    buffered: BTreeMap<(u32, Offset), Vec<u8>>,
}

impl TestFold {
    pub(crate) fn new(
        target: Target,
        input: TopicName,
        output: TopicName,
        rows: Rows,
        faults: Arc<Faults>,
    ) -> Self {
        let (states, buffered) = Default::default();
        Self { target, input, output, states, rows, faults, buffered }
    }
}

#[async_trait]
impl Projection for TestFold {
    fn name(&self) -> &str {
        "test"
    }
    fn inputs(&self) -> Vec<TopicName> {
        vec![self.input.clone()]
    }
    fn target(&self) -> Target {
        self.target
    }
    async fn assigned(&mut self, assignment: &Assignment) -> Result<Start, Box<dyn Fault>> {
        self.buffered.retain(|(partition, _), _| *partition != assignment.partition.partition);
        let (state, start) = match (&assignment.snapshot, self.target) {
            (_, Target::Store) => (Digest::default(), Start::Checkpoint),
            (Some(snapshot), _) => (Digest::from_bytes(&snapshot.data), Start::Snapshot),
            (None, _) => (Digest::default(), Start::Earliest),
        };
        self.states
            .lock()
            .expect("no panic under the lock")
            .insert(assignment.partition.clone(), state);
        Ok(start)
    }
    async fn apply(&mut self, input: &Input<'_>, outputs: &mut Outputs) -> Result<(), ApplyError> {
        // Lets the commit of the batch before get on its way.
        tokio::task::yield_now().await;
        let first = input.iter().next().map_or(0, |record| record.offset);
        let fault = self.faults.step().await;
        fault.map_err(|error| ApplyError::new(first, error))?;
        let mut records = Records::new();
        let mut failed = None;
        {
            let mut states = self.states.lock().expect("no panic under the lock");
            let state = states.entry(input.partition().clone()).or_default();
            for record in input.iter() {
                if record.value.first() == Some(&POISON) {
                    failed = Some(ApplyError::new(record.offset, Poison));
                    break;
                }
                state.fold(record.value);
                match self.target {
                    Target::Log => records.push(record.key, &state.to_bytes()),
                    Target::Store => {
                        let position = (input.partition().partition, record.offset);
                        self.buffered.insert(position, record.value.to_vec());
                    }
                    Target::Memory => {}
                }
            }
        }
        let to = TopicPartition::new(self.output.clone(), input.partition().partition);
        outputs.put(&to, records);
        failed.map_or(Ok(()), Err)
    }
    async fn flush(&mut self, _: &TopicPartition, _: Offset) -> Result<(), Box<dyn Fault>> {
        self.faults.step().await.map_err(|error| Box::new(error) as Box<dyn Fault>)?;
        // Half of it, then perhaps a fault: what is written twice must be as if written once.
        let rows = std::mem::take(&mut self.buffered);
        let half = rows.len() / 2;
        for (written, (position, row)) in rows.into_iter().enumerate() {
            if written == half {
                self.faults.step().await.map_err(|error| Box::new(error) as Box<dyn Fault>)?;
            }
            self.rows.lock().expect("no panic under the lock").insert(position, row);
        }
        Ok(())
    }
    fn snapshot(&mut self, partition: &TopicPartition) -> Option<(u32, Vec<u8>)> {
        let states = self.states.lock().expect("no panic under the lock");
        match self.target {
            Target::Store => None,
            _ => states.get(partition).map(|state| (1, state.to_bytes())),
        }
    }
    async fn revoked(&mut self, _: &TopicPartition) {}
    async fn lost(&mut self) -> Box<dyn Fault> {
        std::future::pending().await
    }
    async fn reset(&mut self) -> Result<(), Box<dyn Fault>> {
        Ok(())
    }
}
