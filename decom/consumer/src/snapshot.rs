use bytes::Bytes;
use groundlog_projection::ItemName;
use groundlog_proto::{DefinitionHash, prost::Message};

use crate::{
    DecomError,
    limits_settings::LimitsSettings,
    packet_state::{Limits, PacketStates},
};

/// Version of the layout of a snapshot.
pub(crate) const SNAPSHOT_VERSION: u32 = 1;

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
            let (definitions, limits) = match &state.limits {
                Limits::Fresh => (Vec::new(), Vec::new()),
                Limits::Packed { definitions, bytes } => {
                    (definitions.as_bytes().to_vec(), bytes.clone())
                }
                Limits::Bound { definitions, state } => {
                    (definitions.as_bytes().to_vec(), state.snapshot())
                }
            };
            PacketEntry {
                target: state.target.clone(),
                packet: state.packet.clone(),
                stored: state.stored,
                received_count: state.received_count,
                limits,
                definitions,
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
    FoldState {
        packets: entries,
        limits_set,
        enabled,
    }
    .encode_to_vec()
}

/// Reads a state back.
pub(crate) fn read(bytes: Bytes) -> Result<(PacketStates, LimitsSettings), DecomError> {
    let state = FoldState::decode(bytes).map_err(|error| DecomError::Snapshot {
        what: error.to_string(),
    })?;
    let mut packets = PacketStates::default();
    for entry in state.packets {
        let place = packets.place(&entry.target, &entry.packet, entry.stored);
        let packet = packets.at(place);
        packet.received_count = entry.received_count;
        if let Some(definitions) = DefinitionHash::from_wire(&entry.definitions) {
            packet.limits = Limits::Packed {
                definitions,
                bytes: entry.limits,
            };
        }
    }
    let enabled = state.enabled.into_iter().map(|entry| {
        (
            ItemName::new(&entry.target, &entry.packet, &entry.item),
            entry.enabled,
        )
    });
    Ok((
        packets,
        LimitsSettings {
            set: state.limits_set,
            enabled: enabled.collect(),
        },
    ))
}
