use std::{fs::File, io, sync::Arc};

use super::partition::Found;
use crate::{
    LogError,
    embedded::{
        disk,
        format::Damage,
        index::{self, IndexEntry},
        journal::End,
        options::EmbeddedOptions,
        segment::{self, Segment},
        sync::SegmentFile,
    },
};

/// Returns whether nothing but zeros follows.
fn is_blank(damage: &Damage) -> io::Result<bool> {
    let file = File::open(&damage.path)?;
    let mut chunk = vec![0; 64 << 10];
    let mut at = damage.byte;
    loop {
        let read = disk::read_upto(&file, &mut chunk, at)?;
        if chunk[..read].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        if read == 0 {
            return Ok(at > damage.byte);
        }
        at += read as u64;
    }
}

impl Found {
    /// Takes what lies behind the end off the list of segments. Returns the segments that are to go.
    pub(super) fn split(&mut self, end: Option<&End>) -> Vec<Arc<Segment>> {
        let end = end.copied().unwrap_or_default();
        let (kept, gone): (Vec<_>, Vec<_>) =
            self.segments.drain(..).partition(|one| end.bytes > 0 && one.base <= end.segment);
        self.segments = kept;
        if let Some(last) = self.segments.iter().find(|one| one.base == end.segment) {
            last.set_committed(end.bytes);
        }
        gone
    }

    /// Removes everything behind the end and takes over the index. Returns the files that must be
    /// synced before the end may be called good.
    pub(super) fn cut(
        &mut self,
        end: Option<&End>,
        options: &EmbeddedOptions,
    ) -> Result<Vec<SegmentFile>, LogError> {
        // Zeros were written ahead: nothing is lost with them.
        if let Some(damage) = &self.damage
            && !is_blank(damage).map_err(|e| disk::error("cannot read", &damage.path, e))?
        {
            tracing::warn!(
                partition = %self.name, offset = damage.offset, byte = damage.byte,
                path = %damage.path.display(), what = damage.what, "a bad end is cut"
            );
        }
        disk::make_dir(&self.dir)?;
        self.leftover.iter().try_for_each(segment::remove)?;
        self.split(end).iter().try_for_each(segment::remove)?;
        let end = end.copied().unwrap_or_default();
        let mut touched = Vec::new();
        let first = self.good.segment;
        for segment in self.segments.iter().filter(|one| one.base >= first) {
            let file = File::options()
                .read(true)
                .write(true)
                .open(&segment.path)
                .map_err(|e| disk::error("cannot open", &segment.path, e))?;
            if segment.base == end.segment {
                file.set_len(end.bytes).map_err(|e| disk::error("cannot cut", &segment.path, e))?;
            }
            segment.is_new().map_err(|e| disk::error("cannot open", &self.dir, e))?;
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
