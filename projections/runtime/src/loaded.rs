use std::{fmt, sync::Arc};

use groundlog_packet::Definitions;
use groundlog_proto::{DefinitionHash, wire::DefinitionSet};

/// Turns the texts of a set into definitions; the error names file and line.
pub type DefinitionReader =
    Arc<dyn Fn(&DefinitionSet) -> Result<Definitions, String> + Send + Sync>;

/// A definition set that is ready to decode with: parsed and compiled once.
#[derive(Clone)]
pub struct LoadedDefinitions {
    hash: DefinitionHash,
    plugin: String,
    definitions: Arc<Definitions>,
}

impl LoadedDefinitions {
    /// Compiles definitions that were published under a hash.
    pub fn new(hash: DefinitionHash, plugin: &str, definitions: Definitions) -> Self {
        Self {
            hash,
            plugin: plugin.to_owned(),
            definitions: Arc::new(definitions),
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
}

impl fmt::Debug for LoadedDefinitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedDefinitions")
            .field("hash", &self.hash)
            .field("plugin", &self.plugin)
            .finish_non_exhaustive()
    }
}
