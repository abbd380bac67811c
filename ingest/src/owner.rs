//! Follows the assignment of `control` partitions: whose interfaces this process owns.
//!
//! ```text
//!            assigned, claimed                 revoked: it has moved
//!  nothing ───────────────────▶ held ───────────────────────────────▶ stopped
//!                                │ ▲
//!  revoked while the log did     │ │ assigned again, claimed anew
//!  not answer, or fenced         ▼ │
//!                             suspended ── another process has claimed it ──▶ stopped
//! ```
//!
//! A group that cannot be reached for some seconds loses sight of its members, all of them. The
//! links go on meanwhile: closing them would throw away what lies in their sockets, and nobody else
//! could own them while the log is away. Commands cannot be released in that state: their writer
//! cannot commit, or is another process's.

mod assignment;
mod directives;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    future::Future,
    sync::{Arc, MutexGuard},
};

use groundlog_log::{Checkpoint, GroupSpec, Log, LogError, Member, MemberEvent};
use groundlog_proto::{Fault, FaultClass, Offset, TopicKind, TopicPartition};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use crate::{
    IngestError, IngestOptions,
    contact::Contact,
    events,
    handle::Owned,
    link::Shared,
    session::{Ended, Session},
    shutdown::stopped,
};

const GROUP: &str = "ingest";
const READ_BYTES: usize = 1 << 20;

/// The owner of interfaces, as far as the group lets it be.
pub(crate) struct Owner {
    log: Arc<dyn Log>,
    options: IngestOptions,
    links: Vec<Arc<Shared>>,
    owned: Owned,
    contact: Contact,
    held: HashMap<u32, Held>,
    /// Assigned, and not taken over yet: the log did not take the claim.
    untaken: BTreeSet<TopicPartition>,
    /// Held, and nobody releases their commands: the writer was fenced.
    unreleased: BTreeSet<u32>,
}

/// What runs for one partition.
struct Held {
    session: Session,
    epoch: u64,
    /// Since when the group does not say any more that it is this process's.
    suspended: Option<Instant>,
}

/// What the owner was woken by.
enum Woken {
    Shutdown,
    Chores,
    Event(Result<MemberEvent, LogError>),
    Session(u32, Ended),
}

impl Owner {
    pub(crate) fn new(
        log: Arc<dyn Log>,
        options: IngestOptions,
        links: Vec<Arc<Shared>>,
        owned: Owned,
    ) -> Self {
        let control = TopicPartition::new(options.names.topic(TopicKind::Control), 0);
        let contact = Contact::start(Arc::clone(&log), control, options.limits.retry_delay);
        Self {
            log,
            options,
            links,
            owned,
            contact,
            held: HashMap::new(),
            untaken: BTreeSet::new(),
            unreleased: BTreeSet::new(),
        }
    }

