//! Names to definitions, with the refusals that clients match on (cosmos-api §2, tags PKT, ITEM,
//! LATEST, TGT).

use std::sync::Arc;

use groundlog_cvt::CurrentPacket;
use groundlog_packet::{Packet, PacketKind, definition::ValueType};
use groundlog_projection::LoadedDefinitions;

use super::{
    arguments::{ItemPath, PacketName},
    call::Call,
    error::RpcError,
};
use crate::values::{Place, place_of};

/// An item that exists.
pub(crate) struct Found {
    pub(crate) definitions: Arc<LoadedDefinitions>,
    pub(crate) packet: Arc<Packet>,
    pub(crate) place: Place,
    /// Where the packet was asked for as `LATEST`: what is known about it.
    pub(crate) latest: Option<Arc<CurrentPacket>>,
}

/// Finds a packet.
pub(crate) fn packet(
    definitions: &LoadedDefinitions,
    kind: PacketKind,
    name: &PacketName,
) -> Result<Arc<Packet>, RpcError> {
    let found = definitions.definitions().packet(kind, &name.target, &name.packet);
    found.cloned().map_err(|_| {
        let PacketName { target, packet } = name;
        RpcError::runtime(format!("Packet definition '{target} {packet}' does not exist"))
    })
}

/// Finds a target.
pub(crate) fn target_error(target: &str, scope: &str) -> RpcError {
    RpcError::runtime(format!("Target '{target}' does not exist for scope: {scope} (TargetModel)"))
}

/// Finds a telemetry item; the packet may be `LATEST`.
pub(crate) async fn item(call: &Call<'_>, path: &ItemPath) -> Result<Found, RpcError> {
    let definitions = call.definitions().await?;
    let (name, latest) = resolve_latest(call, &definitions, path).await?;
    let packet = packet(&definitions, PacketKind::Telemetry, &name)?;
    let place = place_of(&packet, &path.item).ok_or_else(|| no_item(&packet, &path.item))?;
    Ok(Found { definitions, packet, place, latest })
}

/// Finds a telemetry item that is to be changed: an element of an array can be read alone, but
/// there is no setting for it, so that to change it would be to change the whole array.
pub(crate) async fn whole_item(call: &Call<'_>, path: &ItemPath) -> Result<Found, RpcError> {
    let found = item(call, path).await?;
    match found.place.element {
        None => Ok(found),
        Some(_) => Err(no_item(&found.packet, &path.item)),
    }
}

/// Refuses an item that the packet does not have.
pub(crate) fn no_item(packet: &Packet, item: &str) -> RpcError {
    let Packet { target_name, packet_name, .. } = packet;
    RpcError::runtime(format!(
        "Item '{target_name} {packet_name} {item}' does not exist (TargetModel)"
    ))
}

/// Stands for the packet of a target that has an item and the newest packet time.
pub(crate) const LATEST: &str = "LATEST";

/// Puts the packet that `LATEST` stands for in its place, with what is known about it.
pub(crate) async fn resolve_latest(
    call: &Call<'_>,
    definitions: &LoadedDefinitions,
    path: &ItemPath,
) -> Result<(PacketName, Option<Arc<CurrentPacket>>), RpcError> {
    let target = path.target.clone();
    if path.packet != LATEST {
        return Ok((PacketName { target, packet: path.packet.clone() }, None));
    }
    let latest = call.latest(definitions, &path.target, &path.item).await?;
    let latest = latest.ok_or_else(|| no_latest(call, path))?;
    Ok((PacketName { target, packet: latest.packet }, latest.current))
}

/// Refuses an item that no packet of the target has.
pub(crate) fn no_latest(call: &Call<'_>, path: &ItemPath) -> RpcError {
    RpcError::runtime(format!(
        "Item '{} LATEST {}' does not exist for scope: {}",
        path.target,
        path.item,
        call.scope()
    ))
}

/// Reads the keyword `type`.
pub(crate) fn form(
    call: &Call<'_>,
    default: &str,
    refuse: impl FnOnce(&str) -> RpcError,
) -> Result<ValueType, RpcError> {
    let word = call.word("type", default);
    ValueType::from_request(&word).ok_or_else(|| refuse(&word))
}
