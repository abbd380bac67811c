use std::io::{self, Write};

use groundlog_packet::PacketKind;
use groundlog_proto::Nanos;

use super::{
    columns::Column,
    decoder::{Decoded, DecodedRow, PacketDecoder, RowValues},
    logged::LoggedValues,
    text::{push_csv, push_csv_text, push_hex, push_json, push_json_text, push_number, push_time},
};
use crate::{
    error::ReadError,
    first_times::{NoTime, ReadAhead, read_first_times},
    record::{ImportRecord, LoggedPacket},
    time::TimeSource,
};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 * 1024;

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowFormat {
    /// One JSON object a line: target, packet, offset, time, what a packet log says, values.
    #[default]
    JsonLines,
    /// A header, then one row a packet: packet, offset, time, items; of several packets, each has
    /// its own columns.
    Csv,
}

/// What was done with the packets of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Packets written with their values.
    pub written: u64,
    /// Packets that no definition matches; JSON lines hold their bytes.
    pub unknown: u64,
    /// Packets that were not asked for.
    pub other: u64,
    /// Packets in which no time was found though one was asked for.
    pub without_time: u64,
}

/// Writes decoded packets to an output.
pub struct RowWriter<W> {
    decoder: PacketDecoder,
    output: W,
    buffer: Vec<u8>,
    counts: Counts,
}

impl<W: Write> RowWriter<W> {
    /// Begins an output; a CSV header goes first.
    pub fn new(decoder: PacketDecoder, output: W) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES * 2);
        if decoder.format == RowFormat::Csv {
            csv_header(&decoder, &mut buffer);
        }
        Self { decoder, output, buffer, counts: Counts::default() }
    }

    /// Reads ahead until enough packets have a time, before anything of a file is written.
    ///
    /// # Errors
    /// [`NoTime`] when too few of the file's first packets have one where the options say it lies.
    pub fn read_first_times(
        &mut self,
        file: &str,
        records: &mut impl Iterator<Item = Result<ImportRecord, ReadError>>,
    ) -> Result<ReadAhead, NoTime> {
        let source = self.decoder.time.clone();
        read_first_times(file, &source, records, |record| self.decoder.stated_time(record))
    }

    /// Decodes and writes one packet.
    ///
    /// # Errors
    /// The output's.
    pub fn write(&mut self, record: &ImportRecord) -> io::Result<()> {
        let Self { decoder, buffer, counts, .. } = self;
        let timeless = decoder.time != TimeSource::None;
        let (format, with_unknown) = (decoder.format, decoder.with_unknown);
        let time = match decoder.decode(record) {
            Decoded::Row(row) => {
                counts.written += 1;
                match format {
                    RowFormat::JsonLines => json_row(buffer, record, &row),
                    RowFormat::Csv => csv_row(buffer, record, &row),
                }
                row.time
            }
            Decoded::Unknown { time } => {
                counts.unknown += 1;
                if with_unknown && format == RowFormat::JsonLines {
                    json_unknown(buffer, record, time);
                }
                time
            }
            Decoded::Other => {
                counts.other += 1;
                return Ok(());
            }
        };
        counts.without_time += u64::from(timeless && time.is_none());
        if buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Hands everything to the output.
    ///
    /// # Errors
    /// The output's.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.write_all(&self.buffer)?;
        self.buffer.clear();
        self.output.flush()
    }

    /// Ends the output and returns what was done.
    ///
    /// # Errors
    /// The output's.
    pub fn finish(mut self) -> io::Result<Counts> {
        self.flush()?;
        Ok(self.counts)
    }
}

fn json_row(out: &mut Vec<u8>, record: &ImportRecord, row: &DecodedRow<'_>) {
    json_head(out, [&row.table.target, &row.table.packet], record, row.time);
    out.extend_from_slice(b",\"values\":{");
    match row.values {
        RowValues::Logged(logged) if !row.table.some_items => json_logged(out, logged),
        values => {
            for (index, column) in row.table.columns.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(&column.json_key);
                json_value(out, column, values);
            }
        }
    }
    out.extend_from_slice(b"}}\n");
}

