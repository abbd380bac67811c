use std::{fs::File, path::PathBuf, sync::Arc};

use groundlog_proto::TopicPartition;

use super::Trust;
use crate::{
    Durability, LogError, Retention,
    embedded::{
        disk,
        format::{Damage, PartitionId, SEGMENT_HEADER},
        journal::End,
        scan::{Reached, later_batches, walk, walk_from},
        segment::{self, Segment},
        topic_file::TopicFile,
    },
};

/// What lies on disk of one partition.
pub(super) struct Found {
    pub(super) id: PartitionId,
    pub(super) name: TopicPartition,
    pub(super) dir: PathBuf,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) is_synced: bool,
    may_have_gaps: bool,
    /// Segments below the trim point that an interrupted deletion left.
    pub(super) leftover: Vec<Arc<Segment>>,
    /// What is known to be on stable storage.
    pub(super) good: End,
    /// Every batch seen behind the known good end.
    pub(super) batches: Vec<Seen>,
    reached: Reached,
    /// The segment in which the good part ends.
    last: u64,
    pub(super) damage: Option<Damage>,
}

/// A good batch behind the known good end.
pub(super) struct Seen {
    pub(super) segment: u64,
    pub(super) byte: u64,
    end: u64,
    pub(super) offset: u64,
    next: u64,
    pub(super) time: i64,
    is_transactional: bool,
}

impl Found {
    /// Lists a partition's segments and checks what was written since it was known to be good.
    pub(super) fn look(
        id: PartitionId,
        name: TopicPartition,
        dir: PathBuf,
        file: &TopicFile,
        good: Option<End>,
        claimed: Option<End>,
    ) -> Result<Self, LogError> {
        let good = good.unwrap_or_default();
        let trim = claimed.map_or(good.trim, |end| end.trim);
        let mut segments = Vec::new();
        // A start makes it again.
        let bases = if dir.exists() { segment::list(&dir)? } else { Vec::new() };
        for base in bases {
            let segment = Segment::new(id, &dir, base, 0);
            let length = std::fs::metadata(&segment.path)
                .map_err(|e| disk::error("cannot look at", &segment.path, e))?
                .len();
            segment.set_committed(length);
            segments.push(Arc::new(segment));
        }
        let keep = segments.iter().rposition(|one| one.base <= trim).unwrap_or(0);
        // Up to the segment that begins at the trim point, all are to go.
        let exact = segments.get(keep).is_some_and(|one| one.base == trim);
        let leftover = if exact { segments.drain(..keep).collect() } else { Vec::new() };
        let mut good = good;
        let may_have_gaps = file.retention == Retention::Compact;
        // Retention may have gone beyond what was known to be good.
        let first = segments.iter().find(|one| one.base >= good.segment);
        if let Some(first) = first.filter(|one| good.bytes > 0 && one.base > good.segment)
            && (may_have_gaps || first.base <= trim)
        {
            good = End { next: first.base, segment: first.base, bytes: 0, ..good };
        } else if good.bytes == 0 {
            good.next = segments.first().map_or(trim, |one| one.base);
        }
        let start = Reached { byte: good.bytes, next: good.next, time: None };
        let mut found = Self {
            id,
            name,
            dir,
            segments,
            may_have_gaps,
            is_synced: file.durability == Durability::Synced,
            leftover,
            good,
            batches: Vec::new(),
            reached: start,
            last: good.segment,
            damage: None,
        };
        found.check_first(trim)?;
        found.walk()?;
        Ok(found)
    }

    fn check_first(&self, trim: u64) -> Result<(), LogError> {
        let first = self.segments.first().map(|one| one.base);
        let missing = match first {
            Some(base) => base > trim && !self.may_have_gaps,
            None => self.good.bytes > 0,
        };
        if !missing {
            return Ok(());
        }
        Err(self.corrupt(Damage {
            path: self.dir.join(segment::file_name(trim)),
            byte: 0,
            offset: trim,
            what: "the segment file is missing".to_owned(),
        }))
    }

