use proptest::prelude::*;

use super::*;
use crate::protocol::testing::{Collected, feed, hex};

const SYNC: [&str; 9] = ["64", "16", "11", "1", "BIG_ENDIAN", "4", "0x1ACFFC1D", "nil", "true"];
const CCSDS: [&str; 9] = ["32", "16", "7", "1", "BIG_ENDIAN", "0", "nil", "nil", "true"];

fn length(values: &[&str]) -> ProtocolPair {
    let values: Vec<String> = values.iter().map(|&text| text.to_owned()).collect();
    build(&Params { class: "LENGTH", location: "plugin.txt:1", values: &values }, 100_000).unwrap()
}

fn read(values: &[&str], reads: &[&[u8]]) -> (Collected, Vec<u8>) {
    let mut out = Collected::default();
    let rest = feed(&mut *length(values).read, reads, &mut out).unwrap();
    (out, rest)
}

fn failure(values: &[&str], bytes: &str) -> String {
    let mut out = Collected::default();
    feed(&mut *length(values).read, &[&hex(bytes)], &mut out).unwrap_err().to_string()
}

fn written(values: &[&str], packet: &str) -> Result<Vec<u8>, ProtocolError> {
    let mut pair = length(values);
    let mut data = hex(packet);
    pair.write.write_packet(&mut data)?;
    pair.write.write_data(&mut data)?;
    Ok(data)
}

#[test]
fn reads_the_worked_examples() {
    let reads = [hex("99 1ACFFC1D 0001CADB 00"), hex("03 DEADBEEF 1ACFFC1D 0001CADB 0000 AA")];
    let (out, rest) = read(&SYNC, &[&reads[0], &reads[1]]);
    assert_eq!(out.frames, [hex("0001CADB0003DEADBEEF"), hex("0001CADB0000AA")]);
    assert_eq!(out.discarded, [(hex("99"), "no sync pattern".to_owned())]);
    assert!(rest.is_empty());

    let (out, rest) = read(&["0", "16", "2", "1", "LITTLE_ENDIAN"], &[&hex("0300 010203")]);
    assert_eq!((out.frames, rest), (vec![hex("0300010203")], vec![]));
    let (out, _) = read(&["0", "16", "2", "2"], &[&hex("0002 01020304")]);
    assert_eq!(out.frames, [hex("000201020304")]);

    let history = ["64", "32", "20", "1", "BIG_ENDIAN", "20"];
    let header = |size: &str| format!("0000000000000000 {size} 0000000000000000");
    let stream = hex(&format!("{} DEADBEEF {} CAFE", header("00000004"), header("00000002")));
    let (out, _) = read(&history, &[&stream]);
    assert_eq!(out.frames, [hex("DEADBEEF"), hex("CAFE")]);
}

#[test]
fn leftovers_are_not_framed_before_their_pattern() {
    // Defect D1 of COSMOS: one read gave a bogus second packet, two reads did not.
    let stream = hex(&format!("1ACFFC1D 0001CADB 0003 DEADBEEF {} 1A", "00".repeat(11)));
    let (whole, _) = read(&SYNC, &[&stream]);
    let (cut, _) = read(&SYNC, &[&stream[..14], &stream[14..]]);
    assert_eq!(whole.frames, [hex("0001CADB0003DEADBEEF")]);
    assert_eq!(whole, cut);
}

#[test]
fn a_packet_that_ends_with_its_length_field_does_not_wait_for_more() {
    let (out, rest) = read(&["12", "4", "2"], &[&hex("0000")]);
    assert_eq!((out.frames, rest), (vec![hex("0000")], vec![]));
}

#[test]
fn wrong_lengths_name_both_numbers() {
    let max = failure(&["0", "16", "2", "1", "BIG_ENDIAN", "0", "nil", "4"], "0005");
    assert!(max.contains('5') && max.contains("maximum length 4"), "{max}");
    let small = failure(&["0", "16"], "0001");
    assert!(small.contains("8 bits") && small.contains("bit 16"), "{small}");
    let negative = failure(&["0", "16", "-9"], "0001");
    assert!(negative.contains("-64 bits"), "{negative}");
    let large = failure(&["0", "32"], "FFFFFFFF");
    assert!(large.contains("4294967295 bytes") && large.contains("100000"), "{large}");
    assert!(!failure(&["0", "64", "0", "65535"], "FFFFFFFFFFFFFFFF").is_empty());
}

