//! Limits of an item as defined; what happens to them at run time is [`crate::limits`]' matter.

use indexmap::IndexMap;

use crate::registry::{Code, LimitsResponseCode};

/// Four or six numbers: one limits set of an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitsSet {
    /// At or below: red.
    pub red_low: f64,
    /// At or below: yellow.
    pub yellow_low: f64,
    /// At or above: yellow.
    pub yellow_high: f64,
    /// At or above: red.
    pub red_high: f64,
    /// Operational limits (green low, green high), between which the state is blue.
    pub green: Option<(f64, f64)>,
}

/// Code called on a change of the limits state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsResponse {
    /// Class name (cosmos-packets §2.8).
    pub class: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// What is called, if the class is registered.
    pub code: Option<Code<dyn LimitsResponseCode>>,
}

/// Limits of an item (cosmos-packets §6.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Sets by upper-cased name; `DEFAULT` is there whenever any is.
    pub sets: IndexMap<String, LimitsSet>,
    /// Whether limits are checked before anyone changes that at run time.
    pub enabled: bool,
    /// Consecutive samples outside the current state that make a new state; 0 acts as 1.
    pub persistence: u32,
    /// Response, if any.
    pub response: Option<LimitsResponse>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sets: IndexMap::new(), enabled: false, persistence: 1, response: None }
    }
}

impl Limits {
    /// Returns the set of a name, or `DEFAULT` if the item lacks it.
    #[must_use]
    pub fn set_or_default(&self, name: &str) -> Option<&LimitsSet> {
        self.sets.get(name).or_else(|| self.sets.get("DEFAULT"))
    }
}
