use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use groundlog_packet::{limits::LimitsState, process::ProcessorStates};
use groundlog_projection::{ItemName, LoadedDefinitions};
use groundlog_proto::{DefinitionHash, prost::Message};

use crate::{
    DecomError,
    limits_settings::LimitsSettings,
    packet_state::{Limits, PacketStates},
};

/// Version of the layout of a snapshot.
pub(crate) const SNAPSHOT_VERSION: u32 = 2;

#[derive(Clone, PartialEq, prost::Message)]
struct PacketEntry {
    #[prost(string, tag = "1")]
    target: String,
    #[prost(string, tag = "2")]
    packet: String,
    #[prost(bool, tag = "3")]
    stored: bool,
    #[prost(uint64, tag = "4")]
    received_count: u64,
    #[prost(bytes = "vec", tag = "5")]
    limits: Vec<u8>,
    /// The definitions that the limits state was last used with; empty where there is none.
    #[prost(bytes = "vec", tag = "6")]
    definitions: Vec<u8>,
    /// What the processors have gathered; empty where there are none.
    #[prost(bytes = "vec", tag = "7")]
    processors: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct EnabledEntry {
    #[prost(string, tag = "1")]
    target: String,
    #[prost(string, tag = "2")]
    packet: String,
    #[prost(string, tag = "3")]
    item: String,
    #[prost(bool, tag = "4")]
    enabled: bool,
}

/// The state of a fold as bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct FoldState {
    #[prost(message, repeated, tag = "1")]
    packets: Vec<PacketEntry>,
    #[prost(string, optional, tag = "2")]
    limits_set: Option<String>,
    #[prost(message, repeated, tag = "3")]
    enabled: Vec<EnabledEntry>,
}

/// Writes the state; equal states give equal bytes.
pub(crate) fn write(packets: &PacketStates, settings: &LimitsSettings) -> Vec<u8> {
    let mut entries: Vec<_> = packets
        .iter()
        .map(|state| {
            let bound = state.limits.bound();
            let limits = bound.map_or_else(Vec::new, |bound| bound.state.snapshot());
            let definitions = bound.map_or_else(Vec::new, |it| it.definitions.as_bytes().to_vec());
            let processors = bound.map_or_else(Vec::new, |bound| bound.processors.snapshot());
            PacketEntry {
                target: state.target.clone(),
                packet: state.packet.clone(),
                stored: state.stored,
                received_count: state.received_count,
                limits,
                definitions,
                processors,
            }
        })
        .collect();
    entries.sort_by(|a, b| (&a.target, &a.packet, a.stored).cmp(&(&b.target, &b.packet, b.stored)));
    let enabled = settings.enabled.iter().map(|(name, enabled)| EnabledEntry {
        target: name.target.clone(),
        packet: name.packet.clone(),
        item: name.item.clone(),
        enabled: *enabled,
    });
    let (limits_set, enabled) = (settings.set.clone(), enabled.collect());
    FoldState { packets: entries, limits_set, enabled }.encode_to_vec()
}

/// Returns the definitions that [`read`] needs.
pub(crate) fn definitions(bytes: Bytes) -> Result<BTreeSet<DefinitionHash>, DecomError> {
    let packets = decode(bytes)?.packets;
    Ok(packets.iter().filter_map(|entry| DefinitionHash::from_wire(&entry.definitions)).collect())
}

/// Reads a state back.
pub(crate) fn read(
    bytes: Bytes,
    loaded: &[Arc<LoadedDefinitions>],
) -> Result<(PacketStates, LimitsSettings), DecomError> {
    let state = decode(bytes)?;
    let mut packets = PacketStates::default();
    for entry in state.packets {
        let place = packets.place(&entry.target, &entry.packet, entry.stored);
        let packet = packets.at(place);
        packet.received_count = entry.received_count;
        if let Some(definitions) = DefinitionHash::from_wire(&entry.definitions) {
            packet.limits = restored(&entry, definitions, loaded)?;
        }
    }
    let enabled = state
        .enabled
        .into_iter()
        .map(|entry| (ItemName::new(&entry.target, &entry.packet, &entry.item), entry.enabled));
    Ok((packets, LimitsSettings { set: state.limits_set, enabled: enabled.collect() }))
}

fn restored(
    entry: &PacketEntry,
    definitions: DefinitionHash,
    loaded: &[Arc<LoadedDefinitions>],
) -> Result<Limits, DecomError> {
    let what = || format!("limits of '{} {}' under {definitions}", entry.target, entry.packet);
    let found = loaded.iter().find(|loaded| loaded.hash() == definitions);
    let packet = found.and_then(|loaded| {
        let id = loaded.telemetry(&entry.target, &entry.packet)?;
        Some(loaded.plan(id).packet())
    });
    let packet = packet.ok_or_else(|| DecomError::Snapshot { what: what() })?;
    let state = LimitsState::restore(packet, &entry.limits)
        .map_err(|error| DecomError::Snapshot { what: format!("{}: {error}", what()) })?;
    let processors = ProcessorStates::restore(packet, &entry.processors)
        .ok_or_else(|| DecomError::Snapshot { what: format!("{}: processors", what()) })?;
    Ok(Limits::restored(definitions, state, processors))
}

fn decode(bytes: Bytes) -> Result<FoldState, DecomError> {
    FoldState::decode(bytes).map_err(|error| DecomError::Snapshot { what: error.to_string() })
}
