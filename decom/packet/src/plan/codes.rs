//! Where a record has the codes of its limits states.

use crate::definition::Packet;
use crate::limits::LimitsState;
use crate::record::{Layout, NO_SLOT, store};

/// Where the codes of limits states go.
#[derive(Debug, Clone)]
pub(super) enum Codes {
    /// All of them one after the other, in the order of checking.
    Row(usize),
    /// Pairs of limits entry and slot.
    Scattered(Vec<(u32, u32)>),
}

impl Codes {
    pub(super) fn of(packet: &Packet, layout: &Layout) -> Self {
        let slots = packet.limits_items.iter().map(|place| {
            let packed = layout.at_place(*place);
            packed.map_or(NO_SLOT, |(_, packed)| packed.limits_at)
        });
        let pairs: Vec<(u32, u32)> =
            (0..).zip(slots).filter(|(_, slot)| *slot != NO_SLOT).collect();
        let row = layout.fixed_length - packet.limits_items.len().min(layout.fixed_length);
        let in_row = |(entry, slot): &(u32, u32)| *slot as usize == row + *entry as usize;
        if pairs.len() == packet.limits_items.len() && pairs.iter().all(in_row) {
            Self::Row(row)
        } else {
            Self::Scattered(pairs)
        }
    }

    /// Returns whether storing the codes writes the whole limits section.
    pub(super) fn are_complete(&self) -> bool {
        matches!(self, Self::Row(_))
    }

    #[inline]
    pub(super) fn store(&self, limits: &LimitsState, record: &mut [u8]) {
        match self {
            Self::Row(start) => {
                if let Some(row) = record.get_mut(*start..*start + limits.current.len()) {
                    row.copy_from_slice(&limits.current);
                }
            }
            Self::Scattered(pairs) => {
                for (entry, slot) in pairs {
                    store(record, *slot, [limits.current_code(*entry as usize)]);
                }
            }
        }
    }
}
