//! One batch into the table: the last record of each packet, and what `set_tlm` laid over it.

use std::{collections::HashMap, sync::Arc};

use crate::{
    CurrentPacket, CvtError,
    table::{Table, name_of},
};
use bytes::Bytes;
use groundlog_log::RecordRef;
use groundlog_packet::PacketKind;
use groundlog_projection::{ApplyError, DefinitionStore, Input, LoadedDefinitions};
use groundlog_proto::{
    DefinitionHash, Position,
    borrowed::{DecomBodyRef, DecomRecordRef},
    prost::Message,
    wire::SetTelemetry,
};

/// What a batch holds for one name, found from its end: sets newer than the last packet.
#[derive(Default)]
struct Newest {
    packet: Option<usize>,
    sets: Vec<usize>,
}

/// What has become of a packet in a batch: its last record, or a `set_tlm` after it.
pub(crate) struct Change<'a> {
    pub(crate) record: RecordRef<'a>,
    /// The definitions that the record names; `None` for a stored packet, of which only the count
    /// matters (R1).
    pub(crate) loaded: Option<Arc<LoadedDefinitions>>,
}

/// Finds what records change that have no barrier among them. `live`: of `decom`, not of
/// `decom.stored`. Names are independent of each other; within a name the order is kept.
///
/// # Errors
/// The first poisonous record from the end; only what no newer record of its name hides is read.
pub(crate) async fn conflate<'a>(
    definitions: &DefinitionStore,
    input: &Input<'a>,
    live: bool,
) -> Result<Vec<Change<'a>>, ApplyError> {
    // From the end: all but the newest record of a name need not even be read.
    let mut newest: HashMap<&[u8], Newest> = HashMap::new();
    for place in (0..input.len()).rev() {
        let Some(record) = input.get(place) else {
            continue;
        };
        let entry = newest.entry(record.key).or_default();
        if entry.packet.is_some() {
            continue;
        }
        let parsed = DecomRecordRef::parse(record.value);
        let parsed =
            parsed.map_err(|error| ApplyError::new(record.offset, CvtError::from(error)))?;
        match parsed.body {
            DecomBodyRef::Set(_) => entry.sets.push(place),
            _ => entry.packet = Some(place),
        }
    }
    let mut changes = Vec::with_capacity(newest.len());
    for found in newest.into_values() {
        let places = found.packet.into_iter().chain(found.sets.into_iter().rev());
        for record in places.filter_map(|place| input.get(place)) {
            let loaded = match live {
                true => resolve(definitions, &record).await.map(Some),
                false => Ok(None),
            };
            let loaded = loaded.map_err(|error| error_at(&record, error))?;
            changes.push(Change { record, loaded });
        }
    }
    Ok(changes)
}

/// Puts changes into a table.
pub(crate) fn to_table(
    table: &Table,
    input: &Input<'_>,
    changes: &[Change<'_>],
) -> Result<(), ApplyError> {
    for Change { record, loaded } in changes {
        let changed = match loaded {
            Some(loaded) => change_live(table, input, record, loaded),
            None => change_stored(table, input.partition().partition, record),
        };
        changed.map_err(|error| error_at(record, error))?;
    }
    Ok(())
}

/// A stored packet moves its count and nothing else (R1).
fn change_stored(table: &Table, partition: u32, record: &RecordRef<'_>) -> Result<(), CvtError> {
    let parsed = DecomRecordRef::parse(record.value)?;
    table.set_stored(&name_of(parsed.target, parsed.packet), partition, parsed.received_count);
    Ok(())
}

pub(crate) fn error_at(record: &RecordRef<'_>, error: CvtError) -> ApplyError {
    let hash = DecomRecordRef::parse(record.value)
        .ok()
        .and_then(|parsed| DefinitionHash::from_wire(parsed.definitions));
    ApplyError::new(record.offset, error).with_definitions(hash)
}

async fn resolve(
    definitions: &DefinitionStore,
    record: &RecordRef<'_>,
) -> Result<Arc<LoadedDefinitions>, CvtError> {
    let parsed = DecomRecordRef::parse(record.value)?;
    let hash = DefinitionHash::from_wire(parsed.definitions).ok_or(CvtError::NoDefinitions)?;
    let loaded = match definitions.cached(hash) {
        Some(loaded) => loaded,
        None => definitions.get(hash).await?,
    };
    packet_of(&loaded, &parsed)?;
    if let DecomBodyRef::Set(bytes) = parsed.body {
        SetTelemetry::decode(bytes).map_err(|_| CvtError::NotASet)?;
    }
    Ok(loaded)
}

fn packet_of<'a>(
    loaded: &'a LoadedDefinitions,
    record: &DecomRecordRef<'_>,
) -> Result<&'a Arc<groundlog_packet::Packet>, CvtError> {
    let found = loaded.definitions().packet(PacketKind::Telemetry, record.target, record.packet);
    found.map_err(|_| CvtError::UnknownPacket {
        target: record.target.to_owned(),
        packet: record.packet.to_owned(),
        definitions: loaded.hash(),
    })
}

