//! Files as recorders leave them, good and broken, against bytes written down here.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use groundlog_proto::Nanos;
use groundlog_replay::{FileLayout, Format, ImportRecord, ReadError, ReadFault, Records};
use proptest::prelude::*;

fn layout(format: Format, skip_header_bytes: usize) -> FileLayout {
    FileLayout { format, skip_header_bytes, ..FileLayout::default() }
}

fn read(bytes: &[u8], layout: &FileLayout) -> (Vec<ImportRecord>, Vec<ReadError>) {
    let mut records = Vec::new();
    let mut errors = Vec::new();
    for item in Records::read_from("file.bin", Cursor::new(bytes.to_vec()), layout) {
        match item {
            Ok(record) => records.push(record),
            Err(error) => errors.push(error),
        }
    }
    (records, errors)
}

/// A space packet: version 0, telemetry, an APID, unsegmented, sequence count, data.
fn space_packet(apid: u16, sequence: u16, data: &[u8]) -> Vec<u8> {
    let mut packet = apid.to_be_bytes().to_vec();
    packet.extend((0xc000 | sequence).to_be_bytes());
    packet.extend(u16::try_from(data.len() - 1).expect("short").to_be_bytes());
    packet.extend(data);
    packet
}

/// The two-record file of the source document's script: dump id 1, time `seconds`.
fn dump(payloads: &[&[u8]], seconds: u32, subseconds: u32) -> Vec<u8> {
    let mut records = Vec::new();
    for (index, payload) in payloads.iter().enumerate() {
        for word in [index as u32 + 1, 1, payload.len() as u32, seconds, subseconds] {
            records.extend(word.to_be_bytes());
        }
        records.extend(*payload);
    }
    let mut file = Vec::new();
    for word in [20 + records.len() as u32, payloads.len() as u32, 1, seconds, 0] {
        file.extend(word.to_be_bytes());
    }
    file.extend(records);
    file
}

/// The script's payload: 64 bytes that look like a space packet.
fn payload(sequence: u8) -> Vec<u8> {
    let mut payload = vec![0x00, 0x01, 0xc0, sequence, 0x00, 0x39];
    payload.resize(64, 0);
    payload
}

#[test]
fn space_packets_one_after_the_other() {
    let packets = [space_packet(11, 0, &[1]), space_packet(12, 1, &[2; 300])];
    let (records, errors) = read(&packets.concat(), &layout(Format::Ccsds, 0));
    assert!(errors.is_empty(), "{errors:?}");
    let found: Vec<_> = records.iter().map(|r| (r.index, r.offset, r.packet.to_vec())).collect();
    assert_eq!(found, [(0, 0, packets[0].clone()), (1, 7, packets[1].clone())]);
}

#[test]
fn bytes_before_every_packet_are_skipped() {
    let packet = space_packet(11, 0, &[1, 2, 3]);
    let file = [&[0xff; 4][..], &packet, &[0xee; 4], &packet].concat();
    let (records, errors) = read(&file, &layout(Format::Ccsds, 4));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(records.iter().map(|r| r.offset).collect::<Vec<_>>(), [4, 17]);
    assert!(records.iter().all(|r| r.packet == packet));
}

#[test]
fn a_cut_stream_names_the_byte_and_keeps_what_came_before() {
    let packet = space_packet(11, 0, &[9; 10]);
    for left in 1..packet.len() {
        let file = [&packet[..], &packet[..left]].concat();
        let (records, errors) = read(&file, &layout(Format::Ccsds, 0));
        assert_eq!(records.len(), 1);
        let [error] = errors.as_slice() else { panic!("one error, not {errors:?}") };
        assert_eq!((error.byte, &*error.file), (16, "file.bin"));
        assert!(matches!(error.fault, ReadFault::Truncated { left: l, .. } if l == left as u64));
        assert!(
            error
                .to_string()
                .starts_with("file.bin, byte 16, record 1: the file ends inside a space")
        );
    }
}

#[test]
fn garbage_in_a_stream_stops_it_there() {
    let mut file = space_packet(11, 0, &[9; 10]);
    file.extend(b"no packet at all");
    let (records, errors) = read(&file, &layout(Format::Ccsds, 0));
    assert_eq!(records.len(), 1);
    assert!(
        matches!(
            errors[..],
            [ReadError { byte: 16, fault: ReadFault::NoSpacePacket { version: 3 }, .. }]
        ),
        "{errors:?}"
    );
    assert!(errors[0].to_string().contains("--skip-header-bytes"));
}

