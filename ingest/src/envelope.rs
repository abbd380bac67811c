//! Writes `RawRecord` envelopes straight into a batch of the log: one copy per packet, from the
//! receive buffer to where the log takes it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use groundlog_log::Records;
use groundlog_proto::{
    DefinitionHash, Nanos,
    borrowed::{ExtraRef, RawBodyRef, RawPacketRef, RawRecordRef},
    prost::Message,
    wire::{Marker, marker},
};

use crate::protocol::Attributes;

/// Key in a raw record's extra map that marks bytes which belong to no packet; its value says why.
/// Such a record is also named UNKNOWN UNKNOWN, so that nobody looks inside for a packet.
pub const DISCARDED: &str = "discarded";

/// What all raw records of one interface and owner have in common.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    scope: String,
    interface: String,
    definitions: DefinitionHash,
    epoch: Epoch,
}

/// The epoch of the owner, which may change while its link goes on. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Epoch(Arc<AtomicU64>);

impl Epoch {
    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn set(&self, epoch: u64) {
        self.0.store(epoch, Relaxed);
    }
}

impl Envelope {
    pub(crate) fn new(
        scope: &str,
        interface: &str,
        definitions: DefinitionHash,
        epoch: u64,
    ) -> Self {
        let epoch = Epoch(Arc::new(AtomicU64::new(epoch)));
        Self { scope: scope.to_owned(), interface: interface.to_owned(), definitions, epoch }
    }

    /// Returns what changes the epoch of everything that is put in envelopes from then on.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    /// Appends one packet.
    #[inline]
    pub(crate) fn packet(
        &self,
        records: &mut Records,
        received: Nanos,
        data: &[u8],
        attributes: &Attributes<'_>,
    ) {
        let packet = RawPacketRef { data, target: attributes.target, name: attributes.name };
        let record = RawRecordRef {
            packet_time_ns: attributes.packet_time.map(|time| time.0),
            stored: attributes.stored,
            extra: attributes.extra.map_or(ExtraRef::Empty, ExtraRef::Map),
            ..self.record(received, RawBodyRef::Packet(packet))
        };
        records.push_with(self.interface.as_bytes(), |out| record.encode(out));
    }

    /// Appends bytes that belong to no packet.
    pub(crate) fn discarded(
        &self,
        records: &mut Records,
        received: Nanos,
        data: &[u8],
        reason: &str,
    ) {
        let extra = BTreeMap::from([(DISCARDED.to_owned(), reason.to_owned())]);
        let attributes = Attributes {
            target: "UNKNOWN",
            name: "UNKNOWN",
            extra: Some(&extra),
            ..Attributes::default()
        };
        self.packet(records, received, data, &attributes);
    }

    /// Appends the marker that a process took over the interface.
    pub(crate) fn writer_epoch(&self, records: &mut Records, received: Nanos) {
        let marker =
            Marker { kind: Some(marker::Kind::WriterEpoch(self.epoch.get())) }.encode_to_vec();
        let record = self.record(received, RawBodyRef::Marker(&marker));
        records.push_with(self.interface.as_bytes(), |out| record.encode(out));
    }

    fn record<'a>(&'a self, received: Nanos, body: RawBodyRef<'a>) -> RawRecordRef<'a> {
        RawRecordRef {
            received_time_ns: received.0,
            scope: &self.scope,
            interface: &self.interface,
            definitions: self.definitions.as_bytes(),
            epoch: self.epoch.get(),
            body,
            ..RawRecordRef::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use groundlog_proto::wire::{RawPacket, RawRecord, raw_record};
    use proptest::prelude::*;

    use super::*;

    fn expected(epoch: u64, received: i64, body: raw_record::Body) -> RawRecord {
        RawRecord {
            received_time_ns: received,
            scope: "DEFAULT".to_owned(),
            interface: "INST_INT".to_owned(),
            definitions: vec![7; 16].into(),
            epoch,
            body: Some(body),
            ..RawRecord::default()
        }
    }

    fn envelope(epoch: u64) -> Envelope {
        Envelope::new("DEFAULT", "INST_INT", DefinitionHash([7; 16]), epoch)
    }

    fn value(records: &Records) -> Vec<u8> {
        let (key, value) = records.iter().next().unwrap();
        assert_eq!(key, b"INST_INT");
        value.to_vec()
    }

    proptest! {
        #[test]
        fn equals_what_prost_writes(
            data in proptest::collection::vec(any::<u8>(), 0..400),
            received in any::<i64>(),
            packet_time in any::<Option<i64>>(),
            stored in any::<bool>(),
            epoch in any::<u64>(),
            target in "[A-Z]{0,200}",
            name in "[A-Z]{0,8}",
            extra in proptest::collection::btree_map("[a-z]{0,6}", ".{0,60}", 0..3),
        ) {
            let attributes = Attributes {
                packet_time: packet_time.map(Nanos),
                stored,
                target: &target,
                name: &name,
                extra: Some(&extra),
            };
            let mut records = Records::new();
            envelope(epoch).packet(&mut records, Nanos(received), &data, &attributes);
            let packet =
                RawPacket { data: data.into(), target: target.clone(), name: name.clone() };
            let expected = RawRecord {
                packet_time_ns: packet_time,
                stored,
                extra: extra.clone(),
                ..expected(epoch, received, raw_record::Body::Packet(packet))
            };
            prop_assert_eq!(value(&records), expected.encode_to_vec());
        }
    }

    #[test]
    fn discarded_bytes_say_why() {
        let mut records = Records::new();
        envelope(3).discarded(&mut records, Nanos(5), &[1, 2], "no sync pattern");
        let packet = RawPacket {
            data: vec![1, 2].into(),
            target: "UNKNOWN".to_owned(),
            name: "UNKNOWN".to_owned(),
        };
        let expected = RawRecord {
            extra: BTreeMap::from([(DISCARDED.to_owned(), "no sync pattern".to_owned())]),
            ..expected(3, 5, raw_record::Body::Packet(packet))
        };
        assert_eq!(value(&records), expected.encode_to_vec());
    }

    #[test]
    fn marker_names_the_epoch() {
        let mut records = Records::new();
        envelope(300).writer_epoch(&mut records, Nanos(9));
        let body = raw_record::Body::Marker(Marker { kind: Some(marker::Kind::WriterEpoch(300)) });
        assert_eq!(value(&records), expected(300, 9, body).encode_to_vec());
    }
}
