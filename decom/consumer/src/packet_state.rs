use std::{collections::HashMap, sync::Arc};

use groundlog_packet::{Packet, limits::LimitsState, process::ProcessorStates};
use groundlog_projection::LoadedDefinitions;
use groundlog_proto::DefinitionHash;

use crate::limits_settings::LimitsSettings;

/// What the fold remembers about one packet, live or stored.
#[derive(Debug)]
pub(crate) struct PacketState {
    pub(crate) target: String,
    pub(crate) packet: String,
    /// "TARGET PACKET", the key of its records.
    pub(crate) key: String,
    pub(crate) stored: bool,
    pub(crate) received_count: u64,
    pub(crate) limits: Limits,
}

/// Limits state, what the processors have gathered, and the definitions that both were last used
/// with; nothing before the first packet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits(Option<BoundLimits>);

#[derive(Debug, Clone)]
pub(crate) struct BoundLimits {
    pub(crate) definitions: DefinitionHash,
    pub(crate) state: Box<LimitsState>,
    pub(crate) processors: ProcessorStates,
}

impl Limits {
    /// Takes over a state from a snapshot.
    pub(crate) fn restored(
        definitions: DefinitionHash,
        state: LimitsState,
        processors: ProcessorStates,
    ) -> Self {
        Self(Some(BoundLimits { definitions, state: Box::new(state), processors }))
    }

    /// Returns the state if anything was checked yet.
    pub(crate) fn bound(&self) -> Option<&BoundLimits> {
        self.0.as_ref()
    }

    /// Returns the state for use with these definitions of the packet. A change of definitions
    /// carries over what is known of items that are still there.
    pub(crate) fn bind(
        &mut self,
        definitions: DefinitionHash,
        packet: &Packet,
        settings: &LimitsSettings,
    ) -> &mut BoundLimits {
        let bound = match self.0.take() {
            Some(bound) if bound.definitions == definitions => bound,
            other => {
                let carried = other
                    .as_ref()
                    .and_then(|old| LimitsState::restore(packet, &old.state.snapshot()).ok());
                let gathered = other
                    .and_then(|old| ProcessorStates::restore(packet, &old.processors.snapshot()));
                let mut state = carried.unwrap_or_else(|| LimitsState::new(packet));
                settings.apply(packet, &mut state);
                let processors = gathered.unwrap_or_else(|| ProcessorStates::new(packet));
                BoundLimits { definitions, state: Box::new(state), processors }
            }
        };
        self.0.insert(bound)
    }
}

impl PacketState {
    /// Changes the limits state if it is in use.
    pub(crate) fn with_bound_limits<'a>(
        &mut self,
        loaded: impl FnOnce(DefinitionHash) -> Option<&'a Arc<LoadedDefinitions>>,
        change: impl FnOnce(&Packet, &mut LimitsState),
    ) {
        let Some(BoundLimits { definitions, state, .. }) = &mut self.limits.0 else {
            return;
        };
        let Some(loaded) = loaded(*definitions) else {
            return;
        };
        if let Some(id) = loaded.telemetry(&self.target, &self.packet) {
            change(loaded.plan(id).packet(), state);
        }
    }
}

/// The states of all packets, in the order in which they first came.
#[derive(Debug, Default)]
pub(crate) struct PacketStates {
    states: Vec<PacketState>,
    places: HashMap<(String, String, bool), usize>,
}

impl PacketStates {
    /// Returns the place of a packet's state, making one if there is none.
    pub(crate) fn place(&mut self, target: &str, packet: &str, stored: bool) -> usize {
        let key = (target.to_owned(), packet.to_owned(), stored);
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.states.len();
        self.states.push(PacketState {
            target: target.to_owned(),
            packet: packet.to_owned(),
            key: [target, packet].join(" "),
            stored,
            received_count: 0,
            limits: Limits::default(),
        });
        self.places.insert(key, place);
        place
    }

    pub(crate) fn at(&mut self, place: usize) -> &mut PacketState {
        &mut self.states[place]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &PacketState> {
        self.states.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut PacketState> {
        self.states.iter_mut()
    }
}
