use std::sync::Arc;

use groundlog_log::{Batch, Log, LogError, Records};
use groundlog_proto::{
    Offset, TopicKind, TopicNames, TopicPartition, prost::Message, wire::Setting,
};
use tokio::{sync::watch, task::AbortHandle};

use crate::{Follower, Settings, SettingsError, setting_key, settings_snapshot::SettingsSnapshots};

/// Bytes read from the topic at a time.
const READ_BYTES: usize = 1 << 20;

#[derive(Debug, Clone, Default)]
struct Folded {
    settings: Arc<Settings>,
    next: Offset,
    failed: Option<LogError>,
}

struct Inner {
    log: Arc<dyn Log>,
    partition: TopicPartition,
    folded: watch::Receiver<Folded>,
    follower: AbortHandle,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

/// Durable state as events: appends settings, and keeps the fold of all of them at hand.
///
/// Cheap to clone; the fold is shared and follows the topic until the last clone is dropped.
#[derive(Clone)]
pub struct SettingsStore(Arc<Inner>);

impl SettingsStore {
    /// Folds the topic up to its tail, from the newest snapshot in the topic `state` on, and goes on
    /// following it. Where the log may be written, snapshots are written now and then.
    ///
    /// # Errors
    /// The log's; the topic must exist.
    pub async fn open(log: Arc<dyn Log>, names: &TopicNames) -> Result<Self, SettingsError> {
        let partition = TopicPartition::new(names.topic(TopicKind::Settings), 0);
        let bounds = log.bounds(&partition).await?;
        let generation = log.topic(&partition.topic).await?.generation;
        let mut snapshots =
            SettingsSnapshots::new(log.clone(), names, partition.clone(), generation);
        let (settings, from) = snapshots.load(bounds.tail).await.unwrap_or_default();
        let mut folded =
            Folded { settings: Arc::new(settings), next: from.max(bounds.trim), failed: None };
        let mut reader = log.reader(&partition, folded.next).await?;
        let mut records = 0;
        while folded.next < bounds.tail {
            let batch = reader.poll(READ_BYTES).await?;
            if batch.is_empty() && reader.position() <= folded.next {
                break;
            }
            records += batch.len();
            fold(&mut folded, &batch, reader.position());
        }
        if snapshots.due(records) {
            snapshots.write(&folded.settings, folded.next);
        }
        let rest = Follower::new(log.clone(), partition.clone(), folded.next);
        let (sender, receiver) = watch::channel(folded);
        let follower = tokio::spawn(follow(rest, sender, snapshots)).abort_handle();
        Ok(Self(Arc::new(Inner { log, partition, folded: receiver, follower })))
    }

    /// Returns the settings as folded so far.
    pub fn current(&self) -> Arc<Settings> {
        self.0.folded.borrow().settings.clone()
    }

    /// Says why the fold has ended before its time; `None` while it goes on.
    pub fn failure(&self) -> Option<SettingsError> {
        self.0.folded.borrow().failed.clone().map(SettingsError::from)
    }

    /// Returns the partition that holds the settings, for transactions that write one.
    pub fn partition(&self) -> &TopicPartition {
        &self.0.partition
    }

    /// Makes the record of a setting, for transactions that write one.
    ///
    /// # Errors
    /// [`SettingsError::Empty`] for a setting without content.
    pub fn record(setting: &Setting) -> Result<Records, SettingsError> {
        let key = setting_key(setting).ok_or(SettingsError::Empty)?;
        let mut records = Records::new();
        records.push(key.as_bytes(), &setting.encode_to_vec());
        Ok(records)
    }

    /// Appends a setting and waits until the fold contains it: afterwards [`Self::current`] shows
    /// it. Returns its offset.
    pub async fn append(&self, setting: &Setting) -> Result<Offset, SettingsError> {
        let records = Self::record(setting)?;
        let ack = self.0.log.append(&self.0.partition, records).await?;
        self.wait_for(ack.next).await?;
        Ok(ack.base)
    }

    /// Waits until everything before an offset is folded.
    pub async fn wait_for(&self, next: Offset) -> Result<Arc<Settings>, SettingsError> {
        let mut folded = self.0.folded.clone();
        let reached = folded.wait_for(|now| now.next >= next || now.failed.is_some()).await;
        let reached = reached.map_err(|_| LogError::Closed)?;
        match &reached.failed {
            Some(error) if reached.next < next => Err(error.clone().into()),
            _ => Ok(reached.settings.clone()),
        }
    }

    /// Waits for any change after the settings given.
    ///
    /// Cancel safe.
    pub async fn changed(&self, since: &Arc<Settings>) -> Result<Arc<Settings>, SettingsError> {
        let mut folded = self.0.folded.clone();
        let changed = folded
            .wait_for(|now| !Arc::ptr_eq(&now.settings, since) || now.failed.is_some())
            .await
            .map_err(|_| LogError::Closed)?;
        match &changed.failed {
            Some(error) => Err(error.clone().into()),
            None => Ok(changed.settings.clone()),
        }
    }
}

async fn follow(
    mut settings: Follower,
    folded: watch::Sender<Folded>,
    mut snapshots: SettingsSnapshots,
) {
    loop {
        match settings.next(READ_BYTES).await {
            Ok(batch) => {
                let next = batch.next().max(settings.position());
                folded.send_modify(|folded| fold(folded, &batch, next));
                if snapshots.due(batch.len()) {
                    let folded = folded.borrow();
                    snapshots.write(&folded.settings, folded.next);
                }
            }
            Err(error) => {
                match error {
                    LogError::Closed => tracing::debug!("settings end with the log"),
                    _ => tracing::error!(%error, "settings are not followed any more"),
                }
                folded.send_modify(|folded| folded.failed = Some(error));
                return;
            }
        }
    }
}

/// Takes a batch in; `next` is the first offset behind it.
fn fold(folded: &mut Folded, batch: &Batch, next: Offset) {
    folded.next = folded.next.max(next);
    if batch.is_empty() {
        return;
    }
    // Copies only what somebody else still looks at; whoever waits for a change does.
    let settings = Arc::make_mut(&mut folded.settings);
    for record in batch.iter() {
        match Setting::decode(record.value) {
            Ok(setting) => settings.fold(setting),
            Err(error) => {
                let at = format!("{}@{}", batch.partition(), record.offset);
                tracing::error!(%error, at, "a setting that does not parse is passed over");
            }
        }
    }
}
