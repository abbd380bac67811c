//! Properties of the bit reader and writer that hold for any value and place.

use groundlog_packet::bits;
use groundlog_packet::definition::{DataType, Endianness, Overflow};
use groundlog_packet::value::Value;
use proptest::prelude::*;

fn endianness() -> impl Strategy<Value = Endianness> {
    prop_oneof![Just(Endianness::Big), Just(Endianness::Little)]
}

fn overflow() -> impl Strategy<Value = Overflow> {
    prop_oneof![
        Just(Overflow::Error),
        Just(Overflow::ErrorAllowHex),
        Just(Overflow::Truncate),
        Just(Overflow::Saturate),
    ]
}

proptest! {
    #[test]
    fn overflow_modes_follow_the_ranges(
        value in prop_oneof![-70_000_i64..70_000, any::<i64>()],
        size in 1_i64..=40,
        signed in any::<bool>(),
        mode in overflow(),
        endianness in endianness(),
    ) {
        let data_type = if signed { DataType::Int } else { DataType::Uint };
        let value = i128::from(value);
        let (min, max) = match (signed, size) {
            (true, 1) => (-1, 1),
            (true, _) => (-(1_i128 << (size - 1)), (1_i128 << (size - 1)) - 1),
            (false, _) => (0, (1_i128 << size) - 1),
        };
        let hex_max = if signed && size == 1 { 1 } else { (1_i128 << size) - 1 };
        let stored = match mode {
            _ if value >= min && value <= max => Some(value),
            Overflow::Truncate => Some(value),
            Overflow::Saturate => Some(value.clamp(min, max)),
            Overflow::ErrorAllowHex if value > max && value <= hex_max => Some(value),
            _ => None,
        };
        // The last bit of the field is where both byte orders have room below.
        let offset = 48 + 7;
        let mut buf = vec![0xa5; 13];
        let result = bits::write(
            &Value::Int(value), &mut buf, offset, size, data_type, endianness, None, mode,
        );
        prop_assert_eq!(result.is_ok(), stored.is_some());
        if let Some(stored) = stored {
            let unsigned =
                bits::read(&buf, offset, size, DataType::Uint, endianness, None).unwrap();
            prop_assert_eq!(unsigned, Value::Int(stored & ((1_i128 << size) - 1)));
        }
    }

    #[test]
    fn doubles_come_back(value in any::<f64>(), offset in 0_i64..8, endianness in endianness()) {
        let mut buf = vec![0x5a; 16];
        let (kind, mode) = (DataType::Float, Overflow::Error);
        let value = Value::Float(value);
        bits::write(&value, &mut buf, offset * 8, 64, kind, endianness, None, mode).unwrap();
        let found = bits::read(&buf, offset * 8, 64, kind, endianness, None).unwrap();
        match (&found, &value) {
            (Value::Float(a), Value::Float(b)) => prop_assert_eq!(a.to_bits(), b.to_bits()),
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert!(buf[..offset as usize].iter().all(|b| *b == 0x5a));
        prop_assert!(buf[offset as usize + 8..].iter().all(|b| *b == 0x5a));
    }

    #[test]
    fn singles_come_back_rounded(value in any::<f64>(), endianness in endianness()) {
        let mut buf = vec![0; 6];
        let (kind, mode) = (DataType::Float, Overflow::Error);
        bits::write(&Value::Float(value), &mut buf, 8, 32, kind, endianness, None, mode).unwrap();
        let found = bits::read(&buf, 8, 32, kind, endianness, None).unwrap();
        let expected = f64::from(value as f32);
        match found {
            Value::Float(found) => {
                prop_assert!(found == expected || (found.is_nan() && expected.is_nan()));
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn blocks_between_two_ends_come_back(
        before in proptest::collection::vec(any::<u8>(), 0..12),
        value in proptest::collection::vec(any::<u8>(), 0..12),
        head in 0_usize..6,
        tail in 0_usize..6,
    ) {
        let (offset, size) = (head as i64 * 8, tail as i64 * -8);
        let (kind, order) = (DataType::Block, Endianness::Big);
        let mut buf = before.clone();
        let given = Value::Bytes(value.clone());
        let result =
            bits::write(&given, &mut buf, offset, size, kind, order, None, Overflow::Error);
        prop_assert_eq!(result.is_ok(), head + tail <= before.len());
        if result.is_ok() {
            prop_assert_eq!(&buf[..head], &before[..head]);
            prop_assert_eq!(&buf[buf.len() - tail..], &before[before.len() - tail..]);
            prop_assert_eq!(bits::read(&buf, offset, size, kind, order, None), Ok(given));
        } else {
            prop_assert_eq!(buf, before);
        }
    }

    #[test]
    fn arrays_are_their_elements(
        buf in proptest::collection::vec(any::<u8>(), 0..40),
        offset in -64_i64..64,
        size in 1_i64..24,
        count in 1_i64..8,
    ) {
        let (kind, order) = (DataType::Uint, Endianness::Big);
        let array = bits::read(&buf, offset, size, kind, order, Some(size * count));
        let start = if offset < 0 { buf.len() as i64 * 8 + offset } else { offset };
        let elements: Vec<_> = (0..count)
            .map(|i| bits::read(&buf, start + i * size, size, kind, order, None))
            .collect();
        if start < 0 {
            prop_assert!(array.is_err());
        } else if elements.iter().any(|e| *e == Ok(Value::Null)) {
            prop_assert_eq!(array, Ok(Value::Null));
        } else {
            let elements = elements.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
            prop_assert_eq!(array, Ok(Value::Array(elements)));
        }
    }

    #[test]
    fn arrays_written_leave_all_else(
        buf in proptest::collection::vec(any::<u8>(), 0..24),
        values in proptest::collection::vec(any::<u16>(), 0..6),
        head in 0_usize..6,
        tail in 0_usize..6,
        size in 1_i64..=16,
    ) {
        let list = Value::Array(values.iter().map(|v| Value::from(*v)).collect());
        let total = tail as i64 * -8;
        let (kind, order) = (DataType::Uint, Endianness::Big);
        let mut found = buf.clone();
        let result = bits::write(
            &list, &mut found, head as i64 * 8, size, kind, order, Some(total), Overflow::Truncate,
        );
        prop_assert_eq!(result.is_ok(), head + tail <= buf.len());
        if result.is_ok() {
            let used = (values.len() * size as usize).div_ceil(8);
            prop_assert_eq!(found.len(), head + used + tail);
            prop_assert_eq!(&found[..head], &buf[..head]);
            prop_assert_eq!(&found[head + used..], &buf[buf.len() - tail..]);
            for (index, value) in values.iter().enumerate() {
                let at = head as i64 * 8 + index as i64 * size;
                let expected = i128::from(*value) & ((1 << size) - 1);
                prop_assert_eq!(
                    bits::read(&found, at, size, kind, order, None),
                    Ok(Value::Int(expected))
                );
            }
        }
    }

    #[test]
    fn nothing_panics(
        buf in proptest::collection::vec(any::<u8>(), 0..16),
        offset in prop_oneof![-200_i64..200, any::<i64>()],
        size in prop_oneof![-200_i64..200, any::<i64>()],
        array in proptest::option::of(prop_oneof![-200_i64..200, any::<i64>()]),
        kind in prop_oneof![
            Just(DataType::Int), Just(DataType::Uint), Just(DataType::Float),
            Just(DataType::String), Just(DataType::Block), Just(DataType::Bool),
        ],
        endianness in endianness(),
        mode in overflow(),
    ) {
        let _ = bits::read(&buf, offset, size, kind, endianness, array);
        let given = if array.is_some() {
            Value::Array(vec![Value::from("1"); 3])
        } else {
            Value::from("1")
        };
        let mut changed = buf.clone();
        if bits::write(&given, &mut changed, offset, size, kind, endianness, array, mode).is_err() {
            prop_assert_eq!(changed, buf);
        }
    }
}
