//! Identification: which packet a buffer is (cosmos-packets §4).
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

#[path = "support/definitions.rs"]
mod support;

use groundlog_packet::PacketKind;
use groundlog_packet::identify::{Identifier, PacketPool};
use support::definitions;

fn packet(name: &str, lines: &str) -> String {
    format!("TELEMETRY TGT {name} BIG_ENDIAN \"d\"\n{lines}")
}

/// Identifies each buffer and returns the names, `-` for none.
fn names(config: &str, pool: PacketPool, buffers: &[&[u8]]) -> (bool, Vec<String>) {
    let definitions = definitions(config);
    let identifier = Identifier::new(&definitions);
    let target = identifier.target(PacketKind::Telemetry, "TGT").unwrap();
    let found = buffers.iter().map(|buffer| {
        let id = target.identify(buffer, pool);
        id.map_or("-".to_owned(), |id| definitions.packet_by_id(id).unwrap().packet_name.clone())
    });
    (target.unique_id_mode(pool), found.collect())
}

#[test]
fn catch_all_first_swallows_everything_in_hash_mode() {
    let config = packet("CATCH", "CATCHALL\nAPPEND_ITEM X 16 UINT\n")
        + &packet("ZERO", "APPEND_ID_ITEM A 8 UINT 0\n");
    let found = names(&config, PacketPool::Normal, &[&[0, 1, 9], &[9]]);
    assert_eq!(found, (false, vec!["CATCH".into(), "CATCH".into()]));
}

#[test]
fn without_ids_in_unique_mode_matches_at_its_place() {
    let config = packet("P1", "APPEND_ID_ITEM A 8 UINT 1\n")
        + &packet("NOID", "APPEND_ITEM X 8 UINT\n")
        + &packet("P2", "APPEND_ITEM X 8 UINT\nAPPEND_ID_ITEM A 8 UINT 2\n");
    let found = names(&config, PacketPool::Normal, &[&[1], &[9, 2], &[]]);
    assert_eq!(found, (true, vec!["P1".into(), "NOID".into(), "NOID".into()]));
}

#[test]
fn virtual_packets_and_other_pools_are_left_out() {
    let config = packet("V", "VIRTUAL\nAPPEND_ID_ITEM A 8 UINT 2\n")
        + &packet("SUB", "SUBPACKET\nAPPEND_ID_ITEM A 8 UINT 1\n")
        + &packet("P", "APPEND_ID_ITEM A 8 UINT 3\n");
    let buffers: [&[u8]; 3] = [&[1], &[2], &[3]];
    assert_eq!(names(&config, PacketPool::Normal, &buffers).1, ["-", "-", "P"]);
    assert_eq!(names(&config, PacketPool::Subpackets, &buffers).1, ["SUB", "-", "-"]);
}

#[test]
fn text_ids_and_negative_offsets() {
    let ids = |text: &str, number| {
        format!("ITEM LEN 24 8 UINT\nID_ITEM S 0 16 STRING {text}\nID_ITEM N -8 8 UINT {number}\n")
    };
    let config = packet("P1", &ids("HI", 5)) + &packet("P2", &ids("YO", 5));
    let found = names(&config, PacketPool::Normal, &[b"HI\x05", b"YO\x00\x05", b"YO\x06", b"H"]);
    assert_eq!(found, (false, vec!["P1".into(), "P2".into(), "-".into(), "-".into()]));
}

#[test]
fn ids_in_structures() {
    let config = "TELEMETRY TGT HEADER BIG_ENDIAN\n  VIRTUAL\n  APPEND_ITEM V 4 UINT\n  APPEND_ID_ITEM ID 12 UINT 7\n"
        .to_owned()
        + &packet("P", "APPEND_STRUCTURE H DEFINED TLM TGT HEADER\nAPPEND_ITEM X 8 UINT\n");
    assert_eq!(names(&config, PacketPool::Normal, &[&[0xf0, 7, 1], &[0, 8, 1]]).1, ["P", "-"]);
}

#[test]
fn wide_float_and_negative_ids() {
    let config = packet("A", "APPEND_ID_ITEM I 72 UINT 0x010000000000000005\n")
        + &packet("B", "APPEND_ID_ITEM I 72 UINT 5\n");
    let mut bytes = [0; 9];
    bytes[8] = 5;
    let five = bytes;
    bytes[0] = 1;
    assert_eq!(names(&config, PacketPool::Normal, &[&five, &bytes]).1, ["B", "A"]);
    let config = packet("A", "APPEND_ID_ITEM F 32 FLOAT 1.5\n")
        + &packet("B", "APPEND_ID_ITEM F 32 FLOAT 0\n");
    assert_eq!(
        names(&config, PacketPool::Normal, &[&[0x3f, 0xc0, 0, 0], &[0x80, 0, 0, 0]]).1,
        ["A", "B"]
    );
    let config =
        packet("A", "APPEND_ID_ITEM I 8 INT -1\n") + &packet("B", "APPEND_ID_ITEM I 8 INT 1\n");
    assert_eq!(names(&config, PacketPool::Normal, &[&[0xff], &[1], &[0]]).1, ["A", "B", "-"]);
}

