//! Operations that bring bit fields from the packet to their slots in the record.
//!
//! Fields whose slots lie side by side are most often side by side in the packet as well: a
//! header's flags and numbers. They are cut out of one load, put together, and stored at once.

use super::fast::Op;
use crate::bits::Field;
use crate::bits::window::{Load, WINDOW, mask_of, shift, window, window_of};
use crate::record::store;

/// A bit field on its way from the packet to its slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    pub(super) field: Field,
    pub(super) signed: bool,
    /// Bytes it takes in the record.
    pub(super) width: u32,
    pub(super) slot: u32,
}

/// Unsigned big endian fields out of one window whose slots fill `N` bytes.
///
/// Each is turned to the right until it is where its slot is among the bytes to be stored. As a
/// field takes at least a byte of the record, there are at most `N`; the rest has empty masks.
#[derive(Debug)]
pub(super) struct Group<const N: usize> {
    masks: [u64; N],
    turns: [u32; N],
    at: u32,
    slot: u32,
}

/// Any other field.
#[derive(Debug)]
pub(super) struct FieldOp {
    load: Load,
    slot: u32,
    width: u32,
}

impl<const N: usize> Group<N> {
    #[inline(always)]
    pub(super) fn run(&self, packet: &[u8], record: &mut [u8]) {
        let bits = window(packet, self.at);
        let mut out = 0;
        for (mask, turn) in self.masks.iter().zip(self.turns) {
            out |= bits.rotate_right(turn) & mask;
        }
        let out: [u8; N] = *out.to_be_bytes().last_chunk().unwrap_or(&[0; N]);
        store(record, self.slot, out);
    }
}

impl FieldOp {
    #[inline(always)]
    pub(super) fn run(&self, packet: &[u8], record: &mut [u8]) {
        let value = self.load.value(packet);
        match self.width {
            1 => store(record, self.slot, [value as u8]),
            2 => store(record, self.slot, (value as u16).to_be_bytes()),
            4 => store(record, self.slot, (value as u32).to_be_bytes()),
            _ => store(record, self.slot, value.to_be_bytes()),
        }
    }
}

impl Pending {
    fn end(&self) -> usize {
        self.field.first + self.field.count
    }

    fn can_be_grouped(&self) -> bool {
        !self.signed && !self.field.reversed
    }
}

/// Compiles the fields of a packet of at least `needed` bytes, given in the order of their slots.
pub(super) fn compile(needed: usize, mut fields: &[Pending], ops: &mut Vec<Op>) {
    while let Some((first, behind)) = fields.split_first() {
        if !first.can_be_grouped() {
            ops.push(Op::Field(FieldOp::of(needed, first)));
            fields = behind;
            continue;
        }
        let (group, behind) = fields.split_at(group_length(fields));
        ops.push(match group.iter().map(|pending| pending.width).sum() {
            1 => Op::Fields1(Group::of(needed, group)),
            2 => Op::Fields2(Group::of(needed, group)),
            4 => Op::Fields4(Group::of(needed, group)),
            _ => Op::Fields8(Group::of(needed, group)),
        });
        fields = behind;
    }
}

impl FieldOp {
    fn of(needed: usize, pending: &Pending) -> Self {
        let load = Load::of(needed, &pending.field, pending.signed);
        Self { load, slot: pending.slot, width: pending.width }
    }
}

/// Returns how many of the fields, beginning with the first, fill 8, 4, 2 or 1 bytes and come out
/// of one window.
fn group_length(fields: &[Pending]) -> usize {
    let (mut best, mut width) = (1, 0);
    let (mut first, mut end) = (usize::MAX, 0);
    for (count, pending) in (1..).zip(fields) {
        let follows = pending.slot == fields[0].slot + width && pending.can_be_grouped();
        width += pending.width;
        first = first.min(pending.field.first);
        end = end.max(pending.end());
        if !follows || width as usize > WINDOW || end - first > WINDOW {
            break;
        }
        if width.is_power_of_two() {
            best = count;
        }
    }
    best
}

impl<const N: usize> Group<N> {
    fn of(needed: usize, fields: &[Pending]) -> Self {
        let first = fields.iter().map(|pending| pending.field.first).min().unwrap_or(0);
        let at = window_of(first, needed);
        let slot = fields.first().map_or(0, |pending| pending.slot);
        let (mut masks, mut turns) = ([0; N], [0; N]);
        for ((mask, turn), pending) in masks.iter_mut().zip(&mut turns).zip(fields) {
            let bits_behind = (slot + N as u32 - pending.slot - pending.width) * 8;
            // Turned further than to the right end by as much as lies behind it.
            *turn = (shift(&pending.field, at) + 64 - bits_behind) % 64;
            *mask = mask_of(&pending.field) << bits_behind;
        }
        Self { masks, turns, at, slot }
    }
}