/// Returns the position of a record.
pub(crate) fn position_of(input: &Input<'_>, record: &RecordRef<'_>) -> Position {
    Position {
        generation: input.generation(),
        partition: input.partition().clone(),
        offset: record.offset,
        sub_index: 0,
    }
}

fn change_live(
    table: &Table,
    input: &Input<'_>,
    record: &RecordRef<'_>,
    loaded: &Arc<LoadedDefinitions>,
) -> Result<(), CvtError> {
    let parsed = DecomRecordRef::parse(record.value)?;
    let position = position_of(input, record);
    let DecomBodyRef::Set(set) = parsed.body else {
        table.set_live(from_record(position, record.value, &parsed, loaded)?);
        return Ok(());
    };
    let found = table.get(&name_of(parsed.target, parsed.packet));
    let found = found.and_then(|slot| slot.live.get(&position.partition.partition).cloned());
    if let Some(packet) = with_set(found.as_deref(), position, &parsed, set, loaded)? {
        table.set_live(packet);
    }
    Ok(())
}

/// Lays a `set_tlm` over what its partition knows of a packet; `None` where that is newer.
pub(crate) fn with_set(
    found: Option<&CurrentPacket>,
    position: Position,
    record: &DecomRecordRef<'_>,
    set: &[u8],
    loaded: &Arc<LoadedDefinitions>,
) -> Result<Option<CurrentPacket>, CvtError> {
    let set = SetTelemetry::decode(set).map_err(|_| CvtError::NotASet)?;
    let offset = position.offset;
    let mut packet = match found {
        Some(found) if found.position.offset >= offset => return Ok(None),
        Some(found) => found.clone(),
        None => never_received(position, record, loaded)?,
    };
    packet.set(offset, &set);
    Ok(Some(packet))
}

/// Makes the entry of a packet's record; also used for records of a snapshot.
pub(crate) fn from_record(
    position: Position,
    bytes: &[u8],
    record: &DecomRecordRef<'_>,
    loaded: &Arc<LoadedDefinitions>,
) -> Result<CurrentPacket, CvtError> {
    let values = match record.body {
        DecomBodyRef::Values(values) => {
            // The values are part of these bytes; their place holds in the copy too.
            let start = values.as_ptr() as usize - bytes.as_ptr() as usize;
            start..start + values.len()
        }
        _ => 0..0,
    };
    Ok(CurrentPacket {
        received_time_ns: record.received_time_ns,
        packet_time_ns: record.packet_time_ns,
        received_count: record.received_count,
        flags: record.flags,
        // A copy, so that one packet does not keep the whole batch in memory.
        record: Some(Bytes::copy_from_slice(bytes)),
        values,
        ..never_received(position, record, loaded)?
    })
}

/// Makes the entry of a packet that only `set_tlm` has touched.
pub(crate) fn never_received(
    position: Position,
    record: &DecomRecordRef<'_>,
    loaded: &Arc<LoadedDefinitions>,
) -> Result<CurrentPacket, CvtError> {
    let packet = packet_of(loaded, record)?;
    Ok(CurrentPacket {
        target: record.target.into(),
        packet: record.packet.into(),
        position,
        received_time_ns: 0,
        packet_time_ns: 0,
        received_count: 0,
        flags: 0,
        definitions: loaded.clone(),
        id: packet.id,
        record: None,
        values: 0..0,
        overlay: Default::default(),
    })
}
