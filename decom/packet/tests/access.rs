//! Reading and writing items where the worked vectors leave a gap.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

#[path = "support/definitions.rs"]
mod support;

use groundlog_packet::access::{AccessError, PacketBuffer, PacketTimes, PacketView};
use groundlog_packet::definition::ValueType::{Converted, Formatted, Raw};
use groundlog_packet::{PacketKind, Value};
use support::{definitions, packet};

fn buffer(lines: &str, bytes: &[u8]) -> PacketBuffer {
    let definitions = definitions(&format!("TELEMETRY TGT P BIG_ENDIAN\n{lines}"));
    let mut buffer = PacketBuffer::new(packet(&definitions, PacketKind::Telemetry, "P"));
    let _ = buffer.set_buffer(bytes.to_vec());
    buffer
}

#[test]
fn elements_of_arrays_by_name() {
    let buffer = buffer(
        "APPEND_ARRAY_ITEM A 8 UINT 24\nSTATE TWO 2\nITEM A[0] 24 8 UINT\nAPPEND_ITEM B 8 UINT\n",
        &[1, 2, 3, 9, 4],
    );
    assert_eq!(buffer.read("a[1]", Converted).unwrap(), "TWO".into());
    assert_eq!(buffer.read("A[2]", Raw).unwrap(), 3.into());
    assert_eq!(buffer.read("A[0]", Raw).unwrap(), 9.into(), "an item of that name wins");
    assert_eq!(buffer.read("A[7]", Raw).unwrap(), Value::Null);
    assert!(matches!(buffer.read("B[0]", Raw), Err(AccessError::UnknownItem { .. })));
}

#[test]
fn variable_arrays_know_their_element_size() {
    // The reference counts one byte per element here; the right answer is elements × bits.
    let lines = "APPEND_ITEM L1 8 UINT\nAPPEND_ARRAY_ITEM A 16 UINT 0\nVARIABLE_BIT_SIZE L1\n\
                 APPEND_ITEM L2 8 UINT\nAPPEND_ITEM S 0 STRING\nVARIABLE_BIT_SIZE L2\nAPPEND_ITEM Z 8 UINT\n";
    let mut buffer = buffer(lines, b"\x04\0\x01\0\x02\x03ABC\x09");
    assert_eq!(buffer.read("Z", Raw).unwrap(), 9.into());
    buffer.write("A", &Value::Array(vec![7.into()]), Converted).unwrap();
    assert_eq!(buffer.buffer(), b"\x02\0\x07\x03ABC\x09");
    assert_eq!(buffer.read("S", Raw).unwrap(), "ABC".into());
    buffer.write("S", &"HELLO".into(), Converted).unwrap();
    assert_eq!(buffer.buffer(), b"\x02\0\x07\x05HELLO\x09");
    assert_eq!(buffer.read("Z", Raw).unwrap(), 9.into());
}

#[test]
fn selector_integers_move_what_is_behind() {
    let lines = "APPEND_ITEM SEL 2 UINT\nAPPEND_ITEM NUM 6 UINT\nVARIABLE_BIT_SIZE SEL\nAPPEND_ITEM Z 8 UINT\n";
    let mut buffer = buffer(lines, &[0x7b, 0xbd, 0x99]);
    assert_eq!(buffer.read("NUM", Raw).unwrap(), 15_293.into());
    assert_eq!(buffer.read("Z", Raw).unwrap(), 0x99.into());
    buffer.write("NUM", &1.into(), Converted).unwrap();
    assert_eq!(buffer.buffer(), [0x01, 0x99]);
    let too_big = Value::Int(1 << 62);
    assert!(buffer.write("NUM", &too_big, Converted).is_err());
    assert_eq!(buffer.buffer(), [0x01, 0x99], "a refused write changes nothing");
}

#[test]
fn conversions_in_a_circle_end() {
    let buffer = buffer(
        "ITEM A 0 0 DERIVED\nGENERIC_READ_CONVERSION_START\npacket.read('B') + 1\nGENERIC_READ_CONVERSION_END\n\
         ITEM B 0 0 DERIVED\nGENERIC_READ_CONVERSION_START\npacket.read('A') + 1\nGENERIC_READ_CONVERSION_END\n",
        &[],
    );
    assert!(matches!(buffer.read("A", Converted), Err(AccessError::Circle { .. })));
}

#[test]
fn times_and_counts() {
    let lines = "APPEND_ITEM SEC 32 UINT\nAPPEND_ITEM US 32 UINT\nITEM PACKET_TIME 0 0 DERIVED\n\
                 READ_CONVERSION unix_time_conversion.rb SEC US\n";
    let definitions = definitions(&format!("TELEMETRY TGT P BIG_ENDIAN\n{lines}"));
    let packet = packet(&definitions, PacketKind::Telemetry, "P");
    let times = PacketTimes {
        received: Some(1_700_000_000_500_000_000),
        packet: Some(5),
        received_count: 7,
    };
    let view = PacketView::new(&packet, &[0x3b, 0x9a, 0xca, 0, 0, 7, 0xa1, 0x20], times);
    assert_eq!(view.time().unwrap(), Some(1_000_000_000_500_000_000));
    assert_eq!(view.read("PACKET_TIME", Raw).unwrap(), Value::Time(1_000_000_000_500_000_000));
    assert_eq!(
        view.read("PACKET_TIMEFORMATTED", Converted).unwrap(),
        "2001/09/09 01:46:40.500".into()
    );
    assert_eq!(view.read("RECEIVED_TIMESECONDS", Formatted).unwrap(), "1700000000.500000".into());
    assert_eq!(view.read("RECEIVED_COUNT", Raw).unwrap(), 7.into());
    let short = PacketView::new(&packet, &[1, 2], times);
    assert_eq!(short.time().unwrap(), Some(5), "without its bytes the explicit time counts");
    assert!(short.check_length().is_err());
}

#[test]
fn formatted_blocks_stay_what_they_are() {
    let buffer =
        buffer("APPEND_ITEM A 16 BLOCK\nAPPEND_ITEM B 16 BLOCK\nUNITS U u\n", b"AB\xff\xfe");
    assert_eq!(buffer.read("A", Formatted).unwrap(), "AB".into());
    assert!(buffer.read("B", Formatted).unwrap().as_str().unwrap().ends_with(" u"));
}

#[test]
fn unknown_states_are_named() {
    let mut buffer = buffer("APPEND_ITEM A 8 UINT\nSTATE OFF 0\nSTATE ON 1\n", &[0]);
    let error = buffer.write("A", &"BOGUS".into(), Converted).unwrap_err();
    assert_eq!(error.to_string(), "Unknown state 'BOGUS' for A, must be one of OFF, ON");
    assert!(buffer.write("A", &1.into(), Formatted).is_err());
}
