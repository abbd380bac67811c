use groundlog_proto::Nanos;
use thiserror::Error;

use crate::{error::ReadError, record::ImportRecord, time::TimeSource};

/// How many packets at the beginning of a file are looked at before the file is refused.
const PACKETS_LOOKED_AT: u64 = 1_000;
/// Bytes of packets that are held back meanwhile; beyond them the file is refused earlier.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// At a wrong byte a few packets have by accident what reads as a time: one packet in so many must
/// have one. Where packets are split into segments the first alone has a time, of 33 with VIIRS.
const PACKETS_PER_TIME: u64 = 50;

/// Hardly a packet at the beginning of a file has a time where one was said to be: nothing of it is
/// used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{file}, byte {byte}, record {record}: {} of the first {packets} packets from here on have a \
     time at --time {source_text}{}; nothing of the file is used. Say where the time lies, or \
     --time none for packets without one",
    how_many(*.timed),
    why_too_few(*.timed)
)]
pub struct NoTime {
    /// The file.
    pub file: String,
    /// Offset of the first packet.
    pub byte: u64,
    /// Number of the first packet in its file.
    pub record: u64,
    /// How many packets were looked at.
    pub packets: u64,
    /// How many of them have a time.
    pub timed: u64,
    /// Where the time was said to be.
    pub source_text: String,
}

fn how_many(timed: u64) -> String {
    if timed == 0 { "none".to_owned() } else { format!("only {timed}") }
}

fn why_too_few(timed: u64) -> String {
    match timed {
        0 => String::new(),
        _ => format!(", fewer than one in {PACKETS_PER_TIME}, as by accident"),
    }
}

/// Records that were read ahead, errors among them.
pub type ReadAhead = Vec<Result<ImportRecord, ReadError>>;

/// Reads ahead until enough packets have a time, before anything of a file is used: what gets a
/// wrong time keeps it. An item or a header has none by accident, so there one packet is enough.
///
/// What is wrong with the file stays where it is among the records. A file without packets passes.
///
/// # Errors
/// [`NoTime`] when too few of the first packets have one, though a time was asked for.
pub(crate) fn read_first_times(
    file: &str,
    source: &TimeSource,
    records: &mut impl Iterator<Item = Result<ImportRecord, ReadError>>,
    mut time: impl FnMut(&ImportRecord) -> Option<Nanos>,
) -> Result<ReadAhead, NoTime> {
    let mut ahead = ReadAhead::new();
    if *source == TimeSource::None {
        return Ok(ahead);
    }
    let by_place = matches!(source, TimeSource::Cds(_));
    let enough = |packets: u64| if by_place { packets.div_ceil(PACKETS_PER_TIME) } else { 1 };
    let (mut packets, mut timed, mut bytes, mut first) = (0, 0, 0, None);
    while packets < PACKETS_LOOKED_AT && bytes < HELD_BYTES_MAX && timed < enough(PACKETS_LOOKED_AT)
    {
        let Some(item) = records.next() else { break };
        let record = item.as_ref().ok();
        if let Some(record) = record {
            timed += u64::from(time(record).is_some());
            first.get_or_insert((record.offset, record.index));
            packets += 1;
            bytes += record.packet.len();
        }
        ahead.push(item);
    }
    match first {
        Some((byte, record)) if timed < enough(packets) => Err(NoTime {
            file: file.to_owned(),
            byte,
            record,
            packets,
            timed,
            source_text: source.to_string(),
        }),
        _ => Ok(ahead),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Reads packets of which one in `period` has a time; returns how many were read ahead.
    fn read(source: &str, packets: u64, period: u64) -> Result<usize, NoTime> {
        let source = source.parse().expect("a source");
        let mut records = (0..packets).map(|index| Ok(ImportRecord::new(index, 0, Bytes::new())));
        let time =
            |record: &ImportRecord| (record.index % period == period - 1).then_some(Nanos(0));
        read_first_times("pass", &source, &mut records, time).map(|ahead| ahead.len())
    }

    #[test]
    fn a_few_times_are_accidents() {
        assert_eq!(read("cds:6", 5_000, 1), Ok(20));
        assert_eq!(read("cds:6", 5_000, 33), Ok(660), "the first of 33 segments");
        assert_eq!(read("cds:6", 40, 33), Ok(40), "a short file");
        let refused = read("cds:7", 5_000, 100).expect_err("accidents");
        assert_eq!((refused.timed, refused.packets), (10, 1_000));
        let said = refused.to_string();
        assert!(said.contains("only 10 of the first 1000 packets"), "{said}");
        assert!(said.contains("fewer than one in 50"), "{said}");
        let said = read("cds:7", 3, 100).expect_err("no time").to_string();
        assert!(said.contains("none of the first 3 packets"), "{said}");
        assert_eq!(read("cds:7", 0, 1), Ok(0), "nothing to have a time");
    }

    #[test]
    fn an_item_is_no_accident() {
        assert_eq!(read("unix:SECONDS", 5_000, 900), Ok(900));
        assert_eq!(read("none", 5_000, 900), Ok(0));
    }
}
