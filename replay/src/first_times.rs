use groundlog_proto::Nanos;
use thiserror::Error;

use crate::{error::ReadError, record::ImportRecord, time::TimeSource};

/// How many packets at the beginning of a file may lack the time asked for before the file is
/// refused.
const PACKETS_WITHOUT_TIME: u64 = 1_000;
/// Bytes of packets that are held back meanwhile; beyond them the file is refused earlier.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// No packet at the beginning of a file has a time where one was said to be: nothing of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{file}, byte {byte}, record {record}: none of the first {packets} packets from here on has a \
     time at --time {source_text}; nothing of the file is used. Say where the time lies, or --time \
     none for packets without one"
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
    /// Where the time was said to be.
    pub source_text: String,
}

/// Records that were read ahead, errors among them.
pub type ReadAhead = Vec<Result<ImportRecord, ReadError>>;

/// Reads ahead up to the first packet that has a time, before anything of a file is used: what
/// gets a wrong time keeps it.
///
/// What is wrong with the file stays where it is among the records. A file without packets passes.
///
/// # Errors
/// [`NoTime`] when the first packets have none, though a time was asked for.
pub(crate) fn read_to_first_time(
    file: &str,
    source: &TimeSource,
    records: &mut impl Iterator<Item = Result<ImportRecord, ReadError>>,
    mut time: impl FnMut(&ImportRecord) -> Option<Nanos>,
) -> Result<ReadAhead, NoTime> {
    let mut ahead = ReadAhead::new();
    if *source == TimeSource::None {
        return Ok(ahead);
    }
    let (mut packets, mut bytes, mut first) = (0, 0, None);
    while packets < PACKETS_WITHOUT_TIME && bytes < HELD_BYTES_MAX {
        let Some(item) = records.next() else { break };
        let record = item.as_ref().ok();
        let timed = record.is_some_and(|record| time(record).is_some());
        if let Some(record) = record {
            first.get_or_insert((record.offset, record.index));
            packets += 1;
            bytes += record.packet.len();
        }
        ahead.push(item);
        if timed {
            return Ok(ahead);
        }
    }
    match first {
        None => Ok(ahead),
        Some((byte, record)) => Err(NoTime {
            file: file.to_owned(),
            byte,
            record,
            packets,
            source_text: source.to_string(),
        }),
    }
}
