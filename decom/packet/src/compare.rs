//! What two sets of definitions decode or encode differently.
//!
//! Descriptions, screens and other words for people are left out, and so is where things are
//! written: what is equal here decodes every packet alike.

mod facts;

use indexmap::IndexMap;

use crate::definition::{Definitions, Packet, PacketKind, Target};
use crate::identify::{Identifier, PacketPool};

/// What became of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// One of its fields is another.
    Changed {
        /// Name of the field.
        field: &'static str,
        /// What it was; empty if it was not there.
        old: String,
        /// What it is; empty if it is not there.
        new: String,
    },
}

/// One difference: of a target, of one of its packets, or of an item in that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Name of the target.
    pub target: String,
    /// Kind and name of the packet, unless it is the target that differs.
    pub packet: Option<(PacketKind, String)>,
    /// Name of the item, unless it is the packet that differs.
    pub item: Option<String>,
    /// What became of it.
    pub change: Change,
}

/// Facts about something by the names of its fields.
type Facts = Vec<(&'static str, String)>;

/// Lists the differences between two sets of definitions, target by target.
#[must_use]
pub fn differences(old: &Definitions, new: &Definitions) -> Vec<Difference> {
    let mut found = Vec::new();
    let identifiers = (Identifier::new(old), Identifier::new(new));
    let targets = |definitions: &Definitions| -> IndexMap<String, Target> {
        definitions.targets().map(|target| (target.name.clone(), target.clone())).collect()
    };
    pairs(&targets(old), &targets(new), |name, before, after| {
        let at = |change| Difference { target: name.to_owned(), packet: None, item: None, change };
        let (Some(before), Some(after)) = (before, after) else {
            found.push(at(if before.is_none() { Change::Added } else { Change::Removed }));
            return;
        };
        let modes = (modes(&identifiers.0, name), modes(&identifiers.1, name));
        changes(&modes.0, &modes.1, |change| found.push(at(change)));
        for kind in [PacketKind::Command, PacketKind::Telemetry] {
            let packets =
                |definitions: &Definitions, target: &Target| -> IndexMap<String, Packet> {
                    let packets = definitions.packets_of(target, kind);
                    packets.map(|packet| (packet.packet_name.clone(), (**packet).clone())).collect()
                };
            let packets = (packets(old, before), packets(new, after));
            pairs(&packets.0, &packets.1, |packet, before, after| {
                compare_packet(name, (kind, packet), before, after, &mut found);
            });
        }
    });
    found
}

fn modes(identifier: &Identifier, target: &str) -> Facts {
    let mode = |kind| match identifier.target(kind, target) {
        Some(tables) if tables.unique_id_mode(PacketPool::Normal) => "unique".to_owned(),
        _ => "hash".to_owned(),
    };
    vec![
        ("command identification", mode(PacketKind::Command)),
        ("telemetry identification", mode(PacketKind::Telemetry)),
    ]
}

fn compare_packet(
    target: &str,
    (kind, packet): (PacketKind, &str),
    old: Option<&Packet>,
    new: Option<&Packet>,
    found: &mut Vec<Difference>,
) {
    let mut add = |item: Option<&str>, change| {
        found.push(Difference {
            target: target.to_owned(),
            packet: Some((kind, packet.to_owned())),
            item: item.map(str::to_owned),
            change,
        });
    };
    let (Some(old), Some(new)) = (old, new) else {
        add(None, if old.is_none() { Change::Added } else { Change::Removed });
        return;
    };
    changes(&facts::of_packet(old), &facts::of_packet(new), |change| add(None, change));
    let items = |packet: &Packet| -> IndexMap<String, Facts> {
        packet.items.iter().map(|item| (item.name.clone(), facts::of_item(item))).collect()
    };
    pairs(&items(old), &items(new), |name, old, new| match (old, new) {
        (Some(old), Some(new)) => changes(old, new, |change| add(Some(name), change)),
        (None, _) => add(Some(name), Change::Added),
        (_, None) => add(Some(name), Change::Removed),
    });
}

/// Visits what is in either of two maps, in the order of the old one, what is new at the end.
fn pairs<T>(
    old: &IndexMap<String, T>,
    new: &IndexMap<String, T>,
    mut visit: impl FnMut(&str, Option<&T>, Option<&T>),
) {
    for (name, before) in old {
        visit(name, Some(before), new.get(name));
    }
    for (name, after) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        visit(name, None, Some(after));
    }
}

/// Reports the fields that differ; both have the same fields in the same order.
fn changes(old: &Facts, new: &Facts, mut report: impl FnMut(Change)) {
    for ((field, before), (_, after)) in old.iter().zip(new) {
        if before != after {
            report(Change::Changed { field, old: before.clone(), new: after.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::TargetSource;

    fn definitions(text: &str) -> Definitions {
        let source = TargetSource {
            name: "SAT".into(),
            target_txt: String::new(),
            files: vec![("cmd_tlm/t.txt".into(), text.into())],
            binary_files: vec![],
        };
        Definitions::builder().add_target(source).build().unwrap()
    }

    const OLD: &str = "\
TELEMETRY SAT A BIG_ENDIAN \"a\"
  APPEND_ID_ITEM ID 8 UINT 1
  APPEND_ITEM X 16 UINT \"x\"
    POLY_READ_CONVERSION 0 2
    UNITS Volts V
  APPEND_ITEM Y 8 UINT
TELEMETRY SAT B BIG_ENDIAN
  APPEND_ID_ITEM ID 8 UINT 2
";

    #[test]
    fn words_and_places_are_no_difference() {
        let new = format!("\n# moved\n{}", OLD.replace("\"a\"", "\"b\"").replace("\"x\"", ""));
        assert_eq!(differences(&definitions(OLD), &definitions(&new)), []);
    }

    #[test]
    fn every_difference_names_its_field() {
        let new = OLD
            .replace("APPEND_ITEM X 16 UINT", "APPEND_ITEM X 16 INT")
            .replace("0 2", "0 3")
            .replace("  APPEND_ITEM Y 8 UINT\n", "")
            .replace("SAT B", "SAT C");
        let found = differences(&definitions(OLD), &definitions(&new));
        let shown: Vec<String> = found
            .iter()
            .map(|d| {
                let packet = d.packet.as_ref().map_or("", |(_, name)| name);
                let item = d.item.as_deref().unwrap_or("");
                match &d.change {
                    Change::Added => format!("+{packet} {item}"),
                    Change::Removed => format!("-{packet} {item}"),
                    Change::Changed { field, old, new } => {
                        format!("{packet} {item} {field} {old}>{new}")
                    }
                }
            })
            .collect();
        assert_eq!(shown[0], "A  length 4>3");
        assert_eq!(shown[1], "A X type UINT>INT");
        assert!(shown[2].starts_with("A X read conversion "), "{shown:?}");
        assert_eq!(shown[3..], ["-A Y", "-B ", "+C "]);
    }
}