    /// Runs until shutdown; then everything that is held is stopped in order.
    ///
    /// # Errors
    /// [`IngestError`] when the role cannot go on.
    pub(crate) async fn run(
        mut self,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<(), IngestError> {
        let member = self.log.join(&self.group()).await;
        let mut member = Some(member.map_err(IngestError::log("joining its group"))?);
        let mut worked = Ok(());
        while let Some(mut joined) = member.take() {
            worked = self.work(&mut *joined, shutdown).await;
            let fenced =
                matches!(&worked, Err(IngestError::Log { source: LogError::Fenced { .. }, .. }));
            if !fenced {
                member = Some(joined);
                break;
            }
            drop(joined);
            self.suspend_all();
            if self.settle_suspended().await? {
                // Replaced: whoever has the name now must not be disturbed.
                break;
            }
            // The group knows this member no more; as another one it may get everything back.
            events::MembershipLost {}.emit();
            member = self.join_again(shutdown).await?;
            worked = Ok(());
        }
        let stopped = self.stop().await;
        let left = match member {
            Some(member) => member.leave().await.map_err(IngestError::log("leaving its group")),
            None => Ok(()),
        };
        worked.and(stopped).and(left)
    }

    fn group(&self) -> GroupSpec {
        GroupSpec {
            group: GROUP.to_owned(),
            member: self.options.process.clone(),
            topics: vec![self.options.names.topic(TopicKind::Control)],
        }
    }

    /// Joins once more; `None` when the role is told to stop first.
    async fn join_again(
        &mut self,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<Option<Box<dyn Member>>, IngestError> {
        loop {
            tokio::select! {
                () = stopped(shutdown) => return Ok(None),
                () = sleep(self.options.limits.retry_delay) => {}
            }
            match self.log.join(&self.group()).await {
                Ok(member) => return Ok(Some(member)),
                Err(error) if error.class() == FaultClass::Transient => {
                    events::OwnershipDelayed { error: &error }.emit();
                }
                Err(error) => return Err(IngestError::log("joining its group again")(error)),
            }
        }
    }

    async fn work(
        &mut self,
        member: &mut dyn Member,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<(), IngestError> {
        let mut chores = interval(self.options.limits.retry_delay);
        chores.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let woken = tokio::select! {
                biased;
                () = stopped(shutdown) => Woken::Shutdown,
                (at, ended) = any_ended(&mut self.held) => Woken::Session(at, ended),
                _ = chores.tick(), if self.has_chores() => Woken::Chores,
                event = member.next(READ_BYTES) => Woken::Event(event),
            };
            match woken {
                Woken::Shutdown => return Ok(()),
                Woken::Session(_, Ended::Failed(error)) => return Err(error),
                Woken::Session(at, Ended::Fenced) => drop(self.unreleased.insert(at)),
                Woken::Chores => self.chores(member).await?,
                Woken::Event(Ok(event)) => self.event(member, event).await?,
                Woken::Event(Err(error)) if error.class() == FaultClass::Transient => {
                    events::OwnershipDelayed { error: &error }.emit();
                    sleep(self.options.limits.retry_delay).await;
                }
                Woken::Event(Err(error)) => {
                    return Err(IngestError::log("following directives")(error));
                }
            }
        }
    }

    async fn event(
        &mut self,
        member: &mut dyn Member,
        event: MemberEvent,
    ) -> Result<(), IngestError> {
        match event {
            MemberEvent::Assigned(partitions) => {
                for (partition, checkpoint) in partitions {
                    self.assigned(member, partition, checkpoint).await?;
                }
            }
            MemberEvent::Revoked(partitions) => {
                for partition in partitions {
                    self.revoked(&partition).await?;
                }
            }
            MemberEvent::Records(batch) => self.obey(member, &batch).await?,
        }
        Ok(())
    }

    fn has_chores(&self) -> bool {
        let suspended = self.held.values().any(|held| held.suspended.is_some());
        suspended || !self.untaken.is_empty() || !self.unreleased.is_empty()
    }

    /// Does what did not succeed before, and what the group has left open.
    async fn chores(&mut self, member: &mut dyn Member) -> Result<(), IngestError> {
        if !self.contact.is_there() {
            return Ok(());
        }
        for partition in self.untaken.clone() {
            match self.log.checkpoint(GROUP, &partition).await {
                Ok(checkpoint) => self.assigned(member, partition, checkpoint).await?,
                Err(error) if error.class() == FaultClass::Transient => {}
                Err(error) => return Err(IngestError::log("looking for its place")(error)),
            }
        }
        for at in self.unreleased.clone() {
            self.release_again(member, at).await?;
        }
        self.settle_suspended().await.map(drop)
    }

    /// Starts the release of a partition again whose writer was fenced, if the group says that the
    /// partition is still this process's; else it is asked again later.
    async fn release_again(&mut self, member: &mut dyn Member, at: u32) -> Result<(), IngestError> {
        let owned = self
            .owned()
            .iter()
            .find(|(partition, _)| partition.partition == at)
            .map(|(partition, next)| Checkpoint { partition: partition.clone(), next: *next });
        let (Some(checkpoint), true) = (owned, self.held.contains_key(&at)) else {
            self.unreleased.remove(&at);
            return Ok(());
        };
        match member.checkpoint(vec![checkpoint]).await {
            Ok(()) => {
                self.unreleased.remove(&at);
                if let Some(held) = self.held.get_mut(&at) {
                    held.session.release_again();
                }
                Ok(())
            }
            Err(LogError::Fenced { .. }) => Ok(()),
            Err(error) if error.class() == FaultClass::Transient => Ok(()),
            Err(error) => Err(IngestError::log("asking what it owns")(error)),
        }
    }

    fn owned(&self) -> MutexGuard<'_, BTreeMap<TopicPartition, Offset>> {
        self.owned.lock()
    }

    async fn stop(&mut self) -> Result<(), IngestError> {
        self.owned().clear();
        let mut result = Ok(());
        for (_, held) in std::mem::take(&mut self.held) {
            result = result.and(held.session.stop().await);
        }
        result
    }
}

/// Waits until a task of some session ends by itself. Cancel safe.
async fn any_ended(held: &mut HashMap<u32, Held>) -> (u32, Ended) {
    let mut waits: Vec<_> =
        held.iter_mut().map(|(at, one)| (*at, Box::pin(one.session.ended()))).collect();
    std::future::poll_fn(|cx| {
        for (at, wait) in &mut waits {
            if let std::task::Poll::Ready(ended) = wait.as_mut().poll(cx) {
                return std::task::Poll::Ready((*at, ended));
            }
        }
        std::task::Poll::Pending
    })
    .await
}
