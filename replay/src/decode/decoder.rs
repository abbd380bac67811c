use std::{collections::HashMap, sync::Arc};

use groundlog_packet::{
    Definitions, PacketId, PacketKind,
    definition::ValueType,
    record::{PacketMeta, RecordView},
};
use groundlog_proto::Nanos;

use super::{
    DecodeError,
    columns::{Column, columns_of, counted},
    logged::LoggedValues,
    packets::Packets,
    rows::RowFormat,
    select::{Wanted, choose},
};
use crate::{record::ImportRecord, time::TimeSource};

/// What to decode, and into what.
#[derive(Debug, Clone, Default)]
pub struct DecodeOptions {
    /// Target whose packets they are; `None`: identified among all.
    pub target: Option<String>,
    /// The only packet to write.
    pub packet: Option<String>,
    /// The only items to write, each `TARGET PACKET ITEM` or less where that is unambiguous; empty:
    /// all.
    pub items: Vec<String>,
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
    pub(super) tables: Vec<Table>,
    by_packet: HashMap<PacketId, usize>,
    pub(super) time: TimeSource,
    pub(super) format: RowFormat,
    values: ValueType,
    /// Whether packets that no definition matches are written, too.
    pub(super) with_unknown: bool,
}

/// What is written of one packet.
pub(super) struct Table {
    pub(super) target: String,
    pub(super) packet: String,
    /// The packet's name in a table, with its target before it where two clash.
    pub(super) heading: String,
    pub(super) columns: Vec<Column>,
    /// Whether only some of the packet's items are written.
    pub(super) some_items: bool,
    /// Number of columns of the packets before and behind.
    pub(super) columns_around: [usize; 2],
    received_count: u64,
}

/// One decoded packet.
pub(super) struct DecodedRow<'a> {
    pub(super) table: &'a Table,
    pub(super) values: RowValues<'a>,
    pub(super) time: Option<Nanos>,
}

/// Where the values of a row come from.
#[derive(Clone, Copy)]
pub(super) enum RowValues<'a> {
    /// Out of the packet.
    Decoded(RecordView<'a>),
    /// Out of a decommutated log.
    Logged(LoggedValues<'a>),
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
    /// [`DecodeError`] for names that do not exist or are ambiguous.
    pub fn new(definitions: Arc<Definitions>, options: DecodeOptions) -> Result<Self, DecodeError> {
        let DecodeOptions { target, packet, items, values, time, format } = options;
        let packets = Packets::new(definitions.clone(), target.as_deref(), &time)?;
        let wanted = Wanted { target: target.as_deref(), packet: packet.as_deref(), items: &items };
        let mut chosen = choose(&definitions, &wanted)?;
        if format == RowFormat::Csv {
            // Commands have columns where they were asked for.
            chosen.retain(|it| it.by_name || it.packet.kind == PacketKind::Telemetry);
        }
        let values = values.unwrap_or(ValueType::Converted);
        let columns = columns_of(&chosen, values);
        let names = counted(chosen.iter().map(|it| it.packet.packet_name.clone()));
        let total: usize = columns.iter().map(Vec::len).sum();
        let mut before = 0;
        let mut tables = Vec::with_capacity(chosen.len());
        let mut by_packet = HashMap::new();
        for (chosen, columns) in chosen.iter().zip(columns) {
            let (target, packet) = (&chosen.packet.target_name, &chosen.packet.packet_name);
            let unique = names.get(packet) == Some(&1);
            by_packet.insert(chosen.packet.id, tables.len());
            let behind = total - before - columns.len();
            tables.push(Table {
                target: target.clone(),
                packet: packet.clone(),
                heading: if unique { packet.clone() } else { format!("{target} {packet}") },
                columns_around: [before, behind],
                some_items: !items.is_empty(),
                columns,
                received_count: 0,
            });
            before = total - behind;
        }
        let with_unknown = packet.is_none() && items.is_empty();
        Ok(Self { packets, tables, by_packet, time, format, values, with_unknown })
    }

    /// Returns the time of a packet where the options say that it lies.
    pub(super) fn stated_time(&mut self, record: &ImportRecord) -> Option<Nanos> {
        match &self.time {
            TimeSource::Unix { .. } => self.packets.identify(record)?.packet_time(record),
            source => source.of_record(record),
        }
    }

    /// Decodes one packet.
    pub(super) fn decode<'a>(&'a mut self, record: &'a ImportRecord) -> Decoded<'a> {
        let from_file = self.time.of_record(record);
        let Some(known) = self.packets.identify(record) else {
            return Decoded::Unknown { time: from_file };
        };
        let Some(place) = self.by_packet.get(&known.plan.packet().id) else {
            return Decoded::Other;
        };
        let table = &mut self.tables[*place];
        if let Some(entries) = record.logged.as_ref().and_then(|logged| logged.values.as_ref()) {
            let values = RowValues::Logged(LoggedValues { entries, values: self.values });
            return Decoded::Row(DecodedRow { table, values, time: from_file });
        }
        let from_item = known.plan.packet_time(&record.packet).map(Nanos);
        let time = from_item.or(from_file).or_else(|| known.packet_time(record));
        table.received_count += 1;
        let meta = PacketMeta {
            received_time_ns: record.header_time.or(time).map(|time| time.0),
            packet_time_ns: time.map(|time| time.0),
            received_count: table.received_count,
        };
        match known.decode(&record.packet, meta) {
            Some(view) => {
                Decoded::Row(DecodedRow { table, values: RowValues::Decoded(view), time })
            }
            None => Decoded::Unknown { time },
        }
    }
}
