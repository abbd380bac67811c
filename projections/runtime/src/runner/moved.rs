//! Partitions that move to another member while this one works on them.

use groundlog_log::{LogError, Member};
use tokio::time::Instant;

use super::{Runner, Stop};
use crate::{Projection, RunError};

/// Commits refused in a row after which the role ends: a group that still knows the member has told
/// it by then what it owns.
const REFUSALS_MAX: u32 = 20;

impl<P: Projection> Runner<P> {
    /// Drops what is in memory after a refused commit. Which partitions are gone is not known yet:
    /// the group says so, or what is owned is loaded again after a while.
    pub(super) async fn moved(&mut self, error: LogError) -> Result<(), RunError> {
        self.refusals += 1;
        if self.refusals > REFUSALS_MAX {
            return Err(self.log_error(error));
        }
        self.events.moved(&error);
        // A commit that is on its way may still get through; loading waits for its end.
        if let Err(Stop::Fatal(error)) = self.settle().await {
            return Err(error);
        }
        self.partitions.clear();
        self.owed.clear();
        self.reload_at = Some(Instant::now() + self.backoff.next());
        Ok(())
    }

    /// Loads what is owned and not loaded, from the checkpoints that the log has.
    pub(super) async fn reload(&mut self, member: &mut dyn Member) -> Result<(), Stop> {
        self.reload_at = None;
        self.settle().await?;
        self.reassign(member).await
    }

    /// Loads at once what was to be loaded later: the group has said what is owned.
    pub(super) async fn reload_if_due(&mut self, member: &mut dyn Member) -> Result<(), Stop> {
        match self.reload_at {
            Some(_) => self.reload(member).await,
            None => Ok(()),
        }
    }

    /// Sorts an error of waiting for events: a member that is fenced there is known to its group no
    /// more, and only joining anew helps.
    pub(super) fn gone(&self, error: LogError) -> Stop {
        match error {
            LogError::Fenced { .. } => Stop::Fatal(self.log_error(error)),
            other => self.stop(other),
        }
    }
}
