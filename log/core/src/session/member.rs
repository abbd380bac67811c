use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use groundlog_proto::{Offset, TopicPartition};
use tokio::sync::Notify;

use super::{
    Commit, Cursor, Store,
    group::{Change, Tenures},
    reader::wait,
    transaction::{BufferedTxn, Fence, OpenTxn},
};
use crate::{Checkpoint, GroupSpec, LogError, Member, MemberEvent, Txn};

/// Joins a consumer group of this process.
pub(crate) fn join(store: Arc<dyn Store>, spec: &GroupSpec) -> Result<Box<dyn Member>, LogError> {
    let mut counts = Vec::with_capacity(spec.topics.len());
    for topic in &spec.topics {
        counts.push((topic.clone(), store.partition_count(topic)?));
    }
    let wake = Arc::new(Notify::new());
    let incarnation = store.groups().join(spec, counts, wake.clone());
    Ok(Box::new(GroupMember {
        store,
        identity: Arc::new(Identity { spec: spec.clone(), incarnation }),
        wake,
        tenures: Arc::new(Tenures::new()),
        cursors: BTreeMap::new(),
        turn: None,
        open: OpenTxn::default(),
    }))
}

/// Who a member is; its transactions outlive the borrow of the member.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) spec: GroupSpec,
    pub(super) incarnation: u64,
}

struct GroupMember {
    store: Arc<dyn Store>,
    identity: Arc<Identity>,
    wake: Arc<Notify>,
    tenures: Arc<Tenures>,
    cursors: BTreeMap<TopicPartition, Box<dyn Cursor>>,
    /// The partition served last: the next one in order has its turn, so none starves.
    turn: Option<TopicPartition>,
    open: OpenTxn,
}

impl GroupMember {
    async fn tell(&mut self, change: Change) -> Result<MemberEvent, LogError> {
        let Identity { spec, incarnation } = &*self.identity;
        let event = match change {
            Change::Assigned(list) => {
                // Whatever the last owner could still commit lies in the queue: wait for it, so
                // that the checkpoint handed out is the last one. Nothing is taken off the list of
                // changes before that (cancel safety).
                let barrier = self.store.clone().prepare(Commit::default());
                barrier().await.unwrap_or(Err(LogError::Closed))?;
                let mut tenures = Tenures::clone(&self.tenures);
                tenures.extend(list.iter().cloned());
                self.tenures = Arc::new(tenures);
                MemberEvent::Assigned(
                    list.into_iter()
                        .map(|(partition, _)| {
                            let next = self.store.stored_checkpoint(&spec.group, &partition);
                            (partition, next)
                        })
                        .collect(),
                )
            }
            Change::Revoked(list) => {
                let mut tenures = Tenures::clone(&self.tenures);
                for partition in &list {
                    tenures.remove(partition);
                    self.cursors.remove(partition);
                }
                self.tenures = Arc::new(tenures);
                MemberEvent::Revoked(list)
            }
        };
        self.store.groups().told(spec, *incarnation);
        Ok(event)
    }

    fn poll(&mut self, max_bytes: usize) -> Result<Option<MemberEvent>, LogError> {
        let turn = self.turn.clone();
        let (before, after): (Vec<_>, Vec<_>) =
            self.cursors.iter_mut().partition(|(partition, _)| Some(*partition) <= turn.as_ref());
        for (partition, cursor) in after.into_iter().chain(before) {
            let polled = cursor.poll(max_bytes);
            if polled.as_ref().map_or(true, |batch| !batch.is_empty()) {
                self.turn = Some(partition.clone());
                return polled.map(|batch| Some(MemberEvent::Records(batch)));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Member for GroupMember {
    async fn next(&mut self, max_bytes: usize) -> Result<MemberEvent, LogError> {
        loop {
            self.store.check_open()?;
            let Identity { spec, incarnation } = &*self.identity;
            if let Some(change) = self.store.groups().peek(spec, *incarnation)? {
                return self.tell(change).await;
            }
            if let Some(event) = self.poll(max_bytes)? {
                return Ok(event);
            }
            wait(&self.wake, self.store.poll_interval()).await;
        }
    }

    async fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError> {
        if !self.tenures.contains_key(partition) {
            let Identity { spec, .. } = &*self.identity;
            return Err(LogError::Fenced { id: format!("{}/{}", spec.group, spec.member) });
        }
        match self.cursors.get_mut(partition) {
            Some(cursor) => cursor.seek(offset),
            None => {
                let cursor = self.store.clone().cursor(partition, offset, &self.wake)?;
                self.cursors.insert(partition.clone(), cursor);
            }
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<Box<dyn Txn>, LogError> {
        let Identity { spec, incarnation } = &*self.identity;
        self.store.groups().peek(spec, *incarnation)?;
        let fence = Fence::Member { who: self.identity.clone(), tenures: self.tenures.clone() };
        Ok(Box::new(BufferedTxn::new(self.store.clone(), fence, self.open.begin())))
    }

    async fn checkpoint(&mut self, checkpoints: Vec<Checkpoint>) -> Result<(), LogError> {
        let Identity { spec, incarnation } = &*self.identity;
        let submit = self.store.clone().prepare(Commit {
            parts: Vec::new(),
            group: spec.group.clone(),
            checkpoints: checkpoints.clone(),
        });
        let groups = self.store.groups();
        let committing = groups.commit(spec, *incarnation, &self.tenures, &checkpoints, submit)?;
        committing.await.unwrap_or(Err(LogError::Closed)).map(drop)
    }

    async fn leave(self: Box<Self>) -> Result<(), LogError> {
        drop(self);
        Ok(())
    }
}

impl Drop for GroupMember {
    fn drop(&mut self) {
        self.store.groups().leave(&self.identity.spec, self.identity.incarnation);
    }
}
