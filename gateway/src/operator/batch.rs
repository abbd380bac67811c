//! The records of an import's body, made ready for the log.

use std::collections::BTreeMap;

use axum::body::Bytes;
use groundlog_log::{APPEND_BYTES_MAX, RECORD_BYTES_MAX, Records};
use groundlog_projection::LoadedDefinitions;
use groundlog_proto::{
    prost::{Message, decode_length_delimiter},
    wire::{ImportProgress, Origin, OriginKind, RawRecord, raw_record::Body as RawBody},
};

use super::append::{AppendError, Place};
use crate::system::System;

/// What the log counts beside each record: the lengths of its key and value.
const LENGTHS_BYTES: usize = 8;

/// What of a body is new.
pub(super) struct ImportBatch {
    /// The records by partition of `raw.stored`, in each in the order of the import.
    pub(super) records: BTreeMap<u32, Records>,
    /// How many they are.
    pub(super) count: u64,
    /// How many the log has already.
    pub(super) skipped: u64,
    /// What the import says with these records.
    pub(super) content: u64,
    bytes: usize,
}

impl ImportBatch {
    /// Reads a body under the definitions in force; `known` is how far the import has got.
    pub(super) fn read(
        system: &System,
        loaded: Option<&LoadedDefinitions>,
        place: &Place,
        known: Option<&ImportProgress>,
        mut body: Bytes,
    ) -> Result<Self, AppendError> {
        let (next, content) = known.map_or((0, 0), |it| (it.next_index, it.content));
        let mut batch = Self { records: BTreeMap::new(), count: 0, skipped: 0, content, bytes: 0 };
        let mut index = place.first_index;
        while !body.is_empty() {
            let mut record = next_record(&mut body, index)?;
            let says = record.origin.as_ref().map_or(0, |origin| origin.content);
            if index + 1 == next && says != content && says != 0 && content != 0 {
                // Two files that begin alike, imported at the same time under one id.
                return Err(AppendError::Another { index, id: place.import_id.clone() });
            }
            if index < next {
                batch.skipped += 1;
            } else {
                batch.content = says;
                complete(system, loaded, place, index, &mut record)?;
                let partition = partition_of(system, loaded, &record);
                batch.push(partition, place.import_id.as_bytes(), &record)?;
            }
            index += 1;
        }
        Ok(batch)
    }

    /// Takes one record more, unless that would be more than the log takes at once: what is kept
    /// beside a record may be many times its size in the body.
    fn push(&mut self, partition: u32, key: &[u8], record: &RawRecord) -> Result<(), AppendError> {
        self.bytes += key.len() + record.encoded_len() + LENGTHS_BYTES;
        if self.bytes > APPEND_BYTES_MAX && self.count > 0 {
            let index = record.origin.as_ref().map_or(0, |origin| origin.index);
            return Err(AppendError::TooMuch { index });
        }
        let records = self.records.entry(partition).or_default();
        records.push_with(key, |out| out.extend_from_slice(&record.encode_to_vec()));
        self.count += 1;
        Ok(())
    }
}

/// Takes the next record off a body. Its size is looked at first: read, a record may take many
/// times its size.
fn next_record(body: &mut Bytes, index: u64) -> Result<RawRecord, AppendError> {
    let broken = |source| AppendError::Record { index, source };
    let size = decode_length_delimiter(&body[..]).map_err(broken)?;
    if size > RECORD_BYTES_MAX {
        return Err(AppendError::TooLarge { index, size });
    }
    RawRecord::decode_length_delimited(body).map_err(broken)
}

/// Fills in what the server answers for: stored, scope, origin, definitions.
fn complete(
    system: &System,
    loaded: Option<&LoadedDefinitions>,
    place: &Place,
    index: u64,
    record: &mut RawRecord,
) -> Result<(), AppendError> {
    record.stored = true;
    system.scope.clone_into(&mut record.scope);
    if record.definitions.is_empty() {
        let loaded = loaded.ok_or(AppendError::NoDefinitions { index })?;
        record.definitions = Bytes::copy_from_slice(loaded.hash().as_bytes());
    }
    let kind = match record.origin.as_ref().map(Origin::kind) {
        Some(OriginKind::Dump) => OriginKind::Dump,
        _ => OriginKind::Import,
    };
    record.origin = Some(Origin {
        kind: kind as i32,
        object: place.object.clone(),
        index,
        import_id: place.import_id.clone(),
        content: record.origin.as_ref().map_or(0, |origin| origin.content),
    });
    Ok(())
}

/// A stored packet lies on the partition with the number of its live ones, so that one owner holds
/// a packet's state, whatever else is in the import and wherever its bodies are cut. Of a record
/// that names neither interface nor target, the bytes tell the target, as they do to decommutation.
fn partition_of(system: &System, loaded: Option<&LoadedDefinitions>, record: &RawRecord) -> u32 {
    if let Some(info) = system.interfaces.get(&record.interface) {
        return info.raw_partition;
    }
    let target = match (&record.body, loaded) {
        (Some(RawBody::Packet(packet)), Some(loaded)) if packet.target.is_empty() => {
            let id = loaded.identify(&record.interface, "", "", &packet.data);
            &loaded.plan(id).packet().target_name
        }
        (Some(RawBody::Packet(packet)), _) => &packet.target,
        (Some(RawBody::Values(values)), _) => &values.target,
        _ => return 0,
    };
    system.interfaces.raw_partition(target)
}
