//! The bit reader and writer against a naive one, over every place, and against the vectors.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

#[path = "reference/naive.rs"]
mod naive;
#[path = "reference/properties.rs"]
mod properties;
#[path = "../../../tests/src/shared.rs"]
#[allow(unreachable_pub)]
mod shared;
#[path = "reference/table.rs"]
mod table;
#[path = "reference/vectors.rs"]
mod vectors;

use groundlog_packet::bits;
use groundlog_packet::definition::{DataType, Endianness, Overflow};
use groundlog_packet::value::Value;

use naive::{Outcome, Place};

/// Widths beyond 64 bits that are tried as well.
const WIDE: [i64; 9] = [65, 71, 72, 80, 96, 100, 119, 126, 127];

/// Bytes without a pattern, the same in every run.
fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    (0..length)
        .map(|_| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 56) as u8
        })
        .collect()
}

fn types(place: Place) -> (DataType, Endianness) {
    (
        if place.signed { DataType::Int } else { DataType::Uint },
        if place.little { Endianness::Little } else { Endianness::Big },
    )
}

fn read(buf: &[u8], place: Place) -> Outcome {
    let (data_type, endianness) = types(place);
    match bits::read(buf, place.offset, place.size, data_type, endianness, None) {
        Ok(Value::Int(value)) => Outcome::Value(value),
        Ok(Value::Null) => Outcome::Null,
        Ok(other) => panic!("an integer read as {other:?}"),
        Err(_) => Outcome::Error,
    }
}

fn every_place(offsets: std::ops::RangeInclusive<i64>, mut check: impl FnMut(Place)) {
    for offset in offsets {
        for size in (1..=64).chain(WIDE) {
            for little in [false, true] {
                for signed in [false, true] {
                    check(Place { offset, size, little, signed });
                }
            }
        }
    }
}

#[test]
fn every_place_reads_as_bit_by_bit() {
    for seed in 1..=3 {
        let buf = noise(28, seed);
        every_place(-200..=200, |place| {
            assert_eq!(read(&buf, place), naive::read(&buf, place), "{place:?}");
        });
    }
}

#[test]
fn every_place_in_short_buffers_reads_as_bit_by_bit() {
    for length in 0..=12 {
        let buf = noise(length, length as u64);
        every_place(-100..=100, |place| {
            assert_eq!(read(&buf, place), naive::read(&buf, place), "{length} {place:?}");
        });
    }
}

#[test]
fn every_place_writes_as_bit_by_bit() {
    for length in [1, 3, 8, 9, 26] {
        let buf = noise(length, 77);
        let bytes = noise(16, 99).try_into().unwrap();
        let given = i128::from_le_bytes(bytes);
        every_place(-40..=72, |place| {
            let mut found = buf.clone();
            let (data_type, endianness) = types(place);
            let Place { offset, size, .. } = place;
            let value = Value::Int(given);
            let mode = Overflow::Truncate;
            let result =
                bits::write(&value, &mut found, offset, size, data_type, endianness, None, mode);
            match naive::write(&buf, place, given) {
                Some(expected) => {
                    assert!(result.is_ok(), "{length} {place:?}");
                    assert_eq!(found, expected, "{length} {place:?}");
                }
                None => {
                    assert!(result.is_err(), "{length} {place:?}");
                    assert_eq!(found, buf, "{length} {place:?}");
                }
            }
        });
    }
}

#[test]
fn fields_beyond_a_value_read_when_their_value_fits() {
    let read =
        |buf: &[u8], size, data_type| bits::read(buf, 4, size, data_type, Endianness::Big, None);
    let mut ones = vec![0xff; 20];
    assert_eq!(read(&ones, 150, DataType::Int), Ok(Value::Int(-1)));
    assert!(read(&ones, 150, DataType::Uint).is_err());
    ones[2] = 0;
    assert!(read(&ones, 150, DataType::Int).is_err());
    let mut zeros = vec![0; 20];
    zeros[19] = 0x40;
    assert_eq!(read(&zeros, 150, DataType::Uint), Ok(Value::Int(1)));
    assert_eq!(read(&[0xff; 17], 128, DataType::Int), Ok(Value::Int(-1)));
    assert!(read(&[0xff; 17], 128, DataType::Uint).is_err());
}
