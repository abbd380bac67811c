use groundlog_log::Records;
use groundlog_proto::{
    DefinitionHash,
    borrowed::{DecomBodyRef, DecomRecordRef, PositionRef, RawRecordRef},
};

use crate::DecomError;

/// The most that key and value of a record may take: what every backend accepts, with some room.
pub(crate) const RECORD_BYTES_MAX: usize = 1_000_000;

/// What surrounds the values of a decommutated record.
pub(crate) struct Envelope<'a> {
    pub(crate) source: PositionRef<'a>,
    /// "TARGET PACKET"; empty for a barrier.
    pub(crate) key: &'a str,
    pub(crate) raw: &'a RawRecordRef<'a>,
    /// Size of the raw record.
    pub(crate) raw_bytes: usize,
    pub(crate) definitions: DefinitionHash,
    pub(crate) target: &'a str,
    pub(crate) packet: &'a str,
    pub(crate) packet_time_ns: i64,
    pub(crate) received_count: u64,
    pub(crate) flags: u32,
}

/// Appends a decommutated record.
pub(crate) fn push_decom(
    to: &mut Records,
    envelope: &Envelope<'_>,
    body: DecomBodyRef<'_>,
) -> Result<(), DecomError> {
    let Envelope { raw, definitions, .. } = envelope;
    let barrier = matches!(body, DecomBodyRef::Barrier(_));
    let record = DecomRecordRef {
        source: Some(envelope.source),
        received_time_ns: raw.received_time_ns,
        packet_time_ns: envelope.packet_time_ns,
        received_count: envelope.received_count,
        flags: envelope.flags,
        definitions: if barrier { &[] } else { definitions.as_bytes() },
        target: envelope.target,
        packet: envelope.packet,
        scope: raw.scope,
        interface: raw.interface,
        extra: raw.extra,
        body,
    };
    if body_len(body) + envelope.raw_bytes > RECORD_BYTES_MAX {
        // Seldom: only now is the exact size worth knowing.
        let mut encoded = Vec::new();
        record.encode(&mut encoded);
        if encoded.len() + envelope.key.len() > RECORD_BYTES_MAX {
            let (name, size) = (envelope.key.to_owned(), encoded.len());
            return Err(DecomError::TooLarge { name, size, limit: RECORD_BYTES_MAX });
        }
    }
    to.push_with(envelope.key.as_bytes(), |value| record.encode(value));
    Ok(())
}

fn body_len(body: DecomBodyRef<'_>) -> usize {
    match body {
        DecomBodyRef::Missing => 0,
        DecomBodyRef::Values(bytes) | DecomBodyRef::Set(bytes) => bytes.len(),
        DecomBodyRef::Barrier(name) => name.len(),
    }
}
