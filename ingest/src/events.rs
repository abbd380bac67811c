//! What is worth telling an operator, each as a struct whose `emit` writes the log line. The
//! counts behind them are in [`crate::InterfaceStatus`] and on the `status` topic.

use groundlog_log::LogError;
use groundlog_proto::{TopicPartition, wire::CommandState};
use tracing::{debug, error, info, warn};

use crate::ConfigError;

pub(crate) struct Connected<'a> {
    pub(crate) interface: &'a str,
    /// Attempts that failed before.
    pub(crate) failed_attempts: u64,
}

impl Connected<'_> {
    pub(crate) fn emit(&self) {
        match self.failed_attempts {
            0 => info!(interface = self.interface, "interface connected"),
            failed_attempts => {
                info!(interface = self.interface, failed_attempts, "interface connected");
            }
        }
    }
}

/// Told ever more seldom while it goes on: see the link's attempts.
pub(crate) struct ConnectionFailed<'a> {
    pub(crate) interface: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) failed_attempts: u64,
}

impl ConnectionFailed<'_> {
    pub(crate) fn emit(&self) {
        warn!(
            interface = self.interface,
            reason = self.reason,
            failed_attempts = self.failed_attempts,
            "interface not connected"
        );
    }
}

pub(crate) struct ConnectionLost<'a> {
    pub(crate) interface: &'a str,
    pub(crate) reason: &'a str,
}

impl ConnectionLost<'_> {
    pub(crate) fn emit(&self) {
        warn!(interface = self.interface, reason = self.reason, "interface lost its connection");
    }
}

pub(crate) struct DirectiveRefused<'a> {
    pub(crate) interface: &'a str,
    pub(crate) error: &'a ConfigError,
}

impl DirectiveRefused<'_> {
    pub(crate) fn emit(&self) {
        warn!(
            interface = self.interface,
            error = %self.error,
            "directive refused; the interface stays as it is"
        );
    }
}

pub(crate) struct BytesDiscarded<'a> {
    pub(crate) interface: &'a str,
    pub(crate) bytes: u64,
    pub(crate) total: u64,
}

impl BytesDiscarded<'_> {
    pub(crate) fn emit(&self) {
        warn!(
            interface = self.interface,
            bytes = self.bytes,
            total = self.total,
            "bytes belong to no packet; they are kept as UNKNOWN"
        );
    }
}

pub(crate) struct AppendRefused<'a> {
    pub(crate) interface: &'a str,
    pub(crate) error: &'a LogError,
    /// How often since it last took something.
    pub(crate) times: u64,
}

impl AppendRefused<'_> {
    pub(crate) fn emit(&self) {
        error!(
            interface = self.interface,
            error = %self.error,
            times = self.times,
            "the log takes nothing; reading is paused, nothing is lost, it is tried again"
        );
    }
}

pub(crate) struct AppendsAgain<'a> {
    pub(crate) interface: &'a str,
    pub(crate) times: u64,
}

impl AppendsAgain<'_> {
    pub(crate) fn emit(&self) {
        info!(
            interface = self.interface,
            refused = self.times,
            "the log takes again what is received"
        );
    }
}

pub(crate) struct DrainFailed<'a> {
    pub(crate) interface: &'a str,
    pub(crate) bytes: usize,
    pub(crate) refusal: Option<&'a LogError>,
}

impl DrainFailed<'_> {
    pub(crate) fn emit(&self) {
        error!(
            interface = self.interface,
            bytes = self.bytes,
            refusal = self.refusal.map(tracing::field::display),
            "stopping although the log did not acknowledge everything that was received"
        );
    }
}

pub(crate) struct OwnershipClaimed<'a> {
    pub(crate) interface: &'a str,
    pub(crate) epoch: u64,
}

impl OwnershipClaimed<'_> {
    pub(crate) fn emit(&self) {
        debug!(interface = self.interface, epoch = self.epoch, "interface is owned here");
    }
}

pub(crate) struct OwnershipLost<'a> {
    pub(crate) partition: &'a TopicPartition,
}

impl OwnershipLost<'_> {
    pub(crate) fn emit(&self) {
        info!(partition = %self.partition, "its interfaces are another process's");
    }
}

pub(crate) struct OwnershipSuspended<'a> {
    pub(crate) partition: &'a TopicPartition,
}

impl OwnershipSuspended<'_> {
    pub(crate) fn emit(&self) {
        warn!(
            partition = %self.partition,
            "the log does not answer, and the group has lost sight of this process; interfaces go \
             on receiving until it is known whose they are, commands wait"
        );
    }
}

pub(crate) struct OwnershipDelayed<'a> {
    pub(crate) error: &'a LogError,
}

impl OwnershipDelayed<'_> {
    pub(crate) fn emit(&self) {
        warn!(error = %self.error, "what this process owns is asked again");
    }
}

pub(crate) struct MembershipLost {}

impl MembershipLost {
    pub(crate) fn emit(&self) {
        warn!("the group knows this process no more; it joins again, interfaces go on receiving");
    }
}

pub(crate) struct CommandEnded<'a> {
    pub(crate) command_id: &'a str,
    pub(crate) state: CommandState,
    pub(crate) reason: &'a str,
}

impl CommandEnded<'_> {
    pub(crate) fn emit(&self) {
        info!(
            command_id = self.command_id,
            state = ?self.state,
            reason = self.reason,
            "command"
        );
    }
}

pub(crate) struct EventIgnored<'a> {
    pub(crate) command_id: &'a str,
    pub(crate) offset: u64,
    pub(crate) why: &'a str,
}

impl EventIgnored<'_> {
    pub(crate) fn emit(&self) {
        warn!(
            command_id = self.command_id,
            offset = self.offset,
            why = self.why,
            "command event ignored"
        );
    }
}

pub(crate) struct ReleaseDelayed<'a> {
    pub(crate) commands: usize,
    pub(crate) error: &'a LogError,
}

impl ReleaseDelayed<'_> {
    pub(crate) fn emit(&self) {
        error!(
            commands = self.commands,
            error = %self.error,
            "commands wait: the log does not take their release; it is tried again"
        );
    }
}
