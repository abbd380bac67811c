//! Where each item of a packet lies in a packed record; the module header of [`crate::record`]
//! is the specification.

use std::sync::Arc;

use super::columns::Reader;
use super::form::{ConvertedForm, RawForm};
use super::number::Kind;
use super::published::{Fnv, PublishedItem};
use super::{FLAG_LIMITS, VERSION};
use crate::definition::{Packet, is_reserved_item};

/// Bytes before the raw section.
pub(crate) const HEADER_LENGTH: usize = 8;
/// Stands for "no such slot".
pub(crate) const NO_SLOT: u32 = u32::MAX;
/// State index of a value that has no state.
pub(crate) const NO_STATE: u16 = u16::MAX;
/// Bytes of a reference into the variable part: offset and length or count.
pub(crate) const REFERENCE_LENGTH: u32 = 8;

/// One item of the packed form with its slots, counted in bytes from the record's start.
#[derive(Debug, Clone)]
pub(crate) struct PackedItem {
    /// Place in [`Packet::items`].
    pub(crate) place: usize,
    pub(crate) raw: RawForm,
    /// Kind of a single number of up to 64 bits.
    pub(crate) kind: Option<Kind>,
    pub(crate) raw_at: u32,
    pub(crate) converted: ConvertedForm,
    pub(crate) converted_at: u32,
    /// Slot of the state index or indices, or [`NO_SLOT`].
    pub(crate) state_at: u32,
    /// Slot of the limits byte, or [`NO_SLOT`].
    pub(crate) limits_at: u32,
}

impl PackedItem {
    /// Returns how many converted values the item has, if that is fixed.
    pub(crate) fn count(&self) -> Option<u32> {
        match self.raw {
            RawForm::List { count, .. } => Some(count),
            RawForm::VariableList { .. } => None,
            _ => Some(1),
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.raw, RawForm::List { .. } | RawForm::VariableList { .. })
    }
}

/// The packed form of one packet.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) items: Vec<PackedItem>,
    /// Index into `items` by place in [`Packet::items`], or [`NO_SLOT`].
    pub(crate) by_place: Vec<u32>,
    /// Bytes of the limits section, which ends the fixed part.
    pub(crate) limits: usize,
    /// Bytes up to the variable part.
    pub(crate) fixed_length: usize,
    /// Whether anything refers into the variable part.
    pub(crate) has_references: bool,
    pub(crate) fingerprint: u32,
    /// The header of every record, without flags.
    pub(crate) header: [u8; HEADER_LENGTH],
    pub(crate) published: Vec<PublishedItem>,
    /// How records are read into columns.
    pub(crate) reader: Arc<Reader>,
}

impl Layout {
    pub(crate) fn of(packet: &Packet) -> Self {
        let mut layout = Self {
            items: Vec::new(),
            by_place: vec![NO_SLOT; packet.items.len()],
            limits: 0,
            fixed_length: 0,
            has_references: false,
            fingerprint: 0,
            header: [0; HEADER_LENGTH],
            published: Vec::new(),
            reader: Arc::default(),
        };
        let mut hash = Fnv::default();
        for (place, item) in packet.items.iter().enumerate() {
            if item.hidden || (item.is_derived() && is_reserved_item(&item.name)) {
                continue;
            }
            let published = PublishedItem::of(packet, item);
            published.hash(&mut hash);
            layout.by_place[place] = layout.items.len() as u32;
            layout.items.push(PackedItem {
                place,
                raw: published.raw_form(),
                kind: match published.raw_form() {
                    RawForm::One(element) => Kind::of(element),
                    _ => None,
                },
                raw_at: NO_SLOT,
                converted: ConvertedForm::of(packet, item),
                converted_at: NO_SLOT,
                state_at: NO_SLOT,
                limits_at: NO_SLOT,
            });
            layout.published.push(published);
        }
        layout.fingerprint = hash.0;
        let [i0, i1] = (layout.items.len() as u16).to_le_bytes();
        let [f0, f1, f2, f3] = hash.0.to_le_bytes();
        layout.header = [VERSION, 0, i0, i1, f0, f1, f2, f3];
        layout.assign_slots();
        layout.reader = Arc::new(Reader::of(&layout.items));
        layout
    }

    fn assign_slots(&mut self) {
        let mut next = Next(HEADER_LENGTH as u64);
        for item in &mut self.items {
            item.raw_at = next.take(item.raw.length());
            self.has_references |= matches!(
                item.raw,
                RawForm::VariableBytes { .. } | RawForm::VariableList { .. } | RawForm::Tagged
            );
        }
        for (item, published) in self.items.iter_mut().zip(&self.published) {
            let count = item.count();
            self.has_references |= count.is_none() || item.converted == ConvertedForm::Tagged;
            match item.converted {
                ConvertedForm::Number => {
                    let length = count.map_or(u64::from(REFERENCE_LENGTH), |n| u64::from(n) * 8);
                    item.converted_at = next.take(length);
                }
                ConvertedForm::Time | ConvertedForm::Tagged => item.converted_at = next.take(8),
                ConvertedForm::Same | ConvertedForm::Envelope => {}
            }
            if !published.states.is_empty() && item.converted != ConvertedForm::Envelope {
                let length = count.map_or(u64::from(REFERENCE_LENGTH), |n| u64::from(n) * 2);
                item.state_at = next.take(length);
            }
        }
        for (item, published) in self.items.iter_mut().zip(&self.published) {
            if published.limits {
                item.limits_at = next.take(1);
                self.limits += 1;
            }
        }
        self.fixed_length = next.0 as usize;
    }

    /// Returns whether bytes are the record of a packet from which nothing was missing and that
    /// refers to nothing, as nearly all are; others have to be looked at more closely.
    #[inline]
    pub(crate) fn is_plain(&self, record: &[u8]) -> bool {
        const LIMITS: u64 = (FLAG_LIMITS as u64) << 8;
        let header = record.first_chunk().map_or(0, |header| u64::from_le_bytes(*header));
        header & !LIMITS == u64::from_le_bytes(self.header)
            && record.len() == self.fixed_length
            && !self.has_references
    }

    /// Returns the packed item of a place in [`Packet::items`].
    pub(crate) fn at_place(&self, place: usize) -> Option<(usize, &PackedItem)> {
        let index = *self.by_place.get(place)? as usize;
        Some((index, self.items.get(index)?))
    }
}

/// The next free byte.
struct Next(u64);

impl Next {
    /// Takes a slot; beyond 4 GB there is none, and such a packet is refused by the plan.
    fn take(&mut self, length: u64) -> u32 {
        let at = self.0;
        self.0 += length;
        u32::try_from(at).unwrap_or(NO_SLOT)
    }
}