#[test]
fn an_empty_file_is_a_fault_of_its_own() {
    let length = "length:0,16".parse().expect("a format");
    for format in [Format::Ccsds, Format::Fixed { bytes: 4 }, length, Format::Dump, Format::Cosmos]
    {
        let (records, errors) = read(&[], &layout(format, 0));
        assert!(records.is_empty());
        let expected = matches!(errors[..], [ReadError { byte: 0, fault: ReadFault::Empty, .. }]);
        assert!(expected, "{format}: {errors:?}");
    }
}

#[test]
fn fixed_records_and_a_rest() {
    let (records, errors) = read(&[1, 2, 3, 4, 5], &layout(Format::Fixed { bytes: 2 }, 0));
    assert_eq!(records.iter().map(|r| r.packet.to_vec()).collect::<Vec<_>>(), [[1, 2], [3, 4]]);
    assert!(matches!(
        errors[..],
        [ReadError { byte: 4, fault: ReadFault::Truncated { left: 1, .. }, .. }]
    ));
}

#[test]
fn the_dump_of_the_source_documents_script() {
    let file = dump(&[&payload(1), &payload(2)], 1_700_000_000, 250);
    assert_eq!(file[..4], [0, 0, 0, 0xbc], "188 bytes as the document prints them");
    let milliseconds =
        FileLayout { subseconds: "ms".parse().expect("ms"), ..layout(Format::Dump, 0) };
    let (records, errors) = read(&file, &milliseconds);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].packet, payload(1));
    assert_eq!(records[1].packet, payload(2));
    assert_eq!((records[0].offset, records[1].offset), (40, 124));
    assert_eq!(records[1].header_time, Some(Nanos(1_700_000_000_250_000_000)));
}

#[test]
fn a_dump_that_miscounts_is_read_to_its_end() {
    let mut file = dump(&[&payload(1), &payload(2)], 5, 0);
    file[7] = 3;
    let (records, errors) = read(&file, &layout(Format::Dump, 0));
    assert_eq!(records.len(), 2);
    assert!(
        matches!(
            errors[..],
            [ReadError { byte: 4, fault: ReadFault::RecordCount { announced: 3, found: 2 }, .. }]
        ),
        "{errors:?}"
    );

    let mut file = dump(&[&payload(1), &payload(2)], 5, 0);
    file[3] = 7;
    let (records, errors) = read(&file, &layout(Format::Dump, 0));
    assert_eq!(records.len(), 2);
    assert!(
        matches!(
            errors[..],
            [ReadError { byte: 0, fault: ReadFault::Length { announced: 7, found: 188 }, .. }]
        ),
        "{errors:?}"
    );
}

#[test]
fn a_short_dump_gives_what_it_has() {
    let file = dump(&[&payload(1), &payload(2)], 5, 0);
    let (records, errors) = read(&file[..150], &layout(Format::Dump, 0));
    assert_eq!(records.len(), 1);
    assert_eq!((errors[0].byte, errors.len()), (124, 3), "{errors:?}");
    assert!(matches!(errors[0].fault, ReadFault::Truncated { announced: 64, left: 26, .. }));
    let (records, errors) = read(&file[..12], &layout(Format::Dump, 0));
    assert!(records.is_empty());
    assert!(matches!(
        errors[..],
        [ReadError { fault: ReadFault::Truncated { announced: 20, left: 12, .. }, .. }]
    ));
}

#[test]
fn a_wrong_message_size_is_found_at_the_next_header() {
    let mut file = dump(&[&payload(1), &payload(2), &payload(3)], 5, 0);
    file[31] = 63;
    let (records, errors) = read(&file, &layout(Format::Dump, 0));
    assert_eq!(records.len(), 1);
    assert!(
        matches!(errors[0].fault, ReadFault::RecordNumber { previous: 1, found: 0 }),
        "{errors:?}"
    );
    assert_eq!(errors[0].byte, 103);

    let mut file = dump(&[&payload(1)], 5, 0);
    file[28] = 0x7f;
    let (records, errors) = read(&file, &layout(Format::Dump, 0));
    assert!(records.is_empty());
    assert!(
        matches!(errors[0], ReadError { byte: 28, fault: ReadFault::TooLong { .. }, .. }),
        "{errors:?}"
    );
}

#[test]
fn a_gap_in_a_dump_is_reported_and_passed() {
    let mut file = dump(&[&payload(1), &payload(2), &payload(3)], 5, 0);
    file[104 + 3] = 3;
    file[188 + 3] = 4;
    let (records, errors) = read(&file, &layout(Format::Dump, 0));
    assert_eq!(records.len(), 3);
    assert!(
        matches!(
            errors[..],
            [ReadError { byte: 104, fault: ReadFault::RecordGap { previous: 1, found: 3 }, .. }]
        ),
        "{errors:?}"
    );
}

