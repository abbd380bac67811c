//! Which roles a process has.

use std::{collections::BTreeSet, fmt};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A role; each may run in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleName {
    /// Interfaces: telemetry in, commands out
    Ingest,
    /// Decommutation
    Decom,
    /// Current values
    Cvt,
    /// The JSON API, operators, health
    Gateway,
}

impl RoleName {
    /// All roles, in the order in which data passes them.
    pub(crate) const ALL: [Self; 4] = [Self::Ingest, Self::Decom, Self::Cvt, Self::Gateway];

    /// Returns its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Decom => "decom",
            Self::Cvt => "cvt",
            Self::Gateway => "gateway",
        }
    }
}

/// The roles of a process; all of them unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RoleSet(BTreeSet<RoleName>);

impl RoleSet {
    /// Returns whether the process has a role.
    pub(crate) fn has(&self, role: RoleName) -> bool {
        self.0.contains(&role)
    }

    /// Returns whether it has every role there is.
    pub(crate) fn is_all(&self) -> bool {
        self.0.len() == RoleName::ALL.len()
    }

    /// Returns whether it has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a plug-in is wanted: for its interfaces.
    pub(crate) fn need_plugin(&self) -> bool {
        self.has(RoleName::Ingest) || self.has(RoleName::Gateway)
    }

    /// Returns the words of its roles.
    pub(crate) fn words(&self) -> Vec<&'static str> {
        self.0.iter().map(|role| role.word()).collect()
    }
}

impl Default for RoleSet {
    fn default() -> Self {
        RoleName::ALL.into_iter().collect()
    }
}

impl FromIterator<RoleName> for RoleSet {
    fn from_iter<I: IntoIterator<Item = RoleName>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl fmt::Display for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() { f.write_str("all") } else { f.write_str(&self.words().join("-")) }
    }
}
