//! What becomes of a requested command, decided from the fold, the links and the clock alone.

use std::{collections::HashMap, sync::Arc};

use groundlog_proto::{Nanos, partition_of};
use tokio::{sync::mpsc, time::Instant};

use super::book::CommandBook;
use crate::link::{LinkState, Outgoing, Shared, not_connected};

/// One link as a destination of commands.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) shared: Arc<Shared>,
    pub(crate) inbox: mpsc::Sender<Outgoing>,
}

/// Where the commands of each target go, as the owner of one `control` partition sees it.
#[derive(Debug, Clone)]
pub(crate) struct Routes {
    /// The links of this owner.
    pub(crate) by_interface: HashMap<String, Route>,
    /// Target to the first interface that is mapped for its commands, whoever owns it.
    pub(crate) by_target: HashMap<String, String>,
    /// Which of the `control` partitions, of how many.
    pub(crate) control: (u32, u32),
}

/// A command that is requested and undecided.
pub(super) struct Waiting {
    pub(super) id: String,
    /// Until when it waits for its link to connect; only for those found at start.
    pub(super) patience: Option<Instant>,
}

/// What is decided about one command.
pub(super) enum Decision {
    /// Nothing yet.
    Wait,
    /// It goes out.
    Release {
        /// A place in its link's inbox.
        permit: mpsc::OwnedPermit<Outgoing>,
        packet: Vec<u8>,
        /// After which the link must not send it any more.
        expires_ns: i64,
    },
    /// It is refused, for this reason.
    Reject(String),
    /// Its time is over.
    Expire(String),
}

impl Routes {
    /// Returns whether a command is this owner's to decide and to end. Every command has one owner,
    /// by the interface it goes to; where there is no such interface, by the name that leads
    /// nowhere, so that one of the owners says so.
    pub(super) fn owns(&self, book: &CommandBook, id: &str) -> bool {
        let Some((target, named)) = book.destination(id) else {
            return false;
        };
        let mapped = || self.by_target.get(target).map_or(target, String::as_str);
        let name = if named.is_empty() { mapped() } else { named };
        let (mine, partitions) = self.control;
        partition_of(name, partitions) == mine
    }

    /// Names the interface that a command goes to: the one its request names, else the first that
    /// is mapped to its target.
    pub(super) fn interface<'a>(&'a self, book: &CommandBook, id: &str) -> Option<&'a str> {
        let (target, named, _) = book.request(id)?;
        if named.is_empty() {
            self.by_target.get(target).map(String::as_str)
        } else {
            self.by_interface.get_key_value(named).map(|(name, _)| name.as_str())
        }
    }

    /// Decides about one command.
    pub(super) fn decide(&self, book: &CommandBook, waiting: &Waiting) -> Decision {
        let Some((target, named, request)) = book.request(&waiting.id) else {
            return Decision::Reject("its request carries no bytes".to_owned());
        };
        if let Some(first) = book.duplicate_of(&waiting.id) {
            let key = &request.idempotency_key;
            return Decision::Reject(format!(
                "idempotency key '{key}' was already used by command {first}"
            ));
        }
        if request.expires_ns != 0 && request.expires_ns <= Nanos::now().0 {
            return Decision::Expire("its time was over before it could be released".to_owned());
        }
        let found = self.interface(book, &waiting.id);
        let Some((interface, route)) =
            found.and_then(|name| Some((name, self.by_interface.get(name)?)))
        else {
            return Decision::Reject(if named.is_empty() {
                format!("no interface is mapped to target '{target}' for commands")
            } else {
                format!("interface '{named}' does not exist")
            });
        };
        if !route.shared.writable {
            return Decision::Reject(format!("Interface not writable: {interface}"));
        }
        if route.shared.state() != LinkState::Connected {
            return match waiting.patience {
                Some(until) if Instant::now() < until => Decision::Wait,
                _ => Decision::Reject(not_connected(interface)),
            };
        }
        match route.inbox.clone().try_reserve_owned() {
            Ok(permit) => Decision::Release {
                permit,
                packet: request.packet.to_vec(),
                expires_ns: request.expires_ns,
            },
            Err(mpsc::error::TrySendError::Full(_)) => Decision::Wait,
            Err(mpsc::error::TrySendError::Closed(_)) => Decision::Reject(not_connected(interface)),
        }
    }
}