#[test]
fn targets_are_searched_in_the_order_given() {
    let definitions = definitions(&packet("P", "APPEND_ID_ITEM A 8 UINT 1\n"));
    let identifier = Identifier::new(&definitions);
    let found = |targets: &[&str], bytes: &[u8]| {
        let kind = PacketKind::Telemetry;
        identifier.identify(kind, targets.iter().copied(), bytes, PacketPool::Normal)
    };
    assert!(found(&["NOPE", "TGT"], &[1]).is_some());
    assert!(found(&[], &[1]).is_none());
    assert!(identifier.identify_any(PacketKind::Telemetry, &[1], PacketPool::Normal).is_some());
    assert!(identifier.identify_any(PacketKind::Command, &[1], PacketPool::Normal).is_none());
}

/// Ids that make one word are found as they are read, whatever their widths and signs.
#[test]
fn packed_ids_are_those_of_the_buffer() {
    for (bits, data_type) in
        [(1, "INT"), (3, "INT"), (8, "INT"), (11, "UINT"), (16, "UINT"), (32, "INT"), (64, "UINT")]
    {
        let low = if data_type == "INT" && bits > 1 { -(1_i128 << (bits - 1)) } else { 0 };
        let high = low + (1 << bits) - 1;
        // What does not fit in the field is never met, also not by what its low bits look like.
        let values = [low, high, low + high / 3, high + 1, low - 1];
        let config: String = (0..)
            .zip(values)
            .map(|(n, id)| {
                let ids = format!("ITEM X 0 3 UINT\nID_ITEM A 3 {bits} {data_type} {id}\n");
                packet(&format!("P{n}"), &ids)
            })
            .collect();
        for (number, value) in (0..).zip(values).take(3) {
            let pattern = (value as u128) << (128 - bits) >> 3;
            let buffer = &pattern.to_be_bytes()[..((bits + 3) as usize).div_ceil(8)];
            let found = names(&config, PacketPool::Normal, &[buffer, &buffer[1..], &[]]);
            let same = values.iter().rposition(|other| *other == value).unwrap();
            assert_eq!(found.1[0], format!("P{same}"), "{number}: {value} in {bits} {data_type}");
            assert_eq!(found.1[2], "-");
        }
    }
}

#[test]
fn equal_ids_are_the_first_packet_in_unique_mode() {
    let config = packet("WIDE", "APPEND_ID_ITEM A 16 UINT 9\n")
        + &packet("P1", "APPEND_ID_ITEM A 8 UINT 1\n")
        + &packet("P2", "APPEND_ID_ITEM A 8 UINT 1\n");
    assert_eq!(names(&config, PacketPool::Normal, &[&[1, 2]]), (true, vec!["P1".into()]));
}

#[test]
fn a_packet_that_is_defined_again_keeps_its_place() {
    let config = packet("P1", "APPEND_ID_ITEM A 16 UINT 0x0101\n")
        + &packet("P2", "APPEND_ID_ITEM A 8 UINT 1\n")
        + &packet("P1", "APPEND_ID_ITEM B 8 UINT 1\n");
    assert_eq!(names(&config, PacketPool::Normal, &[&[1, 1]]), (true, vec!["P1".into()]));
}

#[test]
fn the_accessor_and_the_key_are_part_of_the_layout() {
    let id = "APPEND_ID_ITEM A 8 UINT 1\n";
    let accessor = |arguments: &str| format!("ACCESSOR HttpAccessor {arguments}\n{id}");
    for (first, second, unique) in [
        (id.to_owned(), id.to_owned(), false),
        (id.to_owned(), format!("ACCESSOR JsonAccessor\n{id}"), true),
        (accessor("JsonAccessor"), accessor("FormAccessor"), true),
        (id.to_owned(), format!("{id}    KEY other\n"), true),
        (id.to_owned(), "APPEND_ID_ITEM A 8 INT 1\n".to_owned(), true),
    ] {
        let config = packet("P1", &first) + &packet("P2", &second);
        assert_eq!(names(&config, PacketPool::Normal, &[]).0, unique, "{second}");
    }
}

#[test]
fn hash_mode_reads_the_ids_as_the_first_packet_has_them() {
    // The byte order is no part of the layout.
    let config = packet("P1", "APPEND_ID_ITEM A 16 UINT 1\n")
        + &packet("P2", "APPEND_ID_ITEM A 16 UINT 0x0200 '' LITTLE_ENDIAN\n");
    let found = names(&config, PacketPool::Normal, &[&[0, 1], &[2, 0], &[0, 2]]);
    assert_eq!(found, (false, vec!["P1".into(), "P2".into(), "-".into()]));
}
