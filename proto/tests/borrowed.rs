//! Records read and written in place are the same bytes as the generated messages'.

// In a test or a benchmark a panic is the verdict.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use groundlog_proto::{
    Generation,
    borrowed::{
        DecomBodyRef, DecomRecordRef, ExtraRef, PositionRef, RawBodyRef, RawPacketRef, RawRecordRef,
    },
    prost::Message,
    wire::{self, decom_record, raw_record},
};
use proptest::{collection, option, prelude::*};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[A-Zé_0-9]{1,12}", "[a-z]{120,140}"]
}

fn bytes() -> impl Strategy<Value = prost::bytes::Bytes> {
    collection::vec(any::<u8>(), 0..300).prop_map(Into::into)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..300_u64, any::<u64>()]
}

fn extra() -> impl Strategy<Value = BTreeMap<String, String>> {
    collection::btree_map(text(), text(), 0..3)
}

prop_compose! {
    fn position()(
        generation in number(), topic in text(), partition in 0..3_u32, offset in number(),
        sub_index in 0..3_u32,
    ) -> wire::Position {
        wire::Position { generation, topic, partition, offset, sub_index }
    }
}

fn raw_body() -> impl Strategy<Value = Option<raw_record::Body>> {
    let packet = (bytes(), text(), text()).prop_map(|(data, target, name)| {
        raw_record::Body::Packet(wire::RawPacket { data, target, name })
    });
    let set = text().prop_map(|target| {
        raw_record::Body::Set(wire::SetTelemetry { target, ..Default::default() })
    });
    let marker = text().prop_map(|name| {
        let kind = Some(wire::marker::Kind::Barrier(name));
        raw_record::Body::Marker(wire::Marker { kind })
    });
    option::of(prop_oneof![packet, set, marker])
}

prop_compose! {
    fn raw()(
        received_time_ns in any::<i64>(), packet_time_ns in option::of(0..5_i64),
        stored in any::<bool>(), scope in text(), interface in text(), definitions in bytes(),
        epoch in number(), extra in extra(), object in option::of(text()), body in raw_body(),
    ) -> wire::RawRecord {
        let origin = object.map(|object| wire::Origin { object, ..Default::default() });
        wire::RawRecord {
            received_time_ns, packet_time_ns, stored, scope, interface, definitions, epoch, extra,
            origin, body,
        }
    }
}

fn decom_body() -> impl Strategy<Value = Option<decom_record::Body>> {
    let set = text().prop_map(|target| {
        decom_record::Body::Set(wire::SetTelemetry { target, ..Default::default() })
    });
    option::of(prop_oneof![
        bytes().prop_map(decom_record::Body::Values),
        set,
        text().prop_map(decom_record::Body::Barrier),
    ])
}

prop_compose! {
    fn decom()(
        source in option::of(position()), times in any::<(i64, i64)>(), received_count in number(),
        flags in 0..8_u32, definitions in bytes(), names in (text(), text(), text(), text()),
        extra in extra(), body in decom_body(),
    ) -> wire::DecomRecord {
        let (received_time_ns, packet_time_ns) = times;
        let (target, packet, scope, interface) = names;
        wire::DecomRecord {
            source, received_time_ns, packet_time_ns, received_count, flags, definitions, target,
            packet, scope, interface, extra, body,
        }
    }
}

proptest! {
    #[test]
    fn raw_records_read_and_write_the_same(message in raw()) {
        let encoded = message.encode_to_vec();
        let record = RawRecordRef::parse(&encoded).expect("parses");
        prop_assert_eq!(record.extra.to_map().expect("extra"), message.extra.clone());
        let mut again = Vec::new();
        record.encode(&mut again);
        prop_assert_eq!(&again, &encoded);
        let mut from_map = Vec::new();
        RawRecordRef { extra: ExtraRef::Map(&message.extra), ..record }.encode(&mut from_map);
        prop_assert_eq!(&from_map, &encoded);
        prop_assert_eq!(record.received_time_ns, message.received_time_ns);
        prop_assert_eq!(record.packet_time_ns, message.packet_time_ns);
        prop_assert_eq!(record.stored, message.stored);
        prop_assert_eq!(record.interface, &message.interface);
        prop_assert_eq!(record.definitions, &message.definitions);
        match (record.body, &message.body) {
            (RawBodyRef::Packet(found), Some(raw_record::Body::Packet(packet))) => {
                let expected =
                    RawPacketRef { data: &packet.data, target: &packet.target, name: &packet.name };
                prop_assert_eq!(found, expected);
            }
            (RawBodyRef::Set(found), Some(raw_record::Body::Set(set))) => {
                prop_assert_eq!(&wire::SetTelemetry::decode(found).expect("set"), set);
            }
            (RawBodyRef::Marker(found), Some(raw_record::Body::Marker(marker))) => {
                prop_assert_eq!(&wire::Marker::decode(found).expect("marker"), marker);
            }
            (found, expected) => {
                prop_assert!(found == RawBodyRef::Missing && expected.is_none());
            }
        }
    }

    #[test]
    fn decom_records_read_and_write_the_same(message in decom()) {
        let encoded = message.encode_to_vec();
        let record = DecomRecordRef::parse(&encoded).expect("parses");
        let mut again = Vec::new();
        record.encode(&mut again);
        prop_assert_eq!(&again, &encoded);
        let source = message.source.as_ref().map(|source| PositionRef {
            generation: Generation(source.generation),
            topic: &source.topic,
            partition: source.partition,
            offset: source.offset,
            sub_index: source.sub_index,
        });
        prop_assert_eq!(record.source, source);
        prop_assert_eq!(record.packet, &message.packet);
        prop_assert_eq!(record.extra.to_map().expect("extra"), message.extra.clone());
        if let Some(decom_record::Body::Values(values)) = &message.body {
            prop_assert_eq!(record.body, DecomBodyRef::Values(values));
        }
    }

    /// Any bytes are read or refused; where the message can be read, so can the record.
    #[test]
    fn any_bytes_are_read_or_refused(
        mut bytes in prop_oneof![
            collection::vec(any::<u8>(), 0..200),
            raw().prop_map(|message| message.encode_to_vec()),
            decom().prop_map(|message| message.encode_to_vec()),
        ],
        at in any::<prop::sample::Index>(),
        flip in any::<u8>(),
    ) {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        let _ = RawRecordRef::parse(&bytes);
        let _ = DecomRecordRef::parse(&bytes);
    }
}
