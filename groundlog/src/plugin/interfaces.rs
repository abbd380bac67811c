use std::sync::Arc;

use groundlog_ingest::{
    ConfigError, Ingest, IngestError, IngestOptions, InterfaceOptions, ProtocolOptions,
};
use groundlog_log::MemoryLog;
use groundlog_packet::plugin::InterfaceDefinition;
use groundlog_proto::DefinitionHash;

use super::errors::LoadErrors;
use crate::run::interfaces::options;

/// Checks classes and parameters of interfaces as ingest will, one by one: ingest itself stops at
/// the first that is wrong.
pub(super) fn check_interfaces(interfaces: &[InterfaceDefinition], errors: &mut LoadErrors) {
    for interface in interfaces {
        let whole = options(interface, 0);
        let mut found: Vec<ConfigError> = Vec::new();
        let alone = InterfaceOptions { protocols: Vec::new(), ..whole.clone() };
        found.extend(refusal(alone.clone()));
        let base = if found.is_empty() { alone } else { stand_in() };
        for protocol in &whole.protocols {
            found.extend(refusal(with_protocol(&base, protocol)));
        }
        // What is wrong only together.
        if found.is_empty() {
            found.extend(refusal(whole));
        }
        found.iter().for_each(|error| errors.add_text(error));
    }
}

/// An interface that is right, to check the protocols of one that is not.
fn stand_in() -> InterfaceOptions {
    InterfaceOptions::new("CHECK", "tcpip_client_interface.rb", &["localhost", "1", "1", "1", "1"])
}

fn with_protocol(base: &InterfaceOptions, protocol: &ProtocolOptions) -> InterfaceOptions {
    InterfaceOptions { protocols: vec![protocol.clone()], ..base.clone() }
}

/// Builds one interface and lets it go; nothing is connected.
fn refusal(interface: InterfaceOptions) -> Option<ConfigError> {
    let options = IngestOptions {
        interfaces: vec![interface],
        ..IngestOptions::new(DefinitionHash::default())
    };
    match Ingest::build(Arc::new(MemoryLog::new()), options) {
        Err(IngestError::Config(error)) => Some(error),
        // Building has no other errors; what starting has, it tells itself.
        Ok(_) | Err(_) => None,
    }
}
