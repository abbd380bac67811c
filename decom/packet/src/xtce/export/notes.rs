//! What XTCE could not express.

use std::fmt::Display;

/// Collects what is left out, each thing once.
#[derive(Debug, Default)]
pub(super) struct Notes {
    list: Vec<String>,
}

impl Notes {
    /// Notes something of a packet or an item.
    pub(super) fn add(&mut self, of: impl Display, what: impl Display) {
        let note = format!("{of}: {what}");
        if self.list.last() != Some(&note) {
            self.list.push(note);
        }
    }

    /// Notes something if it is there.
    pub(super) fn add_if(&mut self, there: bool, of: impl Display, what: impl Display) {
        if there {
            self.add(of, what);
        }
    }

    pub(super) fn finish(self) -> Vec<String> {
        self.list
    }
}