/// Writes everything that a decommutated log has, known to the definitions or not.
fn json_logged(out: &mut Vec<u8>, logged: LoggedValues<'_>) {
    for (index, item) in logged.items().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_json_text(out, item);
        out.push(b':');
        push_json(out, &logged.of(item));
    }
}

fn json_value(out: &mut Vec<u8>, column: &Column, values: RowValues<'_>) {
    let view = match values {
        RowValues::Decoded(view) => view,
        RowValues::Logged(logged) => return push_json(out, &logged.of(&column.item)),
    };
    let start = out.len();
    out.push(b'"');
    if column.push_block(&view, out) {
        out.push(b'"');
    } else {
        out.truncate(start);
        push_json(out, &column.value(&view));
    }
}

/// Writes a packet that nobody knows with all its bytes, so that nothing of a file is lost.
fn json_unknown(out: &mut Vec<u8>, record: &ImportRecord, time: Option<Nanos>) {
    let names = record.logged.as_ref().map_or(["UNKNOWN"; 2], |it| [&it.target, &it.packet]);
    json_head(out, names, record, time);
    out.extend_from_slice(b",\"values\":{},\"data\":\"");
    push_hex(out, &record.packet);
    out.extend_from_slice(b"\"}\n");
}

fn json_head(
    out: &mut Vec<u8>,
    [target, packet]: [&str; 2],
    record: &ImportRecord,
    time: Option<Nanos>,
) {
    out.extend_from_slice(b"{\"target\":");
    push_json_text(out, target);
    out.extend_from_slice(b",\"packet\":");
    push_json_text(out, packet);
    out.extend_from_slice(b",\"offset\":");
    push_number(out, record.offset);
    out.extend_from_slice(b",\"time\":");
    json_time(out, time);
    if let Some(logged) = &record.logged {
        json_log_entry(out, logged, record.header_time);
    }
}

/// Writes what a packet log says beside the packet.
fn json_log_entry(out: &mut Vec<u8>, logged: &LoggedPacket, received_time: Option<Nanos>) {
    out.extend_from_slice(b",\"received_time\":");
    json_time(out, received_time);
    let command = logged.kind == PacketKind::Command;
    for (key, value) in [("command", command), ("stored", logged.stored)] {
        out.push(b',');
        push_json_text(out, key);
        out.push(b':');
        push_json(out, &value.into());
    }
    if let Some(extra) = &logged.extra {
        out.extend_from_slice(b",\"extra\":");
        push_json(out, extra);
    }
}

fn json_time(out: &mut Vec<u8>, time: Option<Nanos>) {
    match time {
        Some(time) => {
            out.push(b'"');
            push_time(out, time.0);
            out.push(b'"');
        }
        None => out.extend_from_slice(b"null"),
    }
}

fn csv_header(decoder: &PacketDecoder, out: &mut Vec<u8>) {
    out.extend_from_slice(b"packet,offset,time");
    for column in decoder.tables.iter().flat_map(|table| &table.columns) {
        out.push(b',');
        push_csv_text(out, column.heading.as_bytes());
    }
    out.push(b'\n');
}

fn csv_row(out: &mut Vec<u8>, record: &ImportRecord, row: &DecodedRow<'_>) {
    push_csv_text(out, row.table.heading.as_bytes());
    out.push(b',');
    push_number(out, record.offset);
    out.push(b',');
    if let Some(time) = row.time {
        push_time(out, time.0);
    }
    let [before, behind] = row.table.columns_around;
    out.extend(std::iter::repeat_n(b',', before));
    for column in &row.table.columns {
        out.push(b',');
        match row.values {
            RowValues::Logged(logged) => push_csv(out, &logged.of(&column.item)),
            RowValues::Decoded(view) => {
                if !column.push_block(&view, out) {
                    push_csv(out, &column.value(&view));
                }
            }
        }
    }
    out.extend(std::iter::repeat_n(b',', behind));
    out.push(b'\n');
}
