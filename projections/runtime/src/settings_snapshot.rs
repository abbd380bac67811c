use std::sync::Arc;

use bytes::Bytes;
use groundlog_log::{Log, LogError};
use groundlog_proto::{
    Generation, Offset, TopicNames, TopicPartition, prost::Message, wire::Setting,
};
use tokio::task::JoinHandle;

use crate::{Settings, Snapshot, SnapshotStore};

/// Under which name the snapshots lie in the topic `state`.
const CONSUMER: &str = "settings";

/// Version of what a snapshot holds. Raise it with every kind of setting that the fold learns (a
/// snapshot taken by a version that did not know the kind lacks those settings) and with every
/// change of how one is folded.
const VERSION: u32 = 3;

/// Settings folded before a snapshot is due: at most about as many are read at a start.
const SNAPSHOT_RECORDS: usize = 1000;

/// Keeps snapshots of the fold of settings, so that a start reads the newest settings only,
/// however many there have ever been.
pub(crate) struct SettingsSnapshots {
    log: Arc<dyn Log>,
    store: SnapshotStore,
    of: TopicPartition,
    generation: Generation,
    /// Settings folded since the last snapshot.
    since: usize,
    /// One at a time, so that the newest is the last.
    writing: Option<JoinHandle<()>>,
}

impl SettingsSnapshots {
    pub(crate) fn new(
        log: Arc<dyn Log>,
        names: &TopicNames,
        of: TopicPartition,
        generation: Generation,
    ) -> Self {
        let store = SnapshotStore::new(log.clone(), names);
        Self { log, store, of, generation, since: 0, writing: None }
    }

    /// Returns the newest usable snapshot with the first offset that is not in it. A snapshot only
    /// saves time: without one, for whatever reason, everything is folded.
    pub(crate) async fn load(&self, tail: Offset) -> Option<(Settings, Offset)> {
        let found = self.store.load(CONSUMER, &self.of, self.generation, tail).await;
        let snapshot = match found {
            Ok(found) => found.filter(|snapshot| snapshot.version == VERSION)?,
            Err(LogError::UnknownTopic { .. }) => return None,
            Err(error) => {
                tracing::warn!(%error, "no snapshot of the settings can be read; all are folded");
                return None;
            }
        };
        let settings = decode(snapshot.data);
        if settings.is_none() {
            tracing::warn!("the snapshot of the settings does not parse; all are folded");
        }
        Some((settings?, snapshot.next_offset))
    }

    /// Takes note of settings folded; returns whether a snapshot is due.
    pub(crate) fn due(&mut self, records: usize) -> bool {
        self.since += records;
        let busy = self.writing.as_ref().is_some_and(|writing| !writing.is_finished());
        self.since >= SNAPSHOT_RECORDS && !busy
    }

    /// Writes a snapshot; nobody waits for it.
    pub(crate) fn write(&mut self, settings: &Settings, next_offset: Offset) {
        self.since = 0;
        let data = Bytes::from(encode(settings));
        let snapshot = Snapshot { next_offset, version: VERSION, data };
        let appends = SnapshotStore::records(CONSUMER, &self.of, self.generation, &snapshot);
        let (log, partition) = (self.log.clone(), self.store.partition().clone());
        self.writing = Some(tokio::spawn(async move {
            // An incomplete one is passed over: the appends need no transaction.
            for records in appends {
                match log.append(&partition, records).await {
                    Ok(_) => {}
                    // The log is looked at, or about to end.
                    Err(LogError::ReadOnly { .. } | LogError::Closed) => return,
                    Err(error) => {
                        tracing::warn!(%error, "no snapshot of the settings was written");
                        return;
                    }
                }
            }
        }));
    }
}

/// Settings that, folded, give the same state: no second format that could fall behind.
fn encode(settings: &Settings) -> Vec<u8> {
    let mut data = Vec::new();
    for setting in settings.events() {
        data.extend_from_slice(&setting.encode_length_delimited_to_vec());
    }
    data
}

fn decode(mut data: Bytes) -> Option<Settings> {
    let mut settings = Settings::default();
    while !data.is_empty() {
        settings.fold(Setting::decode_length_delimited(&mut data).ok()?);
    }
    Some(settings)
}

#[cfg(test)]
#[path = "settings_snapshot/tests.rs"]
mod tests;
