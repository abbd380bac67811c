use groundlog_proto::{Nanos, Offset};

use super::{folder::Folder, partition::Partition};
use crate::LogError;

/// Returns the first offset appended at or after a time.
pub(super) fn find(folder: &Folder, partition: &Partition, at: Nanos) -> Result<Offset, LogError> {
    let tail = folder.bounds(partition).tail;
    let segments = partition.segments();
    // The last segment that begins before `at` holds the place, or ends before it.
    let (mut low, mut high) = (0, segments.len());
    while low < high {
        let middle = (low + high) / 2;
        let begins_before = match segments[middle].first_time() {
            Ok(time) => time < at.0,
            // Retention has just removed it: look behind it.
            Err(_) if partition.bounds().trim > segments[middle].base => true,
            Err(error) => return Err(error),
        };
        if begins_before { low = middle + 1 } else { high = middle }
    }
    if let Some(segment) = low.checked_sub(1).and_then(|index| segments.get(index))
        && segment.base >= partition.bounds().trim
    {
        let place = segment
            .locate(&segment.open()?, |entry| entry.time < at.0, |header| header.time >= at.0)
            .map_err(|damage| partition.corrupt(damage))?;
        if let Some(header) = place.header {
            return Ok(header.base.min(tail));
        }
    }
    Ok(segments.get(low).map_or(tail, |segment| segment.base.min(tail)))
}
