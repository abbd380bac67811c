//! Operations that copy whole bytes from the packet to their slots in the record.

use super::fast::Op;
use crate::record::{load, store};

/// Longer rows are left to the system's copy, which is faster then.
const MAX_PIECES: usize = 128;
/// As many neighbouring reversed numbers as are worth being looped over.
const MIN_RUN: usize = 3;

/// Numbers that lie side by side in the packet and in the record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) source: u32,
    pub(super) slot: u32,
    /// Bytes of each number.
    pub(super) width: u32,
    pub(super) count: u32,
    /// Whether they are little endian in the packet and of more than one byte.
    pub(super) reversed: bool,
}

/// Some bytes, as many as the operation says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    source: u32,
    slot: u32,
}

impl Piece {
    #[inline(always)]
    pub(super) fn copy<const N: usize>(&self, packet: &[u8], record: &mut [u8]) {
        let (source, slot) = (self.source as usize, self.slot as usize);
        if let Some(from) = packet.get(source..source + N)
            && let Some(to) = record.get_mut(slot..slot + N)
        {
            to.copy_from_slice(from);
        }
    }

    #[inline(always)]
    pub(super) fn reverse<const N: usize>(&self, packet: &[u8], record: &mut [u8]) {
        let mut bytes: [u8; N] = load(packet, self.source);
        bytes.reverse();
        store(record, self.slot, bytes);
    }
}

fn reverse_each(from: &[u8], to: &mut [u8], width: u32) {
    match width {
        2 => reverse_groups::<2>(from, to),
        4 => reverse_groups::<4>(from, to),
        _ => reverse_groups::<8>(from, to),
    }
}

fn reverse_groups<const N: usize>(from: &[u8], to: &mut [u8]) {
    let (from, _) = from.as_chunks::<N>();
    let (to, _) = to.as_chunks_mut::<N>();
    for (from, to) in from.iter().zip(to) {
        let mut bytes = *from;
        bytes.reverse();
        *to = bytes;
    }
}

impl Row {
    #[inline(always)]
    pub(super) fn copy(&self, packet: &[u8], record: &mut [u8]) {
        let (source, slot, length) = (self.source as usize, self.slot as usize, self.length());
        if let (Some(from), Some(to)) =
            (packet.get(source..source + length), record.get_mut(slot..slot + length))
        {
            if self.reversed {
                reverse_each(from, to, self.width);
            } else {
                to.copy_from_slice(from);
            }
        }
    }

    #[inline(always)]
    fn length(&self) -> usize {
        self.width as usize * self.count as usize
    }

    fn piece(&self, offset: u32) -> Piece {
        Piece { source: self.source + offset, slot: self.slot + offset }
    }

    /// Returns whether the other row lies right behind this one at both ends.
    fn precedes(&self, other: &Self) -> bool {
        let length = self.length() as u64;
        other.reversed == self.reversed
            && (other.width == self.width || !self.reversed)
            && u64::from(other.source) == u64::from(self.source) + length
            && u64::from(other.slot) == u64::from(self.slot) + length
    }
}

/// What is to be copied, by the way it is done.
#[derive(Default)]
pub(super) struct Copies {
    rows: Vec<Row>,
}

impl Copies {
    /// Adds numbers or bytes, in the order of their slots.
    pub(super) fn add(&mut self, row: Row) {
        match self.rows.last_mut() {
            Some(last) if last.precedes(&row) => {
                let length = (last.length() + row.length()) as u32;
                // Bytes that are kept as they are have no width that matters.
                last.width = if last.reversed { last.width } else { 1 };
                last.count = length / last.width;
            }
            _ => self.rows.push(row),
        }
    }

    /// Adds the operations.
    pub(super) fn finish(self, ops: &mut Vec<Op>) {
        for row in &self.rows {
            let length = row.length();
            let count = row.count as usize;
            match row.width {
                _ if !row.reversed && length <= MAX_PIECES => keep(row, ops),
                2 if row.reversed && count < MIN_RUN => reverse(row, Op::Reverse2, ops),
                4 if row.reversed && count < MIN_RUN => reverse(row, Op::Reverse4, ops),
                8 if row.reversed && count < MIN_RUN => reverse(row, Op::Reverse8, ops),
                _ => ops.push(Op::Run(*row)),
            }
        }
    }
}

fn reverse(row: &Row, op: fn(Piece) -> Op, ops: &mut Vec<Op>) {
    ops.extend((0..row.count).map(|index| op(row.piece(index * row.width))));
}

/// Cuts a row into pieces, the last of which may overlap the one before.
fn keep(row: &Row, ops: &mut Vec<Op>) {
    let length = row.length() as u32;
    let (size, op): (u32, fn(Piece) -> Op) = match length {
        0 => return,
        1 => (1, Op::Copy1),
        2..4 => (2, Op::Copy2),
        4..8 => (4, Op::Copy4),
        8..16 => (8, Op::Copy8),
        16..32 => (16, Op::Copy16),
        32.. => (32, Op::Copy32),
    };
    let whole = (0..length / size).map(|index| index * size);
    let last = (!length.is_multiple_of(size)).then(|| length - size);
    ops.extend(whole.chain(last).map(|offset| op(row.piece(offset))));
}
