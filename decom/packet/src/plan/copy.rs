//! Steps that bring raw values from the packet to their slots in the record.

use crate::record::{load, store};

/// Eight bytes of the packet that hold bit fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) at: u32,
    pub(super) little: bool,
}

/// A bit field of a window: shifted to the right and masked; `sign` is its sign bit, if it has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldOp {
    pub(super) mask: u64,
    pub(super) sign: u64,
    pub(super) slot: u32,
    pub(super) shift: u8,
}

/// One number of whole bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoveOp {
    pub(super) source: u32,
    pub(super) slot: u32,
}

/// Whole bytes one after the other, in groups of `group` bytes that are reversed.
#[derive(Debug, Clone, Copy)]
pub(super) struct RunOp {
    pub(super) source: u32,
    pub(super) slot: u32,
    pub(super) length: u32,
    pub(super) group: u8,
}

pub(super) fn fields(
    windows: &[(Window, Vec<FieldOp>)],
    raw_end: usize,
    packet: &[u8],
    record: &mut [u8],
) {
    let mut padded = [0; 8];
    let packet = if packet.len() < 8 {
        padded[..packet.len()].copy_from_slice(packet);
        &padded
    } else {
        packet
    };
    for (window, fields) in windows {
        let big = u64::from_be_bytes(load(packet, window.at));
        let bits = if window.little { big.swap_bytes() } else { big };
        for op in fields {
            let value = (bits >> (op.shift & 63)) & op.mask;
            store(
                record,
                op.slot,
                (value ^ op.sign).wrapping_sub(op.sign).to_le_bytes(),
            );
        }
    }
    // What the last ones spilled into the sections behind.
    if let Some(spilled) = record.get_mut(raw_end..raw_end + 8) {
        spilled.fill(0);
    }
}

pub(super) fn moves(log: u8, reversed: bool, ops: &[MoveOp], packet: &[u8], record: &mut [u8]) {
    match (log, reversed) {
        (0, _) => each::<1, false>(ops, packet, record),
        (1, false) => each::<2, false>(ops, packet, record),
        (1, true) => each::<2, true>(ops, packet, record),
        (2, false) => each::<4, false>(ops, packet, record),
        (2, true) => each::<4, true>(ops, packet, record),
        (_, false) => each::<8, false>(ops, packet, record),
        (_, true) => each::<8, true>(ops, packet, record),
    }
}

#[inline(always)]
fn each<const N: usize, const REVERSE: bool>(ops: &[MoveOp], packet: &[u8], record: &mut [u8]) {
    for op in ops {
        let mut bytes: [u8; N] = load(packet, op.source);
        if REVERSE {
            bytes.reverse();
        }
        store(record, op.slot, bytes);
    }
}

pub(super) fn run(op: &RunOp, packet: &[u8], record: &mut [u8]) {
    let (source, slot, length) = (op.source as usize, op.slot as usize, op.length as usize);
    let (Some(from), Some(to)) = (
        packet.get(source..source + length),
        record.get_mut(slot..slot + length),
    ) else {
        return;
    };
    match op.group {
        2 => reverse_groups::<2>(from, to),
        4 => reverse_groups::<4>(from, to),
        8 => reverse_groups::<8>(from, to),
        _ => to.copy_from_slice(from),
    }
}

#[inline(always)]
fn reverse_groups<const N: usize>(from: &[u8], to: &mut [u8]) {
    let (from, _) = from.as_chunks::<N>();
    let (to, _) = to.as_chunks_mut::<N>();
    for (from, to) in from.iter().zip(to) {
        let mut bytes = *from;
        bytes.reverse();
        *to = bytes;
    }
}
