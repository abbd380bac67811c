use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

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
pub struct RoleBoard(Arc<Mutex<BTreeMap<String, RoleState>>>);

impl RoleBoard {
    /// Makes an empty board.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes how a role is doing.
    pub fn set(&self, role: &str, state: RoleState) {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        board.insert(role.to_owned(), state);
    }

    /// Returns all roles by name.
    pub fn all(&self) -> Vec<(String, RoleState)> {
        let board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        board.iter().map(|(role, state)| (role.clone(), state.clone())).collect()
    }

    /// Returns whether no role is down.
    pub fn healthy(&self) -> bool {
        self.all().iter().all(|(_, state)| !matches!(state, RoleState::Restarting(_)))
    }
}