#[test]
fn subseconds_of_a_second_or_more_ask_for_the_unit() {
    let file = dump(&[&payload(1)], 5, 1_000_000);
    let (records, errors) = read(&file, &layout(Format::Dump, 0));
    assert!(records.is_empty());
    assert_eq!(errors[0].byte, 36);
    assert!(errors[0].to_string().contains("--subseconds"), "{}", errors[0]);
}

#[test]
fn bytes_are_skipped_inside_a_dumps_records() {
    let inner = [&[1, 2, 3, 4][..], &payload(1)].concat();
    let (records, errors) = read(&dump(&[&inner], 5, 0), &layout(Format::Dump, 4));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!((records[0].offset, records[0].packet.to_vec()), (44, payload(1)));
    let (_, errors) = read(&dump(&[&[1]], 5, 0), &layout(Format::Dump, 4));
    assert!(matches!(errors[0].fault, ReadFault::ShorterThanSkip { size: 1, skip: 4 }));
}

/// Gives bytes in pieces, as a pipe does.
struct Pieces(Vec<u8>, usize);

impl std::io::Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0.drain(..count);
        Ok(count)
    }
}

proptest! {
    /// Whatever the bytes, reading ends, keeps offsets within the file and never panics.
    #[test]
    fn any_bytes_are_read_without_harm(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        skip in 0_usize..8,
        piece in 1_usize..50,
    ) {
        for format in [Format::Ccsds, Format::Dump, Format::Fixed { bytes: 7 }] {
            let layout = layout(format, skip);
            let (records, _) = read(&bytes, &layout);
            for record in &records {
                let start = record.offset as usize;
                prop_assert_eq!(&bytes[start..start + record.packet.len()], &record.packet[..]);
            }
            let in_pieces = Records::read_from("p", Pieces(bytes.clone(), piece), &layout);
            prop_assert_eq!(in_pieces.filter_map(Result::ok).collect::<Vec<_>>(), records);
        }
    }
}

#[test]
fn records_with_a_length_field() {
    let by = |words: &str, skip| layout(words.parse().expect(words), skip);
    let packets = |bytes: &[u8], layout: &FileLayout| -> Vec<Vec<u8>> {
        let (records, errors) = read(bytes, layout);
        assert!(errors.is_empty(), "{errors:?}");
        records.iter().map(|record| record.packet.to_vec()).collect()
    };
    // The framing of the historical ingest guide (cosmos-runtime §2.4).
    let record = |packet: &[u8]| {
        let words = [1, 1, packet.len() as u32, 0, 0].map(u32::to_be_bytes).concat();
        [&words, packet].concat()
    };
    let file = [record(&[0xde, 0xad, 0xbe, 0xef]), record(&[0xca, 0xfe])].concat();
    let found = packets(&file, &by("length:64,32,20,1,BIG_ENDIAN", 20));
    assert_eq!(found, [vec![0xde, 0xad, 0xbe, 0xef], vec![0xca, 0xfe]]);
    assert_eq!(packets(&[3, 0, 1, 2, 3], &by("length:0,16,2,1,little", 0)), [[3, 0, 1, 2, 3]]);
    assert_eq!(packets(&[0, 2, 1, 2, 3, 4], &by("length:0,16,2,2", 0)), [[0, 2, 1, 2, 3, 4]]);
    let space = space_packet(11, 0, &[1, 2, 3]);
    assert_eq!(packets(&space.repeat(2), &by("length:32,16,7", 0)), [space.clone(), space]);
    // A length that covers nothing, one that covers too much, one that the file's end cuts.
    for (bytes, words, expected) in [
        (
            &[1, 0][..],
            "length:0,8",
            "byte 1, record 1: the length field 0 makes a record of 0 bytes",
        ),
        (&[1, 255], "length:0,8,0,4000", "byte 1, record 1: a packet of 1016001 bytes"),
        (&[1, 3, 9], "length:0,8", "byte 1, record 1: the file ends inside a record"),
    ] {
        // A first record of one byte, its own length.
        let words = words.replace(",0,4000", ",-3999,4000");
        let (records, errors) = read(bytes, &by(&words, 0));
        let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!((records.len(), told.len()), (1, 1), "{told:?}");
        assert!(told[0].contains(expected), "{told:?}");
    }
}

/// The example in the documentation is a dump, as it stands there.
#[test]
fn the_documented_dump_is_read() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/recorded-files.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let example = page.split("```").nth(1).expect("an example");
    // Behind two blanks is what it means.
    let hex: String = example.lines().filter_map(|line| line.split("  ").next()).collect();
    let hex = hex.replace(' ', "");
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    assert_eq!(bytes.len(), 42);
    let (records, errors) = read(&bytes, &layout(Format::Dump, 0));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].packet[..], [0xca, 0xfe]);
    assert_eq!(records[0].header_time, Some(Nanos(1_600_000_000_250_000_000)));
}
