//! A definition set as it travels: the texts of target folders, and what outsiders need to read
//! decommutated values.
//!
//! # Layout
//! `targets/NAME/target.txt` is a target's own file; every other path below `targets/NAME/` is one
//! of its text files, in the order in which they were given. Files that are not text have `#hex`
//! behind their path and hexadecimal digits as text. `interfaces` lists per line an interface and
//! the targets whose packets may come in through it.

use std::{collections::HashMap, fmt::Write};

use groundlog_packet::{Definitions, definition::TargetSource, plan::DecodePlan};
use groundlog_proto::wire::{DefinitionFile, DefinitionSet, ItemLayout, PacketLayout};

use crate::LoadedDefinitions;

const INTERFACES: &str = "interfaces";
const TARGETS: &str = "targets/";
const TARGET_TXT: &str = "target.txt";
const HEX: &str = "#hex";

/// What the files of a set say.
pub(crate) struct Texts {
    pub(crate) targets: Vec<TargetSource>,
    pub(crate) interfaces: HashMap<String, Vec<String>>,
}

/// Makes the set of definitions that were read from a plug-in. `interfaces`: for each interface
/// the targets mapped to it.
pub fn definition_set(
    plugin: &str,
    definitions: &Definitions,
    interfaces: &[(String, Vec<String>)],
) -> DefinitionSet {
    let mut files = Vec::new();
    for source in definitions.sources() {
        let mut add = |path: &str, text: String| {
            files.push(DefinitionFile { path: format!("{TARGETS}{}/{path}", source.name), text });
        };
        add(TARGET_TXT, source.target_txt.clone());
        for (path, text) in &source.files {
            add(path, text.clone());
        }
        for (path, bytes) in &source.binary_files {
            add(&format!("{path}{HEX}"), to_hex(bytes));
        }
    }
    if !interfaces.is_empty() {
        let mut text = String::new();
        for (interface, targets) in interfaces {
            let _ = writeln!(text, "{interface} {}", targets.join(" "));
        }
        files.push(DefinitionFile { path: INTERFACES.to_owned(), text });
    }
    DefinitionSet { plugin: plugin.to_owned(), files, packets: layouts(definitions) }
}

/// Returns the texts of a set.
pub(crate) fn texts(set: &DefinitionSet) -> Result<Texts, String> {
    let mut texts = Texts { targets: Vec::new(), interfaces: HashMap::new() };
    for DefinitionFile { path, text } in &set.files {
        if path == INTERFACES {
            for line in text.lines() {
                let mut words = line.split_ascii_whitespace().map(str::to_owned);
                if let Some(interface) = words.next() {
                    texts.interfaces.insert(interface, words.collect());
                }
            }
            continue;
        }
        let inside = path.strip_prefix(TARGETS).and_then(|rest| rest.split_once('/'));
        let (name, file) = inside.ok_or_else(|| format!("{path}: not a file of a target"))?;
        if texts.targets.last().is_none_or(|target| target.name != name) {
            texts.targets.push(TargetSource {
                name: name.to_owned(),
                target_txt: String::new(),
                files: Vec::new(),
                binary_files: Vec::new(),
            });
        }
        let Some(target) = texts.targets.last_mut() else {
            continue;
        };
        if file == TARGET_TXT {
            target.target_txt.clone_from(text);
        } else if let Some(file) = file.strip_suffix(HEX) {
            let bytes = from_hex(text).ok_or_else(|| format!("{path}: not hexadecimal"))?;
            target.binary_files.push((file.to_owned(), bytes));
        } else {
            target.files.push((file.to_owned(), text.clone()));
        }
    }
    Ok(texts)
}

/// Returns the first packet whose values this version would pack otherwise than published.
pub(crate) fn changed_layout(set: &DefinitionSet, loaded: &LoadedDefinitions) -> Option<String> {
    if set.packets.is_empty() {
        return None;
    }
    let own = layouts(loaded.definitions());
    let name = |packet: &PacketLayout| format!("{} {}", packet.target, packet.packet);
    let mut pairs = own.iter().zip(&set.packets);
    let changed = pairs.find(|(own, published)| own != published).map(|(own, _)| name(own));
    let longer = if own.len() > set.packets.len() { &own } else { &set.packets };
    let shorter = own.len().min(set.packets.len());
    changed.or_else(|| longer.get(shorter).map(name))
}

fn layouts(definitions: &Definitions) -> Vec<PacketLayout> {
    use groundlog_packet::PacketKind::Command;
    let packets = definitions.packets().iter();
    let defined = packets.filter(|packet| packet.target_name != "UNKNOWN");
    defined
        .map(|packet| PacketLayout {
            target: packet.target_name.clone(),
            packet: packet.packet_name.clone(),
            command: packet.kind == Command,
            items: items(&DecodePlan::compile(packet)),
        })
        .collect()
}

fn items(plan: &DecodePlan) -> Vec<ItemLayout> {
    plan.published_items()
        .iter()
        .map(|item| ItemLayout {
            name: item.name.clone(),
            data_type: item.data_type.word().to_owned(),
            bit_size: item.bit_size,
            array_bit_size: item.array_bit_size,
            converted: item.converted.to_owned(),
            limits: item.limits,
            states: item.states.clone(),
        })
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
