//! Names that XTCE allows.

use std::collections::HashSet;

use super::writer::Writer;
use crate::xtce::types::OWN_NAME_SPACE;

/// Names of one kind within one SpaceSystem, each given once.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: HashSet<String>,
}

impl Names {
    /// Returns a name like the given one that XTCE allows and that nobody has yet.
    ///
    /// Source: XTCE 1.2 schema, NameType.
    pub(super) fn of(&mut self, name: &str) -> String {
        let mut legal = legal(name);
        while !self.given.insert(legal.clone()) {
            legal.push('_');
        }
        legal
    }
}

/// Replaces the characters that XTCE does not allow in names.
pub(super) fn legal(name: &str) -> String {
    let replaced = |c: char| if "./:[] ".contains(c) || c.is_whitespace() { '_' } else { c };
    let legal: String = name.chars().map(replaced).collect();
    if legal.is_empty() { "_".to_owned() } else { legal }
}

/// Returns an `AliasSet` with the own name where another one is written.
pub(super) fn alias(own: &str, written: &str) -> Option<String> {
    if own == written {
        return None;
    }
    let mut out = Writer::default();
    out.leaf("Alias", &[("nameSpace", OWN_NAME_SPACE), ("alias", own)]);
    Some(out.finish())
}
