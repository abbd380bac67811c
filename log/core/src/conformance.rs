//! What every backend must do, as tests that any backend runs.
//!
//! A backend's test file calls [`crate::conformance_suite`] with an expression that makes a
//! [`Fixture`]; each case becomes one test.

mod appends;
mod groups;
mod reads;
mod topics;
mod transactions;

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use groundlog_proto::{Offset, TopicName, TopicPartition};
use tokio::time::timeout;

pub use self::{appends::*, groups::*, reads::*, topics::*, transactions::*};
use crate::{AppendAck, Batch, Durability, Log, LogError, Reader, Records, Retention, TopicSpec};

/// A log under test.
pub struct Fixture {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Starts the names of this fixture's topics, groups and writers; unique where a broker is
    /// shared.
    pub prefix: String,
    /// Whether a trim in the middle of a megabyte of records removes some of them.
    pub trims: bool,
    /// Whether a commit shows everywhere at one moment: all partitions and the checkpoint. A broker
    /// marks one partition after the other; all of them have been marked when the commit returns.
    pub at_once: bool,
    /// Whether readers fetch more than they were asked for, and so may still return what has been
    /// trimmed meanwhile.
    pub reads_ahead: bool,
    /// Kept until the test ends: a temporary folder, a broker.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

impl Fixture {
    /// Describes a log for the suite.
    pub fn new(log: Arc<dyn Log>, keep: impl Any + Send + Sync) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("conformance-{}-{number}.", std::process::id());
        Self { log, prefix, trims: true, at_once: true, reads_ahead: false, keep: Box::new(keep) }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn topic(&self, name: &str, partitions: u32, durability: Durability) -> TopicName {
        let name = TopicName::new(&self.name(name));
        let spec =
            TopicSpec { name: name.clone(), partitions, durability, retention: Retention::Forever };
        let info = self.log.ensure(&spec).await.expect("the topic is made");
        assert_eq!((&info.name, info.partitions), (&name, partitions));
        name
    }

    async fn partition(&self, name: &str) -> TopicPartition {
        TopicPartition::new(self.topic(name, 1, Durability::Synced).await, 0)
    }

    /// Appends records whose values are these texts.
    async fn append(&self, partition: &TopicPartition, values: &[&str]) -> AppendAck {
        self.log.append(partition, records(values)).await.expect("the append is acknowledged")
    }

    async fn tail(&self, partition: &TopicPartition) -> Offset {
        self.log.bounds(partition).await.expect("bounds").tail
    }

    /// Reads all committed values from an offset on.
    async fn values(&self, partition: &TopicPartition, from: Offset) -> Vec<String> {
        let mut reader = self.log.reader(partition, from).await.expect("reader");
        let mut values = Vec::new();
        loop {
            let batch = reader.poll(1 << 20).await.expect("poll");
            if batch.is_empty() {
                return values;
            }
            values.extend(texts(&batch));
        }
    }
}

fn records(values: &[&str]) -> Records {
    let mut records = Records::new();
    values.iter().for_each(|value| records.push(b"key", value.as_bytes()));
    records
}

fn texts(batch: &Batch) -> Vec<String> {
    batch.iter().map(|record| String::from_utf8_lossy(record.value).into_owned()).collect()
}

/// Waits for something that must happen.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: nothing happened for {PATIENCE:?}"),
    }
}

async fn next(reader: &mut Box<dyn Reader>) -> Batch {
    soon("next batch", reader.next(1 << 20)).await.expect("next batch")
}

fn is_fenced<T>(result: &Result<T, LogError>) -> bool {
    matches!(result, Err(LogError::Fenced { .. }))
}

/// Makes one test of every case, for a backend whose fixture the expression makes.
///
/// ```text
/// groundlog_log::conformance_suite!(memory, Fixture::new(Arc::new(MemoryLog::new()), ()));
/// ```
#[macro_export]
macro_rules! conformance_suite {
    ($module:ident, $fixture:expr) => {
        $crate::conformance_suite!(@cases $module, $fixture,
            appends_keep_the_order_of_calls
            a_broken_chain_takes_nothing
            what_is_acknowledged_can_be_read
            records_come_back_exactly
            an_empty_append_is_acknowledged
            a_record_too_large_is_refused_alone
            append_times_never_decrease
            dropping_the_answer_keeps_the_append
            closing_ends_appends_and_readers
            reading_starts_at_any_offset
            reading_keeps_to_max_bytes
            a_reader_waits_at_the_tail
            a_reader_beyond_the_tail_waits_for_it
            several_readers_see_the_same
            dropping_a_read_loses_nothing
            trimmed_offsets_are_refused
            find_goes_by_append_time
            a_transaction_is_visible_as_a_whole
            a_transaction_never_shows_in_parts
            an_aborted_transaction_leaves_nothing
            transactions_and_appends_keep_their_order
            a_newer_transactor_fences_the_older
            beginning_again_voids_the_open_transaction
            large_transactions_arrive_whole
            a_member_is_assigned_reads_and_commits
            checkpoints_alone_are_kept
            a_member_rewinds
            members_share_partitions
            a_commit_after_a_move_is_fenced
            a_member_of_the_same_name_fences_the_older
            a_new_owner_sees_the_last_checkpoint
            groups_do_not_disturb_each_other
            topics_are_made_once
            another_partition_count_is_refused
            unknown_names_are_refused
        );
    };
    (@cases $module:ident, $fixture:expr, $($case:ident)*) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    // A fixture, or none where there is no backend to be tested.
                    let fixture: Option<$crate::conformance::Fixture> = $fixture.into();
                    let Some(fixture) = fixture else { return };
                    $crate::conformance::$case(&fixture).await;
                }
            )*
        }
    };
}