#[test]
fn writes_the_worked_examples() {
    assert_eq!(
        written(&SYNC, "0001CADB 0000 DEADBEEF").unwrap(),
        hex("1ACFFC1D 0001CADB 0003 DEADBEEF")
    );
    assert_eq!(written(&CCSDS, "0801C000 0000 DEADBEEF").unwrap(), hex("0801C000 0003 DEADBEEF"));
    let leading = ["0", "16", "0", "1", "BIG_ENDIAN", "2", "nil", "nil", "true"];
    assert_eq!(written(&leading, "AABB").unwrap(), hex("0004 AABB"));
}

#[test]
fn lengths_that_cannot_be_written_are_refused() {
    assert!(matches!(
        written(&["0", "8", "0", "1", "BIG_ENDIAN", "0", "nil", "2", "true"], "000000"),
        Err(ProtocolError::LengthAboveMaximum { value: 3, limit: 2, .. })
    ));
    assert!(matches!(
        written(&CCSDS, "0801C0"),
        Err(ProtocolError::LengthDoesNotFit { length: 3, .. })
    ));
    let short = ["32", "16", "0", "1", "BIG_ENDIAN", "0", "nil", "nil", "true"];
    assert!(matches!(written(&short, "0801"), Err(ProtocolError::PacketTooShort { .. })));
}

#[test]
fn parameters_are_refused_with_file_and_line() {
    let refused = |values: &[&str]| {
        let values: Vec<String> = values.iter().map(|&text| text.to_owned()).collect();
        let params = Params { class: "LengthProtocol", location: "plugin.txt:7", values: &values };
        build(&params, 1000).err().map(|error| error.to_string()).unwrap_or_default()
    };
    for values in [
        ["x"].as_slice(),
        &["0", "0"],
        &["0", "16", "0", "0"],
        &["0", "16", "0", "1", "MIDDLE"],
        &["0", "12", "0", "1", "LITTLE_ENDIAN"],
        &["0", "16", "0", "1", "nil", "0", "0xZZ"],
        &["0", "16", "0", "1", "nil", "0", "nil", "nil", "maybe"],
        &["1", "2", "3", "4", "nil", "6", "7", "8", "true", "true", "more"],
    ] {
        let text = refused(values);
        assert!(text.starts_with("plugin.txt:7: "), "{values:?}: {text}");
    }
}

/// Cuts bytes into reads of the given sizes, over and over.
fn cut<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut reads = Vec::new();
    let mut rest = bytes;
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (read, after) = rest.split_at(size.min(rest.len()));
        reads.push(read);
        rest = after;
    }
    reads
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_packets(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..20),
        garbage in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 20),
        sizes in proptest::collection::vec(1usize..50, 1..8),
        long_garbage in any::<bool>(),
    ) {
        let mut stream = Vec::new();
        if long_garbage {
            stream.extend(std::iter::repeat_n(0x1a, 10_000));
        }
        for (payload, garbage) in payloads.iter().zip(&garbage) {
            stream.extend_from_slice(garbage);
            stream.extend_from_slice(&hex("1ACFFC1D 0001CADB"));
            stream.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            stream.extend_from_slice(payload);
            stream.push(0xee);
        }
        let (whole, rest) = read(&SYNC, &[&stream]);
        let (cut, cut_rest) = read(&SYNC, &cut(&stream, &sizes));
        prop_assert_eq!(&whole, &cut);
        prop_assert_eq!(&rest, &cut_rest);
        // Nothing received is lost: packets (with the sync pattern taken off) and garbage.
        let kept: usize = whole.frames.iter().map(|frame| frame.len() + 4).sum::<usize>()
            + whole.discarded.iter().map(|(bytes, _)| bytes.len()).sum::<usize>();
        prop_assert_eq!(kept + rest.len(), stream.len());
    }

    #[test]
    fn any_bytes_in_any_chunking_frame_alike_or_fail_alike(
        stream in proptest::collection::vec(any::<u8>(), 0..400),
        sizes in proptest::collection::vec(1usize..30, 1..8),
    ) {
        let frame = |reads: &[&[u8]]| {
            let mut out = Collected::default();
            let end = feed(&mut *length(&["3", "5", "1"]).read, reads, &mut out);
            (out, end)
        };
        let (whole, whole_end) = frame(&[&stream]);
        let (cut, cut_end) = frame(&cut(&stream, &sizes));
        prop_assert_eq!(whole, cut);
        prop_assert_eq!(whole_end, cut_end);
    }
}
