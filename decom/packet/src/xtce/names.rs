//! Names of items and packets: as they are written where the model allows it, qualified where two
//! of them clash.

use std::collections::{HashMap, HashSet};

use super::diagnostics::Diagnostics;
use super::xml::Element;
use crate::definition::{MAX_NAME_LENGTH, is_reserved_item};

/// A name to be chosen.
pub(super) struct Wish<'d> {
    pub(super) element: Element<'d>,
    /// As it is written.
    pub(super) name: String,
    /// The SpaceSystems it lies in, below the root.
    pub(super) path: String,
}

/// Chooses names in capitals, no two the same.
///
/// A name that others have too is preceded by its SpaceSystems and a slash, which no name of XTCE
/// contains; what is still the same (twice the same parameter, names that differ in case only) is
/// numbered from its second occurrence on.
pub(super) fn choose(wishes: &[Wish<'_>], notes: &mut Diagnostics) -> Vec<String> {
    let short: Vec<String> = wishes.iter().map(|wish| legal(wish, &wish.name, notes)).collect();
    let mut occurrences: HashMap<&str, usize> = HashMap::new();
    for name in &short {
        *occurrences.entry(name).or_default() += 1;
    }
    let mut taken: HashSet<String> = HashSet::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut chosen = Vec::with_capacity(wishes.len());
    for (wish, short) in wishes.iter().zip(&short) {
        let clashes = occurrences.get(short.as_str()).is_some_and(|count| *count > 1);
        let qualified = clashes && !wish.path.is_empty();
        let name = if qualified {
            legal(wish, &format!("{}/{}", wish.path, wish.name), notes)
        } else {
            short.clone()
        };
        let mut unique = name.clone();
        // A number that was given is not tried again.
        while taken.contains(&unique) {
            let number = numbers.entry(name.clone()).or_insert(1);
            *number += 1;
            unique = format!("{name}_{number}");
        }
        taken.insert(unique.clone());
        chosen.push(unique);
    }
    chosen
}

/// Turns a name into one that the model allows (cosmos-packets §2.3), in capitals.
fn legal(wish: &Wish<'_>, name: &str, notes: &mut Diagnostics) -> String {
    let upper = name.to_uppercase();
    let mut legal: String = upper
        .chars()
        .map(|c| if c.is_whitespace() || matches!(c, '\'' | '"' | '{' | '}') { '_' } else { c })
        .collect();
    while legal.contains("__") {
        legal = legal.replace("__", "_");
    }
    legal = legal.replace("[[", "[").replace("]]", "]");
    let trimmed = legal.trim_end_matches('_').len();
    legal.truncate(trimmed);
    if legal.len() > MAX_NAME_LENGTH {
        let message = format!("the name is longer than {MAX_NAME_LENGTH} bytes");
        notes.error(wish.element, message);
    }
    if is_reserved_item(&legal) {
        legal.push_str("_ITEM");
    }
    if legal.is_empty() {
        legal.push_str("UNNAMED");
    }
    if legal != upper {
        notes.warn(wish.element, format!("{upper} is no name here and becomes {legal}"));
    }
    legal
}

/// Turns the name of a SpaceSystem into that of a target.
pub(super) fn target(root: Element<'_>, notes: &mut Diagnostics) -> String {
    let own = super::types::own_name(root);
    let name = own.or(root.attribute("name")).unwrap_or_default().to_owned();
    legal(&Wish { element: root, name: name.clone(), path: String::new() }, &name, notes)
}
