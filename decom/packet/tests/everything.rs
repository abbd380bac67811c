//! A plug-in that uses every keyword there is, and what is loaded from it.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::collections::BTreeSet;

use groundlog_packet::config::tokenize;
use groundlog_packet::definition::{Definitions, Overflow, TargetSource};
use groundlog_packet::plugin::{self, Plugin};
use groundlog_packet::template::{self, Sources, Variables};
use groundlog_packet::{PacketKind, Value};
use proptest::prelude::*;

const PLUGIN_TXT: &str = include_str!("everything/plugin.txt");
const TARGET_TXT: &str = include_str!("everything/target.txt");
const FILES: [(&str, &str); 4] = [
    ("cmd_tlm/_header.txt", include_str!("everything/cmd_tlm/_header.txt")),
    ("cmd_tlm/commands.txt", include_str!("everything/cmd_tlm/commands.txt")),
    ("cmd_tlm/edits.txt", include_str!("everything/cmd_tlm/edits.txt")),
    ("cmd_tlm/telemetry.txt", include_str!("everything/cmd_tlm/telemetry.txt")),
];
const DOCUMENT: &[u8] = include_bytes!("everything/cmd_tlm/document.json");

/// All 72 keywords of packet files.
const PACKET_KEYWORDS: &str = "\
COMMAND TELEMETRY SELECT_COMMAND SELECT_TELEMETRY LIMITS_GROUP LIMITS_GROUP_ITEM ITEM APPEND_ITEM ID_ITEM \
APPEND_ID_ITEM ARRAY_ITEM APPEND_ARRAY_ITEM PARAMETER APPEND_PARAMETER ID_PARAMETER APPEND_ID_PARAMETER \
ARRAY_PARAMETER APPEND_ARRAY_PARAMETER STRUCTURE APPEND_STRUCTURE SELECT_ITEM SELECT_PARAMETER DELETE_ITEM \
DELETE_PARAMETER ALLOW_SHORT HAZARDOUS PROCESSOR META DISABLE_MESSAGES HIDDEN DISABLED VIRTUAL CATCHALL \
RESTRICTED ACCESSOR TEMPLATE TEMPLATE_BASE64 TEMPLATE_FILE RESPONSE ERROR_RESPONSE SCREEN RELATED_ITEM \
IGNORE_OVERLAP VALIDATOR SUBPACKET SUBPACKETIZER STATE READ_CONVERSION WRITE_CONVERSION POLY_READ_CONVERSION \
POLY_WRITE_CONVERSION SEG_POLY_READ_CONVERSION SEG_POLY_WRITE_CONVERSION GENERIC_READ_CONVERSION_START \
GENERIC_WRITE_CONVERSION_START GENERIC_READ_CONVERSION_END GENERIC_WRITE_CONVERSION_END CONVERTED_DATA \
REQUIRED LIMITS LIMITS_RESPONSE UNITS FORMAT_STRING DESCRIPTION MINIMUM_VALUE MAXIMUM_VALUE DEFAULT_VALUE \
OVERFLOW OVERLAP KEY VARIABLE_BIT_SIZE OBFUSCATE";

fn read(
    files: &[(&str, String)],
    given: &Variables,
) -> Result<(Plugin, Definitions), Box<dyn std::error::Error>> {
    let partial = |wanted: &str| {
        let found = files.iter().find(|(path, _)| *path == wanted);
        found.map(|(_, text)| text.clone())
    };
    let sources = Sources { partial: &partial, environment: &|_| None };
    let plugin = plugin::load("plugin.txt", PLUGIN_TXT, given, "DEFAULT", &sources)?;
    let target = &plugin.targets[0];
    let mut values = plugin.values.clone();
    values.insert(template::TARGET_NAME.to_owned(), target.name.clone());
    let rendered = files.iter().filter(|(path, _)| !path.contains("/_")).map(|(path, text)| {
        Ok(((*path).to_owned(), template::render(path, text, &values, &sources)?))
    });
    let source = TargetSource {
        name: target.name.clone(),
        target_txt: TARGET_TXT.to_owned(),
        files: rendered.collect::<Result<_, template::TemplateError>>()?,
        binary_files: vec![("cmd_tlm/document.json".into(), DOCUMENT.to_vec())],
    };
    let definitions = Definitions::builder().add_target(source).build()?;
    Ok((plugin, definitions))
}

