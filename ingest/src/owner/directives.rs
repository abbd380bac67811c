//! What operators want of interfaces that are owned.

use groundlog_log::{Batch, Checkpoint, LogError, Member};
use groundlog_proto::{Fault, FaultClass};

use super::Owner;
use crate::{IngestError, events, link::Wish, ownership, session};

impl Owner {
    /// Does what a batch of directives wants, and keeps the place behind it.
    pub(super) async fn obey(
        &mut self,
        member: &mut dyn Member,
        batch: &Batch,
    ) -> Result<(), IngestError> {
        let partition = batch.partition();
        for (interface, wish) in ownership::wishes(batch) {
            self.follow(partition.partition, interface, wish).await;
        }
        if let Some(next) = self.owned().get_mut(partition) {
            *next = batch.next();
        }
        let checkpoint = Checkpoint { partition: partition.clone(), next: batch.next() };
        match member.checkpoint(vec![checkpoint]).await {
            // Its new owner obeys them once more, which changes nothing.
            Ok(()) | Err(LogError::Fenced { .. }) => Ok(()),
            Err(error) if error.class() == FaultClass::Transient => {
                events::OwnershipDelayed { error: &error }.emit();
                Ok(())
            }
            Err(error) => Err(IngestError::log("keeping its place in the directives")(error)),
        }
    }

    /// Passes a wish on to the link that it is for.
    pub(super) async fn follow(&self, at: u32, interface: String, wish: Wish) {
        let connected = matches!(wish, Wish::Connect(_));
        let Some(held) = self.held.get(&at) else {
            return;
        };
        let order = match self.options.order(&interface, wish) {
            Some(Ok(order)) => order,
            Some(Err(error)) => {
                return events::DirectiveRefused { interface: &interface, error: &error }.emit();
            }
            None => {
                tracing::warn!(interface, "directive ignored: there is no such interface");
                return;
            }
        };
        if !held.session.order(&interface, order).await {
            tracing::warn!(interface, "directive ignored: the interface does not run here");
            return;
        }
        if self.options.wanted.now().get(&interface) != Some(&connected)
            && let Err(error) =
                session::remember(&*self.log, &self.options, &interface, connected).await
        {
            tracing::warn!(interface, %error, "the wish is obeyed, but not kept");
        }
    }
}
