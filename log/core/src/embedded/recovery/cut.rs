use std::{
    fs::File,
    sync::{Arc, atomic::Ordering},
};

use super::partition::Found;
use crate::{
    LogError,
    embedded::{
        disk,
        index::{self, IndexEntry},
        journal::End,
        options::EmbeddedOptions,
        segment,
        sync::SegmentFile,
    },
};

impl Found {
    /// Removes everything behind the end and takes over the index. Returns the files that must be
    /// synced before the end may be called good.
    pub(super) fn cut(
        &mut self,
        end: Option<&End>,
        options: &EmbeddedOptions,
    ) -> Result<Vec<SegmentFile>, LogError> {
        let end = end.copied().unwrap_or_default();
        self.leftover.iter().try_for_each(segment::remove)?;
        let (kept, gone): (Vec<_>, Vec<_>) =
            self.segments.drain(..).partition(|one| end.bytes > 0 && one.base <= end.segment);
        gone.iter().try_for_each(segment::remove)?;
        self.segments = kept;
        let mut touched = Vec::new();
        let first = self.good.segment;
        for segment in self.segments.iter().filter(|one| one.base >= first) {
            let file = File::options()
                .read(true)
                .write(true)
                .open(&segment.path)
                .map_err(|e| disk::error("cannot open", &segment.path, e))?;
            if segment.base == end.segment && segment.committed() != end.bytes {
                file.set_len(end.bytes).map_err(|e| disk::error("cannot cut", &segment.path, e))?;
                segment.set_committed(end.bytes);
            }
            segment.fresh.store(true, Ordering::Relaxed);
            touched.push((segment.clone(), Arc::new(file)));
        }
        self.adopt_index(&end, options);
        Ok(touched)
    }

    fn adopt_index(&self, end: &End, options: &EmbeddedOptions) {
        let Some(active) = self.segments.last() else {
            return;
        };
        active.adopt_index(index::read(&active.path), end.bytes);
        for batch in self
            .batches
            .iter()
            .filter(|batch| batch.segment == active.base && batch.byte < end.bytes)
        {
            let entry = IndexEntry { offset: batch.offset, byte: batch.byte, time: batch.time };
            active.note(entry, options.index_bytes);
        }
    }
}