fn files() -> Vec<(&'static str, String)> {
    FILES.iter().map(|(path, text)| (*path, (*text).to_owned())).collect()
}

#[test]
fn the_plugin_uses_every_keyword_of_packet_files() {
    let texts = FILES.iter().map(|(_, text)| *text);
    let used: BTreeSet<String> =
        texts.flat_map(tokenize).map(|statement| statement.keyword).collect();
    let all: Vec<&str> = PACKET_KEYWORDS.split_whitespace().collect();
    assert_eq!(all.len(), 72);
    let missing: Vec<_> = all.iter().filter(|keyword| !used.contains(**keyword)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn plugin_txt_is_loaded_whole() {
    let given =
        Variables::from([("sat_name".into(), "MOON".into()), ("link_port".into(), "7".into())]);
    let (plugin, definitions) = read(&files(), &given).unwrap();
    assert_eq!(plugin.variables["link_port"].choices.len(), 2);
    assert_eq!(plugin.targets[0].name, "MOON");
    assert_eq!(plugin.targets[0].modifiers.len(), 19);
    let interface = &plugin.interfaces[0];
    assert_eq!(interface.args, ["localhost", "7", "8", "10.0", "nil"]);
    assert_eq!(interface.protocols.len(), 2);
    assert_eq!((interface.cmd_targets.len(), interface.tlm_targets.len()), (2, 2));
    assert!(!interface.connect_on_startup && !interface.auto_reconnect);
    assert_eq!(interface.others.len(), 14);
    let heads: Vec<&str> = plugin.others.iter().map(|one| one.head.keyword.as_str()).collect();
    assert_eq!(heads, ["ROUTER", "MICROSERVICE", "TOOL", "WIDGET", "SCRIPT_ENGINE"]);
    assert_eq!(plugin.others[1].modifiers.len(), 14);
    assert_eq!(plugin.others[2].modifiers.len(), 9);
    let lines: Vec<&String> = plugin.unsupported.iter().collect();
    assert!(lines.iter().all(|line| line.starts_with("plugin.txt:")), "{lines:?}");
    assert!(definitions.target("MOON").is_ok());
    let without = Variables::from([("with_router".into(), "false".into())]);
    assert_eq!(read(&files(), &without).unwrap().0.others.len(), 4);
}

#[test]
fn packets_are_loaded_whole() {
    let (_, definitions) = read(&files(), &Variables::new()).unwrap();
    let packet = |kind, name| definitions.packet(kind, "SAT", name).unwrap().clone();
    let target = definitions.target("SAT").unwrap();
    assert_eq!((target.telemetry.len(), target.commands.len()), (5, 3));
    assert_eq!((target.language.as_str(), target.requires.len()), ("python", 1));
    assert_eq!((target.ignored_items.len(), target.ignored_parameters.len()), (1, 1));

    let health = packet(PacketKind::Telemetry, "HEALTH");
    assert_eq!(health.description.as_deref(), Some("Health & status"));
    assert!(health.short_buffer_allowed && health.item("TEMP4").is_none());
    let temp = health.item("TEMP2").unwrap();
    assert_eq!((temp.bit_offset, temp.description.as_deref()), (80, Some("Edited")));
    assert_eq!((temp.limits.sets.len(), temp.limits.persistence), (2, 3));
    assert_eq!(temp.units.as_ref().unwrap().abbreviation, "°C");
    assert_eq!(health.item("TEMP3").unwrap().limits.response, None);
    let panel = health.item("PANEL_B").unwrap().states.as_ref().unwrap();
    assert_eq!(panel.name_of(&Value::Int(3)), Some("ON"));
    assert_eq!(panel.name_of(&Value::Int(9)), Some("OTHER"));
    // The item of the header is still the current one.
    assert_eq!(health.item("PKTID").unwrap().meta["FSW_TYPE"], ["struct", "hk"]);
    assert_eq!(definitions.limits_groups()["THERMAL"].len(), 2);
    assert_eq!(definitions.limits_sets(), ["DEFAULT", "TVAC"]);

    let inner = packet(PacketKind::Telemetry, "INNER");
    assert_eq!(inner.item("PART.Y").unwrap().structure_child.as_ref().unwrap().parent, "PART");
    assert!(inner.subpacket);
    assert_eq!(packet(PacketKind::Telemetry, "DOCUMENT").template.as_deref(), Some(DOCUMENT));

    let collect = packet(PacketKind::Command, "COLLECT");
    let item = |name| collect.item(name).unwrap();
    assert_eq!(item("DURATION").default, Some(Value::Float(5.0)));
    assert_eq!(item("DURATION").maximum, Some(Value::Float(60.0)));
    assert_eq!(item("OFFSETS").overflow, Overflow::Truncate);
    assert!(item("TYPE").required && item("KEYWORD").obfuscate && collect.restricted);
    assert_eq!(item("KEYWORD").meta["OWNER"], ["ops", "second shift"]);
    assert_eq!(collect.hazardous.as_deref(), Some("Moves the mirror"));
    assert_eq!(collect.related_items.len(), 1);
    let whole = packet(PacketKind::Command, "WHOLE");
    assert!(whole.item("OLD").is_none());
    assert_eq!(whole.item("PART.X").unwrap().description.as_deref(), Some("Of the part"));
}

#[test]
fn modifiers_of_others_and_wrong_values_are_refused() {
    let sources = Sources { partial: &|_| None, environment: &|_| None };
    for (text, wanted) in [
        ("TOOL a b\n  TOPIC x\n", "Unknown keyword 'TOPIC' for TOOL"),
        ("ROUTER R x.rb\n  BRIDGE b\n", "Unknown keyword 'BRIDGE' for ROUTER"),
        ("ROUTER R x.rb\n  PROTOCOL UP x\n", "Unknown direction UP"),
        ("TARGET A A\n  PACKET P\n", "must follow a TARGET_MICROSERVICE"),
        ("TARGET A A\n  TARGET_MICROSERVICE CLEANUP\n  PACKET P\n", "cannot be used with CLEANUP"),
        ("TARGET A A\n  TLM_DECOM_RETAIN_TIME 5\n", "5 is no time"),
        ("TARGET A A\n  STORED_LIMITS_MODE MAYBE\n", "Must be PROCESS, LOG, DISABLE"),
        ("TARGET A A\n  SHARD x\n", "must be an integer"),
        ("INTERFACE I x.rb\n  ENV a\n", "Not enough parameters for ENV."),
        ("WIDGET \"A\n", "The quote of \"A is not closed."),
    ] {
        let error = plugin::load("plugin.txt", text, &Variables::new(), "DEFAULT", &sources);
        let error = error.expect_err(text).to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

/// One change to a file: a line is doubled, dropped, cut, moved, or one of its words is another.
fn changed(text: &str, line: usize, how: u8, word: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = line % lines.len();
    match how % 6 {
        0 => lines.insert(at, lines[at].clone()),
        1 => {
            lines.remove(at);
        }
        2 => {
            let middle = lines[at].chars().count() / 2;
            lines[at] = lines[at].chars().take(middle).collect();
        }
        3 => {
            let other = (at * 7 + 3) % lines.len();
            lines.swap(at, other);
        }
        4 => lines[at].push_str(word),
        _ => {
            let mut words: Vec<&str> = lines[at].split_whitespace().collect();
            if let Some(last) = words.last_mut() {
                *last = word;
            }
            lines[at] = words.join(" ");
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is written, there are definitions or errors with a place; never a panic.
    #[test]
    fn changed_files_are_read_or_refused(
        changes in proptest::collection::vec((0_usize..4, 0_usize..200, any::<u8>(), prop::sample::select(vec![
            " &", " \\", " \"", "'", "-1", "99999999999999999999", "<%= 1 %>", "<% end %>", "<% 9.times do %>",
            "\u{fffd}", "MIN", "nil", "[[", "{}", "0x", "SAT", "HEALTH", "%d", "BIG_ENDIAN", "127", "0",
        ])), 1..6),
    ) {
        let mut files = files();
        for (file, line, how, word) in changes {
            files[file].1 = changed(&files[file].1, line, how, word);
        }
        if let Err(error) = read(&files, &Variables::new()) {
            prop_assert!(error.to_string().contains("cmd_tlm/"), "{error}");
        }
    }
}
