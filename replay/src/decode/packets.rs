use std::{collections::HashMap, sync::Arc};

use groundlog_packet::{
    Definitions, Packet, PacketId, PacketKind,
    definition::ValueType,
    identify::{Identifier, PacketPool},
    plan::DecodePlan,
    record::{PacketMeta, RecordView},
};
use groundlog_proto::Nanos;

use super::{
    DecodeError,
    columns::{Column, columns_of},
    rows::RowFormat,
    unix::UnixItems,
};
use crate::{record::ImportRecord, time::TimeSource};

/// The packets that a file may hold, identified and compiled.
pub(super) struct Packets {
    definitions: Arc<Definitions>,
    identifier: Identifier,
    /// The only target searched, in capitals.
    target: Option<String>,
    known: HashMap<PacketId, KnownPacket>,
}

/// One packet, compiled.
pub(super) struct KnownPacket {
    plan: DecodePlan,
    unix: Option<UnixItems>,
    record: Vec<u8>,
}

impl Packets {
    /// Compiles the telemetry packets of a target, or of all.
    pub(super) fn new(
        definitions: Arc<Definitions>,
        target: Option<&str>,
        source: &TimeSource,
    ) -> Result<Self, DecodeError> {
        let target = match target.map(|name| (name, definitions.target(name))) {
            None => None,
            Some((_, Ok(found))) => Some(found.name.clone()),
            Some((name, Err(_))) => {
                let known = definitions.targets().map(|target| target.name.clone()).collect();
                return Err(DecodeError::Target { target: name.to_owned(), known });
            }
        };
        let mut known = HashMap::new();
        let searched = |name: &str| target.as_ref().is_none_or(|target| target == name);
        for found in definitions.targets().filter(|found| searched(&found.name)) {
            for packet in definitions.packets_of(found, PacketKind::Telemetry) {
                let plan = DecodePlan::compile(packet);
                let unix = UnixItems::of(packet, source);
                known.insert(packet.id, KnownPacket { plan, unix, record: Vec::new() });
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
        Ok(Self { definitions, identifier, target, known })
    }

    /// Finds out which packet bytes are; `None` for unknown ones.
    pub(super) fn identify(&mut self, bytes: &[u8]) -> Option<&mut KnownPacket> {
        let (kind, pool) = (PacketKind::Telemetry, PacketPool::Normal);
        let id = match &self.target {
            Some(target) => self.identifier.target(kind, target)?.identify(bytes, pool),
            None => self.identifier.identify_any(kind, bytes, pool),
        }?;
        self.known.get_mut(&id)
    }

    /// Iterates over the packets in definition order.
    fn iter(&self) -> impl Iterator<Item = &Arc<Packet>> {
        self.definitions.packets().iter().filter(|packet| self.known.contains_key(&packet.id))
    }
}

impl KnownPacket {
    /// Decodes a packet; `meta` is what its conversions of times and counts show.
    fn decode(&mut self, bytes: &[u8], meta: PacketMeta) -> Option<RecordView<'_>> {
        self.record.clear();
        self.plan.decode_into(bytes, meta, None, &mut self.record, &mut Vec::new());
        // A record that was just packed is whole.
        RecordView::new(&self.plan, meta, &self.record).ok()
    }

    /// Returns the time that items of the packet hold, as the time source says.
    pub(super) fn packet_time(&mut self, record: &ImportRecord) -> Option<Nanos> {
        let unix = self.unix?;
        unix.time(&self.decode(&record.packet, PacketMeta::default())?)
    }
}

/// What to decode, and into what.
#[derive(Debug, Clone, Default)]
pub struct DecodeOptions {
    /// Target whose packets they are; `None`: identified among all.
    pub target: Option<String>,
    /// The only packet to write.
    pub packet: Option<String>,
    /// Which values; converted by default.
    pub values: Option<ValueType>,
    /// Where a packet's time lies, unless its PACKET_TIME item says.
    pub time: TimeSource,
    /// Form of the output.
    pub format: RowFormat,
}

/// Decodes the packets of files.
pub struct PacketDecoder {
    packets: Packets,
    pub(super) tables: HashMap<PacketId, Table>,
    pub(super) time: TimeSource,
    pub(super) format: RowFormat,
    /// The only packet of a table with columns.
    pub(super) only: Option<PacketId>,
    /// Whether packets that no definition matches are written, too.
    pub(super) with_unknown: bool,
}

/// What is written of one packet.
pub(super) struct Table {
    pub(super) target: String,
    pub(super) packet: String,
    pub(super) columns: Vec<Column>,
    received_count: u64,
}

/// One decoded packet.
pub(super) struct DecodedRow<'a> {
    pub(super) table: &'a Table,
    pub(super) view: RecordView<'a>,
    pub(super) time: Option<Nanos>,
}

