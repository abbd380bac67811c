use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
};

use groundlog_packet::{
    Definitions, PacketId, PacketKind,
    identify::{Identifier, PacketPool},
    plan::DecodePlan,
};
use groundlog_proto::{DefinitionHash, wire::DefinitionSet};

use crate::definition_set::{self, Texts};

/// A definition set that is ready to decode with: parsed once, plans compiled at first use.
pub struct LoadedDefinitions {
    hash: DefinitionHash,
    plugin: String,
    definitions: Arc<Definitions>,
    identifier: Identifier,
    /// Targets whose packets may come in through an interface.
    interfaces: HashMap<String, Vec<String>>,
    plans: Vec<OnceLock<DecodePlan>>,
    unknown: PacketId,
}

impl LoadedDefinitions {
    /// Reads a set.
    ///
    /// # Errors
    /// What is wrong, with file and line; also when this version would pack values otherwise than
    /// the version that published the set.
    pub fn read(hash: DefinitionHash, set: &DefinitionSet) -> Result<Self, String> {
        let Texts { targets, interfaces } = definition_set::texts(set)?;
        let mut builder = Definitions::builder();
        for target in targets {
            builder = builder.add_target(target);
        }
        let definitions = builder.build().map_err(|errors| errors.to_string())?;
        let loaded = Self::new(hash, &set.plugin, Arc::new(definitions), interfaces);
        match definition_set::changed_layout(set, &loaded) {
            None => Ok(loaded),
            Some(packet) => Err(format!(
                "this version lays out the values of {packet} otherwise than the version that \
                 published the definitions: load the plug-in again"
            )),
        }
    }

    pub(crate) fn new(
        hash: DefinitionHash,
        plugin: &str,
        definitions: Arc<Definitions>,
        interfaces: HashMap<String, Vec<String>>,
    ) -> Self {
        Self {
            hash,
            plugin: plugin.to_owned(),
            identifier: Identifier::new(&definitions),
            interfaces,
            plans: definitions.packets().iter().map(|_| OnceLock::new()).collect(),
            unknown: definitions.unknown(PacketKind::Telemetry).id,
            definitions,
        }
    }

    /// Returns the hash that records name.
    pub fn hash(&self) -> DefinitionHash {
        self.hash
    }

    /// Returns the name of the plug-in they came from.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Returns targets, packets and items.
    pub fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }

    /// Returns the identification tables.
    pub fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    /// Returns the telemetry packet that takes what is not identified.
    pub fn unknown(&self) -> PacketId {
        self.unknown
    }

    /// Returns the number of a telemetry packet; names in any case.
    pub fn telemetry(&self, target: &str, packet: &str) -> Option<PacketId> {
        let found = self.definitions.packet(PacketKind::Telemetry, target, packet);
        found.ok().map(|packet| packet.id)
    }

    /// Returns the compiled plan of a packet; a number of other definitions gives UNKNOWN's.
    pub fn plan(&self, id: PacketId) -> &DecodePlan {
        let place = if id.index() < self.plans.len() { id } else { self.unknown };
        self.plans[place.index()]
            .get_or_init(|| DecodePlan::compile(&self.definitions.packets()[place.index()]))
    }

    /// Returns which telemetry packet came in (cosmos-packets §4.3). Names given with it win; a
    /// target without a packet's name narrows the search to it; else the targets of the interface
    /// are searched, or all of them where the interface is not known.
    pub fn identify(&self, interface: &str, target: &str, name: &str, data: &[u8]) -> PacketId {
        if !name.is_empty()
            && let Some(named) = self.telemetry(target, name)
        {
            return named;
        }
        let (kind, pool) = (PacketKind::Telemetry, PacketPool::Normal);
        let found = if !target.is_empty() {
            let tables = self.identifier.target(kind, target);
            tables.and_then(|tables| tables.identify(data, pool))
        } else if let Some(targets) = self.interfaces.get(interface) {
            let targets = targets.iter().map(String::as_str);
            self.identifier.identify(kind, targets, data, pool)
        } else {
            self.identifier.identify_any(kind, data, pool)
        };
        found.unwrap_or(self.unknown)
    }
}

impl fmt::Debug for LoadedDefinitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedDefinitions")
            .field("hash", &self.hash)
            .field("plugin", &self.plugin)
            .finish_non_exhaustive()
    }
}
