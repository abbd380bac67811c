use groundlog_proto::TopicPartition;

use crate::{LogError, Records};

/// Largest key and value of one record together, in bytes: what Kafka takes by default.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// Largest append in bytes: readers load a stored batch whole to check it.
pub const APPEND_BYTES_MAX: usize = 16 << 20;

/// Most bytes that one open transaction may hold.
pub const TXN_BYTES_MAX: usize = 256 << 20;

/// Checks an append against the limits.
pub(crate) fn check_sizes(
    partition: &TopicPartition,
    records: &Records,
    append_bytes_max: usize,
) -> Result<(), LogError> {
    let largest = records.lengths().iter().map(|&(key, value)| key as usize + value as usize).max();
    if let Some(size) = largest.filter(|&size| size > RECORD_BYTES_MAX) {
        return Err(LogError::RecordTooLarge {
            partition: partition.clone(),
            size,
            limit: RECORD_BYTES_MAX,
        });
    }
    let size = records.byte_len() + records.len() * 8;
    if size > append_bytes_max {
        return Err(LogError::AppendTooLarge {
            partition: partition.clone(),
            size,
            limit: append_bytes_max,
        });
    }
    Ok(())
}
