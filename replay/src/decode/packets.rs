use std::{collections::HashMap, sync::Arc};

use groundlog_packet::{
    Definitions, Packet, PacketId, PacketKind,
    identify::{Identifier, PacketPool},
    plan::DecodePlan,
    process::ProcessorStates,
    record::{PacketMeta, RecordView},
};
use groundlog_proto::Nanos;

use super::{DecodeError, select::target_of, unix::UnixItems};
use crate::{
    record::{ImportRecord, LoggedPacket},
    time::TimeSource,
};

/// The packets that a file may hold, identified and compiled.
pub(super) struct Packets {
    definitions: Arc<Definitions>,
    identifier: Identifier,
    /// The only target searched, in capitals.
    target: Option<String>,
    source: TimeSource,
    known: HashMap<PacketId, KnownPacket>,
}

/// One packet, compiled.
pub(super) struct KnownPacket {
    pub(super) plan: DecodePlan,
    unix: Option<UnixItems>,
    processors: ProcessorStates,
    record: Vec<u8>,
}

impl Packets {
    /// Compiles the telemetry packets of a target, or of all; commands are compiled when a log has
    /// them.
    pub(super) fn new(
        definitions: Arc<Definitions>,
        target: Option<&str>,
        source: &TimeSource,
    ) -> Result<Self, DecodeError> {
        let target = match target {
            None => None,
            Some(name) => Some(target_of(&definitions, name)?.name.clone()),
        };
        let mut known = HashMap::new();
        let searched = |name: &str| target.as_ref().is_none_or(|target| target == name);
        for found in definitions.targets().filter(|found| searched(&found.name)) {
            for packet in definitions.packets_of(found, PacketKind::Telemetry) {
                known.insert(packet.id, KnownPacket::compile(packet, source));
            }
        }
        if let TimeSource::Unix { seconds, microseconds } = source
            && known.values().all(|packet| packet.unix.is_none())
        {
            let names = [Some(seconds), microseconds.as_ref()].into_iter().flatten();
            let item = names.cloned().collect::<Vec<_>>().join(", ");
            return Err(DecodeError::TimeItem { item });
        }
        let identifier = Identifier::new(&definitions);
        Ok(Self { definitions, identifier, target, source: source.clone(), known })
    }

    /// Finds out which packet a record is; `None` for unknown ones.
    pub(super) fn identify(&mut self, record: &ImportRecord) -> Option<&mut KnownPacket> {
        match &record.logged {
            Some(logged) => self.named(logged),
            None => self.identify_bytes(&record.packet),
        }
    }

    fn identify_bytes(&mut self, bytes: &[u8]) -> Option<&mut KnownPacket> {
        let (kind, pool) = (PacketKind::Telemetry, PacketPool::Normal);
        let id = match &self.target {
            Some(target) => self.identifier.target(kind, target)?.identify(bytes, pool),
            None => self.identifier.identify_any(kind, bytes, pool),
        }?;
        self.known.get_mut(&id)
    }

    /// Returns the packet that a log names.
    fn named(&mut self, logged: &LoggedPacket) -> Option<&mut KnownPacket> {
        let found = self.definitions.packet(logged.kind, &logged.target, &logged.packet).ok()?;
        if self.target.as_ref().is_some_and(|target| *target != found.target_name) {
            return None;
        }
        let source = &self.source;
        Some(self.known.entry(found.id).or_insert_with(|| KnownPacket::compile(found, source)))
    }
}

impl KnownPacket {
    fn compile(packet: &Arc<Packet>, source: &TimeSource) -> Self {
        let unix = UnixItems::of(packet, source);
        let processors = ProcessorStates::new(packet);
        Self { plan: DecodePlan::compile(packet), unix, processors, record: Vec::new() }
    }

    /// Decodes the next packet, which its processors see; `meta` is what its conversions of times
    /// and counts show.
    pub(super) fn decode(&mut self, bytes: &[u8], meta: PacketMeta) -> Option<RecordView<'_>> {
        self.plan.process(bytes, meta, &mut self.processors);
        self.look_at(bytes, meta)
    }

    /// Decodes a packet that its processors have seen, or are still to see.
    fn look_at(&mut self, bytes: &[u8], meta: PacketMeta) -> Option<RecordView<'_>> {
        let Self { plan, processors, record, .. } = self;
        record.clear();
        plan.decode_processed(bytes, meta, None, Some(processors), record, &mut Vec::new());
        // A record that was just packed is whole.
        RecordView::new(&self.plan, meta, &self.record).ok()
    }

    /// Returns the time that items of the packet hold, as the time source says.
    pub(super) fn packet_time(&mut self, record: &ImportRecord) -> Option<Nanos> {
        let unix = self.unix?;
        unix.time(&self.look_at(&record.packet, PacketMeta::default())?)
    }
}
