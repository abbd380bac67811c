use std::sync::{Arc, OnceLock};

use crate::LogError;

/// Ties the appends of one writer together: once one of them has failed, none that was queued
/// after it is written, however much space there is by then. A writer may so leave many appends
/// in flight and still offer what failed again in the old order, on a new chain.
///
/// Cheap to clone; clones are the same chain.
#[derive(Debug, Clone, Default)]
pub struct Chain(Arc<OnceLock<LogError>>);

impl Chain {
    /// Makes a chain that holds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what broke it. Backends refuse its records then, with the same error.
    pub fn broken_by(&self) -> Option<&LogError> {
        self.0.get()
    }

    /// Breaks it; the first reason stays. Backends call this before they answer a failed append.
    pub fn break_with(&self, error: &LogError) {
        // Broken already: what broke it first is the reason to keep.
        let _ = self.0.set(error.clone());
    }
}

impl PartialEq for Chain {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Chain {}
