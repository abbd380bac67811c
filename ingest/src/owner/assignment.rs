//! Partitions that come and go.

use std::sync::Arc;

use groundlog_log::{LogError, Member};
use groundlog_proto::{Fault, FaultClass, Offset, TopicKind, TopicPartition, partition_of};
use tokio::time::Instant;

use super::{Held, Owner};
use crate::{
    IngestError, InterfaceOptions, events,
    link::{Shared, Wish},
    ownership,
    session::{self, Session, SessionSetup},
};

impl Owner {
    /// Takes a partition over, or up again; what the log does not take now is tried again.
    pub(super) async fn assigned(
        &mut self,
        member: &mut dyn Member,
        partition: TopicPartition,
        checkpoint: Option<Offset>,
    ) -> Result<(), IngestError> {
        match self.take(member, &partition, checkpoint).await {
            Ok(()) => drop(self.untaken.remove(&partition)),
            Err(IngestError::Log { source, .. }) if is_passing(&source) => {
                // Fenced: another process's already, which is told next; or else not.
                match source {
                    LogError::Fenced { .. } => {
                        events::OwnershipLost { partition: &partition }.emit();
                    }
                    error => events::OwnershipDelayed { error: &error }.emit(),
                }
                self.untaken.insert(partition);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn take(
        &mut self,
        member: &mut dyn Member,
        partition: &TopicPartition,
        checkpoint: Option<Offset>,
    ) -> Result<(), IngestError> {
        let claiming = || IngestError::log("claiming its interfaces");
        let log = Arc::clone(&self.log);
        let bounds = log.bounds(partition).await.map_err(claiming())?;
        let count = log.topic(&partition.topic).await.map_err(claiming())?.partitions;
        let options = self.options.clone();
        let mine: Vec<(&InterfaceOptions, Arc<Shared>)> = options
            .interfaces
            .iter()
            .zip(&self.links)
            .filter(|(one, _)| partition_of(&one.name, count) == partition.partition)
            .map(|(one, shared)| (one, Arc::clone(shared)))
            .collect();
        let from = checkpoint.unwrap_or(bounds.trim).max(bounds.trim);
        member.seek(partition, from).await.map_err(claiming())?;
        let names: Vec<String> = mine.iter().map(|(one, _)| one.name.clone()).collect();
        let process = &options.process;
        let claimed = ownership::claim(&*log, member, partition, &names, process, from);
        let epoch = claimed.await.map_err(claiming())?;
        session::mark_epoch(&*log, &options, &mine, epoch).await.map_err(claiming())?;
        self.owned().insert(partition.clone(), from);
        self.unreleased.remove(&partition.partition);
        if let Some(held) = self.held.get_mut(&partition.partition) {
            held.session.renew(epoch).await?;
            (held.epoch, held.suspended) = (epoch, None);
            self.follow_what_is_wanted(partition.partition, &names).await;
            return Ok(());
        }
        let session = Session::start(&SessionSetup {
            log: &self.log,
            options: &options,
            interfaces: mine,
            wanted: &options.wanted.now(),
            control: (partition.partition, count),
            epoch,
        })?;
        self.held.insert(partition.partition, Held { session, epoch, suspended: None });
        Ok(())
    }

    /// Lets go of what an operator does not want connected any more, as another owner was told.
    async fn follow_what_is_wanted(&self, at: u32, names: &[String]) {
        let wanted = self.options.wanted.now();
        for name in names.iter().filter(|name| wanted.get(*name) == Some(&false)) {
            self.follow(at, name.clone(), Wish::Disconnect).await;
        }
    }

    /// Lets a partition go: at once where it has moved; where the group cannot be reached, when it
    /// is known whose it is.
    pub(super) async fn revoked(&mut self, partition: &TopicPartition) -> Result<(), IngestError> {
        self.owned().remove(partition);
        self.untaken.remove(partition);
        self.unreleased.remove(&partition.partition);
        let Some(held) = self.held.get_mut(&partition.partition) else {
            return Ok(());
        };
        if self.contact.was_troubled() && held.session.has_links() {
            held.suspended = Some(Instant::now());
            events::OwnershipSuspended { partition }.emit();
            return Ok(());
        }
        match self.held.remove(&partition.partition) {
            Some(held) => held.session.stop().await,
            None => Ok(()),
        }
    }

    /// Says that the group does not know this process any more.
    pub(super) fn suspend_all(&mut self) {
        self.owned().clear();
        self.untaken.clear();
        self.unreleased.clear();
        for held in self.held.values_mut() {
            held.suspended.get_or_insert_with(Instant::now);
        }
    }

    /// Stops what another process has claimed meanwhile, and what nobody has given back for long;
    /// returns whether something was claimed.
    pub(super) async fn settle_suspended(&mut self) -> Result<bool, IngestError> {
        let mut any_claimed = false;
        let topic = self.options.names.topic(TopicKind::Control);
        let suspended = self.held.iter().filter_map(|(at, held)| Some((*at, held.suspended?)));
        let suspended: Vec<(u32, Instant)> = suspended.collect();
        for (at, since) in suspended {
            let Some(epoch) = self.held.get(&at).map(|held| held.epoch) else {
                continue;
            };
            let partition = TopicPartition::new(topic.clone(), at);
            let claimed = ownership::claimed_since(&*self.log, &partition, epoch).await;
            let hold_max = self.options.limits.hold_max;
            let for_long = since.elapsed().min(self.contact.undisturbed()) > hold_max;
            let over = match claimed {
                Ok(claimed) => claimed || for_long,
                Err(_) => false,
            };
            any_claimed |= matches!(claimed, Ok(true));
            if over && let Some(held) = self.held.remove(&at) {
                events::OwnershipLost { partition: &partition }.emit();
                held.session.stop().await?;
            }
        }
        Ok(any_claimed)
    }
}

/// Returns whether the same may succeed a moment later.
fn is_passing(error: &LogError) -> bool {
    matches!(error, LogError::Fenced { .. }) || error.class() == FaultClass::Transient
}
