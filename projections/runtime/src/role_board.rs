use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

/// How a role of this process is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleState {
    /// It is being put together.
    Starting,
    /// It works.
    Running,
    /// It failed and is tried again; the text says why it failed.
    Restarting(String),
    /// It came to its end in order.
    Stopped,
}

impl RoleState {
    /// Returns the word that status pages show.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting(_) => "restarting",
            Self::Stopped => "stopped",
        }
    }

    /// Returns why it is not running; empty where there is nothing to say.
    pub fn detail(&self) -> &str {
        match self {
            Self::Restarting(reason) => reason,
            _ => "",
        }
    }
}

/// Tells which roles this process has and how they are doing. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct RoleBoard(Arc<watch::Sender<BTreeMap<String, RoleState>>>);

impl RoleBoard {
    /// Makes an empty board.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes how a role is doing.
    pub fn set(&self, role: &str, state: RoleState) {
        self.0.send_if_modified(|board| {
            let before = board.insert(role.to_owned(), state.clone());
            before.is_none_or(|before| before != state)
        });
    }

    /// Returns a receiver that is marked changed whenever a role changes its state.
    pub fn changed(&self) -> watch::Receiver<BTreeMap<String, RoleState>> {
        self.0.subscribe()
    }

    /// Returns all roles by name.
    pub fn all(&self) -> Vec<(String, RoleState)> {
        self.0.borrow().iter().map(|(role, state)| (role.clone(), state.clone())).collect()
    }

    /// Returns whether no role is down.
    pub fn healthy(&self) -> bool {
        self.all().iter().all(|(_, state)| !matches!(state, RoleState::Restarting(_)))
    }
}
