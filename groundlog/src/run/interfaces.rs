//! Interfaces of a plug-in, as ingest and the gateway want them described.

use std::{collections::BTreeMap, time::Duration};

use groundlog_gateway::InterfaceInfo;
use groundlog_ingest::{InterfaceOptions, ProtocolDirection, ProtocolOptions};
use groundlog_packet::plugin::{Direction, InterfaceDefinition, ProtocolDefinition, TargetMapping};

/// Gives every interface its partition of `raw`: interfaces that share a telemetry target share
/// one, so that all state of a packet has one owner. The same plug-in gives the same partitions.
pub(super) fn partitions(
    interfaces: &[InterfaceDefinition],
    partitions: u32,
) -> BTreeMap<String, u32> {
    let mut group: Vec<usize> = (0..interfaces.len()).collect();
    for later in 0..interfaces.len() {
        for earlier in 0..later {
            let others = telemetry_targets(&interfaces[earlier]);
            if telemetry_targets(&interfaces[later]).iter().any(|name| others.contains(name)) {
                let (from, to) = (group[later], group[earlier]);
                group.iter_mut().filter(|member| **member == from).for_each(|m| *m = to);
            }
        }
    }
    let names: Vec<&str> = interfaces.iter().map(|one| one.name.as_str()).collect();
    let key = |index: usize| {
        let members = group.iter().zip(&names).filter(|(member, _)| **member == group[index]);
        members.map(|(_, name)| *name).min().unwrap_or_default()
    };
    let placed = names.iter().enumerate();
    placed.map(|(at, name)| ((*name).to_owned(), hash(key(at)) % partitions)).collect()
}

/// FNV-1a: stable for ever, unlike the standard library's hasher.
fn hash(key: &str) -> u32 {
    key.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns the targets whose packets may come in through an interface.
pub(super) fn telemetry_targets(interface: &InterfaceDefinition) -> Vec<String> {
    enabled(&interface.tlm_targets)
}

fn enabled(mapped: &[TargetMapping]) -> Vec<String> {
    mapped.iter().filter(|one| one.enabled).map(|one| one.target.clone()).collect()
}

/// Describes an interface for ingest.
pub(crate) fn options(interface: &InterfaceDefinition, raw_partition: u32) -> InterfaceOptions {
    InterfaceOptions {
        name: interface.name.clone(),
        class: interface.class.clone(),
        params: interface.args.clone(),
        location: interface.location.to_string(),
        protocols: interface.protocols.iter().map(protocol).collect(),
        options: interface.options.clone(),
        cmd_targets: enabled(&interface.cmd_targets),
        tlm_targets: telemetry_targets(interface),
        connect_on_startup: interface.connect_on_startup,
        auto_reconnect: interface.auto_reconnect,
        reconnect_delay: Duration::try_from_secs_f64(interface.reconnect_delay_seconds)
            .unwrap_or(InterfaceOptions::RECONNECT_DELAY),
        raw_partition,
    }
}

fn protocol(protocol: &ProtocolDefinition) -> ProtocolOptions {
    ProtocolOptions {
        direction: match protocol.direction {
            Direction::Read => ProtocolDirection::Read,
            Direction::Write => ProtocolDirection::Write,
            Direction::ReadWrite => ProtocolDirection::ReadWrite,
        },
        class: protocol.class.clone(),
        params: protocol.args.clone(),
        location: protocol.location.to_string(),
    }
}

/// Describes an interface for the gateway.
pub(super) fn info(
    interface: &InterfaceDefinition,
    plugin: &str,
    raw_partition: u32,
) -> InterfaceInfo {
    let mut config_params = vec![interface.class.clone()];
    config_params.extend(interface.args.iter().cloned());
    InterfaceInfo {
        name: interface.name.clone(),
        config_params,
        cmd_target_names: interface.cmd_targets.iter().map(|one| one.target.clone()).collect(),
        tlm_target_names: interface.tlm_targets.iter().map(|one| one.target.clone()).collect(),
        connect_on_startup: interface.connect_on_startup,
        auto_reconnect: interface.auto_reconnect,
        reconnect_delay: interface.reconnect_delay_seconds.to_string(),
        disable_disconnect: interface.disable_disconnect,
        options: interface.options.clone(),
        protocols: interface
            .protocols
            .iter()
            .map(|protocol| {
                let direction = match protocol.direction {
                    Direction::Read => "READ",
                    Direction::Write => "WRITE",
                    Direction::ReadWrite => "READ_WRITE",
                };
                let mut words = vec![direction.to_owned(), protocol.class.clone()];
                words.extend(protocol.args.iter().cloned());
                words
            })
            .collect(),
        plugin: plugin.to_owned(),
        raw_partition,
    }
}