/// What became of a packet.
pub(super) enum Decoded<'a> {
    /// It is written.
    Row(DecodedRow<'a>),
    /// No definition matches.
    Unknown { time: Option<Nanos> },
    /// It is not asked for.
    Other,
}

impl PacketDecoder {
    /// Compiles definitions for what is asked.
    ///
    /// # Errors
    /// [`DecodeError`] for names that do not exist, and for a table of several packets.
    pub fn new(definitions: Arc<Definitions>, options: DecodeOptions) -> Result<Self, DecodeError> {
        let packets = Packets::new(definitions, options.target.as_deref(), &options.time)?;
        let wanted = |packet: &&Arc<Packet>| match &options.packet {
            Some(name) => packet.packet_name.eq_ignore_ascii_case(name),
            None => !packet.is_virtual,
        };
        let values = options.values.unwrap_or(ValueType::Converted);
        let chosen: Vec<&Arc<Packet>> = packets.iter().filter(wanted).collect();
        let names = |packets: &mut dyn Iterator<Item = &Arc<Packet>>| -> Vec<String> {
            packets.map(|p| format!("{} {}", p.target_name, p.packet_name)).collect()
        };
        let only = match (chosen.as_slice(), &options.packet) {
            ([], Some(packet)) => {
                let known = names(&mut packets.iter());
                return Err(DecodeError::Packet { packet: packet.clone(), known });
            }
            ([one], _) => Some(one.id),
            _ if options.format == RowFormat::Csv => {
                let known = names(&mut chosen.iter().copied());
                return Err(DecodeError::SeveralPackets { known });
            }
            _ => None,
        };
        let tables = chosen.iter().map(|packet| (packet.id, Table::of(packet, values))).collect();
        let with_unknown = options.packet.is_none();
        let DecodeOptions { time, format, .. } = options;
        Ok(Self { packets, tables, time, format, only, with_unknown })
    }

    /// Decodes one packet.
    pub(super) fn decode(&mut self, record: &ImportRecord) -> Decoded<'_> {
        let from_file = match &self.time {
            TimeSource::Header => record.header_time,
            TimeSource::Cds(field) => field.read(&record.packet),
            TimeSource::None | TimeSource::Unix { .. } => None,
        };
        let Some(known) = self.packets.identify(&record.packet) else {
            return Decoded::Unknown { time: from_file };
        };
        let Some(table) = self.tables.get_mut(&known.plan.packet().id) else {
            return Decoded::Other;
        };
        let from_item = known.plan.packet_time(&record.packet).map(Nanos);
        let time = from_item.or(from_file).or_else(|| known.packet_time(record));
        table.received_count += 1;
        let meta = PacketMeta {
            received_time_ns: record.header_time.or(time).map(|time| time.0),
            packet_time_ns: time.map(|time| time.0),
            received_count: table.received_count,
        };
        match known.decode(&record.packet, meta) {
            Some(view) => Decoded::Row(DecodedRow { table, view, time }),
            None => Decoded::Unknown { time },
        }
    }
}

impl Table {
    fn of(packet: &Packet, values: ValueType) -> Self {
        Self {
            target: packet.target_name.clone(),
            packet: packet.packet_name.clone(),
            columns: columns_of(packet, values),
            received_count: 0,
        }
    }
}
