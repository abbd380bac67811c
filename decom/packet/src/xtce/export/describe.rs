//! Descriptions and other data of named elements.

use indexmap::IndexMap;

use super::names;
use super::writer::{Writer, is_legal};
use crate::definition::Packet;
use crate::xtce::types::LONG_DESCRIPTION;

/// Prefix of the `META` entries that are aliases.
const ALIAS: &str = "ALIAS ";

/// Writes what describes an element beside its short description: long description, aliases,
/// ancillary data; `name` is its own, `written` that in the document.
pub(super) fn description(
    meta: &IndexMap<String, Vec<String>>,
    except: &[&str],
    name: &str,
    written: &str,
) -> String {
    let mut out = Writer::default();
    let kept = || meta.iter().filter(|(key, _)| !except.contains(&key.as_str()));
    if let Some(long) = meta.get(LONG_DESCRIPTION).and_then(|values| values.first()) {
        out.text("LongDescription", &[], long);
    }
    let mut aliases = names::alias(name, written).unwrap_or_default();
    let mut data = Writer::default();
    for (key, values) in kept().filter(|(key, _)| *key != LONG_DESCRIPTION) {
        for value in values {
            match key.strip_prefix(ALIAS) {
                Some(space) => {
                    let mut alias = Writer::default();
                    alias.leaf("Alias", &[("nameSpace", space), ("alias", value)]);
                    aliases.push_str(&alias.finish());
                }
                None => data.text("AncillaryData", &[("name", key)], value),
            }
        }
    }
    let data = data.finish();
    for (set, content) in [("AliasSet", &aliases), ("AncillaryDataSet", &data)] {
        if !content.is_empty() {
            out.with(set, &[], content);
        }
    }
    out.finish()
}

/// Returns the attribute that describes a packet, if anything does.
pub(super) fn short_description(packet: &Packet) -> Option<(&'static str, &str)> {
    let text = packet.description.as_deref().filter(|text| !text.is_empty())?;
    Some(("shortDescription", text))
}

/// Returns whether XML can hold a text.
pub(super) fn is_text(text: &str) -> bool {
    text.chars().all(is_legal) && text == text.trim()
}
