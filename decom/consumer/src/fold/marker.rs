//! Records that are no packets: what passes through, and what changes how packets are folded.

use groundlog_projection::ItemName;
use groundlog_proto::{
    DefinitionHash,
    borrowed::DecomBodyRef,
    prost::Message,
    wire::{Marker, SetTelemetry, marker, setting},
};

use super::{Fold, FoldError, FoldOutputs, Input, source_of};
use crate::{
    DecomError, FLAG_STORED,
    encode::{Envelope, push_decom},
    limits_event::push_limits_event,
    packet_state::PacketState,
};

impl Fold {
    pub(super) fn set(
        &mut self,
        from: Input<'_>,
        message: &[u8],
        out: &mut FoldOutputs,
    ) -> Result<(), FoldError> {
        let set =
            SetTelemetry::decode(message).map_err(|_| DecomError::Inner { what: "set_tlm" })?;
        let bound = self.definitions(from.raw)?;
        let stored = self.source.stored || from.raw.stored;
        let key = [set.target.as_str(), &set.name].join(" ");
        let envelope = Envelope {
            source: source_of(&self.source, from.offset),
            key: &key,
            raw: from.raw,
            raw_bytes: from.bytes,
            definitions: self.bound[bound].loaded.hash(),
            target: &set.target,
            packet: &set.name,
            packet_time_ns: from.raw.packet_time_ns.unwrap_or(from.raw.received_time_ns),
            received_count: 0,
            flags: if stored { FLAG_STORED } else { 0 },
        };
        let to = if stored { &mut out.stored } else { &mut out.decom };
        Ok(push_decom(to, &envelope, DecomBodyRef::Set(message))?)
    }

    pub(super) fn marker(
        &mut self,
        from: Input<'_>,
        message: &[u8],
        out: &mut FoldOutputs,
    ) -> Result<(), FoldError> {
        let marker = Marker::decode(message).map_err(|_| DecomError::Inner { what: "marker" })?;
        match marker.kind {
            Some(marker::Kind::Barrier(name)) => {
                let stored = self.source.stored;
                let envelope = Envelope {
                    source: source_of(&self.source, from.offset),
                    raw: from.raw,
                    raw_bytes: from.bytes,
                    key: "",
                    definitions: DefinitionHash::default(),
                    target: "",
                    packet: "",
                    packet_time_ns: from.raw.received_time_ns,
                    received_count: 0,
                    flags: if stored { FLAG_STORED } else { 0 },
                };
                let to = if stored { &mut out.stored } else { &mut out.decom };
                Ok(push_decom(to, &envelope, DecomBodyRef::Barrier(&name))?)
            }
            Some(marker::Kind::Setting(setting)) => match setting.kind {
                Some(setting::Kind::LimitsSet(active)) => {
                    self.settings.set = Some(active.set.to_uppercase());
                    self.apply_settings();
                    Ok(())
                }
                Some(setting::Kind::Limits(it)) => {
                    let item = ItemName::new(&it.target, &it.packet, &it.item);
                    self.enable(from, item, it.enabled, out)
                }
                _ => Ok(()),
            },
            Some(marker::Kind::WriterEpoch(_) | marker::Kind::TickNs(_)) | None => Ok(()),
        }
    }

    /// Brings every limits state that is in use in line with the settings.
    fn apply_settings(&mut self) {
        let Self { bound, by_hash, packets, settings, .. } = self;
        for state in packets.iter_mut() {
            state.with_bound_limits(
                |hash| by_hash.get(&hash).map(|place| &bound[*place].loaded),
                |packet, limits| settings.apply(packet, limits),
            );
        }
    }

    /// Switches limits checking of an item; switching off raises an event (cosmos-packets §6.2).
    fn enable(
        &mut self,
        from: Input<'_>,
        name: ItemName,
        enabled: bool,
        out: &mut FoldOutputs,
    ) -> Result<(), FoldError> {
        let bound = self.definitions(from.raw)?;
        let loaded = self.bound[bound].loaded.clone();
        let Some(id) = loaded.telemetry(&name.target, &name.packet) else {
            // Not in the definitions of the marker, but perhaps in others in use.
            self.settings.enabled.insert(name, enabled);
            self.apply_settings();
            return Ok(());
        };
        let plan = loaded.plan(id);
        let place = self.place(bound, id, plan, self.source.stored);
        let PacketState { key, limits, .. } = self.packets.at(place.state);
        let limits = &mut limits.bind(loaded.hash(), plan.packet(), &self.settings).state;
        let item = plan.packet().item_index(&name.item);
        let disabled = match (item, enabled) {
            (Some(item), true) => {
                limits.enable(item);
                None
            }
            (Some(item), false) => limits.disable(item),
            (None, _) => None,
        };
        if let (Some(transition), false) = (disabled, self.source.stored) {
            let envelope = Envelope {
                source: source_of(&self.source, from.offset),
                key,
                raw: from.raw,
                raw_bytes: from.bytes,
                definitions: loaded.hash(),
                target: &plan.packet().target_name,
                packet: &plan.packet().packet_name,
                packet_time_ns: from.raw.received_time_ns,
                received_count: 0,
                flags: 0,
            };
            push_limits_event(&mut out.limits, &envelope, plan, &[], limits, &transition);
        }
        self.settings.enabled.insert(name, enabled);
        self.apply_settings();
        Ok(())
    }
}
