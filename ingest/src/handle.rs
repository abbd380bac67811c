use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use groundlog_proto::{Offset, TopicPartition};
use tokio::sync::watch;

use crate::{InterfaceStatus, link::Shared};

/// Partitions of `control` that a process owns, and the first directive that it has not obeyed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owned(Arc<Mutex<BTreeMap<TopicPartition, Offset>>>);

impl Owned {
    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<TopicPartition, Offset>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the interfaces of a role to others in this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) links: Arc<[Arc<Shared>]>,
    pub(crate) changed: watch::Receiver<u64>,
    pub(crate) owned: Owned,
}

impl Handle {
    /// Returns state and counters of every interface, in the order of their declaration.
    pub fn interfaces(&self) -> Vec<InterfaceStatus> {
        self.links.iter().map(|link| link.status()).collect()
    }

    /// Returns state and counters of one interface.
    pub fn interface(&self, name: &str) -> Option<InterfaceStatus> {
        self.links.iter().find(|link| link.name == name).map(|link| link.status())
    }

    /// Returns the partitions of `control` that this process owns, each with the first directive
    /// that it has not obeyed yet.
    pub fn control(&self) -> Vec<(TopicPartition, Offset)> {
        self.owned.lock().iter().map(|(partition, next)| (partition.clone(), *next)).collect()
    }

    /// Waits until some interface changes its state. Cancel safe.
    pub async fn changed(&mut self) {
        if self.changed.changed().await.is_err() {
            // The role has ended: nothing changes any more.
            std::future::pending().await
        }
    }
}
