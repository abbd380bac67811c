//! Definitions for tests.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use groundlog_packet::config::ConfigErrors;
use groundlog_packet::definition::TargetSource;
use groundlog_packet::{Definitions, Packet, PacketKind};

pub(crate) fn try_definitions(config: &str) -> Result<Definitions, ConfigErrors> {
    let source = TargetSource {
        name: "TGT".into(),
        target_txt: String::new(),
        files: vec![("cmd_tlm/test.txt".into(), config.into())],
        binary_files: vec![],
    };
    Definitions::builder().add_target(source).build()
}

pub(crate) fn definitions(config: &str) -> Definitions {
    try_definitions(config).unwrap_or_else(|errors| panic!("{errors}"))
}

pub(crate) fn packet(definitions: &Definitions, kind: PacketKind, name: &str) -> Arc<Packet> {
    definitions.packet(kind, "TGT", name).unwrap().clone()
}