    /// Walks from the known good end to the end of the files, or the first damage.
    fn walk(&mut self) -> Result<(), LogError> {
        let good = self.good;
        let has_good = good.bytes > 0;
        if has_good && !self.segments.iter().any(|one| one.base == good.segment) {
            return Err(self.corrupt(Damage {
                path: self.dir.join(segment::file_name(good.segment)),
                byte: 0,
                offset: good.segment,
                what: "the segment file is missing".to_owned(),
            }));
        }
        let trailing: Vec<_> = self
            .segments
            .iter()
            .filter(|one| !has_good || one.base >= good.segment)
            .cloned()
            .collect();
        let mut previous: Option<Arc<Segment>> = None;
        for segment in trailing {
            let file = segment.open()?;
            let length = segment.committed();
            let mut start = self.reached;
            if has_good && segment.base == good.segment {
                self.check_good(&segment, &file)?;
            } else {
                if self.may_have_gaps {
                    self.reached.next = self.reached.next.max(segment.base);
                }
                if segment.base != self.reached.next {
                    let (byte, next) = (self.reached.byte, self.reached.next);
                    self.damage = Some(previous.as_ref().map_or_else(
                        || segment.damage(0, next, format!("the segment does not begin at {next}")),
                        |previous| previous.gap(byte, next, segment.base),
                    ));
                    return Ok(());
                }
                if let Err(damage) = segment.check_header(self.id, &file) {
                    self.damage = Some(damage);
                    return Ok(());
                }
                start = Reached { byte: SEGMENT_HEADER as u64, ..self.reached };
            }
            let batches = &mut self.batches;
            let walked = walk_from(&segment, &file, start, length, |step| {
                batches.push(Seen {
                    segment: segment.base,
                    byte: step.byte,
                    end: step.byte + step.header.total(),
                    offset: step.header.base,
                    next: step.header.next(),
                    time: step.header.time,
                    is_transactional: step.header.is_transactional(),
                });
            });
            self.last = segment.base;
            previous = Some(segment);
            match walked {
                Ok(reached) => self.reached = reached,
                Err((reached, damage)) => {
                    self.reached = reached;
                    self.damage = Some(damage);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Checks of the segment that goes on being written what is known to be good: its header and its
    /// length.
    fn check_good(&self, segment: &Segment, file: &File) -> Result<(), LogError> {
        segment.check_header(self.id, file).map_err(|damage| self.corrupt(damage))?;
        if segment.committed() >= self.good.bytes {
            return Ok(());
        }
        // Which batch was cut short says a walk, whatever it costs: the start is refused.
        let walked = walk(segment, file, self.good.bytes, |_| {});
        let what = || "the file is shorter than what was committed".to_owned();
        let damage = walked.map_or_else(
            |damage| damage,
            |reached| segment.damage(reached.byte, reached.next, what()),
        );
        Err(self.corrupt(damage))
    }

    /// Returns how far the good part reaches.
    pub(super) fn reached(&self) -> Reached {
        self.reached
    }

    /// Describes the place where committed data is missing.
    pub(super) fn missing(&self) -> LogError {
        let damage = self.damage.clone().unwrap_or_else(|| Damage {
            path: self.dir.join(segment::file_name(self.last)),
            byte: self.reached.byte,
            offset: self.reached.next,
            what: "the file is shorter than what was committed".to_owned(),
        });
        self.corrupt(damage)
    }

    fn corrupt(&self, damage: Damage) -> LogError {
        LogError::Corrupt {
            partition: self.name.clone(),
            offset: damage.offset,
            path: damage.path,
            byte: damage.byte,
            what: damage.what,
        }
    }

    /// Decides where the partition ends, from what the journal commits. Refuses to cut off
    /// anything that had been on stable storage.
    pub(super) fn decide(
        &self,
        committed: Option<End>,
        trust: Trust,
    ) -> Result<Option<End>, LogError> {
        self.check_damage(trust)?;
        let mut end = committed.unwrap_or_default();
        // Retention may have gone beyond the end: nothing is lost that was still there.
        if let Some(first) = self.segments.first() {
            if first.base > end.next {
                end = End {
                    next: first.base,
                    segment: first.base,
                    bytes: SEGMENT_HEADER as u64,
                    ..end
                };
            }
            end.trim = end.trim.max(first.base);
        }
        let committed = end.next;
        for batch in self.batches.iter().filter(|batch| batch.offset >= committed) {
            if batch.is_transactional {
                break;
            }
            end = End {
                trim: end.trim,
                next: batch.next,
                segment: batch.segment,
                bytes: batch.end,
                time: batch.time,
            };
        }
        Ok((end.bytes > 0).then_some(end))
    }

    /// A bad end is cut only where no valid batch follows it, or none that proves that it had been
    /// synced and power may have failed since.
    fn check_damage(&self, trust: Trust) -> Result<(), LogError> {
        let Some(damage) = &self.damage else {
            return Ok(());
        };
        let mut proof = None;
        for segment in self.segments.iter().filter(|one| one.base >= self.last) {
            let file = segment.open()?;
            let from = if segment.path == damage.path { damage.byte + 1 } else { 0 };
            let later = later_batches(segment, &file, from, damage.offset)
                .map_err(|e| disk::error("cannot read", &segment.path, e))?;
            proof = proof.max(later);
        }
        match proof {
            Some(synced) if trust.same_boot || synced > damage.offset => {
                Err(self.corrupt(damage.clone()))
            }
            _ => Ok(()),
        }
    }
}
