//! Packets as they go to the server.

use std::{collections::HashMap, sync::Arc};

use groundlog_packet::PacketId;
use groundlog_proto::DefinitionHash;

use super::{
    block::Block,
    json::Template,
    part::{Part, Pending},
};
use crate::{CurrentPacket, image};

/// Packets whose names are kept ready; beyond them, all are forgotten and made anew.
const TEMPLATES_MAX: usize = 65_536;

/// Renders packets, one after the other into the same memory.
#[derive(Default)]
pub(super) struct Renderer {
    templates: HashMap<(DefinitionHash, PacketId), Arc<Template>>,
    /// The block that was rendered last.
    pub(super) block: Vec<u8>,
    /// The JSON that was rendered last; empty for stored packets.
    pub(super) json: Vec<u8>,
}

impl Renderer {
    /// Renders what is pending about a packet.
    pub(super) fn render(&mut self, part: &Part, target: &str, packet: &str, pending: &Pending) {
        self.block.clear();
        self.json.clear();
        let (rank, received_time_ns, entry) = match pending {
            Pending::Live(current) => {
                self.template(current).write(&mut self.json, current);
                (current.position.offset, current.received_time_ns, image::live_bytes(current))
            }
            Pending::Stored { count } => (*count, 0, image::stored_bytes(target, packet, *count)),
        };
        let block = Block {
            kind: part.kind,
            partition: part.partition.partition,
            rank,
            received_time_ns,
            generation: part.generation,
            entry,
        };
        block.write(&mut self.block);
    }

    fn template(&mut self, current: &CurrentPacket) -> Arc<Template> {
        let key = (current.definitions.hash(), current.id);
        if let Some(template) = self.templates.get(&key) {
            return template.clone();
        }
        if self.templates.len() >= TEMPLATES_MAX {
            self.templates.clear();
        }
        let template = Arc::new(Template::of(current.definitions.plan(current.id).packet()));
        self.templates.insert(key, template.clone());
        template
    }
}
